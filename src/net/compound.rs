//! Layer words that stand for several operators in a graph of their own: `residual`.

use crate::base::{Kind, Param, Params, Shape};

use super::graph::Net;
use super::ops::{self, Args};

/// A layer word that isn't one operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compound {
    /// Two convolutions and a way around them (He et al. 2016, figure 2).
    Residual,
}

impl Compound {
    /// Every word.
    pub const ALL: &[Self] = &[Self::Residual];

    /// The layer called `word`.
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|compound| compound.word() == word)
    }

    /// Its word in a spec.
    pub fn word(self) -> &'static str {
        match self {
            Self::Residual => "residual",
        }
    }

    /// One sentence for the documentation.
    pub fn doc(self) -> &'static str {
        match self {
            Self::Residual => {
                "Two convolutions with batch norms, whose result is added to their input; that passes a convolution of \
                 kernel 1 where its shape is another. Over series and images."
            }
        }
    }

    /// Its schema.
    pub fn params(self) -> Params {
        match self {
            Self::Residual => vec![
                Param::required("filters", Kind::Int(1, 65_536), "Number of output channels."),
                Param::optional("kernel", Kind::Int(1, 255), "3", "Taps a side."),
                Param::optional("stride", Kind::Int(1, 255), "1", "Steps between outputs."),
                Param::optional(
                    "activation",
                    Kind::Word(["relu", "relu6"].map(String::from).to_vec()),
                    "relu",
                    "Behind the first convolution, and behind the sum.",
                ),
            ],
        }
    }

    /// The shape that comes out, or a sentence for the user.
    pub fn infer(self, args: &[(String, String)], takes: &Shape) -> Result<Shape, String> {
        let mut net = Net { input: takes.clone(), nodes: Vec::new(), weights: Vec::new() };
        self.push(&mut net, args)?;
        Ok(net.output().clone())
    }

    /// Appends its operators to what `net` gives.
    pub(super) fn push(self, net: &mut Net, args: &[(String, String)]) -> Result<(), String> {
        match self {
            Self::Residual => residual(net, args),
        }
    }
}

fn residual(net: &mut Net, args: &[(String, String)]) -> Result<(), String> {
    let text = |name: &str, default: &str| {
        args.iter().find(|arg| arg.0 == name).map_or_else(|| default.to_string(), |arg| arg.1.clone())
    };
    let (takes, start) = (net.output().clone(), net.nodes.len());
    let conv = match takes.dims.len() {
        2 => "conv1d",
        3 => "conv2d",
        _ => return Err("it takes a series [length, channels] or an image [height, width, channels]".into()),
    };
    let (filters, stride, activation) = (text("filters", ""), text("stride", "1"), text("activation", "relu"));
    let layer = |kernel: String, stride: &str| -> Args {
        let args =
            [("filters", filters.clone()), ("kernel", kernel), ("stride", stride.into()), ("padding", "same".into())];
        args.map(|(name, value)| (name.to_string(), value)).to_vec()
    };
    ops::find(&activation).ok_or_else(|| format!("there is no activation `{activation}`"))?;
    net.push(conv, &layer(text("kernel", "3"), &stride), vec![start])?;
    net.push("batch_norm", &[], vec![start + 1])?;
    net.push(&activation, &[], vec![start + 2])?;
    net.push(conv, &layer(text("kernel", "3"), "1"), vec![start + 3])?;
    net.push("batch_norm", &[], vec![start + 4])?;
    let main = net.nodes.len();
    let around = if *net.output() == takes {
        start
    } else {
        net.push(conv, &layer("1".into(), &stride), vec![start])?;
        net.push("batch_norm", &[], vec![main + 1])?;
        net.nodes.len()
    };
    net.push("add", &[], vec![main, around])?;
    net.push(&activation, &[], vec![net.nodes.len()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::net::{passes, quantize};

    fn args(args: &[(&str, &str)]) -> Args {
        args.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    #[test]
    fn series_and_images_pass_their_way_around() {
        let residual =
            |dims: &[usize], args: &[(&str, &str)]| Compound::Residual.infer(&self::args(args), &Shape::f32(dims));
        assert_eq!(residual(&[9, 4], &[("filters", "4")]).unwrap().dims, [9, 4]);
        assert_eq!(residual(&[9, 4], &[("filters", "6"), ("stride", "2")]).unwrap().dims, [5, 6]);
        assert_eq!(
            residual(&[8, 6, 4], &[("filters", "8"), ("stride", "2"), ("kernel", "5")]).unwrap().dims,
            [4, 3, 8]
        );
        assert!(residual(&[9], &[("filters", "4")]).is_err());
    }

    #[test]
    fn a_residual_network_can_be_quantised() {
        let layers = [
            ("residual".to_string(), args(&[("filters", "3")])),
            ("residual".to_string(), args(&[("filters", "8"), ("stride", "2")])),
            ("global_average_pool".to_string(), Vec::new()),
            ("dense".to_string(), args(&[("units", "4")])),
        ];
        let mut net = Net::build(&Shape::f32(&[6, 6, 3]), &layers).unwrap();
        assert_eq!(net.nodes.iter().filter(|node| node.op.word() == "add").count(), 2);
        net.initialise(3);
        let mut rng = Rng::new(4, "residual");
        let samples: Vec<f32> = (0..40 * net.input.len()).map(|_| rng.normal()).collect();
        let int8 = passes::optimise(&quantize(&net, &samples).unwrap()).unwrap();
        assert!(int8.nodes.len() < net.nodes.len() - 5, "batch norms and activations are taken in");
        let (mut agree, width) = (0, net.input.len());
        let best = |values: &[f32]| (0..4).max_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap();
        for sample in samples.chunks(width) {
            let scores: Vec<f32> = int8.run(sample).iter().map(|value| f32::from(*value)).collect();
            agree += usize::from(best(&scores) == best(&net.forward(sample)));
        }
        assert!(agree >= 34, "int8 and float agree on {agree} of 40");
    }
}
