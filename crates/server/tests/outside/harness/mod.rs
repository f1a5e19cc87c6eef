//! A way out that may go to loopback, and receivers on loopback that do what a test says.

mod receiver;

pub use receiver::{Receiver, read};

use bytes::Bytes;
use orderpark_domain::PartyKind;
use orderpark_server::outside::{Message, Names, Outside, OutsideSettings, Reply, Resolving, SystemNames};
use orderpark_store::SystemClock;
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long an attempt of a test may take that is expected to be cut short.
pub const SHORT: Duration = Duration::from_millis(400);

/// How long an attempt of a test may take that is expected to end by itself.
pub const LONG: Duration = Duration::from_secs(15);

/// What a busy machine may add to a span.
pub const SLACK: Duration = Duration::from_millis(1500);

/// Settings that open loopback, as `--allow-network 127.0.0.0/8` does.
pub fn loopback() -> OutsideSettings {
    OutsideSettings { allow_networks: vec!["127.0.0.0/8".parse().expect("a network")], ..OutsideSettings::default() }
}

/// A way out with these settings and these names.
pub fn outside(settings: &OutsideSettings, names: Arc<dyn Names>) -> Outside {
    Outside::new(settings, Arc::new(SystemClock::default()), names).expect("a way out")
}

/// A way out to loopback.
pub fn to_loopback() -> Outside {
    outside(&loopback(), Arc::new(SystemNames::default()))
}

/// As [`to_loopback`], and it trusts the certificates in this file.
pub fn trusting(ca_file: &Path, names: Arc<dyn Names>) -> Outside {
    outside(&OutsideSettings { ca_file: Some(ca_file.to_owned()), ..loopback() }, names)
}

/// A message to this address, signed with one secret.
pub fn message(url: &str) -> Message {
    Message {
        url: url.to_owned(),
        kind: PartyKind::Subscriber,
        id: "evt_7_0".to_owned(),
        content_type: "application/json",
        event: None,
        body: Bytes::from_static(br#"{"type":"order.activated"}"#),
        secrets: vec![Zeroizing::new(b"a secret of thirty-two bytes....".to_vec())],
    }
}

/// Sends, and checks that it ends in time.
pub async fn send(outside: &Outside, url: &str, within: Duration) -> Reply {
    let began = Instant::now();
    let reply = outside.send(&message(url), within).await;
    let took = began.elapsed();
    assert!(took <= within + SLACK, "{url} took {took:?}, {reply:?}");
    assert!(u128::from(reply.took_us) <= took.as_micros(), "{reply:?}");
    assert!(reply.excerpt.as_ref().is_none_or(|excerpt| excerpt.len() <= 1024), "{reply:?}");
    reply
}

/// A resolver that says what a test wants, and remembers what it was asked.
#[derive(Default)]
pub struct Book {
    /// What each name leads to; the first answer, the second, ..., and the last one for ever.
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    asked: Mutex<Vec<String>>,
}

impl Book {
    /// A book with one name.
    pub fn of(name: &str, answers: &[&[&str]]) -> Arc<Book> {
        let book = Book::default();
        let answers = answers.iter().map(|answer| answer.iter().map(|ip| ip.parse().expect("an IP")).collect());
        book.answers.lock().expect("a book").insert(name.to_owned(), answers.collect());
        Arc::new(book)
    }

    /// How often somebody asked.
    pub fn times_asked(&self) -> usize {
        self.asked.lock().expect("a book").len()
    }
}

impl Names for Book {
    fn resolve(&self, host: &str) -> Resolving {
        self.asked.lock().expect("a book").push(host.to_owned());
        let mut answers = self.answers.lock().expect("a book");
        let answer = match answers.get_mut(host) {
            Some(left) if left.len() > 1 => Ok(left.remove(0)),
            Some(left) => Ok(left[0].clone()),
            None => Err(io::Error::from(io::ErrorKind::NotFound)),
        };
        Box::pin(std::future::ready(answer))
    }
}
