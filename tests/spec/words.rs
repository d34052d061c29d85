//! A small fixed vocabulary, so that these tests don't change with the library.

use std::collections::BTreeMap;

use tinyml::base::{Diag, Diags, Kind, Param, Shape, Source};
use tinyml::lang;
use tinyml::library::feature::{Misfit, Signal};
use tinyml::library::{Board, Library};
use tinyml::spec::{self, Callable, FeatureWord, Spec, Vocabulary};

/// Two boards, two features, four layers.
pub(crate) struct Words(Library);

impl Words {
    pub(crate) fn new() -> Self {
        Self(Library::new(BTreeMap::new()).expect("the library reads"))
    }
}

fn argument<'a>(args: &'a [(String, String)], name: &str) -> &'a str {
    args.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

fn spectrum(args: &[(String, String)], input: &Shape) -> Result<Shape, String> {
    let [_, channels] = input.dims.as_slice() else { return Err("it takes samples × channels".into()) };
    Ok(Shape::f32(&[argument(args, "bins").parse::<usize>().map_err(|_| "no number")?, *channels]))
}

fn conv1d(args: &[(String, String)], input: &Shape) -> Result<Shape, String> {
    let [samples, _] = input.dims.as_slice() else { return Err("it takes samples × channels".into()) };
    let filters = argument(args, "filters").parse::<usize>().map_err(|_| "no number")?;
    Ok(Shape::f32(&[*samples, filters]))
}

fn dense(args: &[(String, String)], _: &Shape) -> Result<Shape, String> {
    Ok(Shape::f32(&[argument(args, "units").parse::<usize>().map_err(|_| "no number")?]))
}

fn words(words: &[&str]) -> Kind {
    Kind::Word(words.iter().map(ToString::to_string).collect())
}

type Infer = fn(&[(String, String)], &Shape) -> Result<Shape, String>;

fn callable(doc: &str, params: Vec<Param>, infer: Infer) -> Callable<'static> {
    Callable { doc: doc.into(), params, infer: Box::new(infer) }
}

fn feature(doc: &str, params: Vec<Param>, infer: Infer) -> FeatureWord<'static> {
    let infer = move |args: &[(String, String)], input: &Signal| match infer(args, &input.shape) {
        Ok(shape) => Ok(Signal { shape, rate: input.rate }),
        Err(reason) => Err(Misfit { reason, help: None }),
    };
    let (channels, steps, fitted) = (Vec::new(), false, false);
    FeatureWord { doc: doc.into(), params, channels, steps, fitted, infer: Box::new(infer) }
}

impl Vocabulary for Words {
    fn boards(&self) -> Vec<String> {
        vec!["microbit_v2".into(), "nucleo_f446re".into(), "nucleo_l4r5zi".into()]
    }

    fn board(&self, name: &str) -> Option<Result<Board, Diag>> {
        if !self.boards().iter().any(|known| known == name) {
            return None;
        }
        let board = self.0.board("nucleo_l4r5zi")?;
        Some(board.map(|board| Board { name: name.into(), ..board }))
    }

    fn board_from(&self, source: &Source, name: &str) -> Result<Board, Diag> {
        self.0.board_from(source, name)
    }

    fn features(&self) -> Vec<String> {
        vec!["spectrum".into()]
    }

    fn feature(&self, name: &str) -> Option<Result<FeatureWord<'_>, Diag>> {
        Some(Ok(match name {
            "spectrum" => {
                let bins = Param::required("bins", Kind::Int(1, 512), "how many");
                let scale = Param::optional("scale", words(&["linear", "log"]), "linear", "of the amplitudes");
                feature("amplitudes by frequency", vec![bins, scale], spectrum)
            }
            _ => return None,
        }))
    }

    fn layers(&self) -> Vec<String> {
        vec!["conv1d".into(), "dense".into(), "flatten".into(), "softmax".into()]
    }

    fn layer(&self, word: &str) -> Option<Callable<'_>> {
        let activation = || Param::optional("activation", words(&["none", "relu"]), "none", "applied to each output");
        Some(match word {
            "dense" => {
                let units = Param::required("units", Kind::Int(1, 65_536), "number of outputs");
                callable("weighted sums of all inputs", vec![units, activation()], dense)
            }
            "conv1d" => {
                let filters = Param::required("filters", Kind::Int(1, 4096), "number of outputs a sample");
                let kernel = Param::required("kernel", Kind::Int(1, 255), "samples seen at once");
                callable("a filter along time", vec![filters, kernel, activation()], conv1d)
            }
            "flatten" => callable("one dimension", vec![], |_, input| Ok(Shape::f32(&[input.len()]))),
            "softmax" => callable("shares that sum to one", vec![], |_, input| Ok(input.clone())),
            _ => return None,
        })
    }

    fn network(&self, _: &Shape, layers: &[(String, Vec<(String, String)>)]) -> Result<(), String> {
        let early = layers.iter().rev().skip(1).any(|(word, _)| word == "softmax");
        if early { Err("`softmax` isn't its last layer".into()) } else { Ok(()) }
    }
}

/// Resolves `text` as `gesture.tml`, beside `files`.
pub(crate) fn resolve_with(text: &str, files: &[(&str, &str)]) -> Result<(Spec, Vec<Diag>), Diags> {
    let source = Source::new("gesture.tml", text);
    let read = |path: &str| {
        let found = files.iter().find(|(known, _)| *known == path);
        found.map(|(path, text)| Source::new(*path, *text)).ok_or_else(|| "there is no such file".to_string())
    };
    spec::resolve(&lang::parse(&source)?, &Words::new(), &read)
}

/// Resolves `text`, which must have no error.
pub(crate) fn resolve(text: &str) -> Spec {
    resolve_with(text, &[]).unwrap_or_else(|diags| panic!("{diags}")).0
}
