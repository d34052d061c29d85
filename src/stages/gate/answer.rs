//! From a provider's answer to one C file: exactly one fenced block, or plain C without any fence.

use crate::base::Diag;

/// The code in `answer`. Reasoning before and after the block is dropped; no block (where there are fences) or several
/// are refused, because guessing which one was meant is how wrong code gets in.
pub fn code(name: &str, answer: &str) -> Result<String, Diag> {
    let answer = answer.replace("\r\n", "\n");
    let answer = without_reasoning(&answer);
    let blocks = fenced(answer).map_err(|()| {
        refused(name, "ends inside a code block: it was cut off").help("ask again for the whole function")
    })?;
    match blocks.as_slice() {
        [block] => Ok(block.clone()),
        [] if looks_like_c(name, answer) => Ok(with_newline(answer.trim())),
        [] => Err(refused(name, "has no code block").help("answer with exactly one ```c block")),
        several => Err(refused(name, &format!("has {} code blocks", several.len()))
            .help("keep the one block that is the whole function")),
    }
}

fn refused(name: &str, why: &str) -> Diag {
    Diag::error("tml::answer", format!("the answer for `{name}` {why}"))
}

/// Reasoning models put their thoughts before the answer, between tags.
fn without_reasoning(answer: &str) -> &str {
    answer.rsplit_once("</think>").map_or(answer, |(_, rest)| rest)
}

fn fenced(answer: &str) -> Result<Vec<String>, ()> {
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in answer.lines() {
        let fence = line.trim_start().starts_with("```");
        open = match (open, fence) {
            (None, true) => Some(String::new()),
            (None, false) => None,
            (Some(block), true) => {
                blocks.push(block);
                None
            }
            (Some(block), false) => Some(block + line + "\n"),
        };
    }
    if open.is_some() { Err(()) } else { Ok(blocks) }
}

fn looks_like_c(name: &str, answer: &str) -> bool {
    answer.contains(&format!("{name}(")) && answer.contains('{') && answer.trim_end().ends_with(['}', '/'])
}

fn with_newline(code: &str) -> String {
    format!("{code}\n")
}
