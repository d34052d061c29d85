//! A feature as data: a C template `stdlib/features/NAME.c.j2` whose front matter is its typed signature: parameters,
//! rules that give names to values and refuse what doesn't fit, and expressions for what comes out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::base::{Decimal, Diag, Dimension, Element, Kind, Params, Shape, Source, quantity};

use super::front::{self, Front};
use super::template::{evaluate, fill};

/// Most elements that may come out of a step: 64 MiB of floats, which no board has.
const LARGEST: u64 = 1 << 24;

/// A feature of the library: what it takes, what it gives, and what it must learn from the training part.
#[derive(Clone, PartialEq, Debug)]
pub struct Feature {
    /// Its name in a spec: the file's stem.
    pub name: String,
    /// What it does, one sentence.
    pub doc: String,
    /// What it takes.
    pub params: Params,
    /// Parameters that name channels; they are resolved to their numbers.
    pub channels: Vec<String>,
    /// Its arguments are steps (`join`).
    pub steps: bool,
    /// Constants that are fitted on the training part, if it needs any.
    pub fit: Option<FitKind>,
    /// It may write where it reads.
    pub inplace: bool,
    /// `dsp/NAME.c.j2` that its C calls.
    pub uses: Vec<String>,
    front: Front,
}

/// Constants that are fitted on the training part.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FitKind {
    /// Offset and factor a channel (the last dimension), element or chain; the arguments `method` and `per` say how.
    Scale,
}

/// What flows along a chain.
#[derive(Clone, PartialEq, Debug)]
pub struct Signal {
    /// Its shape; the first dimension is time, the last one channels.
    pub shape: Shape,
    /// Samples a second along the first dimension, if known.
    pub rate: Option<f64>,
}

/// Why a step doesn't fit what it is given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misfit {
    /// Completes "doesn't fit f32[50, 3]: …".
    pub reason: String,
    /// What to write instead, if that is known.
    pub help: Option<String>,
}

/// How a feature works frame by frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frames {
    /// Samples of a frame.
    pub length: usize,
    /// Samples from one frame's start to the next one's.
    pub hop: usize,
    /// Frames of a window.
    pub count: usize,
    /// Floats that a frame gives.
    pub width: usize,
}

/// Where a step's C is to go.
pub struct Place {
    /// The C function to define: `static void FUNCTION(const float *in, float *out)`.
    pub function: String,
    /// The name of the work memory that steps share.
    pub scratch: String,
}

/// What a feature's template sees: one step of a chain. The names of its rules are there too.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StepContext {
    /// The C function to define: `static void FUNCTION(const float *in, float *out)`.
    pub function: String,
    /// Work memory of as many floats as the front matter asks for, shared with other steps.
    pub scratch: String,
    /// Elements that come out.
    pub out_len: usize,
    /// The output's dimensions.
    pub out_dims: Vec<usize>,
    /// Fitted constants by name, a list each; empty when nothing is fitted.
    pub fit: BTreeMap<String, Vec<f32>>,
    /// `args`, `len`, `dims`, `channels`, `rate` and what the rules name.
    #[serde(flatten)]
    pub scope: Map<String, Json>,
}

impl Feature {
    /// Reads the template `source` of the feature called `name`. Errors: `tml::feature`.
    pub fn parse(source: &Source, name: &str) -> Result<Self, Diag> {
        let read = front::read(source, name)?;
        Ok(Self {
            name: name.into(),
            doc: read.front.doc.clone(),
            params: read.params,
            channels: read.channels,
            steps: read.steps,
            fit: read.front.fit,
            inplace: read.front.inplace,
            uses: read.front.uses.clone(),
            front: read.front,
        })
    }

    /// What comes out for canonical arguments and an input.
    pub fn infer(&self, args: &[(String, String)], input: &Signal) -> Result<Signal, Misfit> {
        let scope = self.scope(args, input)?;
        let dims = if self.front.output == "same" {
            input.shape.dims.clone()
        } else {
            let dims = value(&self.front.output, &scope)?;
            let dims = dims.as_array().and_then(|dims| dims.iter().map(count).collect::<Option<Vec<usize>>>());
            dims.ok_or_else(|| misfit("nothing would come out"))?
        };
        let len = dims.iter().try_fold(1_u64, |len, dim| len.checked_mul(*dim as u64));
        if len.is_none_or(|len| len > LARGEST) {
            return Err(misfit("more would come out than any board holds"));
        }
        let rate = match &self.front.rate {
            Some(text) if input.rate.is_some() => value(text, &scope)?.as_f64().filter(|rate| rate.is_finite()),
            Some(_) => None,
            None => input.rate.filter(|_| dims.first() == input.shape.dims.first()),
        };
        Ok(Signal { shape: Shape { element: Element::F32, dims }, rate })
    }

