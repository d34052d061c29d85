//! Small texts that several stages write: JSON of a record, a call as it stands in a spec.

use serde::Serialize;

/// A record as indented JSON with a newline at its end.
///
/// # Panics
/// If the record can't be JSON (a map with keys that aren't texts): our bug.
pub(super) fn json(record: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(record).expect("bug: a record of ours isn't JSON");
    bytes.push(b'\n');
    bytes
}

/// `dense(units = 32, activation = relu)`.
pub(super) fn call_text(name: &str, args: &[(String, String)]) -> String {
    let args: Vec<String> = args.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    format!("{name}({})", args.join(", "))
}
