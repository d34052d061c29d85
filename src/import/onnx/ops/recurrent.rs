//! `RNN`, `GRU`, `LSTM`: one step of a cell at a time, the state in buffers.

use crate::import::onnx::node::{Call, float, size};
use crate::import::onnx::refusal::{Refusal, invalid, unsupported};
use crate::tensor::{Builder, DType, Expr, Math, Tensor, index};

use super::activation::sigmoid;

/// An activation function with its parameters.
#[derive(Clone)]
struct Activation {
    name: String,
    alpha: f64,
    beta: f64,
}

impl Activation {
    fn apply(&self, x: &Expr) -> Expr {
        let (alpha, beta) = (self.alpha, self.beta);
        match self.name.as_str() {
            "relu" => x.max(&x.like(0.0)),
            "sigmoid" => sigmoid(x),
            "affine" => x * alpha + beta,
            "leakyrelu" => x.lt(&x.like(0.0)).select(&(x * alpha), x),
            "thresholdedrelu" => x.ge(&x.like(alpha)).select(x, &x.like(0.0)),
            "scaledtanh" => (x * beta).math(Math::Tanh) * alpha,
            "hardsigmoid" => (x * alpha + beta).clamp(0.0, 1.0),
            "elu" => x.lt(&x.like(0.0)).select(&(x.math(Math::Expm1) * alpha), x),
            "softsign" => x / (x.abs() + 1.0),
            "softplus" => (x.math(Math::Exp) + 1.0).math(Math::Log),
            _ => x.math(Math::Tanh),
        }
    }
}

/// The sizes, the inputs and the functions of a layer.
struct Layer {
    kind: String,
    gates: usize,
    sequence: usize,
    batch: usize,
    width: usize,
    hidden: usize,
    /// For each direction: backwards or not.
    reverse: Vec<bool>,
    batch_first: bool,
    linear_before_reset: bool,
    coupled: bool,
    clip: Option<f64>,
    activations: Vec<Activation>,
    dtype: DType,
    x: Tensor,
    w: Tensor,
    r: Tensor,
    bias: Option<Tensor>,
    lengths: Option<Tensor>,
    peepholes: Option<Tensor>,
}

/// What one direction works on.
struct State {
    h: Tensor,
    c: Tensor,
    /// `W x + b`, `R h + b`, and the next `h`.
    input: Tensor,
    recurrent: Tensor,
    next: Tensor,
}

/// `RNN`, `GRU`, `LSTM`
pub(crate) fn recurrent(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let layer = layer(call)?;
    let (h0, c0) = (call.optional(5), call.optional(6));
    let directions = layer.reverse.len();
    let inner = [layer.batch, layer.hidden];
    let first = if layer.batch_first { [layer.batch, directions] } else { [directions, layer.batch] };
    let ends = [&first[..], &[layer.hidden]].concat();
    for start in h0.iter().chain(&c0) {
        if start.shape != ends {
            return invalid(format!("an initial state {:?}, expected {ends:?}", start.shape));
        }
    }
    let outer = if layer.batch_first {
        [layer.batch, layer.sequence, directions, layer.hidden]
    } else {
        [layer.sequence, directions, layer.batch, layer.hidden]
    };
    let dtype = layer.dtype;
    let zero = Expr::int(dtype, 0);
    let y = call.b.map(dtype, &outer, |_, _| zero)?;
    let (y_h, y_c) = (call.b.alloc(dtype, &ends)?, call.b.alloc(dtype, &ends)?);
    for direction in 0..directions {
        let end_at = |at: &[Expr]| {
            let direction = index(direction);
            let pair = if layer.batch_first { [at[0].clone(), direction] } else { [direction, at[0].clone()] };
            [&pair[..], &at[1..]].concat()
        };
        let start = |start: &Option<Tensor>, at: &[Expr]| {
            start.as_ref().map_or(Expr::int(dtype, 0), |start| start.at(&end_at(at)))
        };
        let state = State {
            h: call.b.map(dtype, &inner, |_, at| start(&h0, at))?,
            c: call.b.map(dtype, &inner, |_, at| start(&c0, at))?,
            input: call.b.alloc(dtype, &[layer.gates, layer.hidden])?,
            recurrent: call.b.alloc(dtype, &[layer.gates, layer.hidden])?,
            next: call.b.alloc(dtype, &[layer.hidden])?,
        };
        run(call.b, &layer, direction, &state, &y);
        call.b.nest(&inner, |b, at| {
            b.put(&y_h, &end_at(at), state.h.at(at));
            b.put(&y_c, &end_at(at), state.c.at(at));
        });
    }
    Ok(if layer.kind == "LSTM" { vec![y, y_h, y_c] } else { vec![y, y_h] })
}

