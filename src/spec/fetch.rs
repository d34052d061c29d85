//! `fetch = [http("…", digest = "b3:…", to = "data/x.csv")]`: files that a user asks to be brought, checked by digest.

use crate::base::{Diag, Digest, Kind, Param, Params};
use crate::lang::ast::{Call, Value};

use super::fields::{self, Fields};
use super::import;
use super::model::Fetch;
use super::scope::Context;
use super::term;

/// Arguments of `http`.
pub(super) fn http_schema() -> Params {
    vec![
        Param::required("url", Kind::Text, "where the file is"),
        Param::required(
            "digest",
            Kind::Text,
            "what it must be: `b3:` and the 64 hexadecimal digits of its BLAKE3 digest",
        ),
        Param::required("to", Kind::Path, "where it goes, relative to the spec"),
    ]
}

/// Reads the field `fetch` of a data set into the spec.
pub(super) fn resolve(fields: &Fields, cx: &mut Context) {
    let Some(value) = fields.free("fetch") else { return };
    let items = if let Value::List(items, _) = &value { items.as_slice() } else { std::slice::from_ref(&value) };
    for item in items {
        match item {
            Value::Call(call) if call.path.text() == "http" => {
                if let Some(fetch) = http(call, cx) {
                    add(fetch, cx);
                }
            }
            other => {
                let diag = Diag::error(
                    "tml::kind",
                    format!("`fetch` takes calls of `http`, but {} is given", term::found(other)),
                );
                let help = "write `fetch = [http(\"https://…\", digest = \"b3:…\", to = \"data/x.csv\")]`";
                cx.report(diag.at(&other.span(), "`http(…)` is needed").help(help));
            }
        }
    }
}

fn add(fetch: Fetch, cx: &mut Context) {
    if let Some(first) = cx.spec.fetches.iter().find(|first| first.path == fetch.path) {
        if first.digest == fetch.digest {
            return;
        }
        let diag = Diag::error("tml::twice", format!("two files are fetched to `{}`", fetch.path));
        cx.report(
            diag.at(&first.span.clone(), "first here").at(&fetch.span, "again here").help("give each its own `to`"),
        );
        return;
    }
    cx.spec.fetches.push(fetch);
}

fn http(call: &Call, cx: &mut Context) -> Option<Fetch> {
    let args = fields::call(&http_schema(), call, cx);
    let url = args.text("url");
    let digest = args.text("digest");
    let path = args.text("to");
    let (url_span, digest_span) = (args.span("url"), args.span("digest"));
    args.finish();
    let (url, digest, path) = (url?, digest?, path?);
    if !url.starts_with("https://") && !url.starts_with("http://") {
        let diag = Diag::error("tml::kind", format!("`{url}` is no address of a file"));
        cx.report(
            diag.at(&url_span, "starts with neither http nor https").help("write the whole address: \"https://…\""),
        );
    }
    let Some(digest) = digest.strip_prefix("b3:").and_then(|hex| hex.parse::<Digest>().ok()) else {
        let diag = Diag::error("tml::digest", format!("`{digest}` is no digest"));
        let help = "write \"b3:\" and 64 hexadecimal digits; `b3sum FILE` prints them";
        cx.report(diag.at(&digest_span, "`b3:` and 64 hexadecimal digits").help(help));
        return None;
    };
    Some(Fetch { path: import::join(&cx.folder, &path), url, digest, span: call.span.clone() })
}
