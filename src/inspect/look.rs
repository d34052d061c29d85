//! From the files of a folder to what they are: the kind that most of it is decides, the rest is named.

use std::collections::BTreeMap;

use crate::base::Diag;
use crate::base::amount::grouped;
use crate::data::Pattern;

use super::found::{File, Folder, Form, Found, Task, Wanted};
use super::kind::{HEAD, Kind, kind};
use super::layout::{Layout, layout};
use super::{division, image, json, sound, table, words};

/// Files of one extension, beyond which the rest is taken for the same.
const ALIKE: usize = 400;
/// Files that are looked into.
const OPENED: usize = 5000;
/// Bytes of a file of JSON.
const LARGEST: usize = 64 << 20;

/// Looks at a folder. Errors: `tml::new` where there is nothing to learn from, or no label.
pub fn look(folder: &Folder, wanted: &Wanted) -> Result<Found, Diag> {
    let kinds = kinds(folder);
    let files = |kind: Kind| kinds.get(&kind).cloned().unwrap_or_default();
    let most = [Kind::Sound, Kind::Image, Kind::Json].into_iter().max_by_key(|kind| files(*kind).len());
    let tables = files(Kind::Table);
    let mut found = match most.filter(|kind| !files(*kind).is_empty() && files(*kind).len() > tables.len()) {
        Some(Kind::Sound) => sounds(folder, &files(Kind::Sound), wanted)?,
        Some(Kind::Image) => images(folder, &files(Kind::Image), wanted)?,
        Some(_) => samples(folder, &files(Kind::Json), wanted)?,
        None if !files(Kind::Svmlight).is_empty() => svmlight(folder, &files(Kind::Svmlight), wanted),
        None if !tables.is_empty() => table::look(folder, &tables, wanted)?,
        None => return Err(nothing(&kinds, folder.files.len())),
    };
    for (kind, files) in &kinds {
        if let Kind::OtherSound(name) = kind {
            found.open.push(format!(
                "{} {name} files can't be read and are left out (the first is `{}`): convert them, `ffmpeg -i x x.wav`",
                files.len(),
                files[0].path
            ));
        }
    }
    caught(&mut found, &kinds, wanted);
    if wanted.task == Some(Task::Anomaly) {
        normal(&mut found)?;
    }
    Ok(found)
}

/// Which classes are as usual: by their names, else the one with the most rows.
fn normal(found: &mut Found) -> Result<(), Diag> {
    let usual = |name: &String| words::is_normal(name);
    let mut normal: Vec<String> = found.classes.iter().map(|(name, _)| name.clone()).filter(usual).collect();
    if normal.is_empty() {
        let most = found.classes.iter().max_by_key(|(_, rows)| *rows).map(|(name, _)| name.clone());
        normal.extend(most);
        found.open.push(format!(
            "no class is called normal: {} has the most rows and is taken for it",
            words::named(&normal)
        ));
    }
    if normal.is_empty() || normal.len() == found.classes.len() {
        return Err(Diag::error("tml::new", "an anomaly can't be told without classes of both kinds")
            .help("name the column that says what is normal: `--label COLUMN`"));
    }
    found.normal = normal;
    Ok(())
}

fn kinds(folder: &Folder) -> BTreeMap<Kind, Vec<File>> {
    let mut kinds: BTreeMap<Kind, Vec<File>> = BTreeMap::new();
    let mut known: BTreeMap<String, (Kind, usize)> = BTreeMap::new();
    for file in &folder.files {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
        let seen = known.entry(extension).or_insert((Kind::Beside, 0));
        let kind = if seen.1 >= ALIKE {
            seen.0
        } else {
            let kind = kind(&file.path, &(folder.read)(&file.path, HEAD).unwrap_or_default());
            *seen = (kind, if seen.0 == kind || seen.1 == 0 { seen.1 + 1 } else { 1 });
            kind
        };
        kinds.entry(kind).or_default().push(file.clone());
    }
    kinds
}