fn layer(call: &Call<'_>) -> Result<Layer, Refusal> {
    let (x, w, r) = (call.input(0)?, call.input(1)?, call.input(2)?);
    let dtype = float(&x)?;
    let kind = call.node.op.clone();
    let gates = match kind.as_str() {
        "LSTM" => 4,
        "GRU" => 3,
        _ => 1,
    };
    let batch_first = call.flag("layout", false);
    let (&[directions, rows, width], &[_, _, hidden]) = (&w.shape[..], &r.shape[..]) else {
        return invalid("weights that are not three-dimensional");
    };
    let &[first, second, depth] = &x.shape[..] else { return invalid("an input that is not three-dimensional") };
    let (sequence, batch) = if batch_first { (second, first) } else { (first, second) };
    let reverse = match call.text("direction", "forward").as_str() {
        "reverse" => vec![true],
        "bidirectional" => vec![false, true],
        _ => vec![false],
    };
    let optional = |position: usize, length: usize| match call.optional(position) {
        Some(part) if part.len() != length => invalid(format!("input {position} of shape {:?}", part.shape)),
        part => Ok(part),
    };
    let fits = directions == reverse.len()
        && rows == gates * hidden
        && depth == width
        && r.shape == [directions, rows, hidden]
        && size(call.int("hidden_size", hidden as i64))? == hidden;
    if !fits {
        return invalid(format!("weights {:?} and {:?} for {:?}", w.shape, r.shape, x.shape));
    }
    Ok(Layer {
        activations: activations(call, &kind, directions)?,
        bias: optional(3, directions * 2 * rows)?,
        lengths: optional(4, batch)?,
        peepholes: if kind == "LSTM" { optional(7, directions * 3 * hidden)? } else { None },
        linear_before_reset: call.flag("linear_before_reset", false),
        coupled: call.flag("input_forget", false),
        clip: call.attribute("clip").map(|_| call.float("clip", 0.0)),
        kind,
        gates,
        sequence,
        batch,
        width,
        hidden,
        reverse,
        batch_first,
        dtype,
        x,
        w,
        r,
    })
}

/// The functions of every direction, in the definition's order.
fn activations(call: &Call<'_>, kind: &str, directions: usize) -> Result<Vec<Activation>, Refusal> {
    let default: &[&str] = match kind {
        "LSTM" => &["Sigmoid", "Tanh", "Tanh"],
        "GRU" => &["Sigmoid", "Tanh"],
        _ => &["Tanh"],
    };
    let names = call.texts("activations").filter(|names| !names.is_empty());
    let names =
        names.unwrap_or_else(|| (0..directions).flat_map(|_| default.iter().map(ToString::to_string)).collect());
    if names.len() != default.len() * directions {
        return invalid("`activations` of another length");
    }
    let (mut alphas, mut betas) = (
        call.floats("activation_alpha").unwrap_or_default().into_iter(),
        call.floats("activation_beta").unwrap_or_default().into_iter(),
    );
    names
        .iter()
        .map(|name| {
            let name = name.to_lowercase();
            // Each function that has a parameter takes the next one given, else its default.
            let (alpha, beta) = match name.as_str() {
                "relu" | "tanh" | "sigmoid" | "softsign" | "softplus" => (None, None),
                "affine" | "scaledtanh" => (Some(1.0), Some(if name == "affine" { 0.0 } else { 1.0 })),
                "leakyrelu" => (Some(0.01), None),
                "thresholdedrelu" | "elu" => (Some(1.0), None),
                "hardsigmoid" => (Some(0.2), Some(0.5)),
                _ => return unsupported(format!("the activation `{name}`")),
            };
            let alpha = alpha.map_or(0.0, |default| alphas.next().unwrap_or(default));
            let beta = beta.map_or(0.0, |default| betas.next().unwrap_or(default));
            Ok(Activation { name, alpha: f64::from(alpha), beta: f64::from(beta) })
        })
        .collect()
}

