//! `Attention` and `RotaryEmbedding` of opset 23.

use crate::import::onnx::node::{Call, broadcast, float, same, size};
use crate::import::onnx::refusal::{Refusal, invalid};
use crate::tensor::{Builder, DType, Expr, Math, Tensor, index};

use super::gather::position;
use super::reduce::limits;

/// Heads of a tensor `[batch, heads, length, width]` or `[batch, length, heads × width]`.
#[derive(Clone)]
struct Heads {
    tensor: Tensor,
    flat: bool,
    count: usize,
    length: usize,
    width: usize,
}

impl Heads {
    fn new(tensor: Tensor, heads: usize) -> Result<Self, Refusal> {
        match tensor.shape[..] {
            [_, heads, length, width] => Ok(Self { tensor, flat: false, count: heads, length, width }),
            [_, length, whole] if heads > 0 && whole.is_multiple_of(heads) => {
                Ok(Self { tensor, flat: true, count: heads, length, width: whole / heads })
            }
            _ => invalid(format!("{:?} in {heads} heads", tensor.shape)),
        }
    }

    fn place(&self, at: [&Expr; 4]) -> Vec<Expr> {
        let [batch, head, row, column] = at.map(Clone::clone);
        if self.flat { vec![batch, row, head * index(self.width) + column] } else { vec![batch, head, row, column] }
    }

    fn at(&self, at: [&Expr; 4]) -> Expr {
        self.tensor.at(&self.place(at))
    }
}

/// Keys or values with those of earlier calls before them: `[batch, heads, length, width]`.
fn present(call: &mut Call<'_>, now: &Heads, past: Option<&Tensor>) -> Result<Tensor, Refusal> {
    let before = past.map_or(0, |past| past.shape.get(2).copied().unwrap_or(0));
    if let Some(past) = past {
        same(past, &now.tensor)?;
        if past.shape != [now.tensor.shape[0], now.count, before, now.width] {
            return invalid(format!("a cache of shape {:?}", past.shape));
        }
    }
    let shape = [now.tensor.shape[0], now.count, before + now.length, now.width];
    Ok(call.b.map(now.tensor.dtype, &shape, |b, at| {
        let value = b.var(Expr::int(now.tensor.dtype, 0));
        b.choose(
            &at[2].lt(&index(before)),
            |b| {
                if let Some(past) = past {
                    b.set(&value, past.at(at));
                }
            },
            |b| b.set(&value, now.at([&at[0], &at[1], &(&at[2] - index(before)), &at[3]])),
        );
        value
    })?)
}

/// How scores are made.
struct Scores {
    scale: f64,
    softcap: f64,
    causal: bool,
    /// Rows of the cache.
    before: usize,
    mask: Option<Tensor>,
    lengths: Option<Tensor>,
    /// The stage of the scores that is the fourth output.
    stage: i64,
}

impl Scores {
    /// What a score is raised by, and whether it counts at all.
    fn masked(&self, at: &[Expr], total: usize, wide: DType) -> (Option<Expr>, Expr) {
        let (row, column) = (&at[2], &at[3]);
        let mut counts = Expr::truth(true);
        if self.causal {
            counts = counts.and(&column.le(&(row + index(self.before))));
        }
        if let Some(lengths) = &self.lengths {
            counts = counts.and(&column.lt(&lengths.flat(&at[0]).cast(DType::Index)));
        }
        let Some(mask) = &self.mask else { return (None, counts) };
        // A mask that is shorter than the keys masks the rest out.
        let given = *mask.shape.last().unwrap_or(&1);
        let mut place = at.to_vec();
        if given < total && given > 1 {
            counts = counts.and(&column.lt(&index(given)));
            place[3] = column.min(&index(given - 1));
        }
        let value = mask.broadcast(&place);
        if mask.dtype == DType::Bool { (None, counts.and(&value)) } else { (Some(value.cast(wide)), counts) }
    }
}

