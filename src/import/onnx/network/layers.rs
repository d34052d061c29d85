//! Operators with weights, and windows.

use crate::import::onnx::convert::Traced;
use crate::import::onnx::ops::window::Window;
use crate::tensor::{Literal, Tensor};

use super::maker::{Maker, Refused, arg, channels_last, list, reals, turned};
use super::quantised;

fn input(node: &Traced, slot: usize) -> Result<&Tensor, Refused> {
    node.inputs.get(slot).and_then(Option::as_ref).ok_or_else(|| format!("input {slot} is missing"))
}

fn weights(maker: &Maker<'_>, node: &Traced, slot: usize) -> Result<Literal, Refused> {
    maker
        .literal(node, slot)
        .ok_or_else(|| format!("its input {slot} is computed while the model runs: it must be a constant"))
}

/// A scale and an offset for each channel, from the node that is the only one behind a tensor.
struct Affine {
    scale: Vec<f32>,
    offset: Vec<f32>,
}

fn affine(maker: &Maker<'_>, node: &Traced) -> Result<Affine, Refused> {
    let part = |slot: usize| weights(maker, node, slot).map(|literal| reals(&literal));
    let (scale, bias, mean, variance) = (part(1)?, part(2)?, part(3)?, part(4)?);
    let epsilon = node.float("epsilon", 1e-5);
    let scale: Vec<f32> = scale
        .iter()
        .zip(&variance)
        .map(|(scale, variance)| (f64::from(*scale) / (f64::from(*variance) + epsilon).sqrt()) as f32)
        .collect();
    let offset = bias.iter().zip(&mean).zip(&scale).map(|((bias, mean), scale)| bias - mean * scale).collect();
    Ok(Affine { scale, offset })
}

/// Takes a batch normalisation behind a tensor into the weights (channel first) and the bias before it.
fn fold_norm(maker: &mut Maker<'_>, output: Tensor, weights: &mut [f32], bias: &mut [f32]) -> Tensor {
    let Some(user) = maker.only_user(&output) else { return output };
    let node = &maker.trace[user];
    let first = node.inputs.first().and_then(Option::as_ref).is_some_and(|first| first.shape == output.shape);
    if node.node.op != "BatchNormalization" || !first {
        return output;
    }
    let Ok(norm) = affine(maker, node) else { return output };
    let row = weights.len() / bias.len().max(1);
    for (at, bias) in bias.iter_mut().enumerate() {
        weights[at * row..(at + 1) * row].iter_mut().for_each(|weight| *weight *= norm.scale[at]);
        *bias = *bias * norm.scale[at] + norm.offset[at];
    }
    let output = node.outputs[0].clone();
    maker.taken.insert(user);
    output
}

/// The arguments of a window in one or two dimensions.
fn window(
    node: &Traced,
    input: &[usize],
    kernel: &[usize],
    dilation: bool,
) -> Result<(Window, Vec<(String, String)>), Refused> {
    let window = Window::new(&node.node, input, kernel).map_err(|refusal| refusal.to_string())?;
    let mut sides = Vec::new();
    for axis in 0..window.rank() {
        let reach = window.dilations[axis] as i64 * (kernel[axis] as i64 - 1) + 1;
        let used = (window.output[axis] as i64 - 1) * window.strides[axis] as i64 + reach;
        // What the windows need behind the input; what they leave over is not seen.
        let after = (used - input[axis] as i64 - window.before[axis]).max(0);
        if window.before[axis] < 0 || window.after[axis] < 0 {
            return Err("its pads are negative".into());
        }
        sides.extend([window.before[axis], after]);
    }
    let mut args = vec![list("kernel", kernel), list("stride", &window.strides), list("padding", &sides)];
    if dilation {
        args.push(list("dilation", &window.dilations));
    } else if window.dilations.iter().any(|step| *step != 1) {
        return Err("its window is dilated".into());
    }
    Ok((window, args))
}

/// A convolution's constants: weights `[filters, channels of a group, …]`.
struct Kernel {
    dims: Vec<usize>,
    matrix: Vec<f32>,
    bias: Vec<f32>,
    /// The scale of every filter, if the file says one.
    scales: Option<Vec<f32>>,
}

pub(super) fn conv(maker: &mut Maker<'_>, node: &Traced) -> Result<(), Refused> {
    let x = input(node, 0)?.clone();
    let literal = weights(maker, node, 1)?;
    let filters = literal.shape[0];
    let bias = match maker.literal(node, 2) {
        Some(literal) => reals(&literal),
        None if node.inputs.get(2).is_some_and(Option::is_some) => return Err("its bias is no constant".into()),
        None => vec![0.0; filters],
    };
    let scales = quantised::weight_scales(maker, input(node, 1)?, filters);
    convolution(maker, node, &x, Kernel { dims: literal.shape.clone(), matrix: reals(&literal), bias, scales })
}

