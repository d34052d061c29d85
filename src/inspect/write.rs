//! A spec's text from what was found out, with a comment for each choice.

use crate::base::amount::grouped;

use super::found::{Found, Wanted};
use super::network::{Plan, plan};
use super::words;

/// The spec, not yet in canonical form.
pub fn write(found: &Found, wanted: &Wanted) -> String {
    let plan = plan(found);
    let mut text = String::from("tml 1\n\n");
    line(&mut text, 0, &format!("use std.boards.{{{}}}", wanted.board));
    line(&mut text, 0, &format!("use std.features.{{{}}}", plan.uses.join(", ")));
    text.push('\n');
    for says in &found.says {
        line(&mut text, 0, &format!("/// Found: {says}."));
    }
    dataset(&mut text, found);
    comment(&mut text, 0, &format!("{}.", plan.steps_why));
    line(&mut text, 0, "features inputs from recordings {");
    for step in &plan.steps {
        line(&mut text, 1, step);
    }
    text.push_str("}\n\n");
    model(&mut text, found, &plan);
    deploy(&mut text, found, wanted);
    text
}

fn line(text: &mut String, depth: usize, line: &str) {
    text.push_str(&"  ".repeat(depth));
    text.push_str(line);
    text.push('\n');
}

/// A comment, wrapped.
fn comment(text: &mut String, depth: usize, comment: &str) {
    let mut current = String::from("//");
    let mut letters = comment.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let comment = first + letters.as_str();
    for word in comment.split_whitespace() {
        if current.len() + word.len() + 1 > 110 {
            line(text, depth, &current);
            current = String::from("//");
        }
        current.push(' ');
        current.push_str(word);
    }
    line(text, depth, &current);
}

fn dataset(text: &mut String, found: &Found) {
    line(text, 0, "dataset recordings {");
    let classes = (!found.classes.is_empty()).then(|| {
        let names: Vec<String> = found.classes.iter().map(|(name, _)| words::term(name)).collect();
        format!("[{}]", names.join(", "))
    });
    let fields = [
        ("source", Some(found.source.clone())),
        ("channels", found.channels.clone()),
        ("label", found.label.clone().filter(|label| label != "label")),
        ("classes", classes),
        ("target", found.target.clone()),
        ("rate", found.rate.clone()),
        ("missing", found.missing.clone()),
        ("absent", found.absent.clone()),
        ("skip", found.skip.then(|| "true".to_string())),
        ("split", found.split.clone()),
    ];
    for (name, value) in fields {
        let Some(value) = value else { continue };
        for (_, why) in found.why.iter().filter(|(field, _)| *field == name) {
            comment(text, 1, &format!("{why}."));
        }
        line(text, 1, &format!("{name} = {value}"));
    }
    for open in &found.open {
        comment(text, 1, &format!("Look at this: {open}."));
    }
    text.push_str("}\n\n");
}

fn model(text: &mut String, found: &Found, plan: &Plan) {
    comment(text, 0, &format!("{}.", plan.layers_why));
    line(text, 0, "model net from inputs {");
    if !found.normal.is_empty() {
        let normal: Vec<String> = found.normal.iter().map(|name| words::term(name)).collect();
        line(text, 1, &format!("detect = anomaly(normal = [{}])", normal.join(", ")));
    }
    for layer in &plan.layers {
        line(text, 1, layer);
    }
    if found.target.is_some() {
        line(text, 1, "dense(1)");
    } else if found.normal.is_empty() {
        line(text, 1, "dense(recordings.classes)");
        line(text, 1, "softmax()");
    }
    if !plan.train.is_empty() {
        line(text, 1, &format!("train {{ {} }}", plan.train.join(", ")));
    }
    text.push_str("}\n\n");
}

fn deploy(text: &mut String, found: &Found, wanted: &Wanted) {
    let name: String =
        wanted.name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    let name = name.to_ascii_lowercase();
    // A word of the language or of this spec can't be its name too.
    let free = crate::lang::is_name(&name) && !["net", "inputs", "recordings"].contains(&name.as_str());
    let name = if free && name != wanted.board {
        name
    } else {
        format!("{}_app", name.trim_start_matches(|c: char| !c.is_ascii_alphabetic()))
    };
    let name = if crate::lang::is_name(&name) { name } else { "app".into() };
    line(text, 0, &format!("deploy {name} from net {{"));
    line(text, 1, &format!("boards = [{}]", wanted.board));
    text.push('\n');
    line(text, 1, "require {");
    for (limit, why) in limits(found, wanted) {
        if let Some(why) = why {
            comment(text, 2, &why);
        }
        line(text, 2, &limit);
    }
    text.push_str("  }\n}\n");
}

/// Limits to begin with, with what they are by.
fn limits(found: &Found, wanted: &Wanted) -> Vec<(String, Option<String>)> {
    let mut limits = Vec::new();
    let total: usize = found.classes.iter().map(|(_, rows)| rows).sum();
    if !found.normal.is_empty() {
        let why = "1/2 is what chance gives; raise it to what the report shows.";
        limits.push(("auc >= 60%".into(), Some(why.into())));
    } else if let Some((most, rows)) = found.classes.iter().max_by_key(|(_, rows)| *rows) {
        let share = *rows as f64 / total.max(1) as f64;
        let least = found.classes.iter().min_by_key(|(_, rows)| *rows);
        if found.imbalanced()
            && let Some((least, few)) = least
        {
            let why = format!(
                "Always answering `{most}` is right in {:.1} %, so accuracy says little: `{least}` has {} of {} rows.",
                share * 100.0,
                grouped(*few as u64),
                grouped(total as u64)
            );
            limits.push((format!("f1({}) >= 30%", words::term(least)), Some(why)));
        } else {
            let floor = (share + (1.0 - share) / 2.0).min(0.75);
            let why = format!(
                "Always answering `{most}` is right in {:.0} %. Raise this to what the report shows.",
                share * 100.0
            );
            limits.push((format!("accuracy >= {:.0}%", (floor * 100.0).floor()), Some(why)));
        }
    } else if found.target.is_some() {
        limits.push(("r2 >= 30%".into(), Some("Share of the target's variance that is explained; raise it.".into())));
    }
    limits.push(("latency <= 500 ms".into(), None));
    let flash = (wanted.flash / 2 / 1024).clamp(16, 256);
    let ram = (wanted.ram * 3 / 4 / 1024).clamp(4, 64);
    limits.push((
        format!("flash <= {flash} KiB"),
        Some("Half of what the board has, at most what most boards have.".into()),
    ));
    limits.push((format!("ram <= {ram} KiB"), None));
    limits
}
