//! F-01, F-02, F-03, F-06: PostgreSQL, or the way to it, fails under a node; nothing that was acknowledged is lost, nothing is
//! there twice, every answer comes in time and says what is true, and nobody has to be started again. (reliability.md)
//!
//! Each scenario ends with `verify`, and with a comparison of what is there with what the clients were told.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests may fail, and tell their figures")]

mod black_hole;
mod busy;
mod cuts;
mod gate;
mod ground;
mod log;
mod moods;
mod restarts;
mod settings;
mod stalls;
mod standbys;
