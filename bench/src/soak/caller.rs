//! One client's way to the nodes: a connection to each, a bound on every attempt, and what its outcome means to a client
//! that knows the page "How to retry" and nothing else.

use crate::log::Outcome;
use anyhow::Context;
use orderpark_bench::http::Connection;
use serde_json::Value;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A client's connections.
pub struct Caller {
    nodes: Arc<[SocketAddr]>,
    connections: Vec<Option<Connection>>,
    patience: Duration,
}

impl Caller {
    /// A caller that waits so long for each answer.
    pub fn new(nodes: Arc<[SocketAddr]>, patience: Duration) -> Caller {
        let connections = nodes.iter().map(|_| None).collect();
        Caller { nodes, connections, patience }
    }

    /// Sends a request to a node, once. A connection that disappointed is not used again.
    pub async fn attempt(&mut self, node: usize, request: &[u8]) -> Outcome {
        let mut connection = self.connections[node].take();
        let exchange = exchange(&mut connection, self.nodes[node], request);
        match tokio::time::timeout(self.patience, exchange).await {
            Err(_) => Outcome::Nothing("timeout".to_owned()),
            Ok(Err(error)) => Outcome::Nothing(kind(&error)),
            Ok(Ok(outcome)) => {
                self.connections[node] = connection;
                outcome
            }
        }
    }
}

async fn exchange(kept: &mut Option<Connection>, address: SocketAddr, request: &[u8]) -> anyhow::Result<Outcome> {
    if kept.as_ref().is_none_or(Connection::is_stale) {
        *kept = Some(Connection::open(address).await?);
    }
    let connection = kept.as_mut().context("a connection")?;
    let answer = connection.exchange(request).await?;
    let outcome = meaning(answer.status, connection.text(answer)?);
    if connection.closes(answer) {
        *kept = None;
    }
    Ok(outcome)
}

/// What an answer means to its client.
fn meaning(status: u16, body: String) -> Outcome {
    if matches!(status, 200 | 201) {
        return Outcome::Done(body);
    }
    let problem: Value = serde_json::from_str(&body).unwrap_or_default();
    let reason = problem["reason"].as_str().unwrap_or("no reason").to_owned();
    match status {
        401 | 408 | 429 | 500.. => Outcome::Again(status, reason),
        409 if reason == "order_pending" => Outcome::Again(status, reason),
        _ => Outcome::Refused(status, reason),
    }
}

/// Why there was no answer, in a word or two.
fn kind(error: &anyhow::Error) -> String {
    let kind = match error.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
        Some(ErrorKind::ConnectionRefused) => "refused",
        Some(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted) => "reset",
        None => "closed",
        Some(other) => return other.to_string(),
    };
    kind.to_owned()
}

/// The ways of having no answer that are no fault of a server that was told to stop.
pub fn is_connection(why: &str) -> bool {
    matches!(why, "refused" | "reset" | "closed")
}

#[cfg(test)]
mod tests {
    use super::{Caller, is_connection, meaning};
    use crate::log::Outcome;
    use std::time::Duration;

    #[test]
    fn answers_mean_what_the_page_about_retries_says() {
        let of = |status, reason: &str| meaning(status, format!(r#"{{"reason":"{reason}"}}"#));
        assert_eq!(meaning(200, "{}".to_owned()), Outcome::Done("{}".to_owned()));
        assert_eq!(of(503, "unavailable"), Outcome::Again(503, "unavailable".to_owned()));
        assert_eq!(of(409, "order_pending"), Outcome::Again(409, "order_pending".to_owned()));
        assert_eq!(of(409, "external_id_taken"), Outcome::Refused(409, "external_id_taken".to_owned()));
        assert_eq!(of(422, "key_reused"), Outcome::Refused(422, "key_reused".to_owned()));
    }

    #[tokio::test]
    async fn a_node_that_is_not_there_is_a_refused_connection() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let nodes = vec![listener.local_addr().unwrap()];
        drop(listener);
        let mut caller = Caller::new(nodes.into(), Duration::from_secs(5));
        let Outcome::Nothing(why) = caller.attempt(0, b"GET / HTTP/1.1\r\n\r\n").await else { panic!("an answer") };
        assert!(is_connection(&why), "{why}");
    }
}
