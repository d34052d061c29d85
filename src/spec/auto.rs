//! `auto`: a family of networks for the shape of the input and the task, as lines that a user could have written.
//!
//! Dense networks for vectors; convolutions along time and depthwise-separable ones (Howard et al. 2017; for keywords
//! Zhang et al. 2017) for series; those, and residual ones (He et al. 2016), for images and spectra; autoencoders where
//! what is normal is to be learnt.

use crate::base::{Diag, Source};
use crate::lang;
use crate::lang::ast::{Ast, Block, Call, Item, Member};

use super::network;
use super::scope::Context;

/// The word.
pub(super) const WORD: &str = "auto";

/// A series with fewer channels isn't looked at as an image.
const LEAST_BINS: usize = 8;

/// A first layer's outputs are thinned until no more positions than this are left.
const MOST_POSITIONS: usize = 1600;
const MOST_SAMPLES: usize = 256;

/// The `auto` of a model whose last layer it is.
pub(super) fn call(block: &Block) -> Option<&Call> {
    let last = calls(block).last()?;
    (last.path.text() == WORD && last.args.is_empty()).then_some(last)
}

fn calls(block: &Block) -> impl Iterator<Item = &Call> {
    block.members.iter().filter_map(|member| if let Member::Call(call) = member { Some(call) } else { None })
}

/// The model's lines with `auto` replaced by a choice among the family's layers.
pub(super) fn expand(block: &Block, auto: &Call, cx: &mut Context) -> Option<Vec<Member>> {
    let root = network::root(block, cx)?;
    let dataset = root.dataset?;
    // Layers before it, a `reshape` mostly, decide what it sees.
    let before: Vec<&Call> = calls(block).filter(|call| !std::ptr::eq(*call, auto)).collect();
    let shape = network::chain(&before, &root.flow, cx).1.shape?;
    let data = &cx.spec.datasets[dataset];
    let end = match (is_detection(block), data.targets.len()) {
        (true, _) => End::Input,
        (false, 0) => End::Scores(data.classes.len()),
        (false, targets) => End::Values(targets),
    };
    let Some(family) = family(&shape.dims, &end) else {
        let diag = Diag::error("tml::choice", format!("`auto` knows no network for {shape}"));
        cx.report(diag.at(&auto.span, "one to three dimensions").help("write the layers"));
        return None;
    };
    let text = format!("tml 1\n\nmodel auto from input {{\n  one_of(\n{}\n  )\n}}\n", family.join(",\n"));
    let ast = lang::parse(&Source::new("auto", text)).unwrap_or_else(|diags| panic!("bug: `auto` wrote {diags}"));
    let family = members(ast);
    let replaced = |member: &Member| match member {
        Member::Call(call) if std::ptr::eq(call, auto) => family.clone(),
        other => vec![other.clone()],
    };
    Some(block.members.iter().flat_map(replaced).collect())
}

/// Whether the model's lines say that it detects; what exactly is read where the model is.
fn is_detection(block: &Block) -> bool {
    let is = |member: &Member| matches!(member, Member::Relation(line) if line.subject.text() == "detect");
    block.members.iter().any(is)
}

fn members(ast: Ast) -> Vec<Member> {
    ast.items
        .into_iter()
        .flat_map(|item| if let Item::Block(block) = item { block.members } else { Vec::new() })
        .collect()
}

/// What a network is to end in.
enum End {
    /// So many classes.
    Scores(usize),
    /// So many numbers.
    Values(usize),
    /// Its own input.
    Input,
}

impl End {
    fn layers(&self) -> String {
        match self {
            Self::Scores(classes) => format!("dense({classes}), softmax()"),
            Self::Values(values) => format!("dense({values})"),
            Self::Input => String::new(),
        }
    }
}

/// The networks as lists of layers, the smallest first.
fn family(dims: &[usize], end: &End) -> Option<Vec<String>> {
    if matches!(end, End::Input) {
        return Some(autoencoders(dims));
    }
    let last = end.layers();
    match *dims {
        [_] => Some(dense(&last)),
        [length, channels] => {
            let mut all = series(length, channels, &last);
            if channels >= LEAST_BINS && length >= LEAST_BINS {
                let image = format!("reshape([{length}, {channels}, 1]), ");
                all.extend(
                    images(length, channels, &last)
                        .into_iter()
                        .map(|layers| layers.replacen('[', &format!("[{image}"), 1)),
                );
            }
            Some(all)
        }
        [height, width, _] => Some(images(height, width, &last)),
        _ => None,
    }
}

