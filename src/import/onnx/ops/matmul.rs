//! Matrix products: `MatMul` and its integer forms, `Gemm`, `Einsum`.

use crate::import::onnx::node::{Call, broadcast, same};
use crate::import::onnx::refusal::{Refusal, invalid, unsupported};
use crate::tensor::{Builder, DType, Expr, Tensor};

/// Two tensors as stacks of matrices: `[…, m, k]`, `[…, k, n]`, and the product's own shape.
pub(crate) struct Stacks {
    /// The left one.
    pub(crate) a: Tensor,
    /// The right one.
    pub(crate) b: Tensor,
    /// The shape of the loops: broadcast batch, m, n.
    pub(crate) full: Vec<usize>,
    /// The shape of the output: without the ones that vectors were given.
    pub(crate) shape: Vec<usize>,
}

/// Shapes as `numpy.matmul` has them.
///
/// # Errors
/// They don't fit.
pub(crate) fn stacks(a: &Tensor, b: &Tensor) -> Result<Stacks, Refusal> {
    if a.rank() == 0 || b.rank() == 0 {
        return invalid("a product of a scalar");
    }
    let left = if a.rank() == 1 { a.view(&[1, a.len()]) } else { a.clone() };
    let right = if b.rank() == 1 { b.view(&[b.len(), 1]) } else { b.clone() };
    let (m, k) = (left.shape[left.rank() - 2], left.shape[left.rank() - 1]);
    let (other, n) = (right.shape[right.rank() - 2], right.shape[right.rank() - 1]);
    if k != other {
        return invalid(format!("a product of {:?} and {:?}", a.shape, b.shape));
    }
    let batch = broadcast(&left.shape[..left.rank() - 2], &right.shape[..right.rank() - 2])?;
    let mut shape = batch.clone();
    let mut full = batch;
    full.extend([m, n]);
    if a.rank() > 1 {
        shape.push(m);
    }
    if b.rank() > 1 {
        shape.push(n);
    }
    Ok(Stacks { a: left, b: right, full, shape })
}

impl Stacks {
    /// The product: `term` multiplies two elements (the row and column are given too), `last` finishes a sum.
    ///
    /// # Errors
    /// The buffers exceed their bound.
    pub(crate) fn product(
        &self,
        b: &mut Builder,
        (dtype, wide): (DType, DType),
        term: &dyn Fn(Expr, Expr, &Expr, &Expr) -> Expr,
        last: &dyn Fn(&mut Builder, &Expr, &[Expr]) -> Expr,
    ) -> Result<Tensor, Refusal> {
        let rank = self.full.len();
        let k = self.a.shape[self.a.rank() - 1];
        let made = b.map(dtype, &self.full, |b, at| {
            let (batch, row, column) = (&at[..rank - 2], &at[rank - 2], &at[rank - 1]);
            let sum = b.sum(wide, &[k], |_, inner| {
                let left: Vec<Expr> = batch.iter().chain([row, &inner[0]]).cloned().collect();
                let right: Vec<Expr> = batch.iter().chain([&inner[0], column]).cloned().collect();
                term(self.a.broadcast(&left), self.b.broadcast(&right), row, column)
            });
            last(b, &sum, at)
        })?;
        Ok(made.view(&self.shape))
    }
}

/// `MatMul`
pub(crate) fn matmul(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (a, b) = (call.input(0)?, call.input(1)?);
    same(&a, &b)?;
    let (dtype, wide) = (a.dtype, a.dtype.sum());
    if dtype == DType::Bool {
        return unsupported("of booleans");
    }
    let made =
        stacks(&a, &b)?
            .product(call.b, (dtype, wide), &|a, b, _, _| a.cast(wide) * b.cast(wide), &|_, sum, _| sum.clone())?;
    Ok(vec![made])
}

/// `Gemm`
pub(crate) fn gemm(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let (a, b, c) = (call.input(0)?, call.input(1)?, call.optional(2));
    same(&a, &b)?;
    let (dtype, wide) = (a.dtype, a.dtype.sum());
    let (alpha, beta) = (call.float("alpha", 1.0), call.float("beta", 1.0));
    let (left, right) = (call.flag("transA", false), call.flag("transB", false));
    if a.rank() != 2 || b.rank() != 2 {
        return invalid("inputs that are no matrices");
    }
    let (m, k) = if left { (a.shape[1], a.shape[0]) } else { (a.shape[0], a.shape[1]) };
    let (other, n) = if right { (b.shape[1], b.shape[0]) } else { (b.shape[0], b.shape[1]) };
    if k != other {
        return invalid(format!("a product of {:?} and {:?}", a.shape, b.shape));
    }
    if let Some(c) = &c
        && broadcast(&c.shape, &[m, n])? != [m, n]
    {
        return invalid("a third input larger than the product");
    }
    let scaled = |x: Expr, factor: f64| {
        if factor.to_bits() == 1f64.to_bits() { x } else { (x.cast(float_of(wide)) * factor).cast(wide) }
    };
    Ok(vec![call.b.map(dtype, &[m, n], |builder, at| {
        let (row, column) = (&at[0], &at[1]);
        let sum = builder.sum(wide, &[k], |_, inner| {
            let x = if left { a.at(&[inner[0].clone(), row.clone()]) } else { a.at(&[row.clone(), inner[0].clone()]) };
            let y = if right {
                b.at(&[column.clone(), inner[0].clone()])
            } else {
                b.at(&[inner[0].clone(), column.clone()])
            };
            x.cast(wide) * y.cast(wide)
        });
        let sum = scaled(sum, alpha);
        match &c {
            Some(c) => sum + scaled(c.broadcast(at).cast(wide), beta),
            None => sum,
        }
    })?])
}

