//! Operators over windows of an image, without weights.

use super::build::Builder;
use super::layers::image;
use super::model::Operator;
use super::options::{Refusal, arg, list};

pub(super) fn pool(builder: &mut Builder<'_>, operator: &Operator<'_>, word: &str) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let dims = image(builder.tensor(input))?;
    let ([sw, sh], [kw, kh]) = (operator.pair(1, 2, "stride")?, operator.pair(3, 4, "window")?);
    let args = [
        list("kernel", &[kh, kw]),
        list("stride", &[sh, sw]),
        arg("padding", operator.padding(0)?),
        arg("activation", operator.activation(5)?),
    ];
    let value = builder.shaped(input, &dims)?;
    builder.plain(word, &args, &[value], output)
}

pub(super) fn resize(
    builder: &mut Builder<'_>,
    operator: &Operator<'_>,
    word: &str,
    slots: [usize; 2],
) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let (dims, [h, w, _]) = (image(builder.tensor(input))?, image(builder.tensor(output))?);
    let args = [
        list("size", &[h, w]),
        arg("align_corners", operator.flag(slots[0])?),
        arg("half_pixel", operator.flag(slots[1])?),
    ];
    let value = builder.shaped(input, &dims)?;
    builder.plain(word, &args, &[value], output)
}

pub(super) fn depth(builder: &mut Builder<'_>, operator: &Operator<'_>, word: &str) -> Result<(), Refusal> {
    let (input, output) = (operator.taken(0)?, operator.given()?);
    let dims = image(builder.tensor(input))?;
    let value = builder.shaped(input, &dims)?;
    builder.plain(word, &[arg("block", operator.int(0, 0)?)], &[value], output)
}
