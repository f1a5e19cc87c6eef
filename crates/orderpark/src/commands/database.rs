//! How a database is named on the command line. What is wrong with it is told without repeating it: it may hold a password.

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command, Error};
use orderpark_store::Database;
use std::ffi::OsStr;

/// Reads a `--database`.
#[derive(Clone, Debug)]
pub(super) struct Parser;

impl TypedValueParser for Parser {
    type Value = Database;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<Database, Error> {
        let parsed = value.to_str().ok_or_else(|| "it is not UTF-8".to_owned()).and_then(str::parse);
        parsed.map_err(|why| {
            let name = argument.and_then(Arg::get_long).unwrap_or("database");
            Error::raw(ErrorKind::ValueValidation, format!("--{name}: {why}\n")).with_cmd(command)
        })
    }
}
