//! What real data does to those who read it: each handled, or refused with a sentence that helps.

use std::fmt::Write;
use std::time::Instant;

use tinyml::base::npy::Array;
use tinyml::base::{Diag, Diags};
use tinyml::stages::ingest::{Ingested, ingest};

use crate::sets::dataset;

type Files = Vec<(String, Vec<u8>)>;

fn files(list: &[(&str, &[u8])]) -> Files {
    list.iter().map(|(path, bytes)| (path.to_string(), bytes.to_vec())).collect()
}

fn read(lines: &str, data: Files) -> Result<Ingested, Diags> {
    ingest(&dataset(lines), &mut data.into_iter(), Vec::new(), 2)
}

fn array(made: &Ingested, name: &str) -> Array {
    Array::from_bytes(&made.outputs[name]).unwrap()
}

fn x(made: &Ingested) -> (Vec<usize>, Vec<f32>) {
    let array = array(made, "x.npy");
    (array.dims.clone(), array.as_f32().unwrap().to_vec())
}

fn classes(made: &Ingested) -> Vec<i32> {
    array(made, "y.npy").as_i32().unwrap().to_vec()
}

/// All that diagnostics say.
fn said(diags: &[Diag]) -> String {
    let lines = diags.iter().flat_map(|diag| {
        let title = format!("{}: {}", diag.code, diag.title);
        [title].into_iter().chain(diag.notes.clone()).chain(diag.help.clone())
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn refused(lines: &str, data: Files) -> String {
    match read(lines, data) {
        Ok(_) => panic!("this should be refused"),
        Err(diags) => said(&diags.0),
    }
}

/// Rows `value,label`, different from each other, as many of each class as are asked for.
fn table(header: &str, counts: &[(&str, usize)]) -> String {
    let mut text = format!("{header}\n");
    for (at, (label, count)) in counts.iter().enumerate() {
        (0..*count).for_each(|row| writeln!(text, "{},{label}", row * 10 + at).unwrap());
    }
    text
}

fn wav(samples: usize) -> Vec<u8> {
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data".to_vec();
    bytes.extend((2 * samples as u32).to_le_bytes());
    bytes.extend((0..samples).flat_map(|sample| (sample as i16 * 7 + samples as i16).to_le_bytes()));
    bytes
}

const TAKES: &str = "source = csv(\"{label}.csv\", take = 3)
    channels = [a, b]
    classes = [x, y]
    split = { train = 40%, valid = 30%, test = 30% }";

#[test]
fn takes_are_counted_and_what_is_left_over_is_told() {
    let rows =
        |from: usize, count: usize| (from..from + count).map(|row| format!("{row},-{row}\n")).collect::<String>();
    let text = |from: usize, count: usize| format!("a,b\n{}", rows(from, count)).into_bytes();
    let made = read(TAKES, files(&[("x.csv", &text(0, 9)), ("y.csv", &text(50, 10))])).unwrap();
    let (dims, values) = x(&made);
    assert_eq!((dims, &values[..6]), (vec![6, 3, 2], [0., 0., 1., -1., 2., -2.].as_slice()));
    let told = said(&made.warnings.0);
    assert!(
        told.contains("1 files have rows behind their last whole take of 3") && told.contains("y.csv: 1 rows"),
        "{told}"
    );
    // The logger was started again: its header ends what came before.
    let again = format!("a,b\n{}a,b\n{}", rows(0, 4), rows(10, 6)).into_bytes();
    let made = read(TAKES, files(&[("x.csv", &again), ("y.csv", &text(50, 9))])).unwrap();
    assert_eq!(x(&made).1[6..8], [10.0, -10.0]);
    let short = refused(TAKES, files(&[("x.csv", &text(0, 2)), ("y.csv", &text(50, 9))]));
    assert!(short.contains("`x.csv` has 2 rows, fewer than the 3 of a take"), "{short}");
}

#[test]
fn a_log_line_in_a_take_moves_nothing_and_a_damaged_row_spoils_its_take() {
    let rows = |mark: &str| -> String {
        (0..9)
            .map(|row| if row == 4 { mark.replace('4', &row.to_string()) } else { format!("{row},{row}\n") })
            .collect()
    };
    let other: String = (0..6).map(|row| format!("{row},9\n")).collect();
    let made = |mark: &str| {
        let data = files(&[
            ("x.csv", format!("a,b\n{}", rows(mark)).as_bytes()),
            ("y.csv", format!("a,b\n{other}").as_bytes()),
        ]);
        x(&read(&format!("{TAKES}\n skip = true"), data).unwrap())
    };
    let log = made("4,4\nWARN overrun\n");
    assert_eq!((log.0[0], log.1[12]), (5, 6.0));
    let damaged = made("4\n");
    assert_eq!((damaged.0[0], damaged.1[6]), (4, 6.0));
}

#[test]
fn a_missing_cell_spoils_its_take_only() {
    let mut text = String::from("a,b\n");
    (0..9).for_each(|row| writeln!(text, "{row},{}", if row == 4 { String::new() } else { row.to_string() }).unwrap());
    let other: String = (0..6).map(|row| format!("{row},9\n")).collect();
    let data = || files(&[("x.csv", text.as_bytes()), ("y.csv", format!("a,b\n{other}").as_bytes())]);
    assert!(refused(TAKES, data()).contains("x.csv:6: `b`"));
    let made = read(&format!("{TAKES}\n missing = drop"), data()).unwrap();
    assert_eq!(x(&made).0[0], 4);
    assert_eq!(x(&made).1[6..8], [6.0, 6.0]);
    let made = read(&format!("{TAKES}\n missing = fill(5)"), data()).unwrap();
    assert_eq!((x(&made).0[0], x(&made).1[9]), (5, 5.0));
}

#[test]
fn a_stream_ends_where_its_label_or_its_group_changes() {
    let mut text = String::from("a,who,what\n");
    for (who, what, count) in [("p", "x", 4), ("p", "y", 3), ("q", "y", 5), ("r", "x", 2), ("s", "y", 2), ("t", "x", 6)]
    {
        (0..count).for_each(|row| writeln!(text, "{},{who},{what}", row + count * 10).unwrap());
    }
    let lines = "source = csv(\"log.csv\", take = file)
        channels = [a]
        label = what
        classes = [x, y]
        split = { train = 40%, valid = 30%, test = 30%, by = who }";
    let made = read(lines, files(&[("log.csv", text.as_bytes())])).unwrap();
    assert_eq!(array(&made, "lengths.npy").as_i32().unwrap(), [4, 3, 5, 2, 2, 6]);
    assert_eq!(classes(&made), [0, 1, 1, 0, 1, 0]);
    let part = array(&made, "part.npy").as_u8().unwrap().to_vec();
    assert_eq!(part[0], part[1], "both are of p");
    let list = String::from_utf8(made.outputs["recordings.csv"].clone()).unwrap();
    assert!(list.starts_with("file,line,label,part,samples\nlog.csv,2,x,") && list.contains("log.csv,6,y,"), "{list}");
}

#[test]
fn numbers_that_mean_nothing_and_decimal_commas() {
    // As the air quality set of the UCI repository is written.
    let mut text = String::from("\u{feff}Date;CO(GT);T;C6H6;;\r\n");
    for row in 0..40 {
        let gas = if row % 7 == 3 { "-200".into() } else { format!("{row},5") };
        write!(text, "10/03/2004;{gas};-200,0;{},25;;\r\n", row % 9).unwrap();
    }
    text.push_str(";;;;;\r\n;;;;;\r\n");
    let lines = |missing: &str, channels: &str| {
        format!(
            "source = csv(\"a.csv\", decimal = comma)
            channels = [{channels}]
            target = \"C6H6\"
            absent = [-200]
            missing = {missing}"
        )
    };
    let data = || files(&[("a.csv", text.as_bytes())]);
    let made = read(&lines("drop", "\"CO(GT)\""), data()).unwrap();
    assert_eq!((x(&made).0, array(&made, "y.npy").dims), (vec![34, 1], vec![34, 1]));
    assert_eq!((x(&made).1[1], array(&made, "y.npy").as_f32().unwrap()[1]), (1.5, 1.25));
    let made = read(&lines("mean", "\"CO(GT)\""), data()).unwrap();
    assert!(x(&made).1.iter().all(|value| (0.0..40.0).contains(value)), "{:?}", x(&made).1);
    assert!(refused(&lines("refuse", "\"CO(GT)\""), data()).contains("6 cells are missing"));
    assert!(refused(&lines("mean", "\"T\""), data()).contains("`T` has no value anywhere"));
    assert!(refused(&lines("drop", "\"T\""), data()).contains("the files hold no recording"));
}

#[test]
fn log_lines_that_are_no_utf8() {
    let mut text = b"boot \xff\xfe v1.2\nid,acc,label\n".to_vec();
    for row in 0..30 {
        text.extend(format!("{row},{},{}\n", row * 3, ["x", "y"][row % 2]).bytes());
        if row % 10 == 4 {
            text.extend(b"WARN \xb0C sensor, overrun\n");
        }
    }
    let lines = "source = csv(\"log.txt\")\n channels = [acc]\n classes = [x, y]";
    let told = refused(lines, files(&[("log.txt", &text)]));
    assert!(
        told.contains("3 rows have a wrong number of fields") && told.contains("log.txt:8: 2 fields, expected 3"),
        "{told}"
    );
    let made = read(&format!("{lines}\n skip = true"), files(&[("log.txt", &text)])).unwrap();
    assert_eq!(x(&made).0, [30, 1]);
    let told = said(&made.warnings.0);
    for words in ["left out: 3 rows have a wrong number of fields", "isn't UTF-8", "have lines above their header"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let comments = b"# made by x\na,label\n#1,x\n1,x\n2,x\n3,y\n4,y\n5,x\n6,y\n".to_vec();
    let lines = "source = csv(\"log.txt\", comment = \"#\")\n channels = [a]\n classes = [x, y]";
    assert_eq!(x(&read(lines, files(&[("log.txt", &comments)])).unwrap()).1, [1., 2., 3., 4., 5., 6.]);
}

#[test]
fn flac_and_an_empty_file_among_wavs() {
    let lines = "source = wav(\"{label}/*.wav\", rate = 8 kHz)\n classes = [x, y]";
    let mut data: Files =
        (0..24).map(|file| (format!("{}/{file:02}.wav", ["x", "y"][file % 2]), wav(50 + file))).collect();
    data.push(("x/90.wav".into(), b"fLaC\0\0\0\x22".to_vec()));
    data.push(("y/91.wav".into(), Vec::new()));
    let told = refused(lines, data.clone());
    for words in ["`x/90.wav` is FLAC, which isn't read", "`y/91.wav` is empty", "skip = true"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let made = read(&format!("{lines}\n skip = true"), data).unwrap();
    assert_eq!(array(&made, "lengths.npy").dims, [24]);
    let told = said(&made.warnings.0);
    assert!(told.contains("left out: `x/90.wav` is FLAC") && told.contains("left out: `y/91.wav` is empty"), "{told}");
}

#[test]
fn labels_in_a_table_found_by_the_name_of_the_file() {
    let lines =
        "source = wav(\"audio/*.wav\", rate = 8 kHz, labels = csv(\"meta.csv\", file = filename, column = category))
        classes = [x, y]
        split = { column = fold, test = [3], valid = 30% }";
    let data: Files = (0..18).map(|file| (format!("audio/{file:02}.wav"), wav(50 + file))).collect();
    let mut meta = String::from("filename,fold,category\n");
    (0..18).rev().for_each(|file| writeln!(meta, "{file:02}.wav,{},{}", file % 3 + 1, ["x", "y"][file / 9]).unwrap());
    let labels = vec![("meta.csv".to_string(), meta.clone().into_bytes())];
    let made = ingest(&dataset(lines), &mut data.clone().into_iter(), labels, 2).unwrap();
    assert_eq!(classes(&made)[8..10], [0, 1]);
    let part = array(&made, "part.npy").as_u8().unwrap().to_vec();
    assert!(part.iter().enumerate().all(|(file, part)| (*part == 2) == (file % 3 == 2)), "{part:?}");
    let lost = meta.replace("07.wav", "70.wav");
    let told = ingest(&dataset(lines), &mut data.into_iter(), vec![("meta.csv".into(), lost.into_bytes())], 1);
    let told = said(&told.err().unwrap().0);
    assert!(told.contains("`audio/07.wav` says nothing of its `label`"), "{told}");
}

#[test]
fn labels_in_one_list_must_be_as_many() {
    let lines =
        "source = raw(\"x.bin\", element = u8, shape = [2], labels = csv(\"y.csv\", column = column(0), header = no))
        classes = [x, y]
        split = { train = 40%, valid = 30%, test = 30% }";
    let data = || files(&[("x.bin", &(0..20).collect::<Vec<u8>>())]);
    let label = |count: usize| vec![("y.csv".to_string(), "x\ny\n".repeat(count / 2).into_bytes())];
    let made = ingest(&dataset(lines), &mut data().into_iter(), label(10), 1).unwrap();
    assert_eq!((x(&made).0, classes(&made)), (vec![10, 2], [0, 1].repeat(5)));
    let judged = lines.replace("train = 40%, valid = 30%, test = 30%", "train = 0%, valid = 0%, test = 100%");
    let made = ingest(&dataset(&judged), &mut data().into_iter(), label(10), 1).unwrap();
    assert_eq!(array(&made, "part.npy").as_u8().unwrap(), [2; 10]);
    for count in [8, 12] {
        let told = ingest(&dataset(lines), &mut data().into_iter(), label(count), 1).err().unwrap();
        assert!(said(&told.0).contains("labels"), "{told}");
    }
}

#[test]
fn json_lines_as_rows_and_as_streams() {
    let rows: String = (0..20)
        .map(|row| {
            format!("{{\"acc\":{{\"x\":{row}}},\"v\":[{row},{}],\"label\":\"{}\"}}\n", row * 2, ["x", "y"][row % 2])
        })
        .collect();
    let lines = "source = jsonl(\"d.jsonl\")\n channels = [\"acc.x\", v1]\n classes = [x, y]";
    let made = read(lines, files(&[("d.jsonl", rows.as_bytes())])).unwrap();
    assert_eq!((x(&made).0, &x(&made).1[2..4]), (vec![20, 2], [1.0, 2.0].as_slice()));
    let told = refused(lines, files(&[("d.jsonl", format!("{rows}{{broken\n").as_bytes())]));
    assert!(told.contains("no JSON object at line 21"), "{told}");
    let streams: String = (1..20)
        .map(|row| {
            format!("{{\"a\":{:?},\"b\":{:?},\"label\":\"{}\"}}\n", vec![row; row], vec![0.5; row], ["x", "y"][row % 2])
        })
        .collect();
    let lines = "source = jsonl(\"d.jsonl\", take = file)\n channels = [a, b]\n classes = [x, y]";
    let made = read(lines, files(&[("d.jsonl", streams.as_bytes())])).unwrap();
    assert_eq!(array(&made, "lengths.npy").as_i32().unwrap(), (1..20).collect::<Vec<i32>>());
    assert_eq!(x(&made).1[..6], [1.0, 0.5, 2.0, 0.5, 2.0, 0.5]);
}

#[test]
fn svmlight_with_and_without_concentrations() {
    let text: String = (0..20).map(|row| format!("{};{row}.5 1:{row} 3:2.5 # note\n", row % 2 + 1)).collect();
    let lines = "source = svmlight(\"batch*.dat\")\n channels = columns(1..3)\n classes = [\"1\", \"2\"]";
    let made = read(lines, files(&[("batch1.dat", text.as_bytes())])).unwrap();
    assert_eq!((x(&made).0, &x(&made).1[3..6]), (vec![20, 3], [1.0, 0.0, 2.5].as_slice()));
    let numbers = "source = svmlight(\"batch*.dat\")\n channels = columns(1..3)\n target = second";
    let made = read(numbers, files(&[("batch1.dat", text.as_bytes())])).unwrap();
    assert_eq!(array(&made, "y.npy").as_f32().unwrap()[3], 3.5);
    let narrow = "source = svmlight(\"batch*.dat\")\n channels = columns(1..2)\n classes = [\"1\", \"2\"]";
    let told = refused(narrow, files(&[("batch1.dat", text.as_bytes())]));
    assert!(told.contains("has indices from 1 to 3, not 1 to 2; write `channels = columns(1..3)`"), "{told}");
}

#[test]
fn labels_that_are_not_listed_can_be_one_class() {
    let text = table("a,label", &[("go", 10), ("stop", 10), ("dog", 5), ("cat", 5)]);
    let lines = "source = csv(\"d.csv\")\n channels = [a]\n classes = [go, stop, rest]";
    let told = refused(lines, files(&[("d.csv", text.as_bytes())]));
    assert!(told.contains("`other = …`"), "{told}");
    let made = read(&format!("{lines}\n other = rest"), files(&[("d.csv", text.as_bytes())])).unwrap();
    assert_eq!(classes(&made)[20..], [2; 10]);
    let two = "source = csv(\"d.csv\")\n channels = [a]\n classes = [go, stop]\n skip = true";
    assert_eq!(x(&read(two, files(&[("d.csv", text.as_bytes())])).unwrap()).0, [20, 1]);
}

#[test]
fn a_class_with_one_row_and_twenty_rows_to_train_on() {
    let lines = "source = csv(\"d.csv\")\n channels = [a]\n classes = [x, y]";
    let made = read(lines, files(&[("d.csv", table("a,label", &[("x", 40), ("y", 1)]).as_bytes())])).unwrap();
    let told = said(&made.warnings.0);
    assert!(told.contains("the class `y` has no rows in the valid part"), "{told}");
    let made = read(lines, files(&[("d.csv", table("a,label", &[("x", 14), ("y", 14)]).as_bytes())])).unwrap();
    let parts = array(&made, "part.npy").as_u8().unwrap().to_vec();
    assert!(parts.iter().map(|part| usize::from(*part == 0)).sum::<usize>() >= 18, "{parts:?}");
    for rows in 1..7 {
        let data = files(&[("d.csv", table("a,label", &[("x", rows), ("y", 1)]).as_bytes())]);
        if let Err(diags) = read(lines, data) {
            assert!(diags.0.iter().all(|diag| diag.help.is_some()), "{diags}");
        }
    }
}

#[test]
fn a_hundred_thousand_files_on_any_number_of_threads() {
    let lines = "source = csv(\"{label}/*.csv\")\n channels = [a, b]\n classes = [x, y]";
    let data: Files = (0..100_000)
        .map(|file| {
            (
                format!("{}/{file:06}.csv", ["x", "y"][file / 50_000]),
                format!("a,b\n{file},{}\n", file % 91).into_bytes(),
            )
        })
        .collect();
    let dataset = dataset(lines);
    let start = Instant::now();
    let made = ingest(&dataset, &mut data.clone().into_iter(), Vec::new(), 2).unwrap();
    eprintln!("100,000 files: {:.1} s", start.elapsed().as_secs_f64());
    assert_eq!((x(&made).0, x(&made).1[199_998]), (vec![100_000, 2], 99_999.0));
    let other = ingest(&dataset, &mut data.into_iter().take(3000), Vec::new(), 5);
    // Only one class is among the first of them.
    assert!(said(&other.err().unwrap().0).contains("the class `y` has no rows"));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let lines = "source = csv(\"{label}/{who}.csv\", take = file)\n channels = [a]\n classes = [x, y]\n split = { by = who }\n missing = mean";
    let data: Files = (0..700)
        .map(|file| {
            let rows: String = (0..=(file % 5))
                .map(|row| format!("{}\n", if row == 3 { "NaN".into() } else { (file * row).to_string() }))
                .collect();
            (format!("{}/p{}-{file}.csv", ["x", "y"][file % 2], file % 13), format!("a\n{rows}").into_bytes())
        })
        .collect();
    let dataset = dataset(lines);
    let made = |threads: usize| ingest(&dataset, &mut data.clone().into_iter(), Vec::new(), threads).unwrap().outputs;
    assert!(made(1) == made(2) && made(1) == made(7));
}
