//! Hands the arguments to `cli` and exits with its code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(tinyml::cli::main(std::env::args_os()))
}