/// All steps of one direction.
fn run(b: &mut Builder, layer: &Layer, direction: usize, state: &State, y: &Tensor) {
    b.nest(&[layer.sequence, layer.batch], |b, at| {
        let (step, batch) = (&at[0], &at[1]);
        let whole = index(layer.sequence);
        let length = layer
            .lengths
            .as_ref()
            .map_or(whole.clone(), |lengths| lengths.flat(batch).cast(DType::Index).max(&index(0)).min(&whole));
        let length = b.once(length);
        b.when(&step.lt(&length), |b| {
            let time = if layer.reverse[direction] { &length - index(1) - step } else { step.clone() };
            let time = b.once(time);
            products(b, layer, direction, state, &time, batch);
            match layer.kind.as_str() {
                "LSTM" => lstm(b, layer, direction, state, batch),
                "GRU" => gru(b, layer, direction, state, batch),
                _ => b.each(layer.hidden, |b, unit| {
                    let sum = gate(b, layer, state, 0, unit);
                    b.put(&state.next, std::slice::from_ref(unit), layer.activations[direction].apply(&sum));
                }),
            }
            b.each(layer.hidden, |b, unit| {
                let value = b.once(state.next.flat(unit));
                b.put(&state.h, &[batch.clone(), unit.clone()], value.clone());
                let place = if layer.batch_first {
                    [batch.clone(), time.clone(), index(direction), unit.clone()]
                } else {
                    [time.clone(), index(direction), batch.clone(), unit.clone()]
                };
                b.put(y, &place, value);
            });
        });
    });
}

/// `W x + b` and `R h + b` of all gates.
fn products(b: &mut Builder, layer: &Layer, direction: usize, state: &State, time: &Expr, batch: &Expr) {
    let (rows, wide) = (layer.gates * layer.hidden, layer.dtype.sum());
    let (input, recurrent) = (state.input.view(&[rows]), state.recurrent.view(&[rows]));
    b.each(rows, |b, row| {
        let place = |column: &Expr| [index(direction), row.clone(), column.clone()];
        let sum = b.sum(wide, &[layer.width], |_, at| {
            let from = if layer.batch_first { [batch, time, &at[0]] } else { [time, batch, &at[0]] };
            layer.w.at(&place(&at[0])).cast(wide) * layer.x.at(&from.map(Clone::clone)).cast(wide)
        });
        let bias = |half: usize| {
            let start = index((2 * direction + half) * rows);
            layer.bias.as_ref().map_or(Expr::int(wide, 0), |bias| bias.flat(&(start + row)).cast(wide))
        };
        b.put(&input, std::slice::from_ref(row), (sum + bias(0)).cast(layer.dtype));
        let sum = b.sum(wide, &[layer.hidden], |_, at| {
            layer.r.at(&place(&at[0])).cast(wide) * state.h.at(&[batch.clone(), at[0].clone()]).cast(wide)
        });
        b.put(&recurrent, std::slice::from_ref(row), (sum + bias(1)).cast(layer.dtype));
    });
}

