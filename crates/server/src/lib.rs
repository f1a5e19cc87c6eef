//! The faces of orderpark: the DX API, access, wire types and the listener.
//!
//! **Invariant of this crate:** no SQL, no decision, and no status code outside [`problem`] (failures) and `answer`
//! (successes). A handler reads the request, makes one intent or one scoped read, and shows the outcome.
//!
//! How to read it: [`mod@router`] has every route on one page with the action that it needs; `front` is what happens around
//! every request; `dx` are the handlers, one file an operation, and `native` what is ours alone; [`wire`] is what goes over the line, in and out;
//! [`access`] turns a bearer token into a caller; [`serve`] listens and stops.
//!
//! How to add an operation: write its file below `dx/core`, give it a line in [`mod@router`], and a row in the access matrix.

pub mod access;
mod answer;
mod app;
mod background;
pub mod closing;
pub mod delivery;
pub mod dx;
mod front;
mod limits;
mod log_limit;
mod memory;
mod native;
mod outage;
pub mod outside;
pub mod problem;
pub mod publish;
pub mod router;
pub mod serve;
mod settings;
pub mod suppliers;
pub mod wire;

pub use app::App;
pub use front::{cors_origin, router};
pub use problem::Problem;
pub use settings::{Profile, Settings};
