//! What each diagnostic code means and what to do: the text behind `cargo tinyml explain CODE`.

/// Code and one paragraph, by code.
pub const CODES: &[(&str, &str)] = &[
    (
        "tml::block",
        "A block stands where it can't, or its header lacks a part. Top-level blocks are dataset, features, model, generate, extern and deploy; train and quantize stand within model, require within deploy. A header is `kind name from source`. Write it as the help line shows; `cargo tinyml explain blocks` lists all forms.",
    ),
    (
        "tml::bounds",
        "A number is outside what its field can be: too small, too large, or finer than the base unit (nanoseconds, millihertz, bytes, parts per million). Write a number within the bounds that the message names; `cargo tinyml explain FIELD` shows them.",
    ),
    (
        "tml::class",
        "A class is named that isn't in `classes` of the data set, by a requirement or by a row of the data, or a class of the list has no rows. Correct the name, add the class to `classes`, or bring rows of it. Classes that are no lower-case word are written in quotes.",
    ),
    (
        "tml::digest",
        "A file to be fetched has no readable digest. Digests pin the content, so that everybody builds from the same bytes: write `b3:` and the 64 hexadecimal digits that `b3sum FILE` prints.",
    ),
    (
        "tml::field",
        "A block or call is given a name that it doesn't have, or an argument too many, or lacks one that must be given. The help line lists what it takes; `cargo tinyml explain WORD` says what each means.",
    ),
    (
        "tml::import",
        "Something is used that isn't imported, or an import finds nothing. Boards and features of the library are imported by name: `use std.boards.{…}`, `use std.features.{…}`; a board or spec of your own by its path in quotes, relative to the file. Layers, metrics and units need no import.",
    ),
    (
        "tml::kind",
        "A value is of the wrong kind: a text where a number is needed, a name where a list is needed. The message says what the field takes and what it was given.",
    ),
    (
        "tml::layer",
        "The layers fit each other in shape, but make no network that can be trained and compiled, for example a softmax before the end. The message gives the reason.",
    ),
    (
        "tml::library",
        "A file of the library or of the project's `stdlib/` folder contradicts itself, for example by a default that its own schema refuses. Correct that file, or remove it from the overlay.",
    ),
    (
        "tml::metric",
        "A line of `require` names nothing that is measured, or takes a class where it has none, or lacks one. `cargo tinyml explain metrics` lists them.",
    ),
    (
        "tml::name",
        "A name isn't known at this place. Names are used only below their definition, so a block that is defined further down has to move up; names of layers, features and boards come from the library. Names also become C identifiers, so words of C can't be used.",
    ),
    (
        "tml::path",
        "A path can't work on another machine, or a pattern can't be read. Paths are relative to the file they stand in, use `/`, and a pattern has `*` for any text and `{name}` for a text that becomes a column.",
    ),
    (
        "tml::relation",
        "A line has the wrong relation. `=` sets a field; `>=` and `<=` stand only in `require`, and there in the direction in which a limit makes sense: accuracy at least, memory and time at most.",
    ),
    (
        "tml::require",
        "The build is done, and a requirement is not met on a board; the exit code is 3. The label says by how much and whether the number is exact, simulated or estimated; the help says where the amount goes. Make the model smaller or train it longer, or change the requirement.",
    ),
    (
        "tml::shape",
        "A step or layer is given a tensor of a shape that it doesn't take, or the last layer's width isn't the number of classes. The first place is what doesn't fit, the second what feeds it. Change the declared type, the step before, or the layer's width.",
    ),
    (
        "tml::split",
        "The parts of a split don't sum to 100%, or one is empty. Training needs `train` and `valid`, accuracy is measured on `test`: write all three. An empty part may also come from too few rows or groups: bring more, or change the parts.",
    ),
    (
        "tml::twice",
        "Something that can be there once is there twice: a field, a name, a class, a board, a requirement. Leave one out.",
    ),
    (
        "tml::unit",
        "A number has no unit where it measures something, or one of another dimension, or one that nobody knows. Times are in us, ms, s, min; frequencies in Hz, kHz, MHz; sizes in B, KiB, MiB, kB, MB; energies in uJ, mJ, J; ratios in %. `KB` is refused because it may be 1000 or 1024 bytes.",
    ),
    (
        "tml::unsupported",
        "The language has this, but this version of the program can't build it yet. The help says what to write instead.",
    ),
    (
        "tml::unused",
        "A function is defined that no `features` block and no `app` uses. It isn't built. Call it, or remove it.",
    ),
];

/// The paragraph of `code`.
pub fn explain(code: &str) -> Option<&'static str> {
    CODES.iter().find(|(known, _)| *known == code).map(|(_, text)| *text)
}