    /// The output's shape alone, for a signal of unknown rate.
    pub fn output(&self, args: &[(String, String)], input: &Shape) -> Result<Shape, String> {
        let signal = Signal { shape: input.clone(), rate: None };
        self.infer(args, &signal).map(|output| output.shape).map_err(|misfit| misfit.reason)
    }

    /// How it works frame by frame; `None` when it needs the whole input at once.
    pub fn frames(&self, args: &[(String, String)], input: &Signal) -> Result<Option<Frames>, Misfit> {
        let Some(front) = &self.front.frames else { return Ok(None) };
        let scope = self.scope(args, input)?;
        let number = |text: &str| {
            value(text, &scope).and_then(|value| count(&value).ok_or_else(|| misfit("a frame would be empty")))
        };
        let (length, hop, width) = (number(&front.length)?, number(&front.hop)?, number(&front.width)?);
        let samples = input.shape.dims.first().copied().unwrap_or(0);
        let count = samples.checked_sub(length).map_or(0, |rest| 1 + rest / hop);
        Ok(Some(Frames { length, hop, count, width }))
    }

    /// Floats of work memory that its C uses.
    pub fn scratch(&self, args: &[(String, String)], input: &Signal) -> Result<usize, Misfit> {
        let Some(text) = &self.front.scratch else { return Ok(0) };
        Ok(count(&value(text, &self.scope(args, input)?)?).unwrap_or(0))
    }

    /// What its template sees.
    pub fn context(
        &self,
        place: Place,
        args: &[(String, String)],
        (input, output): (&Signal, &Shape),
        fit: BTreeMap<String, Vec<f32>>,
    ) -> Result<StepContext, Misfit> {
        Ok(StepContext {
            function: place.function,
            scratch: place.scratch,
            out_len: output.len(),
            out_dims: output.dims.clone(),
            fit,
            scope: self.scope(args, input)?,
        })
    }

    /// Where the library keeps its template.
    pub fn path(&self) -> String {
        path(&self.name)
    }

    /// The names that expressions know, rules included.
    fn scope(&self, args: &[(String, String)], input: &Signal) -> Result<Map<String, Json>, Misfit> {
        let shape = &input.shape;
        if shape.element != Element::F32 {
            return Err(misfit(&format!("it takes f32, not {}", shape.element.name())));
        }
        if shape.is_empty() {
            return Err(misfit("there is nothing in it"));
        }
        let mut values: Map<String, Json> = self.params.iter().map(|param| (param.name.clone(), Json::Null)).collect();
        for (name, text) in args {
            let kind = self.params.iter().find(|param| param.name == *name).map_or(&Kind::Text, |param| &param.kind);
            values.insert(name.clone(), argument(name, kind, text, input.rate)?);
        }
        let (dims, len, channels) = (&shape.dims, shape.len(), shape.dims.last().copied().unwrap_or(1));
        let known = json!({ "args": values, "dims": dims, "len": len, "channels": channels, "rate": input.rate });
        let Json::Object(mut scope) = known else { return Ok(Map::new()) };
        for rule in &self.front.rules {
            if let (Some(name), Some(text)) = (&rule.name, &rule.value) {
                let named = value(text, &scope)?;
                scope.insert(name.clone(), named);
            }
            if let (Some(condition), Some(reason)) = (&rule.condition, &rule.reason)
                && value(condition, &scope)? != Json::Bool(true)
            {
                let help = rule.help.as_ref().map(|help| fill(help, &scope));
                return Err(Misfit { reason: fill(reason, &scope), help });
            }
        }
        Ok(scope)
    }
}

/// Where the library keeps the feature called `name`.
pub fn path(name: &str) -> String {
    format!("features/{name}.c.j2")
}

fn misfit(reason: &str) -> Misfit {
    Misfit { reason: reason.to_string(), help: None }
}

fn value(text: &str, scope: &Map<String, Json>) -> Result<Json, Misfit> {
    evaluate(text, scope).map_err(|reason| misfit(&reason))
}

/// A positive whole number.
fn count(value: &Json) -> Option<usize> {
    let whole =
        value.as_u64().or_else(|| value.as_f64().filter(|value| value.fract() == 0.0).map(|value| value as u64));
    whole.and_then(|value| usize::try_from(value).ok()).filter(|value| *value > 0)
}

