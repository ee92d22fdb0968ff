//! The executable: the command line, and nothing beside it.

use std::process::ExitCode;

// linked for its `malloc`, which is then that of Rust and of the parts in C alike; asked for by its own name, it would take a
// longer way for each piece over a kilobyte
use mimalloc as _;

fn main() -> ExitCode {
    vestibule::cli::main()
}