/// `Attention`
pub(crate) fn attention(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (q_heads, kv_heads) = (size(call.int("q_num_heads", 0))?, size(call.int("kv_num_heads", 0))?);
    let q = Heads::new(call.input(0)?, q_heads)?;
    let (k, v) = (Heads::new(call.input(1)?, kv_heads)?, Heads::new(call.input(2)?, kv_heads)?);
    let dtype = float(&q.tensor)?;
    let (past_key, past_value) = (call.optional(4), call.optional(5));
    let fits = q.width == k.width
        && k.count == v.count
        && k.count > 0
        && q.count.is_multiple_of(k.count)
        && k.length == v.length;
    if !fits || k.tensor.shape[0] != q.tensor.shape[0] || v.tensor.shape[0] != q.tensor.shape[0] {
        return invalid(format!("{:?}, {:?} and {:?}", q.tensor.shape, k.tensor.shape, v.tensor.shape));
    }
    let scores = Scores {
        scale: call.attribute("scale").map_or(1.0 / (q.width as f64).sqrt(), |_| call.float("scale", 0.0)),
        softcap: call.float("softcap", 0.0),
        causal: call.flag("is_causal", false),
        before: past_key.as_ref().map_or(0, |past| past.shape.get(2).copied().unwrap_or(0)),
        mask: call.optional(3),
        lengths: call.optional(6),
        stage: call.int("qk_matmul_output_mode", 0),
    };
    let (keys, values) = (present(call, &k, past_key.as_ref())?, present(call, &v, past_value.as_ref())?);
    let total = keys.shape[2];
    let shape = [q.tensor.shape[0], q.count, q.length, total];
    check(&scores, &shape, values.shape[2])?;
    let output = Heads { width: v.width, ..q.clone() };
    let whole =
        if q.flat { vec![shape[0], q.length, q.count * v.width] } else { vec![shape[0], q.count, q.length, v.width] };
    let y = Heads { tensor: call.b.alloc(dtype, &whole)?, ..output };
    let staged = call.b.alloc(dtype, if call.wants(3) { &shape } else { &[0] })?;
    let wants = call.wants(3);
    let row_scores = call.b.alloc(dtype.sum(), &[total])?;
    let group = q.count / k.count;
    call.b.nest(&shape[..3], |b, at| {
        row(b, &scores, (&q, &keys, &values), at, group, &row_scores, wants.then_some(&staged));
        combine(b, &y, &values, at, group, &row_scores);
    });
    Ok(vec![y.tensor, keys, values, staged])
}

fn check(scores: &Scores, shape: &[usize; 4], values: usize) -> Result<(), Refusal> {
    if values != shape[3] || scores.lengths.as_ref().is_some_and(|lengths| lengths.len() != shape[0]) {
        return invalid("keys and values of different lengths");
    }
    let Some(mask) = &scores.mask else { return Ok(()) };
    let mut own = mask.shape.clone();
    if let Some(last) = own.last_mut()
        && *last < shape[3]
    {
        *last = shape[3];
    }
    if mask.rank() <= 4 && broadcast(shape, &own)? == shape {
        Ok(())
    } else {
        invalid(format!("a mask {:?}", mask.shape))
    }
}

/// The softmax of one row of scores.
fn row(
    b: &mut Builder,
    scores: &Scores,
    (q, keys, _): (&Heads, &Tensor, &Tensor),
    at: &[Expr],
    group: usize,
    row: &Tensor,
    staged: Option<&Tensor>,
) {
    let wide = row.dtype;
    let total = row.len();
    let top = b.var(limits(wide).0);
    b.each(total, |b, column| {
        let here = [&at[0], &at[1], &at[2], column].map(Clone::clone);
        let keep = |b: &mut Builder, stage: i64, value: &Expr| {
            if let Some(staged) = staged.filter(|_| scores.stage == stage) {
                b.put(staged, &here, value.cast(staged.dtype));
            }
        };
        let sum = b.sum(wide, &[q.width], |_, inner| {
            let key = keys.at(&[at[0].clone(), &at[1] / index(group), column.clone(), inner[0].clone()]);
            q.at([&at[0], &at[1], &at[2], &inner[0]]).cast(wide) * key.cast(wide)
        });
        let score = b.once(sum * scores.scale);
        keep(b, 0, &score);
        let (raised, counts) = scores.masked(&here, total, wide);
        let score = raised.map_or(score.clone(), |raised| score + raised);
        let score = b.once(counts.select(&score, &score.like(f64::NEG_INFINITY)));
        keep(b, 1, &score);
        let score = if scores.softcap > 0.0 {
            b.once((score / scores.softcap).math(Math::Tanh) * scores.softcap)
        } else {
            score
        };
        keep(b, 2, &score);
        b.put(row, std::slice::from_ref(column), score.clone());
        b.set(&top, top.max(&score));
    });
    let sum = b.var(Expr::int(wide, 0));
    b.each(total, |b, column| {
        let value = b.once((row.flat(column) - &top).math(Math::Exp));
        b.put(row, std::slice::from_ref(column), value.clone());
        b.set(&sum, &sum + value);
    });
    b.each(total, |b, column| {
        let value = b.once(row.flat(column) / &sum);
        b.put(row, std::slice::from_ref(column), value.clone());
        if let Some(staged) = staged.filter(|_| scores.stage == 3) {
            let here = [&at[0], &at[1], &at[2], column].map(Clone::clone);
            b.put(staged, &here, value.cast(staged.dtype));
        }
    });
}

