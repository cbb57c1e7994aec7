//! The `svs-bot` program. Everything is in the library; this hands over.

use std::process::ExitCode;

fn main() -> ExitCode {
    svs_bot::main()
}
