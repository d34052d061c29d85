//! Operators with state.

use super::build::Builder;
use super::model::Operator;
use super::options::Refusal;

pub(super) fn svdf(_builder: &mut Builder<'_>, _operator: &Operator<'_>) -> Result<(), Refusal> {
    Err("not supported".into())
}

pub(super) fn lstm(_builder: &mut Builder<'_>, _operator: &Operator<'_>) -> Result<(), Refusal> {
    Err("not supported".into())
}