fn nothing(kinds: &BTreeMap<Kind, Vec<File>>, files: usize) -> Diag {
    let arrays = [Kind::Npy, Kind::Npz, Kind::Idx, Kind::Raw, Kind::JsonLines];
    let first =
        kinds.iter().find(|(kind, _)| arrays.contains(kind)).and_then(|(kind, files)| Some((kind, files.first()?)));
    let diag = Diag::error("tml::new", format!("among {files} files there is none that a spec can be made from"));
    let Some((kind, file)) = first else {
        return diag.help("name a folder with CSV, WAV, image or JSON files: `--from FOLDER`");
    };
    let form = match kind {
        Kind::Npy => "npy(\"data/x.npy\", shape = […], labels = npy(\"data/y.npy\"))",
        Kind::Npz => "npz(\"data/x.npz\", shape = […], x = x, y = y)",
        Kind::Idx => "idx(\"data/images-idx3-ubyte\", \"data/labels-idx1-ubyte\", shape = [28, 28, 1])",
        Kind::JsonLines => "jsonl(\"data/*.jsonl\")",
        _ => "raw(\"data/x.bin\", element = i8, shape = […], labels = csv(\"data/y.csv\"))",
    };
    diag.note(format!("`{}` doesn't say what its numbers mean", file.path))
        .help(format!("write the spec by hand: `source = {form}`"))
}

/// Up to a bound, evenly chosen.
fn some(files: &[File]) -> impl Iterator<Item = &File> {
    files.iter().step_by(files.len().div_ceil(OPENED).max(1))
}

fn most_common<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Option<(T, usize)> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_insert(0) += 1);
    counts.into_iter().max_by_key(|(_, count)| *count)
}

/// What the paths say, ready for the fields.
fn paths(files: &[File], wanted: &Wanted, who: &'static str) -> Result<Layout, Diag> {
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let layout = layout(&paths, true, who);
    if layout.label.is_none() && wanted.task.is_none_or(|task| task == Task::Classify) {
        let shown: Vec<String> = paths.iter().take(3).map(|path| (*path).to_string()).collect();
        return Err(Diag::error("tml::new", "neither folders nor names of the files say the class")
            .note(format!("the files are {} …", words::named(&shown)))
            .help("put each class into a folder of its own, or write its name first: `wave.01.csv`"));
    }
    Ok(layout)
}

fn begin(source: String, layout: &Layout, form: Form, count: usize) -> Found {
    let classes = layout.label.as_ref().map_or_else(Vec::new, |label| {
        words::sorted(label.values.iter().map(|(name, files)| (name.clone(), *files)).collect())
    });
    let mut found = Found {
        source,
        channels: None,
        label: None,
        classes,
        target: None,
        normal: Vec::new(),
        rate: None,
        missing: None,
        absent: None,
        skip: false,
        split: None,
        form,
        count,
        why: Vec::new(),
        says: Vec::new(),
        open: Vec::new(),
    };
    found.because("source", "the class is a part of the path");
    if !layout.left.is_empty() {
        found.open.push(format!("{} don't fit the pattern and are left out", words::named(&layout.left)));
    }
    if let Some(part) = &layout.part {
        division::given(&mut found, "part", &part.values.keys().cloned().collect::<Vec<_>>());
    } else {
        let group = layout.group.as_ref().map(|group| (group.name.to_string(), group.values.len()));
        division::by_group(&mut found, group);
    }
    found
}

