//! Table. What each diagnostic code means and what to do: the text behind `cargo tinyml explain CODE`.

/// Code and one paragraph, by code.
pub const CODES: &[(&str, &str)] = &[
    (
        "tml::answer",
        "An answer for a generated function has no usable code: none or several fenced blocks, or it was cut off. Keep exactly one ```c block that holds the whole function, and adopt again with `cargo tinyml generate --adopt NAME answer.md`.",
    ),
    (
        "tml::block",
        "A block stands where it can't, or its header lacks a part. Top-level blocks are dataset, features, model, generate, extern and deploy; train and quantize stand within model, require within deploy. A header is `kind name from source`. Write it as the help line shows; `cargo tinyml explain blocks` lists all forms.",
    ),
    (
        "tml::board",
        "A board's file has a key that is missing, unknown or impossible. `stdlib/README.md` lists the keys with their units; correct the place that is shown.",
    ),
    (
        "tml::board::size",
        "The firmware doesn't fit into the board's flash or RAM, by the linker's own count. Use smaller layers or another board; the message says by how many bytes it is over.",
    ),
    (
        "tml::bounds",
        "A number is outside what its field can be: too small, too large, or finer than the base unit (nanoseconds, millihertz, bytes, parts per million). Write a number within the bounds that the message names; `cargo tinyml explain FIELD` shows them.",
    ),
    (
        "tml::bug",
        "Something happened that this program rules out. It is our bug, not yours: please report it with the spec and the whole message.",
    ),
    (
        "tml::cases",
        "The cases of a generated function can't be read. A case is a row of inputs followed by expected outputs, numbers separated by commas, in the order of the signature.",
    ),
    (
        "tml::category",
        "A text channel holds a category that its `onehot(…)` doesn't list. Add the category to the list, or correct the data.",
    ),
    (
        "tml::changing",
        "A data file changed each time it was read. Wait for the program that writes it, then build again.",
    ),
    (
        "tml::choice",
        "A choice is written where none can be made, or can't be read as one. `one_of(8, 16, 32)` and ranges (`8..32`: doubling; `0.001..0.01`: 1, 3, 10) stand in the arguments of a model's layers and in its `train`; `one_of(none, dropout(0.2))` stands for a layer, `one_of([conv1d(8, kernel = 3), relu()], dense(8))` for several. `auto` is the last layer and stands for all that follow.",
    ),
    (
        "tml::class",
        "A class is named that isn't in `classes` of the data set, by a requirement or by a row of the data, or a class of the list has no rows. Correct the name, add the class to `classes`, or bring rows of it. Classes that are no lower-case word are written in quotes.",
    ),
    (
        "tml::columns",
        "A file lacks a column that the spec names, or columns can't be told apart; or channels are constant, which costs flash and says nothing. The message lists the columns that were found.",
    ),
    (
        "tml::compile",
        "The compiler or the linker refuses C code; its own words follow. In your `extern` function, correct the place that is named. In code of ours it is a bug: please report it.",
    ),
    ("tml::config", "`.config/tinyml.toml` has an unknown key or an impossible value at the place shown."),
    (
        "tml::core",
        "A board names a core that the library doesn't have, or a core's file is wrong. `stdlib/cores` lists them.",
    ),
    (
        "tml::csv",
        "A data file isn't a sound table: a row with another number of fields, a quote that never closes, no rows at all. Every place is named with its file and line; nothing is skipped in silence.",
    ),
    (
        "tml::digest",
        "A file to be fetched has no readable digest. Digests pin the content, so that everybody builds from the same bytes: write `b3:` and the 64 hexadecimal digits that `b3sum FILE` prints.",
    ),
    (
        "tml::disk",
        "The disk refused: it is full, read-only, or forbids access. Free space, or put results elsewhere with `--target-dir` and the shared store with TINYML_CACHE_DIR. Finished steps are kept.",
    ),
    (
        "tml::drift",
        "Training and test part don't come from the same world: the values of a channel are distributed otherwise (the two-sample Kolmogorov-Smirnov distance is large and certain). A model that is right on one part may be wrong on the other. Record the training part under the conditions of the test part too, or use values that don't drift.",
    ),
    ("tml::emit", "A model's outputs don't match the number of classes. End the model in `dense(DATASET.classes)`."),
    (
        "tml::explain",
        "There is no code, word or step of that name. `cargo tinyml explain blocks` and `cargo tinyml graph` list what there is.",
    ),
    (
        "tml::fault",
        "The firmware stopped on the simulated board: an access outside memory, an undefined instruction, a stack that ran over. The message names the function, the registers and the last branches. If the function is yours, correct it.",
    ),
    (
        "tml::fault::stack",
        "The firmware's stack ran over its limit on the simulated board. It gets what the first samples used, a quarter more and an interrupt's frame; a function whose stack depends on its input may need more. Use smaller local variables.",
    ),
    (
        "tml::feature",
        "A feature of the library can't be used as the spec uses it, or its file is wrong. `cargo tinyml explain features` lists them with their arguments.",
    ),
    (
        "tml::fetch",
        "A file can't be fetched, or what came has another digest than the spec says; nothing was written then. Check address, network and proxy; if the file is right, put its digest into the spec.",
    ),
    (
        "tml::field",
        "A block or call is given a name that it doesn't have, or an argument too many, or lacks one that must be given. The help line lists what it takes; `cargo tinyml explain WORD` says what each means.",
    ),
    (
        "tml::file",
        "A file that the build reads doesn't exist or can't be read. Put it where the message says, or correct its path in the spec; `cargo tinyml fetch` brings the files that the spec names by URL.",
    ),
    (
        "tml::format",
        "A data file can't be read in the format that the spec names: it is cut off, damaged, of another kind (FLAC called .wav), another rate, size or shape, or says nothing of its label. The message names each file with the reason. Convert it, widen what the spec accepts (`resample = yes`, `fit = resize`), or leave such files out, counted in a warning: `skip = true`.",
    ),
    ("tml::fmt", "A spec isn't in canonical form. Run `cargo tinyml fmt`; comments are kept and nothing is rebuilt."),
    (
        "tml::gate::bounds",
        "A function wrote outside its result: into the guard zones around it, into an argument, or (seen for generated functions with a result) it touched other RAM or a device. Keep every index within the lengths of the prototype, and work on a copy of an argument.",
    ),
    (
        "tml::gate::case",
        "A function gives another result than a case asks for, beyond the tolerance. Correct the code, or the case.",
    ),
    (
        "tml::gate::compile",
        "A function doesn't compile for the board, with warnings as errors. The compiler's words follow.",
    ),
    (
        "tml::gate::crash",
        "A function stopped the simulated board or didn't come back within its budget of instructions. The message names the place.",
    ),
    (
        "tml::gate::deterministic",
        "A function leaves a part of its result unwritten, or gives different results for the same input. Write every element, from the arguments alone.",
    ),
    (
        "tml::gate::finite",
        "A function gives not-a-number or infinity for an ordinary input. Mind divisions by zero and overflows.",
    ),
    (
        "tml::gate::symbol",
        "A function needs a name that `tml.h` doesn't declare, or one that is for applications (`tml_led`) in a function with a result, keeps state between calls, defines other global names, or isn't defined at all.",
    ),
    (
        "tml::gate::text",
        "Generated code contains what it never needs: assembly, attributes, compiler directives, an include other than `tml.h`. Plain C11 is enough; what needs more can be written as `extern`.",
    ),
    (
        "tml::generate",
        "The spec has no generated function of that name, or the function is `extern` and so written by you.",
    ),
    (
        "tml::image",
        "A linked image isn't what the board takes: something lies outside its flash. It is a bug, or a linker script of your own.",
    ),
    (
        "tml::image::heap",
        "The linked image has an allocator (`malloc` and the like), which one of your own functions brought. Memory that is allocated at run time can't be promised to be there; use variables of fixed size.",
    ),
    (
        "tml::import",
        "Something is used that isn't imported, or an import finds nothing. Boards and features of the library are imported by name: `use std.boards.{…}`, `use std.features.{…}`; a board or spec of your own by its path in quotes, relative to the file. Layers, metrics and units need no import.",
    ),
    ("tml::interrupted", "The build was stopped. Run it again: it goes on from the steps that are finished."),
    (
        "tml::kind",
        "A value is of the wrong kind: a text where a number is needed, a name where a list is needed. The message says what the field takes and what it was given.",
    ),
    (
        "tml::label",
        "Rows have no label, or the column or the part of the path that should give it doesn't exist. Name it with `label = column`, or bind it in the path: `csv(\"data/{label}/*.csv\")`.",
    ),
    (
        "tml::layer",
        "The layers fit each other in shape, but make no network that can be trained and compiled, for example a softmax before the end. The message gives the reason.",
    ),
    (
        "tml::leak",
        "Something that the board can't know gives the answer away: a column that follows from the label, an id or a count of rows, or rows of the test part that the model has learnt. The accuracy would be too good to be true. Leave the column out of `channels`; keep equal rows in one part.",
    ),
    (
        "tml::library",
        "A file of the library or of the project's `stdlib/` folder contradicts itself, for example by a default that its own schema refuses. Correct that file, or remove it from the overlay.",
    ),
    (
        "tml::lock",
        "`tinyml.lock` is malformed, of another version, or holds what a merge left behind. Correct the place that is shown, or restore the file from version control.",
    ),
    (
        "tml::locked",
        "The lock would have to change, but the build is `--locked` (the default where CI is set): a pin is missing, stale, or its code was edited. Do what the message says without `--locked`, and check in the result.",
    ),
    (
        "tml::metric",
        "A line of `require` names nothing that is measured, or takes a class where it has none, or lacks one. `cargo tinyml explain metrics` lists them.",
    ),
    (
        "tml::mismatch",
        "The C on this machine or the firmware on the simulated board gave other bytes than the int8 reference. This must never happen: please report it. A function of yours whose result depends on the core is the other possible reason.",
    ),
    (
        "tml::missing",
        "A cell has no value. `missing = drop`, `mean` or `fill(0)` says what an empty cell means; without it, a row like that is refused.",
    ),
    (
        "tml::model::file",
        "A foreign model's file can't be read: it is damaged, cut off, of another format, or it contradicts itself (an operator that takes what nothing gives, a constant of the wrong size, an index out of range). TFLite files have schema version 3 and the identifier TFL3; shapes have at most eight dimensions. Convert or download the model again; the note says what was found, and where.",
    ),
    (
        "tml::model::node",
        "Nodes of a foreign model contradict their operator's definition: an input is missing, shapes don't fit, an attribute is out of range. Each is listed with its number in the file and its shapes. `onnx.checker.check_model(model, full_check=True)` tells more; export the model again.",
    ),
    (
        "tml::model::operator",
        "A foreign model has operators that can't be taken. All of them are listed with their number in the file, shapes, and what to do; nothing is left out in silence. Replace the layers before the model is converted, or convert it differently (fixed shapes, whole int8). docs/convert.md lists what can be taken.",
    ),
    (
        "tml::model::shape",
        "A foreign model's input or output isn't what a board can serve: several inputs, a batch of more than one, open dimensions, or a mix of float and int8; or its shape isn't that of the features or the data set that it is to work on. Export it with one input and one output of fixed shape, or change the features.",
    ),
    (
        "tml::model::size",
        "A foreign model needs more than a program may have: 1 GiB of constants and intermediate values, 100,000 nodes with loops unrolled, graphs nested 32 deep. No board holds a hundredth of that. Give smaller shapes, or a smaller model.",
    ),
    (
        "tml::model::value",
        "A foreign model computes shapes from its inputs: what the C looks like would depend on them. Give the inputs that are named as values, with `--input-value NAME=FILE.npy`; they become constants. Better, export the model with fixed shapes.",
    ),
    (
        "tml::name",
        "A name isn't known at this place. Names are used only below their definition, so a block that is defined further down has to move up; names of layers, features and boards come from the library. Names also become C identifiers, so words of C can't be used.",
    ),
    (
        "tml::nan",
        "A feature step gives not-a-number or infinity for some row; the message names the first. Let the step give a number for every input.",
    ),
    ("tml::native", "C that runs on this machine crashed, hung, or wrote too much. Look at your `extern` functions."),
    (
        "tml::new",
        "`cargo tinyml new` can't make a project of this: the folder exists, the board is unknown, or the data doesn't say what is to be learnt. The help names the flag that decides: `--label COLUMN`, `--task`, or `--from` another folder.",
    ),
    (
        "tml::number",
        "A cell of a channel isn't a number. Decimal commas need `csv(…, decimal = comma)`; text needs `onehot(…)`; else correct the data.",
    ),
    (
        "tml::overlay",
        "A file in the project's `stdlib/` can't be used: it has a name that isn't part of the library, or it isn't text.",
    ),
    (
        "tml::path",
        "A path can't work on another machine, or a pattern can't be read. Paths are relative to the file they stand in, use `/`, and a pattern has `*` for any text and `{name}` for a text that becomes a column.",
    ),
    (
        "tml::pin",
        "The pinned code of a generated function doesn't fit: its contract changed, or the file was edited. `cargo tinyml generate NAME` asks again; `generate --adopt NAME` pins your edit.",
    ),
    (
        "tml::provider",
        "Nobody wrote a generated function yet. Without a configured provider, export the prompt (`generate --export NAME`), ask any chat or write it yourself, and adopt the answer (`generate --adopt NAME answer.md`).",
    ),
    ("tml::quantize", "A trained model can't be quantised; the message says why."),
    (
        "tml::quantize::loss",
        "The int8 model is more than a point worse than its float one. Calibrate with more rows, or bring the inputs to one scale with `scale()`.",
    ),
    (
        "tml::rate",
        "The times in the files don't fit a fixed sampling rate, or not the one that the spec declares. Windows and spectra need evenly spaced samples: resample the recordings, sort them by time, or correct `rate`.",
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
        "tml::review",
        "Generated code awaits review, and the project's settings require it. Read the file, then `cargo tinyml generate --accept NAME`.",
    ),
    (
        "tml::search",
        "A model has choices but no `search`, or a `search` but no choice; or none of its candidates can be built, meets what its boards require, or can be trained. Candidates that break a limit on flash, ram or latency are left out before training; the message names the closest one. Add smaller choices, loosen the limit, or write one value for each choice.",
    ),
    (
        "tml::shape",
        "A step or layer is given a tensor of a shape that it doesn't take, or the last layer's width isn't the number of classes. The first place is what doesn't fit, the second what feeds it. Change the declared type, the step before, or the layer's width.",
    ),
    (
        "tml::sim::board",
        "There is no board of that name to simulate. `--board` takes a name of the library (`cargo tinyml explain boards` lists them), of the project's `stdlib/boards/`, or the path of a board's `.toml` file.",
    ),
    (
        "tml::sim::budget",
        "The simulated program ran for as many instructions as it was allowed and didn't end; the exit code is 124. Firmware often never ends: stop it with `--until FUNCTION`, end it by semihosting (SYS_EXIT), or raise `--max-instructions`.",
    ),
    (
        "tml::sim::image",
        "The file can't run on the board: it is no ELF image, it is for another machine, or a part of it lies where the board has no memory. Link it with the memories of the board, or name the board that it is for.",
    ),
    (
        "tml::sim::input",
        "An input can't be read, or has another size than the variable it is for. Raw files are copied byte by byte; of a `.npy` file the elements are. For firmware of `cargo tinyml build`, a file with a whole number of samples gives one inference for each.",
    ),
    (
        "tml::sim::output",
        "A variable can't be shown as it is asked for. Write `symbol:BYTES:TYPE`; the number of bytes can be left out where the image knows the variable's size, and the type is i8, u8, i16, u16, i32, u32 or f32.",
    ),
    (
        "tml::sim::symbol",
        "The image has no symbol of that name. Compilers drop what isn't used, inline `static` functions, and change the names of C++ and Rust; `nm` lists what is there. A stripped image has none.",
    ),
    (
        "tml::source",
        "The pattern of a data set's files can't be read. It is relative to the spec, with `/` between parts, `*` for anything within a part, `**` for any folders, and `{name}` to bind a part to a column.",
    ),
    ("tml::spec", "The spec's file can't be found or read, or a folder has none or several. Name one `.tml` file."),
    (
        "tml::split",
        "The parts of a split don't sum to 100%, or one is empty. Training needs `train` and `valid`, accuracy is measured on `test`: write all three. An empty part may also come from too few rows or groups: bring more, or change the parts.",
    ),
    ("tml::step", "The build has no step of that name. `cargo tinyml graph` lists them."),
    (
        "tml::syntax",
        "The text doesn't have the shape of a spec at this place. The help line shows what to type; `grammar/README.md` is the whole language.",
    ),
    (
        "tml::template",
        "A template of the library can't be rendered, mostly because a file in the project's `stdlib/` names something that isn't there.",
    ),
    (
        "tml::toolchain",
        "The compiler is missing, damaged, or can't be fetched. By default it comes once, by your own pip, into the user's cache; the message has the command for doing it by hand. `--toolchain gcc` uses an installed arm-none-eabi-gcc, or riscv64-unknown-elf-gcc for RISC-V boards.",
    ),
    (
        "tml::train",
        "A model can't be trained: the shapes don't fit, or the loss isn't finite. Lower the learning rate, or bring the inputs to one scale with `scale()`.",
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
    ("tml::version", "A spec begins with the version of its language. Write `tml 1` as the first line."),
    (
        "tml::window",
        "Recordings of any length (sound, streams) are cut by `window(1 s, stride = 500 ms)`, the first line of a chain; recordings of one shape aren't cut. A time needs the data set's `rate`. Recordings shorter than a window are padded with zeros (`short = pad`), left out (`drop`) or refused (`refuse`).",
    ),
];

/// The paragraph of `code`.
pub fn explain(code: &str) -> Option<&'static str> {
    CODES.iter().find(|(known, _)| *known == code).map(|(_, text)| *text)
}
