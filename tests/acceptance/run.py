#!/usr/bin/env python3
"""Builds every spec of this folder over the data sets beside the checkout and prints a table.

    tests/acceptance/run.py [NAME ...]          the specs here: exit 0 where each meets its requirements
    tests/acceptance/run.py --new [NAME ...]    `cargo tinyml new` on each folder, its spec built as it is

A spec names its folder in its first line, `// data: FOLDER`, and its floor in `require`. The data is linked as `data`
into a scratch folder, so nothing is written beside it. Without ../shared/data all of it is skipped.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
DATA = pathlib.Path(os.environ.get("TINYML_SHARED", PROJECT.parent / "shared")) / "data"
BINARY = pathlib.Path(os.environ.get("TINYML", "")) if "TINYML" in os.environ else pathlib.Path(os.environ.get("CARGO_TARGET_DIR", PROJECT / "target")) / "release" / "cargo-tinyml"
MOST_LINES = 40
LIMITS = {"flash": 256 * 1024, "ram": 64 * 1024}

# What `new` is asked for, and the least that the untouched spec is to reach: (arguments, metric, floor).
NEW = {
    "fruit_color": ([], "accuracy", 0.93),
    "gesture_punch_flex/ChiaHong95": ([], "accuracy", 0.90),
    "magic_wand_spells/data": ([], "accuracy", 0.80),
    "gesture_xiao_continuous": ([], "accuracy", 0.88),
    "har_batteryless/S1_Dataset": ([], "accuracy", 0.90),
    "speech_commands_3w": ([], "accuracy", 0.85),
    "fsdd": ([], "accuracy", 0.86),
    "fashion_mnist_png": ([], "accuracy", 0.79),
    "occupancy": ([], "accuracy", 0.93),
    "ai4i2020": (["--label", "Machine failure"], "f1", 0.55),
    "gas_drift": ([], "accuracy", 0.95),
    "sklearn_toy/digits_8x8.csv": ([], "accuracy", 0.95),
}


def report(folder):
    found = sorted(folder.rglob("report.json"), key=lambda path: path.stat().st_mtime)
    return json.loads(found[-1].read_text()) if found else None


def tinyml(arguments, folder):
    """Exit code, seconds and output of one run; the compiler's cache is the user's own."""
    start = time.monotonic()
    done = subprocess.run([BINARY, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, time.monotonic() - start, done.stdout + done.stderr


def row(name, lines, code, seconds, made, output, log):
    """One line of the table; the whole output goes to a file."""
    log.write_text(output)
    board = made["boards"][0] if made and made.get("boards") else None
    if board is None:
        first = next((line.strip() for line in output.splitlines() if "×" in line), "no report")
        print(f"| {name} | {lines} | - | - | - | - | - | {seconds:.0f} | exit {code}: {first} |", flush=True)
        return
    test = board["test"]
    shown = {key: f"{value:.3f}" for key, value in test.items() if isinstance(value, float)}
    judged = "; ".join(
        f"{one['metric']} {one['value']:.4g} ({'met' if one['met'] else 'NOT met'}: {one['limit']:.4g})"
        for one in board["requirements"] if one["metric"] not in ("flash", "ram") and one.get("value") is not None
    )
    latency = next((one["value"] for one in board["requirements"] if one["metric"] == "latency"), None)
    if latency is None:
        latency = board.get("latency", {}).get("seconds")
    latency = "-" if latency is None else f"{1000 * latency:.1f}"
    flash, ram = (board[key]["total"] / 1024 for key in ("flash", "ram"))
    metric = shown.get("accuracy", next(iter(shown.values()), "-"))
    numeric = shown.get("float_accuracy", "-")
    print(f"| {name} | {lines} | {metric} | {numeric} | {flash:.1f} | {ram:.1f} | {latency} | {seconds:.0f} | exit {code}: {judged} |", flush=True)


def link(folder, source):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "data").symlink_to(source)


def specs(names, scratch):
    failed = []
    for spec in sorted(HERE.glob("*.tml")):
        if names and spec.stem not in names:
            continue
        text = spec.read_text()
        lines = [line for line in text.splitlines() if line.strip() and not line.strip().startswith("//")]
        source = DATA / text.splitlines()[0].removeprefix("// data:").strip()
        folder = scratch / spec.stem
        link(folder, source)
        shutil.copy(spec, folder)
        code, seconds, output = tinyml(["build", spec.name, "--target-dir", "target"], folder)
        row(spec.stem, len(lines), code, seconds, report(folder), output, scratch / f"{spec.stem}.log")
        if code != 0 or len(lines) > MOST_LINES:
            failed.append(spec.stem)
    return failed


def new(names, scratch):
    failed = []
    for source, (arguments, metric, floor) in NEW.items():
        name = source.split("/")[0]
        if names and name not in names:
            continue
        folder = scratch / f"new_{name}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        made = tinyml(["new", "made", "--from", DATA / source, "--board", "nucleo_l4r5zi", *arguments], folder)
        code, seconds, output = tinyml(["build", "made", "--target-dir", "target"], folder) if made[0] == 0 else made
        found = report(folder)
        lines = sum(1 for spec in folder.rglob("*.tml") for line in spec.read_text().splitlines() if line.strip())
        row(f"new {name}", lines, code, seconds, found, made[2] + output, scratch / f"new_{name}.log")
        board = found["boards"][0] if found and found.get("boards") else None
        reached = 0.0
        if board:
            test = board["test"]
            reached = test.get(metric) or test.get("macro_f1") or 0.0
            if metric == "f1" and "confusion" in test:
                counts = test["confusion"]
                hit, missed, false = counts[1][1], counts[1][0], counts[0][1]
                reached = 2 * hit / max(1, 2 * hit + missed + false)
        fits = board is not None and all(board[key]["total"] <= limit for key, limit in LIMITS.items())
        print(f"    {metric} {reached:.3f}, floor {floor}: {'reached' if reached >= floor and fits else 'NOT reached'}", flush=True)
        if not (reached >= floor and fits):
            failed.append(name)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--new", action="store_true", help="the specs that `new` writes")
    parser.add_argument("--scratch", type=pathlib.Path, default=PROJECT / "target" / "acceptance")
    asked = parser.parse_args()
    if not DATA.is_dir():
        print(f"skipped: there is no {DATA}")
        return 0
    if not BINARY.is_file():
        print(f"there is no {BINARY}: run `cargo build --release` first")
        return 2
    print("| data set | lines | int8 | float | flash KiB | ram KiB | latency ms | wall s | |\n|---|---|---|---|---|---|---|---|---|")
    failed = (new if asked.new else specs)(asked.names, asked.scratch.resolve())
    if failed:
        print(f"{len(failed)} not reached: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
