//! A build whose features are computed hop by hop: the firmware takes a hop at a time, on boards with an FPU and without, and
//! answers what the int8 reference answers to whole windows.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use serde_json::Value;
use tinyml::base::rng::Rng;

const SPEC: &str = "tml 1

use std.boards.{nucleo_l4r5zi, nucleo_g0b1re}
use std.features.{mfcc, reshape, scale}

dataset tones {
  source   = csv(\"data/{label}.csv\")
  channels = columns(\"c\", 4000)
  classes  = [low, high]
  rate     = 8 kHz
}

features cepstra from tones {
  mfcc(frame = 30 ms, hop = 20 ms, coefficients = 8, filters = 20, arithmetic = fixed)
  scale(per = element)
  reshape([24, 8, 1])
}

model net from cepstra {
  conv2d(4, kernel = [5, 3], stride = [2, 2], activation = relu)
  dense(tones.classes)
  softmax()

  train { epochs = 5 }
}

deploy ear from net {
  boards = [nucleo_l4r5zi, nucleo_g0b1re]

  require {
    latency <= 50 ms
    ram     <= 12 KiB
  }
}
";

#[test]
fn firmware_takes_a_hop_at_a_time_and_needs_no_window() {
    if !Command::new("python3").args(["-m", "ziglang", "version"]).output().is_ok_and(|output| output.status.success())
    {
        eprintln!("skipped: no zig");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("data")).unwrap();
    fs::write(folder.path().join("ear.tml"), SPEC).unwrap();
    let mut rng = Rng::new(1, "tones");
    for (name, period) in [("low", 40), ("high", 9)] {
        let mut text = (0..4000).map(|column| format!("c{column}")).collect::<Vec<_>>().join(",");
        for _ in 0..20 {
            text.push('\n');
            for at in 0..4000 {
                let wave = if at % period < period / 2 { 0.3 } else { -0.3 };
                let comma = if at == 0 { "" } else { "," };
                write!(text, "{comma}{:.3}", wave + rng.range(-0.1, 0.1)).unwrap();
            }
        }
        fs::write(folder.path().join(format!("data/{name}.csv")), text + "\n").unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-tinyml"));
    let output = command.args(["build", "ear.tml"]).current_dir(folder.path()).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    // A window of 16,000 bytes would not fit into 12 KiB: these are met because no window is kept.
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("equal to the int8 reference, byte for byte"), "{said}");
    let mut seen = 0;
    for entry in walkdir::WalkDir::new(folder.path()).into_iter().flatten() {
        if entry.file_name() != "report.json" {
            continue;
        }
        let report: Value = serde_json::from_slice(&fs::read(entry.path()).unwrap()).unwrap();
        let text = report.to_string();
        assert!(text.contains("tml_push") && text.contains("cepstra_result"), "{text}");
        seen += 1;
    }
    assert!(seen > 0, "no report");
}
