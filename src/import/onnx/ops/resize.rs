//! `Resize` and `Upsample`: nearest, linear and cubic, one axis after the other.

use crate::import::onnx::node::{Call, axes, axis, size};
use crate::import::onnx::refusal::{Refusal, invalid, unsupported};
use crate::tensor::{Builder, DType, Expr, Literal, Math, Scalar, Tensor, index};

/// How an axis is resampled.
struct Plan {
    axis: usize,
    input: usize,
    output: usize,
    scale: f64,
    /// Start and end of the region of `tf_crop_and_resize`.
    region: (f64, f64),
}

/// How all axes are resampled.
struct Style {
    mode: String,
    transform: String,
    nearest: String,
    cubic: f64,
    exclude_outside: bool,
    antialias: bool,
    extrapolation: f64,
}

/// `Resize`
pub(crate) fn resize(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let x = call.input(0)?;
    let (roi, scales, sizes) = if call.opset >= 11 {
        (known(call, 1)?, known(call, 2)?, known(call, 3)?)
    } else {
        (None, known(call, 1)?, None)
    };
    let default = if call.opset >= 11 { "half_pixel" } else { "asymmetric" };
    let style = Style {
        mode: call.text("mode", "nearest"),
        transform: call.text("coordinate_transformation_mode", default),
        nearest: call.text("nearest_mode", if call.opset >= 11 { "round_prefer_floor" } else { "floor" }),
        cubic: call.float("cubic_coeff_a", -0.75),
        exclude_outside: call.flag("exclude_outside", false),
        antialias: call.flag("antialias", false),
        extrapolation: call.float("extrapolation_value", 0.0),
    };
    let listed = call.ints("axes").unwrap_or_else(|| (0..x.rank() as i64).collect());
    axes(&listed, x.rank())?;
    let listed = listed.iter().map(|one| axis(*one, x.rank())).collect::<Result<Vec<usize>, _>>()?;
    let plans = plans(call, &x, &listed, roi.as_deref(), scales.as_deref(), sizes.as_deref())?;
    resample(call, &x, &plans, &style)
}

/// `Upsample`, which `Resize` replaced.
pub(crate) fn upsample(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let x = call.input(0)?;
    let scales = if call.opset >= 9 {
        known(call, 1)?
    } else {
        call.floats("scales").map(|list| list.into_iter().map(f64::from).collect())
    };
    let style = Style {
        mode: call.text("mode", "nearest"),
        transform: "asymmetric".into(),
        nearest: "floor".into(),
        cubic: -0.75,
        exclude_outside: false,
        antialias: false,
        extrapolation: 0.0,
    };
    let listed: Vec<usize> = (0..x.rank()).collect();
    let plans = plans(call, &x, &listed, None, scales.as_deref(), None)?;
    resample(call, &x, &plans, &style)
}

/// The numbers of an optional input; none if it is empty.
fn known(call: &Call<'_>, position: usize) -> Result<Option<Vec<f64>>, Refusal> {
    if call.optional(position).is_none_or(|tensor| tensor.is_empty()) {
        return Ok(None);
    }
    Ok(Some(call.known(position)?.scalars().map(Scalar::float).collect()))
}

