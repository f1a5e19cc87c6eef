//! What tests stand on, and nothing that the program is made of: nothing here is ever linked into it.
//!
//! A test says which [`Engine`] it wants and gets a [`TestDatabase`] of its own, gone when it is dropped. [`TestClock`] and
//! [`Chance`] make a run repeatable. [`Proxy`] stands between the program and PostgreSQL and is the bad network: it cuts
//! at a chosen moment of the protocol, refuses, delays, or swallows everything. [`Cluster`] is a whole server of a test's
//! own, to be killed.
//!
//! `./test` starts the PostgreSQL that all this needs, and says where it is in `ORDERPARK_TEST_POSTGRES`. By hand:
//! `eval "$(scripts/postgres start)"`, and `eval "$(scripts/webhook-verifiers)"` for the test that needs them.
#![allow(clippy::missing_panics_doc, reason = "whoever asks this crate for what cannot be had has failed its test")]

mod brokers;
mod chance;
mod clock;
mod cluster;
mod engine;
mod postgres;
mod proxy;
mod session;
mod sqlite;
mod template;
mod verifiers;

pub use brokers::{BrokerKind, BrokerServer, find, free_port};
pub use chance::Chance;
pub use clock::{BEGINNING, TestClock};
pub use cluster::Cluster;
pub use engine::{Engine, TestDatabase};
pub use postgres::{program, upstream};
pub use proxy::{Moment, Proxy, Traffic};
pub use verifiers::verifiers;