/// The type itself if it is a float, else one that holds its products with floats.
fn float_of(dtype: DType) -> DType {
    if dtype.is_float() { dtype } else { DType::F64 }
}

/// `Einsum`: a loop for each letter.
pub(crate) fn einsum(call: &mut Call<'_>) -> Result<Vec<Tensor>, Refusal> {
    let inputs: Vec<Tensor> = (0..call.inputs.len()).map(|position| call.input(position)).collect::<Result<_, _>>()?;
    let equation: String = call.text("equation", "").chars().filter(|letter| !letter.is_whitespace()).collect();
    let (left, right) = match equation.split_once("->") {
        Some((left, right)) => (left.to_string(), Some(right.to_string())),
        None => (equation.clone(), None),
    };
    let terms: Vec<&str> = left.split(',').collect();
    if terms.len() != inputs.len() {
        return invalid(format!("`{equation}` for {} inputs", inputs.len()));
    }
    let mut sizes: Vec<(char, usize)> = Vec::new();
    let mut labels = Vec::new();
    // An ellipsis stands for letters of its own, counted from the right: digits.
    let most = (terms.iter().zip(&inputs))
        .filter(|(term, _)| term.contains("..."))
        .map(|(term, input)| (input.rank() + 3).saturating_sub(term.len()))
        .max()
        .unwrap_or(0);
    if most > 9 {
        return unsupported("an ellipsis of more than nine dimensions");
    }
    for (term, input) in terms.iter().zip(&inputs) {
        let hidden = (input.rank() + 3).saturating_sub(term.len()).min(most);
        let digits: String = (most - hidden..most).filter_map(|digit| char::from_digit(digit as u32, 10)).collect();
        let letters: Vec<char> = term.replace("...", &digits).chars().collect();
        let sound = letters.iter().all(char::is_ascii_alphanumeric);
        if letters.len() != input.rank() || !sound {
            return invalid(format!("`{term}` for {:?}", input.shape));
        }
        for (letter, size) in letters.iter().zip(&input.shape) {
            match sizes.iter_mut().find(|(known, _)| known == letter) {
                Some((_, known)) if *known == *size || *size == 1 => {}
                Some((_, known)) if *known == 1 => *known = *size,
                Some(_) => return invalid(format!("`{letter}` has two sizes")),
                None => sizes.push((*letter, *size)),
            }
        }
        labels.push(letters);
    }
    let all: String = (0..most as u32).filter_map(|digit| char::from_digit(digit, 10)).collect();
    let output: Vec<char> = match right {
        Some(right) => right.replace("...", &all).chars().collect(),
        None => implicit(&labels, &all),
    };
    if !output.iter().all(|letter| sizes.iter().any(|(known, _)| known == letter)) {
        return invalid("an output letter that no input has");
    }
    contract(call, &inputs, &labels, &sizes, &output)
}

/// Without an arrow: the ellipsis, then the letters that stand once, in order of the alphabet.
fn implicit(labels: &[Vec<char>], ellipsis: &str) -> Vec<char> {
    let letters: Vec<char> = labels.iter().flatten().copied().filter(char::is_ascii_alphabetic).collect();
    let mut once: Vec<char> =
        letters.iter().copied().filter(|one| letters.iter().filter(|other| *other == one).count() == 1).collect();
    once.sort_unstable();
    ellipsis.chars().chain(once).collect()
}

fn contract(
    call: &mut Call<'_>,
    inputs: &[Tensor],
    labels: &[Vec<char>],
    sizes: &[(char, usize)],
    output: &[char],
) -> Result<Vec<Tensor>, Refusal> {
    let size = |letter: char| sizes.iter().find(|(known, _)| *known == letter).map_or(1, |(_, size)| *size);
    let shape: Vec<usize> = output.iter().map(|letter| size(*letter)).collect();
    let summed: Vec<char> = sizes.iter().map(|(letter, _)| *letter).filter(|letter| !output.contains(letter)).collect();
    let inner: Vec<usize> = summed.iter().map(|letter| size(*letter)).collect();
    let dtype = inputs[0].dtype;
    for input in inputs {
        same(&inputs[0], input)?;
    }
    let wide = dtype.sum();
    Ok(vec![call.b.map(dtype, &shape, |b, at| {
        b.sum(wide, &inner, |_, inner| {
            let place = |letter: &char| {
                let outer = output.iter().position(|other| other == letter).map(|position| at[position].clone());
                outer.unwrap_or_else(|| inner[summed.iter().position(|other| other == letter).unwrap_or(0)].clone())
            };
            let factor = |(input, letters): (&Tensor, &Vec<char>)| {
                input.broadcast(&letters.iter().map(place).collect::<Vec<Expr>>()).cast(wide)
            };
            let factors = inputs.iter().zip(labels).map(factor);
            factors.reduce(|all, next| all * next).unwrap_or_else(|| Expr::int(wide, 1))
        })
    })?])
}
