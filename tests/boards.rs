//! Every shipped board: its file, its hello image by both compilers, its images, its boot in QEMU; and the library's overlay.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests run compilers, read files and say what they skip"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Serialize;
use tempfile::TempDir;
use tinyml::library::Library;
use tinyml::library::board::{Action, Board, Boot, Image, checksum};
use tinyml::library::core::{Core, Family};
use tinyml::sim::{FaultKind, Machine};
use tinyml::stages::exercise::memory_map;
use tinyml::stages::image::{Content, sizes};
use tinyml::world::CompileError;

#[path = "common/qemu.rs"]
mod qemu;

const FLAGS: &[&str] = &[
    "-std=c11",
    "-O2",
    "-ffreestanding",
    "-ffunction-sections",
    "-fdata-sections",
    "-ffp-contract=off",
    "-fno-common",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-g",
];

/// Boards with rows of their own in the table of published latencies.
const VALIDATED: [&str; 2] = ["nucleo_f401re", "nucleo_l4r5zi"];

const MODEL_H: &str = "#include <stdint.h>
void hello_quantize(const float in[3], int8_t q[3]);
int8_t *hello_input(void);
void hello_reset(void);
void hello_run(int8_t out[2]);
float hello_dequantize(int8_t value);\n";

const MODEL_C: &str = "#include \"model.h\"
static const int8_t hello_weights[64] = {1, 2, 3, -1, -2, -3, 9, 8, 7, 6, 5, 4, 3, 2, 1};
static int32_t hello_calls = 7;
void hello_quantize(const float in[3], int8_t q[3]) { for (int i = 0; i < 3; i++) q[i] = (int8_t)in[i]; }
static int8_t hello_arena[4];
int8_t *hello_input(void) { return hello_arena; }
void hello_reset(void) {}
void hello_run(int8_t out[2]) {
    const int8_t *in = hello_arena;
    hello_calls++;
    for (int j = 0; j < 2; j++) {
        int32_t sum = 0;
        for (int i = 0; i < 3; i++) sum += in[i] * hello_weights[(3 * j + i + hello_calls) % 64];
        out[j] = (int8_t)(sum / hello_calls);
    }
}
float hello_dequantize(int8_t value) { return (float)value * 0.5f; }\n";

const DECIDE_C: &str = "#include \"model.h\"
float tml_scores[2];
uint8_t tml_label;
void tml_decide_reset(void);
void tml_decide(const int8_t *output, const float *input);
void tml_decide_reset(void) {}
void tml_decide(const int8_t *output, const float *input) {
    (void)input;
    for (int i = 0; i < 2; i++) tml_scores[i] = hello_dequantize(output[i]);
    tml_label = output[1] > output[0];
}\n";

const APP_C: &str = "#include \"tml.h\"
void on_hello(const float scores[2], uint8_t label);
void on_hello(const float scores[2], uint8_t label) {
    tml_led(0, label != 0);
    tml_print(\"label \");
    tml_print_int((int32_t)(tml_sqrt(tml_max(scores[0], scores[1])) * 100.0f));
    tml_gpio(3, tml_millis() > 1000);
}\n";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Compiler {
    Zig,
    Gcc,
}

#[derive(Serialize)]
struct Hello<'a> {
    direct: bool,
    input: u32,
    model: &'a str,
    length: u32,
    classes: u32,
    scores: u32,
    values: bool,
    features: &'a str,
    app: &'a str,
}

#[derive(Serialize)]
struct OfBoard<'a> {
    board: &'a Board,
}

fn library() -> Library {
    Library::new(BTreeMap::new()).expect("the standard library is whole")
}

fn boards() -> Vec<Board> {
    let library = library();
    let names = library.list("boards");
    names
        .iter()
        .map(|name| library.board(name).expect("listed").unwrap_or_else(|diag| panic!("{name}: {diag}")))
        .collect()
}

fn board(name: &str) -> Board {
    library().board(name).expect("shipped").expect("readable")
}

