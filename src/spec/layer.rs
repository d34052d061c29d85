//! A resolved layer as a spec would say it.

use crate::base::{Decimal, Param, Params};
use crate::net::{Compound, ops};

use super::model::Layer;

impl Layer {
    /// `conv1d(16, kernel = 3, padding = same)`: the first argument without its name, those that have their defaults left
    /// out.
    pub fn text(&self) -> String {
        let params = ops::find(&self.op).map(ops::Operator::params);
        let params = params.or_else(|| Compound::find(&self.op).map(Compound::params)).unwrap_or_default();
        let mut said: Vec<String> = Vec::new();
        let mut all_before = true;
        for (at, param) in params.iter().enumerate() {
            let Some(value) = self.args.iter().find(|arg| arg.0 == param.name).map(|arg| &arg.1) else { continue };
            if usual(param, value) {
                all_before = false;
                continue;
            }
            let bare = at == 0 && all_before;
            said.push(if bare { value.clone() } else { format!("{} = {value}", param.name) });
        }
        said.extend(unknown(&params, &self.args));
        format!("{}({})", self.op, said.join(", "))
    }
}

/// Whether a value is its parameter's default.
fn usual(param: &Param, value: &str) -> bool {
    let number = |text: &str| Decimal::parse(text);
    param
        .default
        .as_deref()
        .is_some_and(|usual| usual == value || number(usual).is_some_and(|one| Some(one) == number(value)))
}

/// Arguments that the schema doesn't list.
fn unknown(params: &Params, args: &[(String, String)]) -> Vec<String> {
    let extra = args.iter().filter(|(name, _)| params.iter().all(|param| param.name != *name));
    extra.map(|(name, value)| format!("{name} = {value}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Shape, Source};

    #[test]
    fn defaults_are_left_out() {
        let span = Source::new("x", "x").span(0..1);
        let layer = |op: &str, args: &[(&str, &str)]| {
            let args = args.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            let shape = Shape::f32(&[1]);
            Layer { op: op.into(), args, input: shape.clone(), output: shape, span: span.clone() }.text()
        };
        assert_eq!(layer("dense", &[("units", "32"), ("activation", "relu")]), "dense(32, activation = relu)");
        assert_eq!(layer("dropout", &[("rate", "0.50")]), "dropout()");
        assert_eq!(layer("dropout", &[("rate", "0.2")]), "dropout(0.2)");
        let conv = [("filters", "8"), ("kernel", "3"), ("stride", "[1, 1]"), ("padding", "same")];
        assert_eq!(layer("conv2d", &conv), "conv2d(8, kernel = 3, padding = same)");
        assert_eq!(layer("residual", &[("filters", "8"), ("stride", "2")]), "residual(8, stride = 2)");
    }
}
