//! Compiling, linking and running C: equal bytes anywhere, errors in relative names.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use tinyml::base::Digest;
use tinyml::world::{CompileError, Link, Object, Target, Toolchain, ToolchainKind, ToolchainOptions, Unit, World};

const SCRIPT: &str =
    "MEMORY { FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 16K\n RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 4K }
SECTIONS { .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) } > FLASH
  .data : { *(.data*) } > RAM AT > FLASH
  .bss : { *(.bss*) *(COMMON) } > RAM
  /DISCARD/ : { *(.ARM.exidx*) *(.ARM.extab*) } }
";
const CODE: &str = "#include <stdint.h>\n#include \"net/model.h\"
struct big { int8_t x[64]; };
volatile float in; volatile int8_t out[64]; volatile uint64_t wide;
extern char _stack_size;
__attribute__((noinline)) static struct big copy(struct big b) { b.x[0] = SCALE; return b; }
void unused(void) { in = 3.0f; }
void Reset_Handler(void) {
    struct big b;
    for (int i = 0; i < 64; i++) b.x[i] = out[i];
    b = copy(b);
    for (int i = 0; i < 64; i++) out[i] = b.x[i];
    in = in * in + 1.5f; wide = wide / (uint64_t)(uintptr_t)&_stack_size;
    for (;;) {}
}
";

fn m4f() -> Target {
    Target::Core {
        zig_target: "thumb-freestanding-eabihf".into(),
        zig_cpu: "cortex_m4+vfp4d16sp".into(),
        gcc: ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"].map(String::from).into(),
    }
}

fn m0() -> Target {
    Target::Core {
        zig_target: "thumb-freestanding-eabi".into(),
        zig_cpu: "cortex_m0plus".into(),
        gcc: ["-mcpu=cortex-m0plus", "-mthumb"].map(String::from).into(),
    }
}

fn compile(world: &World, toolchain: &Toolchain, target: &Target, source: &str) -> Result<Object, CompileError> {
    let headers = BTreeMap::from([("net/model.h".to_string(), b"#define SCALE 3\n".to_vec())]);
    let unit = Unit { target, name: "model.c", source: source.as_bytes(), headers: &headers, flags: &[] };
    world.compile(toolchain, &unit)
}

fn link(world: &World, toolchain: &Toolchain, target: &Target, object: Vec<u8>) -> Result<Object, CompileError> {
    let objects = [("model.o".to_string(), object)];
    let symbols = [("_stack_size".to_string(), 512)];
    world
        .link(toolchain, &Link { target, objects: &objects, script: SCRIPT, symbols: &symbols, entry: "Reset_Handler" })
}

/// Object and image of `CODE`.
fn build(world: &World, toolchain: &Toolchain, target: &Target) -> (Vec<u8>, Vec<u8>) {
    let object = compile(world, toolchain, target, CODE).unwrap();
    assert_eq!(object.warnings, "");
    let image = link(world, toolchain, target, object.bytes.clone()).unwrap();
    (object.bytes, image.bytes)
}

/// The same zig in another cache, by hard links of its 20,000 files.
#[cfg(unix)]
fn another_cache(world: &World, zig: &Toolchain) -> tempfile::TempDir {
    let cache = tempfile::tempdir_in(world.env().cache_dir()).unwrap();
    let from = zig.program.parent().unwrap().parent().unwrap();
    std::fs::create_dir(cache.path().join("toolchain")).unwrap();
    let copied = std::process::Command::new("cp").arg("-al").arg(from).arg(cache.path().join("toolchain")).status();
    assert!(copied.unwrap().success());
    cache
}

