//! Many clients come at once, as after a restart: none is kept waiting at the door.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod harness;

use harness::Deployment;
use harness::http::{Connection, get};
use std::time::{Duration, Instant};

const CLIENTS: usize = 900;
/// Who finds the listener's queue full is let in when the system tries again, after a second.
const DOOR_MAX: Duration = Duration::from_millis(900);

#[test]
fn connections_that_come_at_once_are_let_in_at_once() {
    let deployment = Deployment::start(&[]);
    let mut connections: Vec<Connection> = (0..CLIENTS)
        .map(|client| {
            let begun = Instant::now();
            let connection = deployment.connect();
            assert!(begun.elapsed() < DOOR_MAX, "client {client} waited for {:?}", begun.elapsed());
            connection
        })
        .collect();
    for connection in &mut connections {
        assert_eq!(connection.exchange(&get("/health/ready").bytes()).unwrap().status, 200);
    }
}
