//! The front matter of a feature's template: TOML in its first comment, `{#--- … ---#}`, read strictly.

use serde::Deserialize;

use crate::base::{Diag, Dimension, Kind, Param, Source};

use super::feature::FitKind;
use super::record;

/// What the front matter says.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Front {
    pub doc: String,
    /// An expression for the list of the output's dimensions, or `same`.
    pub output: String,
    /// An expression for the rate of what comes out, in hertz.
    pub rate: Option<String>,
    pub fit: Option<FitKind>,
    /// `in` and `out` may be the same array.
    #[serde(default)]
    pub inplace: bool,
    /// Names of `dsp/NAME.c.j2` that must stand before it.
    #[serde(default)]
    pub uses: Vec<String>,
    /// An expression for the floats of work memory that it shares with other steps.
    pub scratch: Option<String>,
    pub frames: Option<FrontFrames>,
    #[serde(default)]
    pub rules: Vec<Rule>,
    #[serde(default)]
    params: Vec<FrontParam>,
}

/// Expressions for a feature that works frame by frame.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FrontFrames {
    /// Samples of a frame.
    pub length: String,
    /// Samples from one frame's start to the next one's.
    pub hop: String,
    /// Floats that a frame gives.
    pub width: String,
}

/// A name for a value, or a condition; in order.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    #[serde(rename = "let")]
    pub name: Option<String>,
    /// Its value, an expression.
    #[serde(rename = "be")]
    pub value: Option<String>,
    /// An expression that must be true.
    #[serde(rename = "require")]
    pub condition: Option<String>,
    /// Why not, when it isn't; completes "doesn't fit f32[50, 3]: …".
    #[serde(rename = "else")]
    pub reason: Option<String>,
    /// What to write instead.
    pub help: Option<String>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
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

#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FrontKind {
    Int,
    Ints,
    Number,
    Word,
    /// A list of words.
    Words,
    /// A time, or a number of samples; samples in templates.
    Span,
    Frequency,
    Frequencies,
    /// A list of names or numbers of channels; numbers in templates.
    Channels,
    /// Steps, for `join`.
    Steps,
}

/// What the parameters are, and which of them name channels.
pub(super) struct Read {
    pub front: Front,
    pub params: Vec<Param>,
    pub channels: Vec<String>,
    pub steps: bool,
}

/// Reads the front matter of the feature called `name`. Errors: `tml::feature`.
pub(super) fn read(source: &Source, name: &str) -> Result<Read, Diag> {
    let missing = || {
        Diag::error("tml::feature", format!("the feature `{name}` has no front matter"))
            .at(&source.span(0..0), "belongs here")
            .help("open the file with `{#---`, TOML lines `doc = \"…\"` and `output = \"same\"`, and `---#}`")
    };
    let rest = source.text().strip_prefix("{#---").ok_or_else(missing)?;
    let (toml, _) = rest.split_once("---#}").ok_or_else(missing)?;
    // Blanks in place of the marker keep every place in the file where it was.
    let front: Front = record::read(&Source::new(source.path(), format!("     {toml}")), "tml::feature", "feature")?;
    let halves = |rule: &&Rule| {
        let named = rule.name.is_some() && rule.value.is_some() && rule.condition.is_none();
        !(named || (rule.condition.is_some() && rule.reason.is_some() && rule.name.is_none()))
    };
    if let Some(rule) = front.rules.iter().find(halves) {
        let what = rule.name.as_ref().or(rule.condition.as_ref()).map_or("?", String::as_str);
        let title = format!("the rule `{what}` of `{name}` is neither `let` with `be` nor `require` with `else`");
        return Err(Diag::error("tml::feature", title).at(&source.span(0..5), "in this file"));
    }
    let named = |kind| front.params.iter().filter(|param| param.kind == kind).map(|param| param.name.clone()).collect();
    let channels: Vec<String> = named(FrontKind::Channels);
    let steps: Vec<String> = named(FrontKind::Steps);
    let params = front.params.iter().map(|param| param.read(source)).collect::<Result<_, _>>()?;
    Ok(Read { params, channels, steps: !steps.is_empty(), front })
}

impl FrontParam {
    fn read(&self, source: &Source) -> Result<Param, Diag> {
        let (min, max) = (self.min.unwrap_or(-1e30), self.max.unwrap_or(1e30));
        let int = || Kind::Int(min as i128, max as i128);
        let words = || {
            if self.words.is_empty() {
                let title = format!("the parameter `{}` is a word, but `words` lists none", self.name);
                return Err(Diag::error("tml::feature", title).at(&source.span(0..5), "in this file"));
            }
            Ok(Kind::Word(self.words.clone()))
        };
        let frequency = Kind::Of(Dimension::Frequency);
        let kind = match self.kind {
            FrontKind::Int => int(),
            FrontKind::Ints => Kind::List(Box::new(int())),
            FrontKind::Number => Kind::Number(min, max),
            FrontKind::Word => words()?,
            FrontKind::Words => Kind::List(Box::new(words()?)),
            FrontKind::Span => {
                let samples = Kind::Int(self.min.unwrap_or(1.0) as i128, self.max.unwrap_or(1e6) as i128);
                Kind::Either(Box::new(Kind::Of(Dimension::Time)), Box::new(samples))
            }
            FrontKind::Frequency => frequency,
            FrontKind::Frequencies => Kind::List(Box::new(frequency)),
            FrontKind::Channels => {
                Kind::List(Box::new(Kind::Either(Box::new(Kind::Int(0, 65_535)), Box::new(Kind::Text))))
            }
            FrontKind::Steps => Kind::Free,
        };
        Ok(Param { name: self.name.clone(), kind, default: self.default.clone(), doc: self.doc.clone() })
    }
}