fn clipped(b: &mut Builder, layer: &Layer, sum: Expr) -> Expr {
    b.once(match layer.clip {
        Some(clip) => sum.clamp(-clip, clip),
        None => sum,
    })
}

/// The sum of both products of a gate, clipped.
fn gate(b: &mut Builder, layer: &Layer, state: &State, gate: usize, unit: &Expr) -> Expr {
    let at = [index(gate), unit.clone()];
    clipped(b, layer, state.input.at(&at) + state.recurrent.at(&at))
}

/// Gates in the order input, output, forget, cell.
fn lstm(b: &mut Builder, layer: &Layer, direction: usize, state: &State, batch: &Expr) {
    let [f, g, h] = [0, 1, 2].map(|number| &layer.activations[3 * direction + number]);
    b.each(layer.hidden, |b, unit| {
        let place = [batch.clone(), unit.clone()];
        let before = b.once(state.c.at(&place));
        let peep = |number: usize, cell: &Expr| {
            let at = index((3 * direction + number) * layer.hidden) + unit;
            layer.peepholes.as_ref().map_or(Expr::int(layer.dtype, 0), |peepholes| peepholes.flat(&at) * cell)
        };
        let sum = |number: usize| {
            let at = [index(number), unit.clone()];
            state.input.at(&at) + state.recurrent.at(&at)
        };
        let input = clipped(b, layer, sum(0) + peep(0, &before));
        let input = b.once(f.apply(&input));
        let forget = if layer.coupled {
            input.like(1.0) - &input
        } else {
            let forget = clipped(b, layer, sum(2) + peep(2, &before));
            f.apply(&forget)
        };
        let candidate = clipped(b, layer, sum(3));
        let cell = b.once(forget * &before + input * g.apply(&candidate));
        b.put(&state.c, &place, cell.clone());
        let output = clipped(b, layer, sum(1) + peep(1, &cell));
        b.put(&state.next, std::slice::from_ref(unit), f.apply(&output) * h.apply(&cell));
    });
}

/// Gates in the order update, reset, hidden.
fn gru(b: &mut Builder, layer: &Layer, direction: usize, state: &State, batch: &Expr) {
    let [f, g] = [0, 1].map(|number| &layer.activations[2 * direction + number]);
    // The reset gate is needed whole before the hidden one: it takes the place of its input product.
    b.each(layer.hidden, |b, unit| {
        let reset = gate(b, layer, state, 1, unit);
        b.put(&state.input, &[index(1), unit.clone()], f.apply(&reset));
    });
    let rows = layer.gates * layer.hidden;
    b.each(layer.hidden, |b, unit| {
        let reset = |unit: &Expr| state.input.at(&[index(1), unit.clone()]);
        let old = |unit: &Expr| state.h.at(&[batch.clone(), unit.clone()]);
        let recurrent = if layer.linear_before_reset {
            reset(unit) * state.recurrent.at(&[index(2), unit.clone()])
        } else {
            let row = index(2 * layer.hidden) + unit;
            let wide = layer.dtype.sum();
            let sum = b.sum(wide, &[layer.hidden], |_, at| {
                let weight = layer.r.at(&[index(direction), row.clone(), at[0].clone()]).cast(wide);
                weight * (reset(&at[0]) * old(&at[0])).cast(wide)
            });
            let bias = index((2 * direction + 1) * rows) + &row;
            layer.bias.as_ref().map_or(sum.clone(), |part| sum + part.flat(&bias).cast(wide)).cast(layer.dtype)
        };
        let hidden = clipped(b, layer, state.input.at(&[index(2), unit.clone()]) + recurrent);
        let hidden = b.once(g.apply(&hidden));
        let update = gate(b, layer, state, 0, unit);
        let update = b.once(f.apply(&update));
        let value = (update.like(1.0) - &update) * &hidden + &update * old(unit);
        b.put(&state.next, std::slice::from_ref(unit), value);
    });
}
