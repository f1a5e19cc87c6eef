//! The receiver's HTTP side.

use super::ledger::{Arrival, Ledger};
use crate::chance::Chance;
use anyhow::Context;
use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;

/// Of a thousand events that come for the first time, so many are refused once,
const REFUSED: u64 = 10;
/// and so many are answered late.
const LATE: u64 = 10;
const LATE_BY: Duration = Duration::from_millis(200);
/// A signature counts for so long, in seconds.
const AGE_MAX: u64 = 300;

/// A receiver that listens.
pub struct Receiver {
    /// Where.
    pub address: SocketAddr,
    book: Arc<Book>,
}

struct Book {
    keys: OnceLock<Vec<hmac::Key>>,
    written: Mutex<Written>,
}

struct Written {
    ledger: Ledger,
    moments: u64,
    seen: HashSet<(usize, String)>,
    accepted: HashSet<(usize, String)>,
    chance: Chance,
}

impl Receiver {
    /// Listens until the runtime ends.
    pub async fn listen(chance: Chance) -> anyhow::Result<Receiver> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("a receiver")?;
        let address = listener.local_addr()?;
        let (ledger, seen, accepted) = (Ledger::default(), HashSet::new(), HashSet::new());
        let written = Mutex::new(Written { ledger, moments: 0, seen, accepted, chance });
        let book = Arc::new(Book { keys: OnceLock::new(), written });
        let router = Router::new().route("/{endpoint}", post(take)).with_state(book.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Receiver { address, book })
    }

    /// From now on what comes has to be signed with these.
    pub fn expect(&self, secrets: &[String]) -> anyhow::Result<()> {
        let key = |secret: &String| {
            let bytes = STANDARD.decode(secret.strip_prefix("whsec_").context("no secret of a webhook")?)?;
            Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
        };
        let keys = secrets.iter().map(key).collect::<anyhow::Result<_>>()?;
        self.book.keys.set(keys).map_err(|_| anyhow::anyhow!("secrets are there already"))
    }

    /// How many events were accepted up to now, at all endpoints together.
    pub fn accepted(&self) -> u64 {
        self.book.written().accepted.len() as u64
    }

    /// Everything that came.
    pub fn take(&self) -> Ledger {
        std::mem::take(&mut self.book.written().ledger)
    }
}

impl Book {
    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[allow(clippy::disallowed_methods, reason = "a receiver has a clock of its own")]
    fn is_signed(&self, endpoint: usize, headers: &HeaderMap, body: &[u8]) -> bool {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (id, timestamp) = (text("webhook-id"), text("webhook-timestamp"));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let is_recent = timestamp.parse::<u64>().is_ok_and(|sent| sent.abs_diff(now) <= AGE_MAX);
        let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
        let Some(key) = self.keys.get().and_then(|keys| keys.get(endpoint)) else { return false };
        is_recent
            && text("webhook-signature")
                .split(' ')
                .filter_map(|signature| signature.strip_prefix("v1,"))
                .any(|signature| STANDARD.decode(signature).is_ok_and(|tag| hmac::verify(key, &signed, &tag).is_ok()))
    }
}

/// What is done with a request.
enum Mood {
    Accept,
    AcceptLate,
    Refuse,
}

impl Written {
    fn moment(&mut self) -> u64 {
        self.moments += 1;
        self.moments
    }

    fn mood(&mut self, endpoint: usize, id: &str) -> Mood {
        let is_first = self.seen.insert((endpoint, id.to_owned()));
        match self.chance.below(1000) {
            choice if is_first && choice < REFUSED => Mood::Refuse,
            choice if is_first && choice < REFUSED + LATE => Mood::AcceptLate,
            _ => Mood::Accept,
        }
    }
}

async fn take(
    State(book): State<Arc<Book>>,
    Path(endpoint): Path<usize>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let is_signed = book.is_signed(endpoint, &headers, &body);
    let (index, mood) = {
        let mut written = book.written();
        if !is_signed {
            written.ledger.unsigned += 1;
            return StatusCode::UNAUTHORIZED;
        }
        let (came, mood) = (written.moment(), written.mood(endpoint, &id));
        let body = String::from_utf8_lossy(&body).into_owned();
        written.ledger.arrivals.push(Arrival { endpoint, id: id.clone(), body, came, accepted: None });
        (written.ledger.arrivals.len() - 1, mood)
    };
    match mood {
        Mood::Refuse => return StatusCode::INTERNAL_SERVER_ERROR,
        Mood::AcceptLate => tokio::time::sleep(LATE_BY).await,
        Mood::Accept => {}
    }
    let mut written = book.written();
    let moment = written.moment();
    if let Some(arrival) = written.ledger.arrivals.get_mut(index) {
        arrival.accepted = Some(moment);
    }
    written.accepted.insert((endpoint, id));
    StatusCode::NO_CONTENT
}
