//! Random single operators and small graphs: the int8 reference gives what TFLM's reference kernels give, bit for bit.

use std::collections::BTreeMap;

use tinyml::net::passes;

use crate::cases::{self, REFUSED, cases, kind};

#[test]
fn random_models_equal_tflm() {
    let Some(cases) = cases() else { return };
    let mut kinds: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let mut wrong: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for case in cases {
        let row = kinds.entry(kind(&case.name)).or_default();
        let mut complain =
            |text: String| wrong.entry(kind(&case.name)).or_default().push(format!("{}: {text}", case.name));
        match cases::int8(&case.name, &case.flat) {
            Err(why) => {
                row[1] += 1;
                if !REFUSED.contains(&kind(&case.name)) {
                    complain(why);
                }
            }
            Ok(net) => {
                let y = net.run_i8(&case.x);
                let optimised = passes::optimise(&net).expect("it is optimised").run_i8(&case.x);
                if optimised != y {
                    complain("passes change it".into());
                }
                if y == case.y {
                    row[0] += 1;
                } else {
                    row[2] += 1;
                    let count = y.iter().zip(&case.y).filter(|(a, b)| a != b).count();
                    complain(format!("{count} of {} outputs differ", case.y.len()));
                }
            }
        }
    }
    let table: Vec<String> = kinds
        .iter()
        .map(|(kind, [same, refused, other])| format!("{kind}: {same} equal, {refused} refused, {other} differ"))
        .collect();
    if cases::all() || !wrong.is_empty() {
        cases::say(&table.join("\n"));
    }
    let wrong: Vec<String> = wrong.into_values().flat_map(|list| list.into_iter().take(2)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
