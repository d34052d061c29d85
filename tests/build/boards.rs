//! Boards of one's own: too small, wrong, and right.

use crate::input::SPEC;
use crate::project::Project;

/// Boards of one's own: the reference board, with other sizes.
fn board(flash: &str, ram: &str) -> String {
    let text = include_str!("../../stdlib/boards/nucleo_f446re.toml");
    text.replace("\"512 KiB\"", &format!("\"{flash}\"")).replace("\"128 KiB\"", &format!("\"{ram}\""))
}

#[test]
fn a_board_that_is_too_small_is_told() {
    let Some(_) = Project::built() else { return };
    let cases =
        [("4 KiB", "128 KiB", "flash"), ("512 KiB", "256 B", "ram"), ("512 KiB", "64 B", "ram"), ("1 KiB", "64 B", "")];
    for (flash, ram, what) in cases {
        let project = Project::new();
        project.write("tiny.toml", board(flash, ram));
        project.replace(SPEC, "use std.boards.{nucleo_f446re}", "use \"tiny.toml\"");
        project.replace(SPEC, "[nucleo_f446re]", "[tiny]");
        let built = project.build();
        assert_eq!(built.code, Some(1), "{flash} {ram}: {}", built.rendered());
        let codes = built.codes();
        assert!(
            codes.iter().all(|code| ["tml::board::size", "tml::board"].contains(&code.as_str())),
            "{flash} {ram}: {}",
            built.rendered()
        );
        let text = built.rendered();
        assert!(text.contains(what) && text.contains("tiny"), "{flash} {ram}: {text}");
    }
}

/// The same model on a RISC-V board: compiled, linked, run on the simulator, equal to the reference, judged.
#[test]
fn a_riscv_board_builds_and_verifies() {
    let Some(_) = Project::built() else { return };
    let project = Project::new();
    project.replace(SPEC, "use std.boards.{nucleo_f446re}", "use std.boards.{esp32c3_devkitm}");
    project.replace(SPEC, "[nucleo_f446re]", "[esp32c3_devkitm]");
    let built = project.build().exits(0);
    let artifacts = built.artifacts();
    for form in ["bin", "elf", "hex"] {
        assert!(artifacts.contains_key(&format!("esp32c3_devkitm/{form}")), "{artifacts:?}");
    }
}

#[test]
fn boards_of_ones_own_and_overlays_build() {
    let Some(project) = Project::built() else { return };
    let expected = project.build().exits(0).artifacts();
    project.write("stdlib/boards/mine.toml", board("512 KiB", "128 KiB"));
    project.replace(SPEC, "{nucleo_f446re}", "{mine}");
    project.replace(SPEC, "[nucleo_f446re]", "[mine]");
    let built = project.build().exits(0);
    assert_eq!(built.artifacts()["mine/bin"], expected["nucleo_f446re/bin"]);
    project.replace("stdlib/boards/mine.toml", "core = \"cortex_m4f\"", "core = \"cortex_m4x\"");
    let refused = project.build().exits(1);
    assert!(refused.rendered().contains("cortex_m4x"), "{}", refused.rendered());
    project.write("stdlib/boards/mine.toml", "flash = ");
    let refused = project.build().exits(1);
    assert!(refused.rendered().contains("mine.toml"), "{}", refused.rendered());
}