/// `QLinearConv`: a convolution whose constants are stored as integers.
pub(super) fn qlinear_conv(maker: &mut Maker<'_>, node: &Traced) -> Result<(), Refused> {
    let x = input(node, 0)?.clone();
    let (from, to) = (quantised::quant(maker, node, 1)?, quantised::quant(maker, node, 6)?);
    quantised::begin(maker, &x, from)?;
    let literal = weights(maker, node, 3)?;
    let filters = literal.shape[0];
    let (matrix, scales) = quantised::stored(maker, node, 3, filters)?;
    let bias = match maker.literal(node, 8) {
        Some(bias) => reals(&bias).iter().zip(&scales).map(|(bias, scale)| bias * from.scale * scale).collect(),
        None => vec![0.0; filters],
    };
    convolution(maker, node, &x, Kernel { dims: literal.shape.clone(), matrix, bias, scales: Some(scales) })?;
    quantised::end(maker, &node.outputs[0], to);
    Ok(())
}

fn convolution(maker: &mut Maker<'_>, node: &Traced, x: &Tensor, kernel: Kernel) -> Result<(), Refused> {
    let Kernel { dims, mut matrix, mut bias, scales } = kernel;
    let (spatial, places) = (dims.len() - 2, dims[2..].iter().product::<usize>());
    if spatial > 2 {
        return Err("it works on volumes".into());
    }
    let (filters, depth) = (dims[0], dims[1]);
    let groups = x.shape[1] / depth.max(1);
    let output = fold_norm(maker, node.outputs[0].clone(), &mut matrix, &mut bias);
    let scales = scales.filter(|_| output.buffer == node.outputs[0].buffer);
    let (activation, output) = maker.activation(&output);
    let (_, mut args) = window(node, &x.shape[2..], &dims[2..], true)?;
    let value = maker.last(x)?;
    args.push(arg("activation", activation));
    let depthwise = spatial == 2 && depth == 1 && groups > 1;
    let (word, values) = if depthwise {
        args.push(arg("multiplier", filters / groups));
        // [filters, 1, h, w] to [h, w, filters]
        ("depthwise_conv2d", turned(&matrix, filters))
    } else {
        args.extend([arg("filters", filters), arg("groups", groups)]);
        let row = depth * places;
        let values = matrix.chunks(row.max(1)).flat_map(|row| turned(row, depth)).collect();
        (if spatial == 2 { "conv2d" } else { "conv1d" }, values)
    };
    let made = maker.weighted(word, &args, &[value], &[values, bias].concat())?;
    maker.scaled(made, scales);
    maker.store(&output, made, true);
    Ok(())
}

pub(super) fn batch_norm(maker: &mut Maker<'_>, node: &Traced) -> Result<(), Refused> {
    let x = input(node, 0)?.clone();
    let norm = affine(maker, node)?;
    let (channels, output) = (norm.scale.len(), node.outputs[0].clone());
    let last = x.rank() > 2;
    let value = if last { maker.last(&x)? } else { maker.plain(&x, &[channels])? };
    let scale = maker.constant(&[channels], &norm.scale)?;
    let scaled = maker.push("mul", &[], &[value, scale])?;
    let offset = maker.constant(&[channels], &norm.offset)?;
    let (activation, output) = maker.activation(&output);
    let made = maker.push("add", &[arg("activation", activation)], &[scaled, offset])?;
    maker.store(&output, made, last);
    Ok(())
}

/// A fully connected layer over rows of `depth`; `matrix` is `[units, depth]`.
fn dense(
    maker: &mut Maker<'_>,
    x: &Tensor,
    (matrix, bias): (&[f32], &[f32]),
    scales: Option<Vec<f32>>,
    output: &Tensor,
) -> Result<(), Refused> {
    let own = output.buffer;
    let units = bias.len();
    let depth = matrix.len() / units.max(1);
    if depth == 0 || x.is_empty() {
        return Err("it has no weights, or no input".into());
    }
    let rows = x.len() / depth.max(1);
    let (mut matrix, mut bias) = (matrix.to_vec(), bias.to_vec());
    let output = if rows == 1 { fold_norm(maker, output.clone(), &mut matrix, &mut bias) } else { output.clone() };
    let scales = scales.filter(|_| output.buffer == own);
    let (activation, output) = maker.activation(&output);
    let mut args = vec![arg("units", units), arg("activation", activation)];
    let value = match maker.stored(x).cloned() {
        // An image that was flattened in ONNX's order: its weights are put in ours instead.
        Some(stored) if rows == 1 && stored.last => {
            let channels = stored.shape[1];
            matrix = matrix.chunks(depth).flat_map(|row| turned(row, channels)).collect();
            stored.value
        }
        Some(stored) if rows == 1 => stored.value,
        _ => {
            if rows > 1 {
                args.push(arg("each", true));
            }
            maker.plain(x, &if rows > 1 { vec![rows, depth] } else { vec![depth] })?
        }
    };
    let made = maker.weighted("dense", &args, &[value], &[matrix, bias].concat())?;
    maker.scaled(made, scales);
    maker.store(&output, made, false);
    Ok(())
}

/// `[rows, columns]` turned to `[columns, rows]`.
fn transposed(matrix: &[f32], columns: usize) -> Vec<f32> {
    turned(matrix, matrix.len().checked_div(columns).unwrap_or(0))
}

