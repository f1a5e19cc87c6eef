//! For tests: a database of one's own on the server that tests use, dropped in the end.

use super::Address;
use super::connect::{Connector, Role};
use crate::Limits;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::runtime::Builder;
use tokio_postgres::Client;

/// The server that tests use, as a role that may create databases.
#[allow(clippy::disallowed_methods, reason = "where the tests' server is, only their caller knows")]
fn server() -> String {
    std::env::var("ORDERPARK_TEST_POSTGRES").expect("ORDERPARK_TEST_POSTGRES names no PostgreSQL server: run ./test")
}

/// A database that lives as long as this value.
pub(super) struct Scratch {
    name: String,
}

impl Scratch {
    pub(super) async fn new() -> Scratch {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let scratch = Scratch { name: format!("scratch_{}_{number}", std::process::id()) };
        let create = format!("create database {}", scratch.name);
        session(&server()).await.batch_execute(&create).await.expect("a database can be created");
        scratch
    }

    /// The address of the database, with further parameters.
    pub(super) fn url(&self, parameters: &str) -> String {
        let server = server();
        let (before, _) = server.rsplit_once('/').expect("an URL has a path");
        format!("{before}/{}?{parameters}", self.name)
    }

    pub(super) fn address(&self) -> Address {
        self.url("").parse().expect("it is an address")
    }

    pub(super) fn connector(&self) -> Connector {
        Connector::new(&self.address(), &Limits::default()).expect("no TLS, so nothing to read")
    }

    /// A connection as one role has it.
    pub(super) async fn session(&self, role: Role) -> Client {
        let (client, wire) = self.connector().connect(role).await.expect("the server answers");
        tokio::spawn(wire);
        client
    }
}

async fn session(url: &str) -> Client {
    let address: Address = url.parse().expect("it is an address");
    let connector = Connector::new(&address, &Limits::default()).expect("no TLS, so nothing to read");
    let (client, wire) = connector.connect(Role::Migrator).await.expect("the server answers");
    tokio::spawn(wire);
    client
}

/// Also when the test has panicked; therefore on a thread and a runtime of its own.
impl Drop for Scratch {
    fn drop(&mut self) {
        let sql = format!("drop database if exists {} with (force)", self.name);
        let dropped = std::thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async { session(&server()).await.batch_execute(&sql).await })
        });
        if !matches!(dropped.join(), Ok(Ok(()))) {
            eprintln!("{} could not be dropped", self.name);
        }
    }
}