/// The compilers that this machine has; says which it lacks.
fn compilers() -> Vec<Compiler> {
    let answers = |program: &str, arguments: &[&str]| {
        Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
    };
    let mut found = Vec::new();
    if answers("python3", &["-m", "ziglang", "version"]) {
        found.push(Compiler::Zig);
    } else {
        eprintln!("skipped: `python3 -m ziglang` is not there");
    }
    if answers("arm-none-eabi-gcc", &["--version"]) {
        found.push(Compiler::Gcc);
    } else {
        eprintln!("skipped: `arm-none-eabi-gcc` is not there");
    }
    found
}

/// The gcc of a core's family.
fn gcc(core: &Core) -> &'static str {
    match core.family {
        Family::Arm(_) => "arm-none-eabi-gcc",
        Family::Riscv(_) => "riscv64-unknown-elf-gcc",
    }
}

fn command(compiler: Compiler, core: &str) -> Command {
    let core = library().core(core).expect("shipped");
    let mut command;
    match compiler {
        Compiler::Zig => {
            command = Command::new("python3");
            command.args(["-m", "ziglang", "cc", "-target", &core.zig.target]).arg(format!("-mcpu={}", core.zig.cpu));
            command.arg("-fno-sanitize=undefined");
        }
        Compiler::Gcc => {
            command = Command::new(gcc(&core));
            command.args(&core.gcc.flags).arg("-nostdlib");
        }
    }
    command
}

/// Compiles and links the hello firmware; the linker's messages where it fails.
fn build(board: &Board, compiler: Compiler, stack: u32) -> Result<Vec<u8>, String> {
    let folder = TempDir::new().expect("a folder");
    let library = library();
    let of_board = OfBoard { board };
    let hello = Hello {
        direct: false,
        input: 3,
        model: "hello",
        length: 3,
        classes: 2,
        scores: 2,
        values: false,
        features: "",
        app: "on_hello",
    };
    let render = |path: &str| library.render(path, &of_board).unwrap_or_else(|diag| panic!("{path}: {diag:?}"));
    let text = |path: &str| library.text(path).expect("shipped").expect("text").text().to_string();
    let files = [
        ("startup.c", render("hal/startup.c.j2")),
        ("hal.c", render("hal/hal.c.j2")),
        ("main.c", library.render("hal/main.c.j2", &hello).expect("renders")),
        ("mem.c", text("hal/mem.c")),
        ("model.c", MODEL_C.to_string()),
        ("decide.c", DECIDE_C.to_string()),
        ("app.c", APP_C.to_string()),
        ("tml.h", text("hal/tml.h")),
        ("model.h", MODEL_H.to_string()),
        ("board.ld", format!("_stack_size = {stack};\n{}", render("link/board.ld.j2"))),
    ];
    for (name, content) in &files {
        fs::write(folder.path().join(name), content).expect("written");
    }
    let sources =
        files.iter().map(|file| file.0).filter(|name| Path::new(name).extension().is_some_and(|end| end == "c"));
    let mut command = command(compiler, &board.core);
    command.current_dir(folder.path()).args(FLAGS).args(sources).args(["-T", "board.ld", "-Wl,--gc-sections"]);
    command.args(["-Wl,-e,Reset_Handler", "-o", "firmware.elf"]);
    if compiler == Compiler::Gcc {
        command.arg("-lgcc");
    }
    let output = command.output().expect("the compiler runs");
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        return Err(messages);
    }
    assert!(messages.trim().is_empty(), "{}, {compiler:?}: {messages}", board.name);
    Ok(fs::read(folder.path().join("firmware.elf")).expect("linked"))
}

#[test]
fn every_board_file_is_read_and_says_what_its_numbers_are_worth() {
    let boards = boards();
    assert!(boards.len() >= 9, "{}", boards.len());
    for board in &boards {
        assert!(!board.source.is_empty() && !board.timing.source.is_empty(), "{}", board.name);
        let elf = board.images.contains(&Image::Elf);
        assert!(elf, "{}: debuggers and the simulator need the ELF", board.name);
    }
    let validated = boards.iter().filter(|board| board.timing.accuracy.is_validated());
    let validated: Vec<&str> = validated.map(|board| &*board.name).collect();
    // Each has its rows in benches/simulator.md.
    assert_eq!(validated, VALIDATED);
}