fn plans(
    call: &Call<'_>,
    x: &Tensor,
    axes: &[usize],
    roi: Option<&[f64]>,
    scales: Option<&[f64]>,
    sizes: Option<&[f64]>,
) -> Result<Vec<Plan>, Refusal> {
    let count = axes.len();
    let fits = |list: Option<&[f64]>, length: usize| list.is_none_or(|list| list.len() == length);
    if !fits(scales, count) || !fits(sizes, count) || !fits(roi, 2 * count) || scales.is_none() == sizes.is_none() {
        return invalid("neither scales nor sizes of the right length");
    }
    let policy = call.text("keep_aspect_ratio_policy", "stretch");
    let ratios: Vec<f64> = match (scales, sizes) {
        (Some(scales), _) => scales.to_vec(),
        (_, Some(sizes)) => sizes.iter().zip(axes).map(|(size, axis)| size / x.shape[*axis] as f64).collect(),
        _ => Vec::new(),
    };
    let kept = match policy.as_str() {
        "not_larger" => Some(ratios.iter().copied().fold(f64::INFINITY, f64::min)),
        "not_smaller" => Some(ratios.iter().copied().fold(0.0, f64::max)),
        _ => None,
    }
    .filter(|_| sizes.is_some());
    axes.iter()
        .enumerate()
        .map(|(position, axis)| {
            let input = x.shape[*axis];
            let scale = kept.unwrap_or(ratios[position]);
            let output = match (sizes, kept) {
                (Some(_), Some(scale)) => (scale * input as f64 + 0.5).floor(),
                (Some(sizes), None) => sizes[position],
                _ => (input as f64 * scale).floor(),
            };
            let output = size(if output.is_finite() { output as i64 } else { -1 })?;
            if input == 0 || !(scale.is_finite() && scale > 0.0) {
                return invalid(format!("a scale of {scale} for an axis of {input}"));
            }
            let region = roi.map_or((0.0, 1.0), |roi| (roi[position], roi[position + count]));
            Ok(Plan { axis: *axis, input, output, scale, region })
        })
        .collect()
}

/// The place in the input of an output position (ONNX, `coordinate_transformation_mode`).
fn source(plan: &Plan, style: &Style, position: usize) -> f64 {
    let (at, input, output) = (position as f64, plan.input as f64, plan.output as f64);
    let real = plan.scale * input;
    match style.transform.as_str() {
        "asymmetric" => at / plan.scale,
        "align_corners" if plan.output == 1 => 0.0,
        // The length before it was rounded down, as the reference has it.
        "align_corners" => at * (input - 1.0) / (real - 1.0),
        "pytorch_half_pixel" if plan.output == 1 => -0.5,
        "half_pixel_symmetric" => {
            let adjustment = output / real;
            let centre = input / 2.0;
            centre * (1.0 - adjustment) + (at + 0.5) / plan.scale - 0.5
        }
        "tf_half_pixel_for_nn" => (at + 0.5) / plan.scale,
        "tf_crop_and_resize" => {
            let (start, end) = plan.region;
            if plan.output > 1 {
                start * (input - 1.0) + at * (end - start) * (input - 1.0) / (real - 1.0)
            } else {
                0.5 * (start + end) * (input - 1.0)
            }
        }
        _ => (at + 0.5) / plan.scale - 0.5,
    }
}

/// Positions in the input and their weights for every output position of an axis, as many for each; weights of a
/// position outside the region of `tf_crop_and_resize` are NaN.
fn taps(plan: &Plan, style: &Style) -> Result<(usize, Vec<i64>, Vec<f64>), Refusal> {
    let reach = if style.antialias && plan.scale < 1.0 { 1.0 / plan.scale } else { 1.0 };
    let width = match style.mode.as_str() {
        "nearest" => 1,
        "linear" => 2 * reach.ceil() as usize,
        "cubic" => 2 * (2.0 * reach).ceil() as usize,
        mode => return unsupported(format!("the mode `{mode}`")),
    };
    if width.saturating_mul(plan.output) > 1 << 24 {
        return unsupported("an antialiased filter this wide");
    }
    let (mut places, mut weights) = (Vec::new(), Vec::new());
    for position in 0..plan.output {
        let at = source(plan, style, position);
        let outside = style.transform == "tf_crop_and_resize" && !(0.0..=plan.input as f64 - 1.0).contains(&at);
        let start = if width == 1 { nearest(at, &style.nearest) } else { at.floor() as i64 - (width as i64 / 2 - 1) };
        let mut own: Vec<f64> = (0..width).map(|tap| kernel(style, (start + tap as i64) as f64 - at, reach)).collect();
        if width == 1 {
            own = vec![1.0];
        }
        for (tap, weight) in own.iter_mut().enumerate() {
            if style.exclude_outside && !(0..plan.input as i64).contains(&(start + tap as i64)) {
                *weight = 0.0;
            }
        }
        let sum: f64 = own.iter().sum();
        for (tap, weight) in own.iter().enumerate() {
            places.push((start + tap as i64).clamp(0, plan.input as i64 - 1));
            weights.push(if outside { f64::NAN } else { weight / sum });
        }
    }
    Ok((width, places, weights))
}

