//! Clients that write for as long as one likes, whatever is done to the program meanwhile, and a judge who then holds
//! what they were answered against what is there.
//!
//! `run` and `check` know nothing but HTTP: `caller` is the client's way to the nodes, `writer` what it does, `wish` what
//! it wants, `log` what it remembers, `check` the judge; `listen` one who is told by webhooks; `plant` lies to the judge, to see that it notices. The other tasks
//! also start the program, and PostgreSQL, and kill them: that is `drill`.

mod caller;
mod chance;
mod check;
mod drill;
mod figures;
mod listen;
mod listing;
mod log;
mod plant;
mod run;
mod task;
mod wish;
mod writer;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Writes to orderpark while it is troubled, and checks that nothing acknowledged is lost or doubled.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write to nodes that run already, then check what they have.
    Run(task::Write),
    /// Check nodes against the log of a run.
    Check(task::Check),
    #[command(flatten)]
    Drill(drill::Drill),
}

#[allow(clippy::print_stderr, reason = "a program says why it failed")]
fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Run(write) => write.run(),
        Task::Check(check) => check.run(),
        Task::Drill(drill) => drill.run(),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("soak: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