fn symbols(image: &[u8]) -> Vec<String> {
    use object::{Object as _, ObjectSymbol as _};
    let file = object::File::parse(image).unwrap();
    file.symbols().filter_map(|symbol| symbol.name().ok().map(String::from)).collect()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn gcc(world: &World) -> Option<Toolchain> {
    match world.toolchain(ToolchainKind::Gcc, &ToolchainOptions::quiet()) {
        Ok(gcc) => Some(gcc),
        Err(diag) => {
            eprintln!("skipped: {diag}");
            None
        }
    }
}

#[cfg(unix)]
#[test]
fn bytes_dont_depend_on_folder_cache_or_environment() {
    let here = World::new();
    let Some(zig) = crate::zig(&here) else { return };
    let cache = another_cache(&here, &zig);
    let temporary = cache.path().join("a much longer temporary folder");
    std::fs::create_dir(&temporary).unwrap();
    let there = crate::world_with(&[
        ("TINYML_CACHE_DIR", cache.path()),
        ("TMPDIR", &temporary),
        ("LC_ALL", Path::new("de_DE.UTF-8")),
        ("CPATH", Path::new("/usr/include")),
    ]);
    let other = there.toolchain(ToolchainKind::Zig, &ToolchainOptions { offline: true, progress: &|_| {} }).unwrap();
    assert_ne!(zig.program, other.program);
    for target in [m4f(), m0()] {
        let (object, image) = build(&here, &zig, &target);
        let (object_there, image_there) = build(&there, &other, &target);
        assert_eq!(Digest::of(&object), Digest::of(&object_there), "objects differ");
        assert_eq!(Digest::of(&image), Digest::of(&image_there), "images differ");
        for place in [here.env().cache_dir(), std::env::temp_dir()] {
            assert!(!contains(&image, place.to_str().unwrap()), "the image names {}", place.display());
        }
        assert!(contains(&image, "model.c"), "no debug information");
    }
}

#[test]
fn a_float_core_uses_its_float_unit_and_others_get_functions() {
    let world = World::new();
    let Some(zig) = crate::zig(&world) else { return };
    let (_, hard) = build(&world, &zig, &m4f());
    let (_, soft) = build(&world, &zig, &m0());
    assert!(!contains(&hard, "__aeabi_fmul") && contains(&soft, "__aeabi_fmul"));
    assert!(contains(&hard, "__aeabi_uldivmod"));
    assert!(symbols(&hard).contains(&"Reset_Handler".to_string()));
    assert!(!symbols(&hard).contains(&"unused".to_string()), "an unused function is in the image");
}

#[cfg(unix)]
#[test]
fn a_damaged_runtime_in_the_cache_is_made_again() {
    let world = World::new();
    let Some(zig) = crate::zig(&world) else { return };
    let cache = another_cache(&world, &zig);
    let world = crate::world_with(&[("TINYML_CACHE_DIR", cache.path())]);
    let zig = world.toolchain(ToolchainKind::Zig, &ToolchainOptions::quiet()).unwrap();
    let (_, before) = build(&world, &zig, &m0());
    let folder = world.env().cache_dir().join("toolchain/runtime");
    let mut damaged = 0;
    for name in world.files().walk(&folder).unwrap() {
        let path = folder.join(name);
        let mut bytes = world.files().read(&path).unwrap();
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
            world.files().write_atomic(&path, &bytes, true).unwrap();
            damaged += 1;
        }
    }
    assert_eq!(damaged, 1);
    assert_eq!(Digest::of(&build(&world, &zig, &m0()).1), Digest::of(&before));
}

#[test]
fn errors_of_a_unit_are_in_relative_names() {
    let world = World::new();
    for toolchain in [crate::zig(&world), gcc(&world)].into_iter().flatten() {
        for (source, place, word) in [
            ("int f(void) {\n  return nothing;\n}\n", "model.c:2:10: error:", "nothing"),
            ("int f(void) {\n  int idle;\n  return 1;\n}\n", "model.c:2:7: error:", "idle"),
        ] {
            let refused = compile(&world, &toolchain, &m4f(), source);
            let Err(CompileError::Refused(messages)) = refused else { panic!("{refused:?}") };
            assert!(messages.contains(place) && messages.contains(word), "{messages}");
            assert!(!messages.contains(std::env::temp_dir().to_str().unwrap()), "{messages}");
        }
    }
}

#[test]
fn a_header_that_isnt_given_isnt_found() {
    let world = World::new();
    let Some(zig) = crate::zig(&world) else { return };
    for include in ["<stdio.h>", "<math.h>", "\"other.h\"", "\"/etc/hostname\""] {
        let source = format!("#include {include}\nint x;\n");
        assert!(compile(&world, &zig, &m4f(), &source).is_err(), "{include}");
    }
}

#[test]
fn an_image_that_doesnt_fit_says_where_and_by_how_much() {
    let world = World::new();
    for toolchain in [crate::zig(&world), gcc(&world)].into_iter().flatten() {
        let source = "volatile char big[5000]; void Reset_Handler(void) { for (;;) big[0]++; }";
        let object = compile(&world, &toolchain, &m4f(), source).unwrap().bytes;
        let error = link(&world, &toolchain, &m4f(), object).unwrap_err();
        let (region, bytes) = error.overflow().unwrap_or_else(|| panic!("{error:?}"));
        assert_eq!(region, "RAM");
        assert!((904..=1000).contains(&bytes), "{bytes}");
    }
}

#[test]
fn a_missing_function_is_named() {
    let world = World::new();
    for toolchain in [crate::zig(&world), gcc(&world)].into_iter().flatten() {
        let source = "void lost(void); void Reset_Handler(void) { for (;;) lost(); }";
        let object = compile(&world, &toolchain, &m4f(), source).unwrap().bytes;
        let error = link(&world, &toolchain, &m4f(), object).unwrap_err();
        assert_eq!(error.undefined(), ["lost"], "{error:?}");
    }
}

