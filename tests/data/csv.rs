//! CSV as people have it, and everything that can be wrong with it.

use tinyml::data::formats::csv::Header;
use tinyml::data::{Column, Missing, Options};

use crate::options::{csv, one, options, read, told};

fn ab() -> Options {
    options("d.csv", "a b", "label", "x y")
}

#[test]
fn every_common_form_reads_the_same() {
    let forms: &[(&str, &str)] = &[
        ("plain", "a,b,label\n1,2,x\n3,4.5,y\n"),
        ("no newline at the end", "a,b,label\n1,2,x\n3,4.5,y"),
        ("CRLF", "a,b,label\r\n1,2,x\r\n3,4.5,y\r\n"),
        ("old Macintosh", "a,b,label\r1,2,x\r3,4.5,y\r"),
        ("BOM", "\u{feff}a,b,label\n1,2,x\n3,4.5,y\n"),
        ("semicolons", "a;b;label\n1;2;x\n3;4.5;y\n"),
        ("tabs", "a\tb\tlabel\n1\t2\tx\n3\t4.5\ty\n"),
        ("bars", "a|b|label\n1|2|x\n3|4.5|y\n"),
        ("runs of blanks", "  a  b   label\n  1    2  x\n 3  4.5 y\n"),
        ("blanks around", "a , b, label\n 1 , 2 , x\n3 ,4.5, y\n"),
        ("quotes", "\"a\",\"b\",\"label\"\n\"1\",\"2\",\"x\"\n3,4.5,\"y\"\n"),
        ("other order and columns", "t,label,b,a\nnoon,x,2,1\nnight,y,4.5,3\n"),
        ("blank lines", "\n\na,b,label\n\n1,2,x\n   \n3,4.5,y\n\n"),
        ("rows of separators at the end", "a,b,label\n1,2,x\n3,4.5,y\n,,\n,,\n"),
        ("trailing separators", "a,b,label,\n1,2,x,\n3,4.5,y,\n"),
        ("trailing separators below the header", "a,b,label\n1,2,x,\n3,4.5,y,\n"),
        ("row names without a name", "a,b,label\n\"1\",1,2,x\n\"2\",3,4.5,y\n"),
        ("quoted separators and newlines", "n,a,b,label\n\"one, two\",1,2,x\n\"li\nne\",3,4.5,y\n"),
    ];
    for (name, text) in forms {
        let rows = one(&ab(), text).unwrap_or_else(|diags| panic!("{name}: {diags}"));
        assert_eq!(
            (rows.x.as_slice(), rows.y.as_slice()),
            ([1.0, 2.0, 3.0, 4.5].as_slice(), [0, 1].as_slice()),
            "{name}"
        );
    }
    let wide: Vec<u8> = "\u{feff}a\tb\tlabel\n1\t2\tx\n3\t4.5\ty\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read(&ab(), &[("d.csv", &wide)]).unwrap().x, [1.0, 2.0, 3.0, 4.5], "UTF-16");
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    let text = "\n\na,b,label\r\n\r\n1,2,x\n\"\n\n3\",9,y\n\n7,8,y\n";
    let mut asked = ab();
    asked.missing = Missing::Value(0.0);
    let rows = one(&asked, &text.replace("\"\n\n3\"", "\"\n\n\"")).unwrap();
    assert_eq!(rows.origin, [(0, 5), (0, 6), (0, 10)]);
    assert_eq!(rows.place(2), "d.csv:10");
}

#[test]
fn decimal_commas_are_read_on_request_and_hinted_at_otherwise() {
    let text = "a;b;label\n1,5;2;x\n-3,25e1;4;y\n";
    let mut asked = ab();
    assert!(told(one(&asked, text)).contains("a decimal comma? write `decimal = comma`"));
    csv(&mut asked).decimal_comma = true;
    assert_eq!(one(&asked, text).unwrap().x, [1.5, 2.0, -32.5, 4.0]);
    assert!(told(one(&asked, "a;b;label\n1.5;2;x\n")).contains("tml::number"));
}

