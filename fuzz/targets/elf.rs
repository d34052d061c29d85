//! Arbitrary bytes as an image.
#![no_main]

#[path = "hostile.rs"]
#[expect(dead_code, reason = "the other target uses the rest")]
mod hostile;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    hostile::elf(data);
});