/// The values weighted by a row of scores.
fn combine(b: &mut Builder, y: &Heads, values: &Tensor, at: &[Expr], group: usize, row: &Tensor) {
    b.each(y.width, |b, column| {
        let sum = b.sum(row.dtype, &[row.len()], |_, inner| {
            let value = values.at(&[at[0].clone(), &at[1] / index(group), inner[0].clone(), column.clone()]);
            row.flat(&inner[0]) * value.cast(row.dtype)
        });
        let to = y.place([&at[0], &at[1], &at[2], column]);
        b.put(&y.tensor, &to, sum.cast(y.tensor.dtype));
    });
}

/// `RotaryEmbedding`
pub(crate) fn rotary(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (cos, sin, places) = (call.input(1)?, call.input(2)?, call.optional(3));
    let x = Heads::new(call.input(0)?, size(call.int("num_heads", 0))?)?;
    let dtype = float(&x.tensor)?;
    let turned = match size(call.int("rotary_embedding_dim", 0))? {
        0 => x.width,
        turned => turned,
    };
    let half = turned / 2;
    let interleaved = call.flag("interleaved", false);
    let batch = x.tensor.shape[0];
    let rank = if places.is_some() { 2 } else { 3 };
    let fits = turned <= x.width
        && turned.is_multiple_of(2)
        && cos.shape == sin.shape
        && cos.rank() == rank
        && cos.shape[rank - 1] == half
        && places.as_ref().map_or(rank == 3 && cos.shape[..2] == [batch, x.length], |places| {
            places.shape == [batch, x.length] && cos.shape[0] > 0
        });
    if !fits {
        return invalid(format!("caches {:?} for {:?}", cos.shape, x.tensor.shape));
    }
    let output = Heads { tensor: call.b.alloc(dtype, &x.tensor.shape)?, ..x.clone() };
    call.b.nest(&[batch, x.count, x.length, x.width], |b, at| {
        let column = &at[3];
        let value = b.var(x.at([&at[0], &at[1], &at[2], column]));
        b.when(&column.lt(&index(turned)), |b| {
            let (pair, second) = if interleaved {
                (column / index(2), (column % index(2)).eq_(&index(1)))
            } else {
                (column % index(half), column.ge(&index(half)))
            };
            let pair = b.once(pair);
            let (one, other) = if interleaved {
                (&pair * index(2), &pair * index(2) + index(1))
            } else {
                (pair.clone(), &pair + index(half))
            };
            let entry = |cache: &Tensor, b: &mut Builder| match &places {
                Some(places) => {
                    let row = position(b, &places.at(&[at[0].clone(), at[2].clone()]), cache.shape[0]);
                    cache.at(&[row, pair.clone()])
                }
                None => cache.at(&[at[0].clone(), at[2].clone(), pair.clone()]),
            };
            let (cos, sin) = (entry(&cos, b).cast(dtype), entry(&sin, b).cast(dtype));
            let first = x.at([&at[0], &at[1], &at[2], &one]);
            let last = x.at([&at[0], &at[1], &at[2], &other]);
            let real = &cos * &first - &sin * &last;
            b.set(&value, second.select(&(sin * first + cos * last), &real));
        });
        b.put(&output.tensor, &output.place([&at[0], &at[1], &at[2], column]), value);
    });
    Ok(vec![output.tensor])
}