#[test]
fn every_wait_of_a_set_up_lies_in_a_device_and_contradicts_no_other() {
    for board in boards() {
        let mut shown: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
        for step in board.setup.iter().filter(|step| step.action != Action::Pause) {
            let inside =
                |region: &&tinyml::library::board::Region| step.address.wrapping_sub(region.origin) < region.size;
            assert!(board.devices.iter().any(|region| inside(&region)), "{}: {}", board.name, step.why);
            assert!(!step.why.is_empty());
        }
        for (address, mask, value) in board.presets() {
            let (known, bits) = shown.entry(address).or_default();
            let both = *known & mask;
            assert_eq!(*bits & both, value & both, "{}: {address:#x} must show two values", board.name);
            (*known, *bits) = (*known | mask, *bits | value);
        }
    }
}

#[test]
fn every_board_links_by_zig_and_its_image_is_whole_and_boots() {
    check_boards(Compiler::Zig);
}

#[test]
fn every_board_links_by_gcc_and_its_image_is_whole_and_boots() {
    check_boards(Compiler::Gcc);
}

fn check_boards(compiler: Compiler) {
    if !compilers().contains(&compiler) {
        return;
    }
    for board in boards() {
        let name = format!("{}, {compiler:?}", board.name);
        let needed = gcc(&library().core(&board.core).expect("shipped"));
        if compiler == Compiler::Gcc && Command::new(needed).arg("--version").output().is_err() {
            eprintln!("skipped: {}: `{needed}` is not there", board.name);
            continue;
        }
        let elf = build(&board, compiler, 2048).unwrap_or_else(|text| panic!("{name}: {text}"));
        check_images(&board, &elf, &name);
        check_sizes(&board, &elf, &name);
        check_boot(&board, &elf, &name);
    }
}

fn check_images(board: &Board, elf: &[u8], name: &str) {
    let content = Content::of(elf, board.flash).expect("loads");
    match board.boot {
        Boot::Vectors => check_vectors(board, &content),
        Boot::DirectBoot => check_direct_boot(board, &content),
    }
    assert_eq!(from_hex(&content.hex()), memory(&content), "{name}");
    if let Some(form) = board.uf2 {
        let blocks = from_uf2(&content.uf2(form), form.family);
        assert!(memory(&content).iter().all(|(address, byte)| blocks.get(address) == Some(byte)), "{name}");
        assert_eq!(blocks.len() % form.sector as usize, 0);
    }
}

fn check_sizes(board: &Board, elf: &[u8], name: &str) {
    let sizes = sizes(elf, board.flash, board.ram, |name| name.contains("weights")).expect("sized");
    assert_eq!(sizes.flash.total, Content::of(elf, board.flash).expect("loads").bytes.len() as u64);
    assert_eq!(sizes.flash.total, sizes.flash.weights + sizes.flash.code + sizes.flash.other);
    assert_eq!(sizes.flash.weights, 64, "{name}");
    assert_eq!(sizes.ram.stack, 2048);
    assert_eq!(sizes.ram.total, sizes.ram.stack + sizes.ram.data + sizes.ram.bss);
    assert!(sizes.ram.data >= 4, "{name}: hello_calls starts as 7");
    assert!(sizes.flash.code < 6000, "{name}: {} bytes of code", sizes.flash.code);
}

/// The stack pointer, then Thumb addresses in flash for every handler that the architecture has.
fn check_vectors(board: &Board, content: &Content) {
    let at = (board.vector_table() - board.flash.origin) as usize;
    let words: Vec<u32> = content.bytes[at..at + 4 * (16 + board.vectors.interrupts as usize)]
        .chunks_exact(4)
        .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
        .collect();
    assert_eq!(words[0], board.ram.origin + 2048, "{}: the stack ends where it should", board.name);
    for (index, word) in words.iter().enumerate().skip(1) {
        let reserved = matches!(index, 7..=10 | 13);
        assert_eq!(*word == 0, reserved, "{}: vector {index}", board.name);
        assert!(reserved || (word & 1 == 1 && board.flash.contains(*word)), "{}: vector {index}", board.name);
    }
    assert_eq!(content.entry | 1, words[1], "{}: the program starts at its reset handler", board.name);
    if !board.boot2.is_empty() {
        let stored = u32::from_le_bytes(content.bytes[252..256].try_into().expect("four bytes"));
        assert_eq!(stored, checksum(&content.bytes[..252]));
    }
}