#[test]
fn positions_work_with_and_without_a_header() {
    let asked = options("d.csv", "0 1", "2", "-1 1");
    assert_eq!(one(&asked, "1,2,-1.0\n3,4,1\n").unwrap().y, [0, 1]);
    assert_eq!(one(&asked, "a,b,c\n1,2,-1\n3,4,1\n").unwrap().x, [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(one(&asked, "1\t2\t-1\n3\t4\t1\n").unwrap().x, [1.0, 2.0, 3.0, 4.0]);
    let mut forced = asked.clone();
    csv(&mut forced).header = Header::No;
    assert!(told(one(&forced, "a,b,c\n1,2,-1\n3,4,1\n")).contains("d.csv:1: `a`"));
    csv(&mut forced).header = Header::Yes;
    assert!(told(one(&forced, "1,2,-1\n3,4,1\n")).contains("the class `-1` has no rows"));
    let far = options("d.csv", "0 64", "2", "-1 1");
    let says = told(one(&far, "1,2,-1\n3,4,1\n"));
    assert!(says.contains("tml::columns: `d.csv` has no column 64: its rows have 3 fields"), "{says}");
}

#[test]
fn labels_come_from_the_path_too() {
    let asked = options("data/{fruit}/{who}-*.csv", "r g", "fruit", "apple kiwi");
    let mut asked = Options { by: Some(Column::Named("who".into())), ..asked };
    let files: &[(&str, &[u8])] = &[
        ("data/kiwi/bob-1.csv", b"r,g\n5,6\n"),
        ("data/apple/ann-1.csv", b"r,g\n1,2\n"),
        ("data/apple/bob-1.csv", b"g,r\n4,3\n"),
        ("data/notes.txt", b"nothing of interest"),
    ];
    let rows = read(&asked, files).unwrap();
    assert_eq!(rows.files, ["data/apple/ann-1.csv", "data/apple/bob-1.csv", "data/kiwi/bob-1.csv"]);
    assert_eq!((rows.x, rows.y), (vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], vec![0, 0, 1]));
    assert_eq!((rows.groups, rows.group), (vec!["ann".to_string(), "bob".into()], vec![0, 1, 1]));
    asked.classes = vec!["apple".into(), "kiwi".into(), "lime".into()];
    let says = told(read(&asked, files));
    assert!(says.contains("tml::class: the class `lime` has no rows"), "{says}");
    assert!(says.contains("record some as `data/lime/{who}-*.csv`"), "{says}");
}

#[test]
fn ragged_rows_of_all_files_are_told_at_once_and_capped() {
    let asked = options("*.csv", "a b", "label", "x y");
    let many: String = "1,2\n".repeat(30);
    let second = format!("a,b,label\n1,2,x\n{many}");
    let says = told(read(&asked, &[("d.csv", b"a,b,label\n1,2,x\n1,2,x,9\n1\n3,4,y\n"), ("e.csv", second.as_bytes())]));
    assert!(says.contains("tml::csv: 32 rows have a wrong number of fields"), "{says}");
    assert!(says.contains("d.csv:3: 4 fields, expected 3\nd.csv:4: 1 field, expected 3\ne.csv:3: 2 fields"), "{says}");
    assert!(says.contains("and 22 more"), "{says}");
    let says = told(one(&ab(), "a,b,label\n1,2,x\n3,\"4,y\n5,6,y\n7,8,y\n"));
    assert!(says.contains("d.csv:3: 2 fields, expected 3; a quoted field runs over"), "{says}");
}

#[test]
fn missing_cells_follow_the_policy() {
    let text = "a,b,label\n1,NaN,x\n,4,y\n5,6,y\n7,?,x\n9,1,x\n";
    let says = told(one(&ab(), text));
    assert!(says.contains("tml::missing: 3 cells are missing\nd.csv:2: `b`\nd.csv:3: `a`\nd.csv:5: `b`"), "{says}");
    assert!(says.contains("`missing = mean`"), "{says}");
    let with = |missing| one(&Options { missing, ..ab() }, text).unwrap();
    let dropped = with(Missing::Drop);
    assert_eq!((dropped.x.as_slice(), dropped.dropped), ([5.0, 6.0, 9.0, 1.0].as_slice(), 3));
    let filled = with(Missing::Value(-1.0));
    assert_eq!(filled.x, [1.0, -1.0, -1.0, 4.0, 5.0, 6.0, 7.0, -1.0, 9.0, 1.0]);
    let mean = with(Missing::Mean);
    assert_eq!(mean.x.iter().filter(|value| value.is_nan()).count(), 3);
    assert_eq!(mean.missing, [1, 2]);
    let says = told(one(&ab(), "a,b,label\n1,2,x\n1,2,\n3,4,y\n"));
    assert!(says.contains("tml::label: 1 row has no label (`label`)\nd.csv:3"), "{says}");
}

#[test]
fn cells_that_are_not_numbers_are_refused_with_a_hint() {
    for (cell, hint) in [
        ("inf", "infinity"),
        ("1e99", "too large"),
        ("12 ms", "a unit"),
        ("TRUE", "a truth value"),
        ("\"1,234,567\"", "thousands"),
        ("red", "`onehot(b, [\"red\"])`"), // every other cell, so perhaps it is meant
    ] {
        let says = told(one(&ab(), &format!("a,b,label\n1,2,x\n3,{cell},y\n")));
        assert!(says.contains("tml::number: 1 cell of `b` isn't a number\nd.csv:3: "), "{says}");
        assert!(says.contains(hint), "{cell}: {says}");
    }
}

#[test]
fn a_stray_word_among_numbers_is_no_category() {
    let says = told(one(&ab(), "a,b,label\n1,2,x\n3,oops,y\n1,2,x\n3,4,y\n"));
    assert!(says.contains("mend these cells") && !says.contains("onehot"), "{says}");
}

#[test]
fn text_becomes_one_channel_a_category() {
    let asked = options("d.csv", "Type=L Type=M v Type=H", "label", "0 1");
    let rows = one(&asked, "Type,v,label\nM,5,0.0\nL,6,1\nH,7,1.0\n").unwrap();
    assert_eq!(rows.x, [0.0, 1.0, 5.0, 0.0, 1.0, 0.0, 6.0, 0.0, 0.0, 0.0, 7.0, 1.0]);
    assert_eq!(rows.y, [0, 1, 1]);
    let says = told(one(&asked, "Type,v,label\nM,5,0\nXL,6,1\nXL,7,1\n"));
    assert!(says.contains("2 rows have a `Type` outside the categories"), "{says}");
    assert!(says.contains("`XL`: 2 rows, first at d.csv:3"), "{says}");
}

#[test]
fn unknown_labels_are_counted_and_guessed() {
    let says = told(one(&options("d.csv", "a", "fruit", "apple kiwi"), "a,fruit\n1,apple\n2,aple\n3,aple\n4,kiwi\n"));
    assert!(says.contains("tml::class: 2 rows have the label `aple`, which isn't in `classes`"), "{says}");
    assert!(says.contains("did you mean `apple`?"), "{says}");
    let many: String = (0..50).map(|n| format!("{n},{}.5", n * 7)).collect::<Vec<_>>().join("\n");
    let says = told(one(&options("d.csv", "a", "v", "lo hi"), &format!("a,v\n{many}")));
    assert!(says.contains("50 rows have labels that aren't in `classes`: 50 of them"), "{says}");
    assert!(says.contains("is `v` the column with the class?") && says.lines().count() < 14, "{says}");
}

#[test]
fn columns_that_are_not_there() {
    let says = told(one(&options("d.csv", "Red Gren", "label", "x y"), "Red,Green,label\n1,2,x\n3,4,y\n"));
    assert!(says.contains("tml::columns: `d.csv` has no column `Gren`"), "{says}");
    assert!(says.contains("its columns are `Red`, `Green`, `label`\ndid you mean `Green` by `Gren`?"), "{says}");
    let says = told(one(&ab(), "1,2,0\n3,4,1\n"));
    assert!(says.contains("has no header, so its 3 columns have no names"), "{says}");
    let says = told(one(&ab(), "a,b,label,a\n1,2,x,3\n3,4,y,5\n"));
    assert!(says.contains("has the column `a` twice"), "{says}");
    let says = told(one(&options("d.csv", "u v", "w", "x y"), "a,b,label\n1,2,x\n3,4,y\n"));
    assert!(says.contains("has no columns `u`, `v`, `w`"), "{says}");
}

#[test]
fn files_that_are_no_tables() {
    for (bytes, words) in [
        (&b""[..], "is empty"),
        (b"\n \n", "is empty"),
        (b"a,b,label\n", "has a header but no rows"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"PK\x03\x04zz", "Excel"),
        (b"a,b,label\n1,\0,x\n", "zero bytes"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"<!DOCTYPE html><html>", "web page"),
    ] {
        let says = told(read(&ab(), &[("d.csv", bytes)]));
        assert!(says.starts_with("tml::csv: `d.csv` ") && says.contains(words), "{says}");
    }
    let latin1 = read(&ab(), &[("d.csv", b"a,b,label,note\n1,2,x,gr\xfcn\n3,4,y,\n")]).unwrap();
    assert!(latin1.warnings[0].title.contains("isn't UTF-8"), "{:?}", latin1.warnings);
    let rows = one(&ab(), "a,b,label\nr1,1,2,x\nr2,3,4,y\n").unwrap();
    assert!(rows.warnings[0].title.contains("one field more"), "{:?}", rows.warnings);
}

#[test]
fn nothing_matches_the_pattern() {
    let asked = options("data/fruit.csv", "a b", "label", "x y");
    let says = told(read(&asked, &[("data/fruits.csv", b"a"), ("data/z.csv", b"a")]));
    assert!(says.contains("tml::source: there is no file `data/fruit.csv`"), "{says}");
    assert!(says.contains("did you mean `data/fruits.csv`?"), "{says}");
    let says = told(read(&options("data/{l}/*.csv", "a b", "l", "x y"), &[]));
    assert!(says.contains("no file matches `data/{l}/*.csv`") && says.contains("cargo tinyml fetch"), "{says}");
}

#[test]
fn a_file_without_matching_rows_never_panics() {
    // Seeded noise of the characters that matter to the reader: whatever comes, rows or a diagnostic.
    let alphabet = b"ab,;\t\"\n\r 0123.-xy|labe\xfc";
    let mut rng = tinyml::base::rng::Rng::new(7, "noise");
    for case in 0..3000 {
        let mut bytes = if case % 2 == 0 { b"a,b,label\n".to_vec() } else { Vec::new() };
        let length = rng.below(120);
        bytes.extend((0..length).map(|_| alphabet[rng.below(alphabet.len())]));
        for asked in [ab(), options("d.csv", "0 1", "2", "x y")] {
            match read(&asked, &[("d.csv", &bytes)]) {
                Ok(rows) => assert_eq!(rows.x.len(), rows.y.len() * 2),
                Err(diags) => assert!(!diags.0.is_empty()),
            }
        }
    }
}