fn dense(end: &str) -> Vec<String> {
    let mut all: Vec<String> =
        [16, 32, 64].iter().map(|units| format!("    [dense({units}, activation = relu), {end}]")).collect();
    for (first, second) in [(32, 16), (64, 32), (128, 64)] {
        let layers = format!("dense({first}, activation = relu), dense({second}, activation = relu), {end}");
        all.push(format!("    [{layers}]"));
        let layers =
            format!("dense({first}), batch_norm(), relu(), dropout(0.2), dense({second}), batch_norm(), relu(), {end}");
        all.push(format!("    [{layers}]"));
    }
    all
}

/// Layers from the input to itself through a narrow one.
fn autoencoders(dims: &[usize]) -> Vec<String> {
    let size: usize = dims.iter().product();
    let before = if dims.len() == 1 { "" } else { "flatten(), " };
    let widths = [(16, 4), (32, 8), (64, 8), (128, 8), (128, 16)];
    let layers = |(wide, narrow): &(usize, usize)| {
        let hidden = |units: usize| format!("dense({units}), batch_norm(), relu()");
        let (wide, narrow) = (hidden(*wide), hidden(*narrow));
        format!("    [{before}{wide}, {narrow}, {wide}, dense({size})]")
    };
    widths.iter().map(layers).collect()
}

/// How many times something can be halved and still have four parts.
fn halvings(size: usize) -> u32 {
    (size / 4).max(1).ilog2()
}

/// Convolutions along time over `[length, channels]`.
fn series(length: usize, channels: usize, end: &str) -> Vec<String> {
    let stride = length.div_ceil(MOST_SAMPLES).max(1);
    let kernel = if stride > 1 { (2 * stride + 1).min(length) } else { 5.min(length) };
    let blocks = halvings(length.div_ceil(stride)).clamp(1, 4) as usize;
    let stem = |filters: usize| {
        format!("conv1d({filters}, kernel = {kernel}, stride = {stride}, padding = same), batch_norm(), relu()")
    };
    let mut all = vec![format!("    [flatten(), dense(32, activation = relu), {end}]")];
    for filters in [8, 16, 32] {
        let mut layers = vec![stem(filters)];
        for block in 1..blocks {
            let wide = filters << block.min(2);
            layers.push("max_pool1d(2)".into());
            layers.push(format!("conv1d({wide}, kernel = 3, padding = same), batch_norm(), relu()"));
        }
        let trunk = layers.join(", ");
        all.push(format!("    [{trunk}, global_average_pool(), {end}]"));
        if (2..=64).contains(&(length.div_ceil(stride) >> (blocks - 1))) {
            all.push(format!(
                "    [{trunk}, max_pool1d(2), flatten(), dropout(0.2), dense(32, activation = relu), {end}]"
            ));
        }
    }
    for filters in [16, 32, 64] {
        let mut layers = vec![stem(filters), format!("reshape([1, -1, {filters}])")];
        for block in 0..blocks.max(2) {
            let step = if block < blocks { "[1, 2]" } else { "[1, 1]" };
            layers.push(separable(filters, "[1, 3]", step));
        }
        all.push(format!("    [{}, global_average_pool(), {end}]", layers.join(", ")));
    }
    if channels >= LEAST_BINS {
        all.push(format!("    [flatten(), dense(64, activation = relu), dropout(0.2), {end}]"));
    }
    all
}

/// A convolution of each channel by itself, then one across channels.
fn separable(filters: usize, kernel: &str, stride: &str) -> String {
    let depthwise = format!("depthwise_conv2d(kernel = {kernel}, stride = {stride}, padding = same)");
    format!("{depthwise}, batch_norm(), relu(), conv2d({filters}, kernel = 1), batch_norm(), relu()")
}