/// The two words that the boot ROM looks for, and the first instruction behind them.
fn check_direct_boot(board: &Board, content: &Content) {
    assert_eq!(content.bytes[..8], [0x1d, 0x04, 0xdb, 0xae, 0x1d, 0x04, 0xdb, 0xae], "{}", board.name);
    assert_eq!(content.entry, board.flash.origin + 8, "{}", board.name);
}

fn memory(content: &Content) -> BTreeMap<u32, u8> {
    content.bytes.iter().enumerate().map(|(at, byte)| (content.origin + at as u32, *byte)).collect()
}

fn from_hex(text: &str) -> BTreeMap<u32, u8> {
    let mut memory = BTreeMap::new();
    let mut upper = 0;
    for line in text.lines() {
        let digits = line.strip_prefix(':').expect("a record");
        let bytes: Vec<u8> =
            (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex")).collect();
        assert_eq!(bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)), 0, "{line}");
        let address = u32::from(bytes[1]) << 8 | u32::from(bytes[2]);
        let data = &bytes[4..bytes.len() - 1];
        match bytes[3] {
            0 => memory.extend(data.iter().enumerate().map(|(at, byte)| (upper + address + at as u32, *byte))),
            4 => upper = u32::from(data[0]) << 24 | u32::from(data[1]) << 16,
            _ => {}
        }
    }
    memory
}

fn from_uf2(file: &[u8], family: u32) -> BTreeMap<u32, u8> {
    let word = |block: &[u8], at: usize| u32::from_le_bytes(block[at..at + 4].try_into().expect("four bytes"));
    let mut memory = BTreeMap::new();
    for (index, block) in file.chunks(512).enumerate() {
        assert_eq!([word(block, 0), word(block, 4), word(block, 508)], [0x0a32_4655, 0x9e5d_5157, 0x0ab1_6f30]);
        assert_eq!(
            [word(block, 20), word(block, 24), word(block, 28)],
            [index as u32, (file.len() / 512) as u32, family]
        );
        let data = &block[32..32 + word(block, 16) as usize];
        memory.extend(data.iter().enumerate().map(|(at, byte)| (word(block, 12) + at as u32, *byte)));
    }
    memory
}

#[test]
fn a_program_that_does_not_fit_says_which_memory_and_by_how_much() {
    let board = board("microbit_v1");
    for compiler in compilers() {
        let messages = build(&board, compiler, 20_000).expect_err("20,000 bytes of stack in 16 KiB");
        let (region, over) = CompileError::Refused(messages.clone()).overflow().unwrap_or_else(|| panic!("{messages}"));
        assert_eq!(region, "RAM", "{compiler:?}");
        assert!((3616..5000).contains(&over), "{compiler:?}: {over}");
        let small =
            Board { flash: tinyml::library::board::Memory { origin: 0, size: 1024, data: None }, ..board.clone() };
        let messages = build(&small, compiler, 1024).expect_err("more than 1 KiB of program");
        let (region, _) = CompileError::Refused(messages.clone()).overflow().unwrap_or_else(|| panic!("{messages}"));
        assert_eq!(region, "FLASH", "{compiler:?}");
    }
}

