//! The library: wrong and damaged board files, the project's overlay, the functions of `tml.h` and `mem.c`.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests run compilers, read files and say what they skip"
)]

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use tempfile::TempDir;
use tinyml::base::Source;
use tinyml::base::rng::Rng;
use tinyml::library::{Library, Origin};

fn library() -> Library {
    Library::new(BTreeMap::new()).expect("the standard library is whole")
}

#[test]
fn a_wrong_board_file_is_a_diagnostic_at_its_key() {
    let good = library().text("boards/nucleo_l4r5zi.toml").expect("shipped").expect("text").text().to_string();
    let read = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        let source = Source::new("stdlib/boards/x.toml", good.replacen(from, to, 1));
        let diag = library().board_from(&source, "x").expect_err(to);
        assert_eq!(diag.code, "tml::board");
        let place = diag.labels.first().map_or(String::new(), |(span, _)| span.text().to_string());
        (diag.title, place, diag.help.unwrap_or_default())
    };
    let (title, place, help) = read("clock = \"120 MHz\"", "clok = \"120 MHz\"");
    assert_eq!((&*title, &*place, &*help), ("a board has no key `clok` here", "clok", "did you mean `clock`?"));
    let (title, place, _) = read("\"120 MHz\"", "\"120 KiB\"");
    assert_eq!((&*title, &*place), ("`120 KiB` is a size, but a frequency belongs here", "\"120 KiB\""));
    let (title, ..) = read("size = \"2 MiB\"", "size = \"2 MB\"\nsector = 4");
    assert_eq!(title, "a board has no key `sector` here");
    let (title, ..) = read("size = \"640 KiB\"", "size = \"4 GiB\"");
    assert!(title.contains("`GiB` is not a unit"), "{title}");
    let (title, place, _) = read("0x20000000", "0x08100000");
    assert_eq!((&*title, &*place), ("`flash` and `ram` overlap", "[ram]"));
    let (title, ..) = read("\"hex\"", "\"uf2\"");
    assert!(title.contains("needs the table `uf2`"), "{title}");
    let (title, ..) = read("\"hex\"", "\"heks\"");
    assert!(title.contains("`heks` is not one of"), "{title}");
    let (title, ..) = read("origin = 0x08000000", "origin = 0x08000100");
    assert!(title.contains("not aligned"), "{title}");
    let (title, ..) = read("\"PC7\"", "\"C7\"");
    assert!(title.contains("`C7` is not a pin"), "{title}");
    let (title, ..) = read("value = 0x00000705", "value = 0x00001705");
    assert!(title.contains("outside the mask"), "{title}");
    let (title, ..) = read("title = ", "titel = ");
    assert!(title.contains("`titel`"), "{title}");
    let (title, ..) = read("core = \"cortex_m4f\"\n", "");
    assert_eq!(title, "this board lacks the key `core`");
    let (title, ..) = read("[flash]", "[flash");
    assert!(!title.is_empty());
}

#[test]
fn a_damaged_board_file_never_panics() {
    let good = library().text("boards/rp2040_pico.toml").expect("shipped").expect("text").text().to_string();
    let letters: Vec<char> = "0123456789abcdefx\"=[]{}.,-_ \n\u{e9}".chars().collect();
    let mut random = Rng::new(11, "damaged boards");
    for _ in 0..3000 {
        let mut text: Vec<char> = good.chars().collect();
        for _ in 0..=random.below(3) {
            let at = random.below(text.len());
            match random.below(3) {
                0 => text[at] = letters[random.below(letters.len())],
                1 => text.insert(at, letters[random.below(letters.len())]),
                _ => drop(text.remove(at)),
            }
        }
        let source = Source::new("stdlib/boards/x.toml", text.into_iter().collect::<String>());
        if let Err(diag) = library().board_from(&source, "x") {
            assert!(
                !diag.title.is_empty() && diag.labels.iter().all(|(span, _)| span.text().len() <= source.text().len())
            );
        }
    }
    let long = "9".repeat(34);
    let source = Source::new("x.toml", good.replace("2 MiB", &format!("{long} B")));
    assert!(library().board_from(&source, "x").is_err());
}

