//! Bad and odd data: told with file and line, or read.

use crate::input::{Bad, DATA, SPEC, all_told};
use crate::project::Project;

const DATA_MISTAKES: &[Bad] = &[
    Bad {
        what: "missing file",
        edits: &[(SPEC, "data/blobs.csv", "data/blob.csv")],
        code: "tml::source",
        says: &["no file `data/blob.csv`", "did you mean `data/blobs.csv`"],
        line: "csv(",
    },
    Bad {
        what: "pattern without files",
        edits: &[(SPEC, "data/blobs.csv", "data/{label}/*.csv")],
        code: "tml::source",
        says: &["no file matches"],
        line: "csv(",
    },
    Bad {
        what: "ragged row",
        edits: &[(DATA, "\n", "\n1,2,3,4,low\n")],
        code: "tml::csv",
        says: &["wrong number of fields", "blobs.csv:2"],
        line: "csv(",
    },
    Bad {
        what: "short row",
        edits: &[(DATA, "\n", "\n1\n")],
        code: "tml::csv",
        says: &["wrong number of fields"],
        line: "csv(",
    },
    Bad {
        what: "quote without end",
        edits: &[(DATA, "\n", "\n\"1,2,low\n")],
        code: "tml::csv",
        says: &["blobs.csv"],
        line: "csv(",
    },
    Bad {
        what: "text for a number",
        edits: &[(DATA, "\n", "\nnear,2,low\n")],
        code: "tml::number",
        says: &["`a`", "near", "blobs.csv:2"],
        line: "csv(",
    },
    Bad {
        what: "NaN",
        edits: &[(DATA, "\n", "\nNaN,2,low\n")],
        code: "tml::missing",
        says: &["blobs.csv:2", "missing ="],
        line: "csv(",
    },
    Bad {
        what: "infinity",
        edits: &[(DATA, "\n", "\ninf,2,low\n")],
        code: "tml::",
        says: &["blobs.csv:2"],
        line: "csv(",
    },
    Bad {
        what: "beyond f32",
        edits: &[(DATA, "\n", "\n1e39,2,low\n")],
        code: "tml::",
        says: &["blobs.csv:2"],
        line: "csv(",
    },
    Bad {
        what: "empty cell",
        edits: &[(DATA, "\n", "\n,2,low\n")],
        code: "tml::missing",
        says: &["1 cell is missing", "missing = drop"],
        line: "csv(",
    },
    Bad {
        what: "no label",
        edits: &[(DATA, "\n", "\n1,2,\n")],
        code: "tml::label",
        says: &["1 row has no"],
        line: "csv(",
    },
    Bad {
        what: "unknown label",
        edits: &[(DATA, "\n", "\n1,2,hihg\n")],
        code: "tml::class",
        says: &["`hihg`", "did you mean `high`", "blobs.csv:2"],
        line: "classes ",
    },
    Bad {
        what: "class without rows",
        edits: &[(SPEC, "[low, mid, high]", "[low, mid, high, top]")],
        code: "tml::class",
        says: &["`top` has no rows"],
        line: "classes ",
    },
    Bad {
        what: "missing column",
        edits: &[(DATA, "a,b,label", "a,c,label")],
        code: "tml::columns",
        says: &["no column `b`", "`c`"],
        line: "csv(",
    },
    Bad {
        what: "column twice",
        edits: &[(DATA, "a,b,label", "a,a,label")],
        code: "tml::columns",
        says: &["`a`"],
        line: "csv(",
    },
];

#[test]
fn mistakes_in_the_data_are_told_with_file_and_line() {
    all_told(DATA_MISTAKES);
}

#[test]
fn data_without_rows_or_too_few_is_told() {
    for (data, code) in [
        ("", "tml::"),
        ("\n\n", "tml::"),
        ("a,b,label\n", "tml::csv"),
        ("a,b,label\n1,1,low\n2,2,mid\n", "tml::class"),
        ("\u{0}\u{1}\u{2}", "tml::"),
    ] {
        let project = Project::new();
        project.write(DATA, data);
        let built = project.build();
        assert_eq!(built.code, Some(1), "{data:?}: {}", built.rendered());
        assert!(built.codes().iter().all(|found| found.starts_with(code)), "{data:?}: {}", built.rendered());
        assert!(!built.rendered().contains("tml::toolchain"));
    }
    // Equal rows stay together, so parts may be left with a row each: that is worth a warning.
    if Project::built().is_none() {
        return;
    }
    let project = Project::new();
    project.write(DATA, format!("a,b,label\n{}", "1,1,low\n2,2,mid\n3,3,high\n".repeat(50)));
    let built = project.build().rendered();
    assert!(built.contains("has no rows in the test part"), "{built}");
}

#[test]
fn data_in_odd_clothes_is_read() {
    let Some(project) = Project::built() else { return };
    let expected = project.build().exits(0).artifacts();
    let plain = project.read(DATA);
    for clothed in [
        format!("\u{feff}{plain}"),
        plain.replace('\n', "\r\n"),
        plain.trim_end().to_string(),
        plain.replace(',', ";"),
        plain.replace(',', "\t"),
        plain.lines().fold(String::new(), |text, line| text + "\"" + &line.replace(',', "\",\"") + "\"\n"),
    ] {
        project.write(DATA, &clothed);
        let built = project.build();
        assert_eq!(built.code, Some(0), "{}\n{}", &clothed[..40], built.rendered());
        assert_eq!(built.artifacts(), expected, "{}", &clothed[..40]);
        assert!(built.run_steps().iter().all(|step| step == "ingest:blobs"), "{:?}", built.run_steps());
    }
}
