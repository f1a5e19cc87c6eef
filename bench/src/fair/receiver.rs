//! The receiver of webhooks and questions: answers at once, late, or never, by path.

use axum::Router;
use axum::body::Bytes;
use axum::http::{StatusCode, Uri};
use serde_json::Value;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// How long a supplier thinks.
const LATE: Duration = Duration::from_millis(20);
/// Longer than any attempt may take.
const NEVER: Duration = Duration::from_mins(1);

/// A receiver on a thread of its own.
#[derive(Clone)]
pub(super) struct Receiver {
    pub address: SocketAddr,
    heard: Arc<Heard>,
}

/// The orders that `/hook` was told of, and when.
#[derive(Default)]
struct Heard {
    orders: Mutex<HashMap<String, Instant>>,
    more: Notify,
}

impl Receiver {
    /// Listens until the program ends.
    pub(super) fn listen() -> anyhow::Result<Receiver> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let receiver = Receiver { address: listener.local_addr()?, heard: Arc::default() };
        let heard = Arc::clone(&receiver.heard);
        let router = Router::new().fallback(move |uri: Uri, body: Bytes| answer(Arc::clone(&heard), uri, body));
        let runtime = super::one_thread()?;
        thread::spawn(move || {
            runtime.block_on(async move { axum::serve(TcpListener::from_std(listener)?, router).await })
        });
        Ok(receiver)
    }

    /// Its address with a path.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// When `/hook` was told of an order.
    pub(super) async fn told_of(&self, order: &str, patience: Duration) -> Option<Instant> {
        let waiting = async {
            loop {
                let more = self.heard.more.notified();
                if let Some(at) = self.heard.orders().remove(order) {
                    return at;
                }
                more.await;
            }
        };
        tokio::time::timeout(patience, waiting).await.ok()
    }
}

impl Heard {
    fn orders(&self) -> std::sync::MutexGuard<'_, HashMap<String, Instant>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(heard: Arc<Heard>, uri: Uri, body: Bytes) -> StatusCode {
    match uri.path() {
        "/hook" => {
            let event: Value = serde_json::from_slice(&body).unwrap_or_default();
            if let Some(order) = event["data"]["ref"].as_str() {
                heard.orders().insert(order.to_owned(), Instant::now());
                heard.more.notify_waiters();
            }
        }
        "/late" => tokio::time::sleep(LATE).await,
        "/never" => tokio::time::sleep(NEVER).await,
        _ => {}
    }
    StatusCode::NO_CONTENT
}
