//! Formats of data files: each with its word, how it is written, and the schema of its arguments.

use crate::base::{Dimension, Kind, Param, Params};

/// A format's word, how it is written, what it is, and its arguments.
pub(super) struct Form {
    pub(super) word: &'static str,
    pub(super) written: &'static str,
    pub(super) doc: &'static str,
    pub(super) params: fn() -> Params,
}

/// Every format. Add here: a row, and an arm in `format`.
pub(super) const FORMS: &[Form] = &[
    Form {
        word: "csv",
        written: "csv(\"data/{label}/*.csv\")",
        doc: "CSV or TSV files: a recording is a row, `take = 119` rows, or with `take = file` a stream, which ends with its file and where the label or the group of its rows changes.",
        params: csv_schema,
    },
    Form {
        word: "wav",
        written: "wav(\"data/{label}/*.wav\", rate = 16 kHz)",
        doc: "Sound as streams of values from -1 to 1.",
        params: wav_schema,
    },
    Form {
        word: "images",
        written: "images(\"data/{label}/*.png\", size = [28, 28])",
        doc: "PNG, JPEG, BMP, PGM and PPM images as f32[height, width, channels], values from 0 to 255.",
        params: images_schema,
    },
    Form {
        word: "raw",
        written: "raw(\"data/x.bin\", element = i8, shape = [49, 10, 1], labels = csv(\"data/y.csv\", column = class))",
        doc: "Little-endian numbers without a header: recordings of one shape, one behind the other.",
        params: raw_schema,
    },
    Form {
        word: "npy",
        written: "npy(\"data/x.npy\", shape = [119, 6], labels = npy(\"data/y.npy\"))",
        doc: "A NumPy array whose first axis counts recordings.",
        params: npy_schema,
    },
    Form {
        word: "npz",
        written: "npz(\"data/*.npz\", shape = [119, 6], x = x, y = y)",
        doc: "NumPy arrays by name: recordings, and their labels.",
        params: npz_schema,
    },
    Form {
        word: "json",
        written: "json(\"training/{label}.*.json\")",
        doc: "Samples in JSON as Edge Impulse's data acquisition writes them: a file is a stream.",
        params: json_schema,
    },
    Form {
        word: "jsonl",
        written: "jsonl(\"data/*.jsonl\")",
        doc: "A JSON object a line: its keys are columns. With `take = file`, a line is a stream, whose channels are lists.",
        params: jsonl_schema,
    },
    Form {
        word: "svmlight",
        written: "svmlight(\"data/*.dat\")",
        doc: "Lines of `label index:value …`; the indices are the columns' positions, what is left out is 0.",
        params: svmlight_schema,
    },
    Form {
        word: "idx",
        written: "idx(\"images-idx3-ubyte.gz\", \"labels-idx1-ubyte.gz\", shape = [28, 28, 1])",
        doc: "Arrays in the form of MNIST.",
        params: idx_schema,
    },
];

fn words(words: &[&str]) -> Kind {
    Kind::Word(words.iter().map(ToString::to_string).collect())
}

fn pattern_param() -> Param {
    Param::required("pattern", Kind::Path, "path with `*` for any text and `{name}` for a text that becomes a column")
}

fn take_param() -> Param {
    Param::optional("take", Kind::Free, "", "how many rows make a recording, or `file`: the file is a stream")
}

fn shape_param() -> Param {
    Param::required("shape", Kind::Free, "dimensions of one recording, channels last: `[119, 6]`")
}

fn labels_param() -> Param {
    let doc =
        "labels in a file of their own: `csv(\"y.csv\", column = class)`, `npy(\"y.npy\")`, `idx(\"y-idx1-ubyte\")`";
    Param::optional("labels", Kind::Free, "", doc)
}

fn csv_params() -> Params {
    vec![
        Param::optional("header", words(&["auto", "yes", "no"]), "auto", "whether the first row names the columns"),
        Param::optional("separator", Kind::Text, "", "between cells: one character; found out per file when left out"),
        Param::optional("decimal", words(&["point", "comma"]), "point", "what stands before the fraction of a number"),
        Param::optional("comment", Kind::Text, "", "lines that start with this text are passed over: \"#\""),
    ]
}

/// Arguments of `csv`.
fn csv_schema() -> Params {
    let mut params = vec![pattern_param()];
    params.extend(csv_params());
    params.extend([take_param(), labels_param()]);
    params
}

/// Arguments of `csv` as labels.
pub(super) fn label_csv_schema() -> Params {
    let mut params = vec![
        pattern_param(),
        Param::optional("column", Kind::Free, "label", "the column with the label"),
        Param::optional("file", Kind::Free, "", "the column with the name of the file; left out: labels come in order"),
    ];
    params.extend(csv_params());
    params
}

/// Arguments of `npy` and `idx` as labels.
pub(super) fn label_array_schema() -> Params {
    vec![pattern_param()]
}

fn wav_schema() -> Params {
    vec![
        pattern_param(),
        Param::optional(
            "rate",
            Kind::Of(Dimension::Frequency),
            "",
            "samples a second; the data set's `rate` when left out",
        ),
        Param::optional(
            "resample",
            words(&["yes", "no"]),
            "no",
            "convert other rates (windowed sinc) instead of refusing them",
        ),
        Param::optional("downmix", words(&["yes", "no"]), "no", "average channels into one instead of refusing them"),
        labels_param(),
    ]
}

fn images_schema() -> Params {
    vec![
        pattern_param(),
        Param::required("size", Kind::Free, "rows, and pixels of a row: `[28, 28]`"),
        Param::optional("colour", words(&["grey", "rgb"]), "grey", "one channel, or red, green and blue"),
        Param::optional(
            "fit",
            words(&["refuse", "resize", "crop"]),
            "refuse",
            "what becomes of images of another size",
        ),
        labels_param(),
    ]
}

fn raw_schema() -> Params {
    let elements = words(&["i8", "u8", "i16", "u16", "i32", "u32", "f32", "f64"]);
    vec![
        pattern_param(),
        Param::required("element", elements, "type of a number"),
        shape_param(),
        Param::optional("scale", Kind::Number(1e-30, 1e30), "1", "what one step of a number means"),
        Param::optional("zero", Kind::Number(-1e12, 1e12), "0", "the number that means 0"),
        Param::optional("offset", Kind::Int(0, 1 << 30), "0", "bytes above the first recording"),
        labels_param(),
    ]
}

fn npy_schema() -> Params {
    vec![pattern_param(), shape_param(), labels_param()]
}

fn npz_schema() -> Params {
    vec![
        pattern_param(),
        shape_param(),
        Param::optional("x", Kind::Text, "x", "the array with the recordings"),
        Param::optional("y", Kind::Text, "", "the array with the labels"),
        labels_param(),
    ]
}

fn json_schema() -> Params {
    vec![
        pattern_param(),
        Param::optional(
            "resample",
            words(&["yes", "no"]),
            "no",
            "convert other rates (windowed sinc) instead of refusing them",
        ),
        labels_param(),
    ]
}

fn jsonl_schema() -> Params {
    vec![pattern_param(), take_param()]
}

fn svmlight_schema() -> Params {
    vec![pattern_param()]
}

fn idx_schema() -> Params {
    vec![pattern_param(), labels_param(), shape_param()]
}
