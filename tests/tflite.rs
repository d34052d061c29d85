//! `TFLite` files: every model that the `tflite-micro` wheel answers for is answered alike, and hostile ones are refused.
#![expect(clippy::disallowed_methods, reason = "tests run the wheel and compilers, and read files")]

#[path = "tflite/cases.rs"]
mod cases;
#[path = "tflite/command.rs"]
mod command;
#[path = "tflite/damage.rs"]
mod damage;
#[path = "tflite/golden.rs"]
mod golden;
#[path = "tflite/host.rs"]
mod host;
#[path = "tflite/random.rs"]
mod random;