#[test]
fn gcc_compiles_and_links_with_its_own_functions() {
    let world = World::new();
    let Some(gcc) = gcc(&world) else { return };
    assert!(!gcc.has_memory_functions());
    let source = "#include <stdint.h>\nextern char _stack_size; volatile uint64_t a, b; volatile float f;
void Reset_Handler(void) { a = a / b; f = f * f; b = (uintptr_t)&_stack_size; for (;;) {} }";
    for target in [m4f(), m0()] {
        let object = compile(&world, &gcc, &target, source).unwrap().bytes;
        let again = compile(&world, &gcc, &target, source).unwrap().bytes;
        assert_eq!(Digest::of(&object), Digest::of(&again));
        let image = link(&world, &gcc, &target, object).unwrap();
        assert!(contains(&image.bytes, "__aeabi_uldivmod"), "{}", image.warnings);
    }
}

const NATIVE: &str = "#include <stdint.h>\n#include \"native.h\"
static float rows[4096];
int main(void) {
    for (;;) {
        size_t got = 0, n;
        while (got < sizeof rows && (n = tml_read((char *)rows + got, sizeof rows - got)) > 0) got += n;
        for (size_t i = 0; i < got / 4; i++) rows[i] = rows[i] * 2.0f + 1.0f;
        tml_write(rows, got);
        if (got < sizeof rows) return 0;
    }
}
";

fn native(world: &World, toolchain: &Toolchain, source: &str) -> Result<Object, CompileError> {
    let sources = BTreeMap::from([("main.c".to_string(), source.as_bytes().to_vec())]);
    world.native(toolchain, &sources, &BTreeMap::new(), &[])
}

#[test]
fn native_code_maps_its_input_to_its_output() {
    let world = World::new();
    for toolchain in [crate::zig(&world), gcc(&world)].into_iter().flatten() {
        let program = native(&world, &toolchain, NATIVE).unwrap();
        let input: Vec<u8> = (0..20_000u32).flat_map(|i| (i as f32).to_le_bytes()).collect();
        let expected: Vec<u8> = (0..20_000u32).flat_map(|i| (i as f32 * 2.0 + 1.0).to_le_bytes()).collect();
        let output = world.run_native(&program.bytes, &input, Duration::from_secs(20)).unwrap();
        assert!(output == expected, "{:?}", toolchain.kind);
        assert!(world.run_native(&program.bytes, &[], Duration::from_secs(20)).unwrap().is_empty());
    }
}

#[test]
fn native_code_may_need_more_than_memory_functions() {
    let world = World::new();
    let Some(zig) = crate::zig(&world) else { return };
    let source = "#include \"native.h\"\nint main(void) { volatile __int128 a = 1000, b = 7; a = a / b;
        char c = (char)a; tml_write(&c, 1); return 0; }";
    let program = native(&world, &zig, source).unwrap();
    assert_eq!(world.run_native(&program.bytes, &[], Duration::from_secs(20)).unwrap(), [142]);
}

#[test]
fn native_code_that_crashes_or_hangs_is_told() {
    let world = World::new();
    let Some(zig) = crate::zig(&world) else { return };
    let crash = native(&world, &zig, "int main(void) { *(volatile int *)8 = 1; return 0; }").unwrap();
    let diag = world.run_native(&crash.bytes, &[], Duration::from_secs(20)).unwrap_err();
    assert_eq!(diag.code, "tml::native");
    let hang = native(&world, &zig, "int main(void) { for (volatile int i = 0;; i++) {} }").unwrap();
    let diag = world.run_native(&hang.bytes, &[], Duration::from_millis(300)).unwrap_err();
    assert!(diag.title.contains("stopped after 0.3 s"), "{diag}");
    let code = native(&world, &zig, "int main(void) { return 4; }").unwrap();
    assert!(world.run_native(&code.bytes, &[], Duration::from_secs(20)).unwrap_err().title.contains('4'));
}

#[test]
fn every_kind_of_core_links() {
    let world = World::new();
    let Some(zig) = crate::zig(&world) else { return };
    for (zig_target, zig_cpu) in [
        ("thumb-freestanding-eabi", "cortex_m0"),
        ("thumb-freestanding-eabi", "cortex_m3"),
        ("thumb-freestanding-eabihf", "cortex_m7+fp_armv8d16sp"),
        ("thumb-freestanding-eabihf", "cortex_m33+dsp+fp_armv8d16sp"),
        ("riscv32-freestanding-none", "generic_rv32+m+c"),
    ] {
        let target = Target::Core { zig_target: zig_target.into(), zig_cpu: zig_cpu.into(), gcc: Vec::new() };
        let (_, image) = build(&world, &zig, &target);
        assert!(symbols(&image).contains(&"Reset_Handler".to_string()), "{zig_cpu}");
    }
}
