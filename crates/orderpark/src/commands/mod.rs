//! The commands, one file each, and what their exit codes mean.

mod contain;
mod copy;
mod database;
mod demo;
mod migrate;
mod password;
mod serve;
mod verify;

use crate::announce;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

const EXIT_CODES: &str = "Exit codes:
  0  done as asked
  1  failed; the reason is on stderr (verify: the database breaks a promise;
     migrate --status: something is pending; copy: failed on the way)
  2  the command line is not right (verify, migrate: the database cannot be
     opened; copy: refused, and nothing was copied)";

const ABOUT: &str = "An open, self-hosted ordering server for IoT connectivity";

const LONG_ABOUT: &str = "An open, self-hosted ordering server for IoT connectivity

Vendors publish offers, an order subscribes a subscriber to one of them, and cancelling the order
cancels every subscription that it made. It speaks the publicly documented order API of ThingPark DX
Core v1.4.1, so programs written for that API work by changing a base URL. Try it: orderpark demo";

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "orderpark", version, about = ABOUT, long_about = LONG_ABOUT, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Verify(verify::Verify),
    Migrate(migrate::Migrate),
    Copy(copy::Copy),
    Contain(contain::Contain),
    Demo(demo::Demo),
}

/// Runs a command. What goes wrong is told on stderr.
pub fn run(cli: Cli) -> ExitCode {
    let done = match cli.command {
        Command::Serve(serve) => serve.run(),
        Command::Verify(verify) => return verify.run(),
        Command::Migrate(migrate) => return migrate.run(),
        Command::Copy(copy) => return copy.run(),
        Command::Contain(contain) => contain.run(),
        Command::Demo(demo) => demo.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            announce::err(&format!("orderpark: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
