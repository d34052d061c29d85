//! Operators with weights.

use super::build::{Builder, without_batch};
use super::constants;
use super::model::{Operator, Tensor};
use super::options::{Args, Refusal, arg, list};

/// The three dimensions of an image, whose batch must be one.
pub(super) fn image(tensor: &Tensor<'_>) -> Result<[usize; 3], Refusal> {
    match tensor.shape.as_slice() {
        [1, h, w, c] if !tensor.is_empty() => Ok([*h, *w, *c]),
        _ if tensor.is_empty() => Err(format!("it takes {tensor}, which has no values")),
        [batch, _, _, _] => Err(format!("it works on a batch of {batch}: export the model with a batch of one")),
        _ => Err(format!("it takes {tensor}, which isn't an image")),
    }
}

fn dims<'a>(tensor: &'a Tensor<'_>, rank: usize, what: &str) -> Result<&'a [usize], Refusal> {
    let fits = tensor.shape.len() == rank && !tensor.is_empty();
    fits.then_some(tensor.shape.as_slice()).ok_or_else(|| format!("its {what} are {tensor}"))
}

fn window(operator: &Operator<'_>, kernel: &[usize], dilation: Option<[usize; 2]>) -> Result<Args, Refusal> {
    let [w, h] = operator.pair(1, 2, "stride")?;
    let mut args = vec![list("kernel", kernel), list("stride", &[h, w])];
    args.extend(dilation.map(|dilation| list("dilation", &dilation)));
    args.push(arg("padding", operator.padding(0)?));
    Ok(args)
}

pub(super) fn conv2d(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let weights = builder.tensor(operator.taken(1)?);
    let [h, w, c] = image(builder.tensor(input))?;
    let [filters, kh, kw, per_group] = *dims(weights, 4, "weights")? else {
        return Err("its weights have no shape".into());
    };
    if per_group == 0 || c == 0 || c % per_group != 0 || filters % (c / per_group) != 0 {
        return Err(format!("{c} channels and {filters} filters can't be divided into groups of {per_group} channels"));
    }
    let [dw, dh] = operator.pair(4, 5, "dilation")?;
    let mut args = vec![arg("filters", filters)];
    args.extend(window(operator, &[kh, kw], Some([dh, dw]))?);
    args.extend([arg("groups", c / per_group), arg("activation", operator.activation(3)?)]);
    let constants = constants::weights(weights, bias(builder, operator, 2), 0, builder.arithmetic)?;
    let value = builder.shaped(input, &[h, w, c])?;
    builder.layer("conv2d", &args, &[value], Some(constants), output)
}

fn bias<'a>(builder: &Builder<'a>, operator: &Operator<'_>, slot: usize) -> Option<&'a Tensor<'a>> {
    operator.inputs.get(slot).copied().flatten().map(|at| builder.tensor(at))
}

pub(super) fn depthwise(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let weights = builder.tensor(operator.taken(1)?);
    let [h, w, c] = image(builder.tensor(input))?;
    let [1, kh, kw, channels] = *dims(weights, 4, "weights")? else { return Err(format!("its weights are {weights}")) };
    if channels % c != 0 {
        return Err(format!("{channels} outputs aren't a multiple of {c} channels"));
    }
    let [dw, dh] = operator.pair(5, 6, "dilation")?;
    let mut args = window(operator, &[kh, kw], Some([dh, dw]))?;
    args.extend([arg("multiplier", channels / c), arg("activation", operator.activation(4)?)]);
    let constants = constants::weights(weights, bias(builder, operator, 2), 3, builder.arithmetic)?;
    let value = builder.shaped(input, &[h, w, c])?;
    builder.layer("depthwise_conv2d", &args, &[value], Some(constants), output)
}

pub(super) fn transpose_conv(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(2)?, operator.given()?);
    let weights = builder.tensor(operator.taken(1)?);
    let [h, w, c] = image(builder.tensor(input))?;
    let [filters, kh, kw, depth] = *dims(weights, 4, "weights")? else {
        return Err("its weights have no shape".into());
    };
    if depth != c {
        return Err(format!("its weights are {weights} for {c} channels"));
    }
    let mut args = vec![arg("filters", filters)];
    args.extend(window(operator, &[kh, kw], None)?);
    let [oh, ow, _] = image(builder.tensor(output))?;
    args.extend([list("output", &[oh, ow]), arg("activation", operator.activation(3)?)]);
    let constants = constants::weights(weights, bias(builder, operator, 3), 0, builder.arithmetic)?;
    let value = builder.shaped(input, &[h, w, c])?;
    builder.layer("transpose_conv2d", &args, &[value], Some(constants), output)
}

pub(super) fn fully_connected(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let weights = builder.tensor(operator.taken(1)?);
    if operator.byte(1)? != 0 {
        return Err("its weights are shuffled for another library: convert without `SHUFFLED4x16INT8`".into());
    }
    let [units, width] = *dims(weights, 2, "weights")? else { return Err("its weights have no shape".into()) };
    let elements = builder.tensor(input).len();
    if !elements.is_multiple_of(width) {
        return Err(format!("it takes {elements} values in rows of {width}"));
    }
    let rows = elements / width;
    let mut constants = constants::weights(weights, bias(builder, operator, 2), 0, builder.arithmetic)?;
    if weights.quant.scales.len() == 1 {
        // TFLM then multiplies the two scales as floats: `net` does so where one scale serves all outputs.
        constants.scales.truncate(1);
    }
    let each = rows > 1;
    let mut args = vec![arg("units", units), arg("activation", operator.activation(0)?)];
    args.extend(each.then(|| arg("each", true)));
    let value = if each { builder.shaped(input, &[rows, width])? } else { builder.value(input)? };
    builder.layer("dense", &args, &[value], Some(constants), output)
}

pub(super) fn matmul(builder: &mut Builder<'_>, operator: &Operator<'_>) -> Result<(), Refusal> {
    let (a, b, output) = (operator.taken(0)?, operator.taken(1)?, operator.given()?);
    let mut values = [0; 2];
    for (value, (tensor, turned)) in values.iter_mut().zip([(a, operator.flag(0)?), (b, operator.flag(1)?)]) {
        let mut dims = without_batch(&builder.tensor(tensor).shape);
        if dims.len() < 2 {
            dims.insert(0, 1);
        }
        *value = builder.shaped(tensor, &dims)?;
        if turned {
            let mut order: Vec<usize> = (0..dims.len()).collect();
            order.swap(dims.len() - 2, dims.len() - 1);
            let quant = builder.quant_of(tensor)?;
            *value = builder.node("transpose", &[list("order", &order)], &[*value], quant, None)?;
        }
    }
    builder.plain("matmul", &[], &values, output)
}
