//! A feature as data: a C template `stdlib/features/NAME.c.j2` whose front matter is its typed signature.
//!
//! The front matter is TOML in the template's first comment, `{#--- … ---#}`, so the file stays an ordinary template.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::{Decimal, Diag, Element, Kind, Param, Params, Shape, Source};

use super::record;

/// A feature of the library: what it takes, what it gives, and what it must learn from the training part.
#[derive(Clone, PartialEq, Debug)]
pub struct Feature {
    /// Its name in a spec: the file's stem.
    pub name: String,
    /// What it does, one sentence.
    pub doc: String,
    /// What it takes.
    pub params: Params,
    /// Constants that are fitted on the training part, if it needs any.
    pub fit: Option<FitKind>,
    rule: Rule,
}

/// Constants that are fitted on the training part.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FitKind {
    /// Offset and factor a channel (the last dimension); the argument `method` says how.
    Scale,
}

/// How the output's shape follows from the input's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Rule {
    /// It is the same.
    Same,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Front {
    doc: String,
    output: Rule,
    fit: Option<FitKind>,
    #[serde(default)]
    params: Vec<FrontParam>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrontParam {
    name: String,
    kind: FrontKind,
    #[serde(default)]
    words: Vec<String>,
    min: Option<f64>,
    max: Option<f64>,
    default: Option<String>,
    doc: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum FrontKind {
    Int,
    Number,
    Word,
}

/// What a feature's template sees: one step of a chain.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StepContext {
    /// The C function to define: `static void FUNCTION(const float *in, float *out)`.
    pub function: String,
    /// Elements that go in.
    pub len: usize,
    /// Elements that come out.
    pub out_len: usize,
    /// The input's last dimension.
    pub channels: usize,
    /// The input's dimensions, outermost first.
    pub dims: Vec<usize>,
    /// Arguments by name: numbers as numbers, words as text.
    pub args: BTreeMap<String, Argument>,
    /// Fitted constants by name, a list each; empty when nothing is fitted.
    pub fit: BTreeMap<String, Vec<f32>>,
}

/// An argument in a template.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(untagged)]
pub enum Argument {
    /// A whole number.
    Int(i64),
    /// A number.
    Number(f64),
    /// Anything else, as in the spec.
    Text(String),
}

impl Feature {
    /// Reads the template `source` of the feature called `name`. Errors: `tml::feature`.
    pub fn parse(source: &Source, name: &str) -> Result<Self, Diag> {
        let missing = || {
            Diag::error("tml::feature", format!("the feature `{name}` has no front matter"))
                .at(&source.span(0..0), "belongs here")
                .help("open the file with `{#---`, TOML lines `doc = \"…\"` and `output = \"same\"`, and `---#}`")
        };
        let rest = source.text().strip_prefix("{#---").ok_or_else(missing)?;
        let (toml, _) = rest.split_once("---#}").ok_or_else(missing)?;
        // Blanks in place of the marker keep every place in the file where it was.
        let front: Front =
            record::read(&Source::new(source.path(), format!("     {toml}")), "tml::feature", "feature")?;
        let params = front.params.into_iter().map(|param| read_param(param, source)).collect::<Result<_, _>>()?;
        Ok(Self { name: name.into(), doc: front.doc, params, fit: front.fit, rule: front.output })
    }

    /// The shape that comes out for canonical arguments and an input; the error completes "doesn't fit: …".
    pub fn output(&self, args: &[(String, String)], input: &Shape) -> Result<Shape, String> {
        if input.element != Element::F32 {
            return Err(format!("it takes f32, not {}", input.element.name()));
        }
        if input.is_empty() {
            return Err("there is nothing in it".into());
        }
        let number =
            |name: &str| args.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.parse::<f64>().ok());
        if let (Some(low), Some(high)) = (number("low"), number("high"))
            && low >= high
        {
            return Err(format!("`low` is {low}, so `high` must be more than that, not {high}"));
        }
        match self.rule {
            Rule::Same => Ok(input.clone()),
        }
    }

    /// What its template sees as the step `function`.
    pub fn context(
        &self,
        function: String,
        args: &[(String, String)],
        shapes: (&Shape, &Shape),
        fit: BTreeMap<String, Vec<f32>>,
    ) -> StepContext {
        let (input, output) = shapes;
        let kind = |name: &str| self.params.iter().find(|param| param.name == name).map(|param| &param.kind);
        let args = args.iter().map(|(name, text)| (name.clone(), argument(kind(name), text))).collect();
        StepContext {
            function,
            len: input.len(),
            out_len: output.len(),
            channels: input.dims.last().copied().unwrap_or(1),
            dims: input.dims.clone(),
            args,
            fit,
        }
    }

    /// Where the library keeps its template.
    pub fn path(&self) -> String {
        path(&self.name)
    }
}