pub(super) fn gemm(maker: &mut Maker<'_>, node: &Traced) -> Result<(), Refused> {
    let x = input(node, 0)?.clone();
    let literal = weights(maker, node, 1)?;
    if node.int("transA", 0) != 0 {
        return Err("its first input is turned (`transA`)".into());
    }
    let turned = node.int("transB", 0) != 0;
    let (units, alpha, beta) =
        (literal.shape[usize::from(!turned)], node.float("alpha", 1.0) as f32, node.float("beta", 1.0) as f32);
    let mut matrix = if turned { reals(&literal) } else { transposed(&reals(&literal), units) };
    matrix.iter_mut().for_each(|weight| *weight *= alpha);
    let bias = match maker.literal(node, 2) {
        Some(literal) if literal.len() == 1 || literal.len() == units => {
            let values = reals(&literal);
            (0..units).map(|at| values[at % values.len()] * beta).collect()
        }
        None if node.inputs.get(2).is_none_or(Option::is_none) => vec![0.0; units],
        _ => return Err("its third input is no bias of one number a unit".into()),
    };
    let scales = quantised::weight_scales(maker, input(node, 1)?, units);
    dense(maker, &x, (&matrix, &bias), scales, &node.outputs[0])
}

pub(super) fn matmul(maker: &mut Maker<'_>, node: &Traced) -> Result<(), Refused> {
    let (x, w) = (input(node, 0)?.clone(), input(node, 1)?.clone());
    let Some(literal) = maker.literal(node, 1).filter(|literal| literal.shape.len() == 2) else {
        if maker.literal(node, 0).is_some() {
            return Err("its first input is a constant: turn the product around".into());
        }
        let matrix = |tensor: &Tensor| {
            tensor.shape[tensor.rank().saturating_sub(3).max(usize::from(tensor.rank() > 2))..].to_vec()
        };
        let values = [maker.plain(&x, &matrix(&x))?, maker.plain(&w, &matrix(&w))?];
        let made = maker.push("matmul", &[], &values)?;
        maker.store(&node.outputs[0], made, false);
        return Ok(());
    };
    let units = literal.shape[1];
    let matrix = transposed(&reals(&literal), units);
    let mut output = node.outputs[0].clone();
    let mut bias = vec![0.0; units];
    // The bias is often a node of its own.
    if let Some(user) = maker.only_user(&output) {
        let next = &maker.trace[user];
        let other = [0, 1].iter().find_map(|slot| maker.literal(next, *slot));
        if next.node.op == "Add"
            && let Some(other) = other.filter(|other| other.len() == units && other.shape.last() == Some(&units))
        {
            bias = reals(&other);
            output = next.outputs[0].clone();
            maker.taken.insert(user);
        }
    }
    let scales = quantised::weight_scales(maker, &w, units);
    dense(maker, &x, (&matrix, &bias), scales, &output)
}

/// `QLinearMatMul` by constant weights.
pub(super) fn qlinear_matmul(maker: &mut Maker<'_>, node: &Traced) -> Result<(), Refused> {
    let x = input(node, 0)?.clone();
    let (from, to) = (quantised::quant(maker, node, 1)?, quantised::quant(maker, node, 6)?);
    quantised::begin(maker, &x, from)?;
    let literal = weights(maker, node, 3)?;
    let [_, units] = literal.shape[..] else { return Err(format!("its weights are {:?}", literal.shape)) };
    let (matrix, scales) = quantised::stored(maker, node, 3, units)?;
    let bias = vec![0.0; units];
    dense(maker, &x, (&transposed(&matrix, units), &bias), Some(scales), &node.outputs[0])?;
    quantised::end(maker, &node.outputs[0], to);
    Ok(())
}

pub(super) fn pool(maker: &mut Maker<'_>, node: &Traced, word: &str) -> Result<(), Refused> {
    let x = input(node, 0)?.clone();
    let kernel: Vec<usize> = node.ints("kernel_shape").iter().map(|size| usize::try_from(*size).unwrap_or(0)).collect();
    if node.outputs.get(1).is_some_and(|places| maker.uses.contains_key(&places.buffer)) {
        return Err("the places of its maxima are used".into());
    }
    let (window, args) = window(node, &x.shape[2..], &kernel, false)?;
    let padded = window.before.iter().chain(&window.after).any(|pad| *pad != 0);
    if word == "average_pool" && padded && node.int("count_include_pad", 0) != 0 {
        return Err("it counts its pads (`count_include_pad`)".into());
    }
    let value = maker.last(&x)?;
    let made = maker.push(&format!("{word}{}d", window.rank()), &args, &[value])?;
    maker.store(&node.outputs[0], made, true);
    Ok(())
}

pub(super) fn global(maker: &mut Maker<'_>, node: &Traced, word: &str) -> Result<(), Refused> {
    let x = input(node, 0)?.clone();
    let value = maker.last(&x)?;
    let made = maker.push(word, &[], &[value])?;
    maker.store(&node.outputs[0], made, false);
    debug_assert_eq!(channels_last(&x.shape).last(), maker.dims(made).last());
    Ok(())
}