/// The functions that do not need a board, against the host's own.
#[test]
fn the_square_root_is_correctly_rounded_and_memory_functions_do_what_c_says() {
    let folder = TempDir::new().expect("a folder");
    for file in ["hal/tml.h", "hal/mem.c"] {
        let text = library().text(file).expect("shipped").expect("text");
        fs::write(folder.path().join(&file[4..]), text.text()).expect("written");
    }
    let program = r#"
        #include "tml.h"
        #include <math.h>
        #define memcpy our_memcpy
        #define memmove our_memmove
        #define memset our_memset
        #define memcmp our_memcmp
        #include "mem.c"
        static int root(uint32_t bits) {
            float x, a, b; uint32_t p, q;
            __builtin_memcpy(&x, &bits, 4);
            a = tml_sqrt(x); b = sqrtf(x);
            __builtin_memcpy(&p, &a, 4); __builtin_memcpy(&q, &b, 4);
            return (isnan(a) && isnan(b)) || p == q;
        }
        int main(void) {
            for (uint32_t bits = 0; bits < 0xffff0000u; bits += 2741) if (!root(bits)) return 1;
            for (uint32_t bits = 0; bits < 70000; bits++) if (!root(bits) || !root(0x3f7f8000u + bits) || !root(0x7f7f0000u + bits)) return 2;
            unsigned char x[64], y[64], z[64];
            for (unsigned to = 0; to < 24; to++) for (unsigned from = 0; from < 24; from++) for (unsigned n = 0; n < 40; n++) {
                for (unsigned i = 0; i < 64; i++) { x[i] = i; y[i] = z[i] = 200 - i; }
                if (memcpy(y + to, x + from, n) != y + to) return 3;
                for (unsigned i = 0; i < 64; i++) if (y[i] != (i >= to && i < to + n ? x[from + i - to] : 200 - i)) return 4;
                memmove(z + to, z + from, n);
                for (unsigned i = 0; i < 64; i++) if (z[i] != (i >= to && i < to + n ? 200 - (from + i - to) : 200 - i)) return 5;
                memset(x + to, (int)from + 300, n);
                for (unsigned i = 0; i < 64; i++) if (x[i] != (i >= to && i < to + n ? (unsigned char)(from + 300) : i)) return 6;
            }
            if (memcmp("ab\200", "ab\001", 3) <= 0 || memcmp("ab", "ab", 2) != 0 || memcmp("a", "b", 1) >= 0) return 7;
            if (tml_abs(-2.0f) != 2.0f || tml_min(1.0f, 2.0f) != 1.0f || tml_max(1.0f, 2.0f) != 2.0f) return 8;
            return 0;
        }"#;
    fs::write(folder.path().join("check.c"), program).expect("written");
    let compiled =
        Command::new("cc").args(["-O2", "-w", "check.c", "-o", "check", "-lm"]).current_dir(folder.path()).status();
    let Ok(status) = compiled else {
        eprintln!("skipped: `cc` is not there");
        return;
    };
    assert!(status.success());
    let code = Command::new(folder.path().join("check")).status().expect("runs").code();
    assert_eq!(code, Some(0), "the number of the check that failed");
}

#[test]
fn the_project_overlays_the_library_file_by_file() {
    let mine = b"title = 3".to_vec();
    let overlay = BTreeMap::from([
        ("boards/nucleo_l4r5zi.toml".to_string(), mine.clone()),
        ("boards/mine.toml".to_string(), mine),
        ("README.md".to_string(), b"notes".to_vec()),
    ]);
    let library = Library::new(overlay).expect("fine");
    let entry = library.get("boards/nucleo_l4r5zi.toml").expect("there");
    assert_eq!((entry.origin, entry.bytes), (Origin::Overlay, &b"title = 3"[..]));
    assert_eq!(library.get("boards/nucleo_f446re.toml").expect("there").origin, Origin::Std);
    assert!(library.list("boards").contains(&"mine".to_string()));
    assert!(library.board("nucleo_l4r5zi").expect("there").is_err());
    assert!(library.board("nobody").is_none() && library.get("boards").is_none());
    assert_eq!(library.overlays().count(), 3);

    let lost = BTreeMap::from([("board/x.toml".to_string(), Vec::new())]);
    let diags = Library::new(lost).expect_err("nothing reads it");
    assert_eq!(diags.0[0].code, "tml::overlay");
    assert_eq!(diags.0[0].help.as_deref(), Some("did you mean `stdlib/boards`?"));
    let broken = BTreeMap::from([("hal/hal.c.j2".to_string(), b"{% if %}".to_vec())]);
    assert_eq!(Library::new(broken).expect_err("no template").0[0].code, "tml::template");
}