fn sounds(folder: &Folder, files: &[File], wanted: &Wanted) -> Result<Found, Diag> {
    let layout = paths(files, wanted, "speaker")?;
    let heads = some(files).filter_map(|file| sound::read(&(folder.read)(&file.path, HEAD)?, file.size));
    let heads: Vec<sound::Sound> = heads.filter(|sound| sound.samples > 0 && sound.rate > 0).collect();
    let Some((rate, same)) = most_common(heads.iter().map(|sound| sound.rate)) else {
        return Err(Diag::error("tml::new", "none of the WAV files has a header that can be read")
            .help("convert them: `ffmpeg -i x.wav -acodec pcm_s16le y.wav`"));
    };
    let mut lengths: Vec<usize> = heads.iter().map(|sound| sound.samples as usize).collect();
    lengths.sort_unstable();
    let (typical, long) = (lengths[lengths.len() / 2], lengths[lengths.len() * 49 / 50]);
    // Speech has little above 8 kHz, and each second of samples has a price on the board.
    let target = if rate > 16_000 { 16_000 } else { rate };
    let several = same < heads.len() || target != rate;
    let stereo = heads.iter().any(|sound| sound.channels > 1);
    let mut source =
        format!("wav({}, rate = {}", words::quoted(&format!("{}{}", wanted.prefix, layout.pattern)), hertz(target));
    source.push_str(if several { ", resample = yes" } else { "" });
    source.push_str(if stereo { ", downmix = yes" } else { "" });
    source.push(')');
    let scale = f64::from(target) / f64::from(rate);
    let form = Form::Stream {
        channels: 1,
        typical: (typical as f64 * scale) as usize,
        long: (long as f64 * scale) as usize,
        rate: Some(f64::from(target)),
        sound: true,
    };
    let mut found = begin(source, &layout, form, files.len());
    found.rate = Some(hertz(target));
    if several {
        found.because(
            "source",
            format!("{same} of {} files have {}; all are brought to {}", heads.len(), hertz(rate), hertz(target)),
        );
    }
    let seconds = |length: usize| length as f64 / f64::from(rate);
    found.says.push(format!(
        "{} WAV files, {}, mostly {:.1} to {:.1} s",
        grouped(files.len() as u64),
        hertz(rate),
        seconds(typical),
        seconds(long)
    ));
    Ok(found)
}

fn hertz(rate: u32) -> String {
    if rate.is_multiple_of(1000) { format!("{} kHz", rate / 1000) } else { format!("{rate} Hz") }
}

/// Larger images don't fit into the memory of a microcontroller.
const EDGE: u32 = 96;

fn images(folder: &Folder, files: &[File], wanted: &Wanted) -> Result<Found, Diag> {
    let layout = paths(files, wanted, "subject")?;
    let heads: Vec<image::Image> =
        some(files).filter_map(|file| image::read(&(folder.read)(&file.path, 1 << 16)?)).collect();
    let Some(((height, width), same)) = most_common(heads.iter().map(|image| (image.height, image.width))) else {
        return Err(
            Diag::error("tml::new", "none of the images has a header that can be read").help("save them as PNG")
        );
    };
    let larger = height.max(width);
    let to = |edge: u32| if larger > EDGE { (edge * EDGE / larger).max(1) } else { edge };
    let (rows, columns) = (to(height), to(width));
    let grey = heads.iter().all(|image| image.grey);
    let resized = same < heads.len() || larger > EDGE;
    let source = format!(
        "images({}, size = [{rows}, {columns}], colour = {}{})",
        words::quoted(&format!("{}{}", wanted.prefix, layout.pattern)),
        if grey { "grey" } else { "rgb" },
        if resized { ", fit = resize" } else { "" }
    );
    let form = Form::Image(rows as usize, columns as usize, if grey { 1 } else { 3 });
    let mut found = begin(source, &layout, form, files.len());
    if resized {
        found.because("source", format!("{same} of {} images have {height} × {width} pixels", heads.len()));
    }
    let count = grouped(files.len() as u64);
    found
        .says
        .push(format!("{count} images of {height} × {width} pixels, {}", if grey { "grey" } else { "in colour" }));
    Ok(found)
}