/// A canonical argument as a template sees it: times as samples, frequencies in hertz.
fn argument(name: &str, kind: &Kind, text: &str, rate: Option<f64>) -> Result<Json, Misfit> {
    let number = Decimal::parse(text);
    let unknown = |what: &str| Misfit {
        reason: format!("`{name}` is a {what}, but the sampling rate isn't known"),
        help: Some("say how fast the data was sampled: `rate = 50 Hz` in its `dataset`".into()),
    };
    let measured = |dimension| measured(text).filter(|(found, _)| *found == dimension).map(|(_, value)| value);
    Ok(match kind {
        Kind::Int(..) => number.and_then(Decimal::integer).map_or(Json::Null, |value| json!(value as i64)),
        Kind::Number(..) => number.map_or(Json::Null, |number| json!(number.to_f64())),
        Kind::Of(Dimension::Frequency) => {
            rate.ok_or_else(|| unknown("frequency"))?;
            json!(measured(Dimension::Frequency))
        }
        Kind::Either(first, _) if **first == Kind::Of(Dimension::Time) => match (number, measured(Dimension::Time)) {
            (Some(samples), _) => json!(samples.integer().unwrap_or(0) as i64),
            (None, Some(seconds)) => {
                let samples = (seconds * rate.ok_or_else(|| unknown("time"))?).round();
                if samples < 1.0 {
                    return Err(misfit(&format!("`{name}` is {text}, which is shorter than a sample")));
                }
                json!(samples as i64)
            }
            (None, None) => Json::Null,
        },
        Kind::Either(..) => number.and_then(Decimal::integer).map_or_else(|| json!(text), |value| json!(value as i64)),
        Kind::List(inner) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Json::Array(items.map(|item| argument(name, inner, item, rate)).collect::<Result<_, _>>()?)
        }
        _ => json!(text),
    })
}

/// `30 ms` as its dimension and SI value.
fn measured(text: &str) -> Option<(Dimension, f64)> {
    let (number, unit) = text.rsplit_once(' ')?;
    let (dimension, factor) = quantity::unit(unit)?;
    let base = Decimal::parse(number)?.times(factor)?;
    Some((dimension, quantity::Quantity::new(dimension, base).to_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::Library;

    fn feature(name: &str) -> Feature {
        Library::default().feature(name).expect("there").expect("readable")
    }

    fn args(given: &[(&str, &str)]) -> Vec<(String, String)> {
        given.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

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
        let half =
            read("{#---\ndoc = \"x\"\noutput = \"same\"\nrules = [{ let = \"a\" }]\n---#}").expect_err("refused");
        assert!(half.title.contains("neither `let`"), "{}", half.title);
    }

    #[test]
    fn clip_needs_a_range() {
        let clip = feature("clip");
        let range = |low: &str, high: &str| args(&[("low", low), ("high", high)]);
        assert_eq!(clip.output(&range("-1", "1"), &Shape::f32(&[3])), Ok(Shape::f32(&[3])));
        let refused = clip.output(&range("1", "-1"), &Shape::f32(&[3])).expect_err("refused");
        assert_eq!(refused, "`low` is 1.0, so `high` must be more than that, not -1.0");
        assert!(clip.output(&[], &Shape { element: Element::I8, dims: vec![3] }).is_err());
    }

    #[test]
    fn times_need_a_rate_and_become_samples() {
        let mfcc = feature("mfcc");
        let call = args(&[
            ("frame", "30 ms"),
            ("hop", "20 ms"),
            ("coefficients", "10"),
            ("filters", "40"),
            ("low", "20 Hz"),
            ("high", "4 kHz"),
            ("window", "hann"),
            ("mel", "slaney"),
            ("like", "librosa"),
        ]);
        let signal = |rate| Signal { shape: Shape::f32(&[16_000, 1]), rate };
        let refused = mfcc.infer(&call, &signal(None)).expect_err("refused");
        assert!(refused.reason.contains("the sampling rate isn't known"), "{refused:?}");
        let output = mfcc.infer(&call, &signal(Some(16_000.0))).expect("fits");
        assert_eq!((output.shape, output.rate), (Shape::f32(&[49, 10]), Some(50.0)));
        let frames = mfcc.frames(&call, &signal(Some(16_000.0))).expect("fits").expect("framed");
        assert_eq!(frames, Frames { length: 480, hop: 320, count: 49, width: 10 });
        let short = mfcc.infer(&call, &Signal { shape: Shape::f32(&[100]), rate: Some(16_000.0) });
        assert!(short.expect_err("refused").reason.contains("shorter than a frame"));
    }
}
