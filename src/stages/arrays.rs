//! Arrays as they travel between steps: read from a job's inputs, rows chosen by part.

use crate::base::Diag;
use crate::base::npy::Array;
use crate::engine::Job;

/// The part of a row: training, validation, test, as `part.npy` numbers them.
pub(super) const TEST: u8 = 2;

/// The array under an input's name. The engine has checked its digest, so a wrong form is our bug.
pub(super) fn array(job: &Job, name: &str) -> Result<Array, Diag> {
    Array::from_bytes(job.input(name)).ok_or_else(|| wrong(name))
}

/// The elements of an `f32` array, and how many a row has.
pub(super) fn rows(job: &Job, name: &str) -> Result<(Vec<f32>, usize), Diag> {
    let array = array(job, name)?;
    let width = array.dims.iter().skip(1).product();
    Ok((array.as_f32().ok_or_else(|| wrong(name))?.to_vec(), width))
}

/// The bytes of a matrix of `f32` or `i8` as C reads them, and how many a row has.
pub(super) fn row_bytes(job: &Job, name: &str) -> Result<(Vec<u8>, usize), Diag> {
    let array = array(job, name)?;
    let width: usize = array.dims.iter().skip(1).product();
    match (array.as_f32(), array.as_i8()) {
        (Some(reals), _) => Ok((reals.iter().flat_map(|value| value.to_le_bytes()).collect(), 4 * width)),
        (_, Some(signed)) => Ok((signed.iter().map(|value| *value as u8).collect(), width)),
        _ => Err(wrong(name)),
    }
}

/// The elements of an `i32` array.
pub(super) fn integers(job: &Job, name: &str) -> Result<Vec<i32>, Diag> {
    Ok(array(job, name)?.as_i32().ok_or_else(|| wrong(name))?.to_vec())
}

/// The elements of a `u8` array.
pub(super) fn bytes(job: &Job, name: &str) -> Result<Vec<u8>, Diag> {
    Ok(array(job, name)?.as_u8().ok_or_else(|| wrong(name))?.to_vec())
}

/// The elements of an `i8` array, and how many a row has.
pub(super) fn signed(job: &Job, name: &str) -> Result<(Vec<i8>, usize), Diag> {
    let array = array(job, name)?;
    let width = array.dims.iter().skip(1).product();
    Ok((array.as_i8().ok_or_else(|| wrong(name))?.to_vec(), width))
}

/// Indices of the rows of a part, in order.
pub(super) fn of_part(part: &[u8], wanted: u8) -> Vec<usize> {
    part.iter().enumerate().filter(|(_, part)| **part == wanted).map(|(row, _)| row).collect()
}

/// Row `index` of a matrix.
pub(super) fn row<T>(matrix: &[T], width: usize, index: usize) -> &[T] {
    &matrix[index * width..(index + 1) * width]
}

fn wrong(name: &str) -> Diag {
    Diag::error("tml::bug", format!("bug: the artifact `{name}` has another form than its maker promised"))
}
