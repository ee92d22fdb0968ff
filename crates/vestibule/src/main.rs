//! The executable: the command line, and nothing beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    vestibule::cli::main()
}