/// On the simulator all waits of the set-up end, memory is as C wants it, and an inference comes out.
fn check_boot(board: &Board, elf: &[u8], name: &str) {
    let core = library().core(&board.core).expect("shipped");
    let mut machine = Machine::load(elf, &core, &memory_map(board)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let address = |machine: &Machine, symbol: &str| machine.symbol(symbol).expect(symbol).address;
    let word = |machine: &Machine, symbol: &str| {
        let bytes = machine.read(address(machine, symbol), 4).expect("RAM");
        u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    };
    let (wait, app) = (address(&machine, "tml_wait"), address(&machine, "tml_app"));
    machine.run_until(wait, 10_000_000).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    if !board.presets().is_empty() {
        assert_eq!(word(&machine, "tml_setup_timeouts"), 0, "{name}: a wait of the set-up ran out");
    }
    assert_eq!(word(&machine, "hello_calls"), 7, "{name}: initial values are copied");
    let input: Vec<u8> = [1.0_f32, 2.0, 3.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let (sample, command) = (address(&machine, "tml_input"), address(&machine, "tml_command"));
    let _ = machine.write(sample, &input);
    let _ = machine.write(command, &1_u32.to_le_bytes());
    for stop in [app, wait] {
        machine.run_until(stop, 10_000_000).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    }
    let output = machine.read(address(&machine, "tml_output"), 2).expect("RAM").to_vec();
    assert_eq!(output, [4, 2], "{name}");
    // The application asked for the time once, which started the timer; it goes on by interrupts.
    let millisecond = (board.clock.base / 1_000_000) as u64;
    let _ = machine.run(3 * millisecond);
    let passed = machine.cycles();
    let now =
        machine.call(address(&machine, "tml_millis"), &[], 1000).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    assert!(now >= 2 && u64::from(now) <= passed / millisecond, "{name}: {now} ms");
}

/// A clock of its own drives `tml_millis`, whatever the core does; pins are driven without a fault.
#[test]
fn a_timer_of_the_chip_counts_milliseconds() {
    let board = board("esp32c3_devkitm");
    let core = library().core(&board.core).expect("shipped");
    let elf = build(&board, Compiler::Zig, 2048);
    let Ok(elf) = elf else { return assert!(!compilers().contains(&Compiler::Zig), "{elf:?}") };
    let mut machine = Machine::load(&elf, &core, &memory_map(&board)).expect("an image");
    let address = |machine: &Machine, name: &str| machine.symbol(name).expect(name).address;
    let wait = address(&machine, "tml_wait");
    machine.run_until(wait, 10_000_000).expect("it boots");
    let (millis, gpio) = (address(&machine, "tml_millis"), address(&machine, "tml_gpio"));
    assert_eq!(machine.call(millis, &[], 10_000), Ok(0));
    let start = machine.cycles();
    let mut last = 0;
    while last < 3 {
        last = machine.call(millis, &[], 10_000).expect("it returns");
        assert!(machine.call(gpio, &[8, last], 10_000).is_ok());
    }
    let passed = machine.cycles() - start;
    assert!((470_000..490_000).contains(&passed), "3 ms at 160 MHz are {passed} cycles");
}

/// QEMU has none of our boards, but netduinoplus2 is an STM32F405: the same memory addresses, other clock registers, which
/// read as zero, so every wait of the set-up runs out and the program must go on.
#[test]
fn the_hello_image_boots_and_infers_in_qemu() {
    let board = board("nucleo_l4r5zi");
    for compiler in compilers() {
        let elf = build(&board, compiler, 2048).expect("links");
        let sizes = sizes(&elf, board.flash, board.ram, |_| false).expect("sized");
        let find = |name: &str| sizes.symbols.iter().find(|symbol| symbol.name == name).expect(name).clone();
        let Some(mut qemu) = qemu::Qemu::start("netduinoplus2", &elf) else { return };
        let wait = find("tml_wait").address;
        assert!(qemu.run_to(wait), "{compiler:?}: stopped at {:#x}, not in tml_wait", qemu.pc());
        let waits = board.presets().len() as u32;
        assert_eq!(qemu.read(find("tml_setup_timeouts").address, 4), waits.to_le_bytes(), "{compiler:?}");
        assert_eq!(qemu.read(find("hello_calls").address, 4), 7_u32.to_le_bytes(), "initial values are copied");

        let input: Vec<u8> = [1.0_f32, 2.0, 3.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        qemu.write(find("tml_input").address, &input);
        qemu.write(find("tml_command").address, &1_u32.to_le_bytes());
        assert!(qemu.run_to(find("tml_app").address), "{compiler:?}: stopped at {:#x}, not in tml_app", qemu.pc());
        // hello_calls is 8: the weights from index 8 on are 7, 6, 5, 4, 3, 2.
        let expected: [i32; 2] = [(7 + 2 * 6 + 3 * 5) / 8, (4 + 2 * 3 + 3 * 2) / 8];
        assert_eq!(qemu.read(find("tml_output").address, 2), [expected[0] as u8, expected[1] as u8], "{compiler:?}");
        assert_eq!(qemu.read(find("tml_label").address, 1), [0]);
    }
}

#[test]
fn the_shipped_bootloader_is_its_source() {
    if Command::new("arm-none-eabi-as").arg("--version").output().is_err() {
        eprintln!("skipped: `arm-none-eabi-as` is not there");
        return;
    }
    let folder = TempDir::new().expect("a folder");
    let source = library().text("hal/rp2040_boot2.s").expect("shipped").expect("text");
    fs::write(folder.path().join("boot2.s"), source.text()).expect("written");
    let run = |program: &str, arguments: &[&str]| {
        let status = Command::new(program).args(arguments).current_dir(folder.path()).status();
        assert!(status.is_ok_and(|status| status.success()), "{program}");
    };
    run("arm-none-eabi-as", &["-mcpu=cortex-m0plus", "boot2.s", "-o", "boot2.o"]);
    run("arm-none-eabi-objcopy", &["-O", "binary", "boot2.o", "boot2.bin"]);
    let assembled = fs::read(folder.path().join("boot2.bin")).expect("assembled");
    for board in boards().iter().filter(|board| !board.boot2.is_empty()) {
        let shipped: Vec<u8> = board.boot2.iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(shipped[..assembled.len()], assembled, "{}", board.name);
        assert!(shipped[assembled.len()..252].iter().all(|byte| *byte == 0));
    }
}

/// An ELF with `bytes` at `origin`, which starts at `entry`.
fn raw_elf(origin: u32, entry: u32, bytes: &[u8]) -> Vec<u8> {
    let mut elf = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x28\0".to_vec();
    let size = bytes.len() as u32;
    let header = [1, entry, 52, 0, 0x0500_0200, 0x0020_0034, 0x0028_0001, 0, 1, 84, origin, origin, size, size, 5, 4];
    elf.extend(header.iter().flat_map(|word: &u32| word.to_le_bytes()));
    elf.extend(bytes);
    elf
}

/// A program for `board` that stores a byte at `address`, filled up to `size` bytes of flash.
fn storing(board: &Board, address: u32, size: u32) -> Vec<u8> {
    let table = board.vectors.offset as usize;
    let start = board.vector_table() + 8;
    let mut bytes = vec![0; size as usize];
    let words = [board.ram.origin + 256, start | 1];
    // LDR r0, [pc, #4]; MOVS r1, #1; STRB r1, [r0]; BKPT; the address.
    let code: [u16; 4] = [0x4801, 0x2101, 0x7001, 0xbe00];
    let program =
        words.iter().flat_map(|word| word.to_le_bytes()).chain(code.iter().flat_map(|half| half.to_le_bytes()));
    let program: Vec<u8> = program.chain(address.to_le_bytes()).collect();
    bytes[table..table + program.len()].copy_from_slice(&program);
    raw_elf(board.flash.origin, start | 1, &bytes)
}

#[test]
fn the_simulated_board_has_the_memory_of_the_board_and_not_a_byte_more() {
    for board in boards().iter().filter(|board| board.core.starts_with("cortex")) {
        let core = library().core(&board.core).expect("shipped");
        let load = |address: u32, size: u32| Machine::load(&storing(board, address, size), &core, &memory_map(board));
        let name = &board.name;
        let full = load(board.ram.origin, board.flash.size);
        assert!(full.is_ok(), "{name}: an image that fills the flash, {:?}", full.err());
        assert!(load(board.ram.origin, board.flash.size + 1).is_err(), "{name}: a byte more than the flash");
        let run = |address: u32| load(address, 4096).expect("an image that loads").run(100).expect_err("no end").kind;
        for inside in [board.ram.origin, board.ram.last()] {
            assert_eq!(run(inside), FaultKind::Breakpoint { number: 0 }, "{name}: {inside:#x}");
        }
        for outside in [board.ram.origin - 1, board.ram.last() + 1] {
            let kind = run(outside);
            assert!(matches!(kind, FaultKind::Unmapped { .. }), "{name}: {outside:#x} gives {kind:?}");
        }
    }
}