/// Where the library keeps the feature called `name`.
pub fn path(name: &str) -> String {
    format!("features/{name}.c.j2")
}

fn argument(kind: Option<&Kind>, text: &str) -> Argument {
    let number = Decimal::parse(text);
    match (kind, number) {
        (Some(Kind::Int(..)), Some(number)) if number.integer().is_some() => {
            Argument::Int(number.integer().and_then(|value| i64::try_from(value).ok()).unwrap_or_default())
        }
        (Some(Kind::Number(..)), Some(number)) => Argument::Number(number.to_f64()),
        _ => Argument::Text(text.into()),
    }
}

fn read_param(param: FrontParam, source: &Source) -> Result<Param, Diag> {
    let (min, max) = (param.min.unwrap_or(-1e30), param.max.unwrap_or(1e30));
    let kind = match param.kind {
        FrontKind::Int => Kind::Int(min as i128, max as i128),
        FrontKind::Number => Kind::Number(min, max),
        FrontKind::Word if param.words.is_empty() => {
            let title = format!("the parameter `{}` is a word, but `words` lists none", param.name);
            return Err(Diag::error("tml::feature", title).at(&source.span(0..5), "in this file"));
        }
        FrontKind::Word => Kind::Word(param.words),
    };
    Ok(Param { name: param.name, kind, default: param.default, doc: param.doc })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::Library;

    #[test]
    fn every_feature_of_the_library_can_be_read() {
        let library = Library::default();
        let names = library.list("features");
        assert!(names.contains(&"scale".to_string()));
        for name in names {
            let feature = library.feature(&name).expect("there").expect("readable");
            assert!(!feature.doc.is_empty() && feature.params.iter().all(|param| !param.doc.is_empty()), "{name}");
        }
    }

    #[test]
    fn front_matter_is_strict() {
        let read = |text: &str| Feature::parse(&Source::new("stdlib/features/x.c.j2", text), "x");
        assert!(read("void f(void);").expect_err("refused").title.contains("no front matter"));
        let typo = read("{#---\ndoc = \"x\"\noutput = \"same\"\nparms = []\n---#}").expect_err("refused");
        assert_eq!((typo.code, typo.help.as_deref()), ("tml::feature", Some("did you mean `params`?")));
        let line = typo.labels[0].0.source.position(typo.labels[0].0.start).0;
        assert_eq!(line, 4);
    }

    #[test]
    fn clip_needs_a_range() {
        let clip = Library::default().feature("clip").expect("there").expect("readable");
        let args = |low: &str, high: &str| [("low".to_string(), low.to_string()), ("high".into(), high.into())];
        assert_eq!(clip.output(&args("-1", "1"), &Shape::f32(&[3])), Ok(Shape::f32(&[3])));
        assert!(clip.output(&args("1", "-1"), &Shape::f32(&[3])).is_err());
        assert!(clip.output(&[], &Shape { element: Element::I8, dims: vec![3] }).is_err());
    }
}