/// Networks over `[height, width, channels]`.
fn images(height: usize, width: usize, end: &str) -> Vec<String> {
    let mut stride = 1;
    while height.div_ceil(stride) * width.div_ceil(stride) > MOST_POSITIONS {
        stride += 1;
    }
    let (high, wide) = (height.div_ceil(stride), width.div_ceil(stride));
    let blocks = halvings(high.min(wide)).clamp(1, 3) as usize;
    let stem = |filters: usize| {
        format!("conv2d({filters}, kernel = 3, stride = {stride}, padding = same), batch_norm(), relu()")
    };
    let pool = "max_pool2d(2)";
    let mut all = Vec::new();
    for filters in [8, 16] {
        let mut layers = vec![stem(filters)];
        for block in 1..=blocks {
            if high.min(wide) >> block >= 1 {
                layers.push(pool.into());
            }
            if block < blocks.max(2) {
                let filters = filters << block;
                layers.push(format!("conv2d({filters}, kernel = 3, padding = same), batch_norm(), relu()"));
            }
        }
        let trunk = layers.join(", ");
        all.push(format!("    [{trunk}, global_average_pool(), {end}]"));
        all.push(format!("    [{trunk}, flatten(), dropout(0.2), dense({}, activation = relu), {end}]", 2 * filters));
    }
    for (filters, depth) in [(16, 2), (32, 3), (64, 4)] {
        let mut layers = vec![stem(filters)];
        for block in 0..depth {
            layers.push(separable(filters, "3", if block < blocks.min(2) { "2" } else { "1" }));
        }
        all.push(format!("    [{}, global_average_pool(), {end}]", layers.join(", ")));
    }
    for filters in [8, 16] {
        let mut layers = vec![stem(filters), format!("residual({filters})")];
        for block in 1..=blocks.min(2) {
            layers.push(format!("residual({}, stride = 2)", filters << block));
        }
        all.push(format!("    [{}, global_average_pool(), {end}]", layers.join(", ")));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Shape;
    use crate::net::Net;
    use crate::net::ops::Args;

    /// Every network of every family can be built over shapes of all kinds, down to the smallest.
    #[test]
    fn families_fit_their_shapes() {
        let shapes: [&[usize]; 14] = [
            &[1],
            &[4],
            &[561],
            &[1, 1],
            &[2, 3],
            &[50, 6],
            &[119, 6],
            &[16_000, 1],
            &[49, 40],
            &[99, 10],
            &[8, 8, 1],
            &[1, 1, 1],
            &[28, 28, 1],
            &[96, 96, 3],
        ];
        for dims in shapes {
            for end in [End::Scores(3), End::Values(1), End::Input] {
                for layers in family(dims, &end).unwrap() {
                    let net = build(dims, &layers).unwrap_or_else(|why| panic!("{dims:?} {layers}: {why}"));
                    let wanted = match &end {
                        End::Scores(_) => 3,
                        End::Values(_) => 1,
                        End::Input => dims.iter().product(),
                    };
                    assert_eq!(net.output().dims, [wanted], "{dims:?} {layers}");
                    assert!(net.macs() < 40_000_000, "{dims:?} {layers}: {}", net.macs());
                }
            }
        }
    }

    fn build(dims: &[usize], layers: &str) -> Result<Net, String> {
        let text = format!("tml 1\n\nmodel m from d {{\n  one_of({layers})\n}}\n");
        let way = super::super::choice::walk(&members(lang::parse(&Source::new("auto", text)).unwrap()), &mut |_| 0);
        let layers: Vec<(String, Args)> = way
            .members
            .iter()
            .filter_map(|member| match member {
                Member::Call(call) => Some(layer(call)),
                _ => None,
            })
            .collect();
        Net::build(&Shape::f32(dims), &layers)
    }

    fn layer(call: &Call) -> (String, Args) {
        let word = call.path.text();
        let op = crate::net::ops::find(&word).map(crate::net::ops::Operator::params);
        let params = op.or(crate::net::Compound::find(&word).map(crate::net::Compound::params)).unwrap_or_default();
        let arg = |(at, arg): (usize, &lang::ast::Arg)| {
            let name = arg.name.as_ref().map_or_else(|| params[at].name.clone(), |name| name.text.clone());
            (name, arg.value.span().text().to_string())
        };
        (word, call.args.iter().enumerate().map(arg).collect())
    }
}
