//! The `orderpark` program: commands, configuration, wiring and signals; see `orderpark help`.
//!
//! **Invariant of this crate:** no rule of the business and no SQL. A command reads what it was given, puts the rooms
//! together, and says how it went by its exit code.

mod announce;
mod bootstrap;
mod commands;
mod configuration;
mod demo;
mod folder;
mod listening;
mod log;
mod open_files;
mod wiring;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    log::take_panics();
    let _flushed = Flushed;
    commands::run(commands::Cli::parse())
}

/// Writes what is left of the log, also after a panic.
struct Flushed;

impl Drop for Flushed {
    fn drop(&mut self) {
        log::flush();
    }
}
