//! Arbitrary bytes as code.
#![no_main]

#[path = "hostile.rs"]
mod hostile;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    hostile::code(data);
});