fn nearest(at: f64, mode: &str) -> i64 {
    let near = match mode {
        "floor" => at.floor(),
        "ceil" => at.ceil(),
        "round_prefer_ceil" => (at + 0.5).floor(),
        _ => (at - 0.5).ceil(),
    };
    near as i64
}

/// The weight of a tap at a distance.
fn kernel(style: &Style, distance: f64, reach: f64) -> f64 {
    let far = (distance / reach).abs();
    if style.mode == "linear" {
        return (1.0 - far).max(0.0);
    }
    let a = style.cubic;
    match far {
        _ if far <= 1.0 => ((a + 2.0) * far - (a + 3.0)) * far * far + 1.0,
        _ if far < 2.0 => ((a * far - 5.0 * a) * far + 8.0 * a) * far - 4.0 * a,
        _ => 0.0,
    }
}

fn resample(call: &mut Call<'_>, x: &Tensor, plans: &[Plan], style: &Style) -> Result<Vec<Tensor>, Refusal> {
    let dtype = x.dtype;
    let wide = if dtype == DType::F64 { DType::F64 } else { DType::F32 };
    let mut now = x.clone();
    let mut outside = None;
    for plan in plans {
        let same = (0..plan.output).all(|at| {
            let from = source(plan, style, at);
            (from - at as f64).abs() < 1e-12
        });
        if same && plan.input == plan.output {
            continue;
        }
        let (width, places, weights) = taps(plan, style)?;
        let missing = weights.iter().any(|weight| weight.is_nan());
        let shape = [plan.output, width];
        let mask: Vec<Scalar> =
            (0..plan.output).map(|at| Scalar::Int(i64::from(weights[at * width].is_nan()))).collect();
        let places = Literal::of(DType::I32, &shape, places.iter().map(|at| Scalar::Int(*at)));
        let weights = weights.iter().map(|weight| Scalar::Float(if weight.is_nan() { 0.0 } else { *weight }));
        let weights = Literal::of(wide, &shape, weights);
        let (places, weights) = (call.b.constant("places", places)?, call.b.constant("weights", weights)?);
        now = one_axis(call.b, &now, plan, (&places, &weights), (style.mode == "nearest", wide))?;
        if missing {
            let mask = call.b.constant("outside", Literal::of(DType::Bool, &[plan.output], mask))?;
            outside.get_or_insert_with(Vec::new).push((plan.axis, mask));
        }
    }
    if now.dtype != dtype || outside.is_some() {
        let masks = outside.unwrap_or_default();
        let integer = !dtype.is_float();
        let shape = now.shape.clone();
        now = call.b.map(dtype, &shape, |_, at| {
            let value = now.at(at);
            // An integer result is rounded as NumPy's cast of the reference does it: towards zero.
            let value = if integer && value.dtype.is_float() { value.math(Math::Trunc) } else { value };
            let value = value.cast(dtype);
            let beyond = masks.iter().fold(Expr::truth(false), |all, (axis, mask)| all.or(&mask.flat(&at[*axis])));
            beyond.select(&Expr::float(dtype, style.extrapolation), &value)
        })?;
    }
    Ok(vec![now])
}

/// One axis resampled by its taps.
fn one_axis(
    b: &mut Builder,
    x: &Tensor,
    plan: &Plan,
    (places, weights): (&Tensor, &Tensor),
    (nearest, wide): (bool, DType),
) -> Result<Tensor, Refusal> {
    let mut shape = x.shape.clone();
    shape[plan.axis] = plan.output;
    let width = places.shape[1];
    let from = |at: &[Expr], tap: &Expr| {
        let mut from = at.to_vec();
        from[plan.axis] = places.at(&[at[plan.axis].clone(), tap.clone()]).cast(DType::Index);
        x.at(&from)
    };
    if nearest {
        return Ok(b.map(x.dtype, &shape, |_, at| from(at, &index(0)))?);
    }
    Ok(b.map(wide, &shape, |b, at| {
        b.sum(wide, &[width], |_, tap| {
            from(at, &tap[0]).cast(wide) * weights.at(&[at[plan.axis].clone(), tap[0].clone()])
        })
    })?)
}