fn samples(folder: &Folder, files: &[File], wanted: &Wanted) -> Result<Found, Diag> {
    let read = |file: &File| json::read(&(folder.read)(&file.path, LARGEST)?);
    let all: Vec<(File, json::Samples)> = some(files).filter_map(|file| Some((file.clone(), read(file)?))).collect();
    let Some((_, first)) = all.first() else {
        return Err(Diag::error("tml::new", "the JSON files have no form that is known")
            .note("known is what Edge Impulse's data acquisition writes: `payload` with `interval_ms`, `sensors` and `values`")
            .help("write a row a sample as CSV, or an object a line and `source = jsonl(…)`"));
    };
    let kept: Vec<File> = all.iter().map(|(file, _)| file.clone()).collect();
    let layout = paths(&kept, wanted, "subject")?;
    let rate = 1000.0 / first.interval;
    let mut lengths: Vec<usize> = all.iter().map(|(_, samples)| samples.count).collect();
    lengths.sort_unstable();
    let (typical, long) = (lengths[lengths.len() / 2], lengths[lengths.len() * 9 / 10]);
    let differ = all.iter().any(|(_, samples)| (samples.interval / first.interval - 1.0).abs() > 0.01);
    let source = format!(
        "json({}{})",
        words::quoted(&format!("{}{}", wanted.prefix, layout.pattern)),
        if differ { ", resample = yes" } else { "" }
    );
    let form = Form::Stream {
        channels: first.sensors.len(),
        typical,
        long,
        rate: Some(rate),
        sound: first.sensors.len() == 1 && rate > 3000.0,
    };
    let mut found = begin(source, &layout, form, all.len());
    let names: Vec<String> = first.sensors.iter().map(|name| words::term(name)).collect();
    found.channels = Some(format!("[{}]", names.join(", ")));
    found.rate = Some(table::rate(rate));
    found.says.push(format!(
        "{} recordings in JSON, {} sensors at {rate:.1} Hz, {:.1} s each",
        all.len(),
        names.len(),
        typical as f64 / rate
    ));
    if all.len() < files.len() && files.len() <= OPENED {
        found.open.push(format!("{} JSON files have another form and are left out", files.len() - all.len()));
    }
    Ok(found)
}

fn svmlight(folder: &Folder, files: &[File], wanted: &Wanted) -> Found {
    let (mut classes, mut least, mut most, mut rows) = (BTreeMap::new(), usize::MAX, 0, 0);
    for file in files {
        let bytes = (folder.read)(&file.path, LARGEST).unwrap_or_default();
        for line in String::from_utf8_lossy(&bytes).lines() {
            let mut cells = line.split('#').next().unwrap_or("").split_whitespace();
            let Some(label) = cells.next() else { continue };
            rows += 1;
            *classes.entry(label.split(';').next().unwrap_or(label).to_string()).or_insert(0) += 1;
            for at in cells.filter_map(|cell| cell.split_once(':')?.0.parse::<usize>().ok()) {
                (least, most) = (least.min(at), most.max(at));
            }
        }
    }
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let layout = layout(&paths, false, "session");
    let source = format!("svmlight({})", words::quoted(&format!("{}{}", wanted.prefix, layout.pattern)));
    let least = least.min(most);
    let mut found = begin(source, &layout, Form::Row(most - least + 1), rows);
    found.why.clear();
    found.channels = Some(format!("columns({least}..{most})"));
    found.label = Some("label".into());
    found.classes = words::sorted(classes.into_iter().collect());
    found.says.push(format!("{} rows of `label index:value`, indices {least} to {most}", grouped(rows as u64)));
    found
}

/// Files that the pattern catches, though they are of another kind.
fn caught(found: &mut Found, kinds: &BTreeMap<Kind, Vec<File>>, wanted: &Wanted) {
    let text = found.source.split('"').nth(1).unwrap_or("").to_string();
    let Ok(pattern) = Pattern::parse(&text) else { return };
    let other = |kind: &Kind| matches!(kind, Kind::Beside | Kind::OtherSound(_));
    let files = kinds.iter().filter(|(kind, _)| other(kind)).flat_map(|(_, files)| files);
    let names: Vec<String> = files
        .filter(|file| pattern.bind(&format!("{}{}", wanted.prefix, file.path)).is_some())
        .map(|file| file.path.clone())
        .collect();
    if !names.is_empty() {
        found.skip = true;
        found.because("skip", format!("the pattern catches {}, which can't be read", words::named(&names)));
    }
}
