//! A supplier: a listener that keeps what it hears, and answers as the test says.

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// One message that came.
#[derive(Clone, Debug)]
pub struct Heard {
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Heard {
    /// The text of the first element of this name; empty where there is none.
    pub fn element(&self, name: &str) -> String {
        let inside = self.body.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once("</"));
        inside.map_or_else(String::new, |(text, _)| text.to_owned())
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// What a supplier does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// It answers with this status.
    Status(u16),
    /// It answers with this status once the test lets it.
    Later(u16),
    /// It never answers.
    Nothing,
}

/// A supplier on a port of its own. It ends with the test's runtime.
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    inner: Arc<Inner>,
}

struct Inner {
    says: Mutex<Says>,
    heard: watch::Sender<Vec<Heard>>,
    released: watch::Sender<bool>,
}

impl Receiver {
    /// One that answers everything in this way.
    pub async fn saying(says: Says) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let says = Mutex::new(says);
        let inner = Arc::new(Inner { says, heard: watch::Sender::default(), released: watch::Sender::default() });
        let receiver = Receiver { url, inner: Arc::clone(&inner) };
        let answer = move |uri: Uri, headers: HeaderMap, body: Bytes| {
            let inner = Arc::clone(&inner);
            async move { inner.answer(uri, headers, body).await }
        };
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });
        receiver
    }

    /// From now on it answers in this way.
    pub fn says(&self, says: Says) {
        *self.inner.says.lock().unwrap_or_else(PoisonError::into_inner) = says;
    }

    /// Lets the answers go that wait.
    pub fn release(&self) {
        self.inner.released.send_replace(true);
    }

    /// Everything that came so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.inner.heard.borrow().clone()
    }

    /// The operations that came so far, each with its transaction.
    pub fn operations(&self) -> Vec<(String, String)> {
        self.heard().iter().map(|heard| (heard.element("operation"), heard.element("transactionID"))).collect()
    }

    /// Waits until so many messages came.
    pub async fn has_heard(&self, messages: usize) -> Vec<Heard> {
        self.hears(|heard| heard.len() >= messages).await
    }

    /// Waits until what came is enough.
    pub async fn hears(&self, is_enough: impl Fn(&[Heard]) -> bool) -> Vec<Heard> {
        self.inner.heard.subscribe().wait_for(|heard| is_enough(heard)).await.expect("a receiver").clone()
    }
}

impl Inner {
    async fn answer(&self, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
        let body = String::from_utf8(body.to_vec()).expect("UTF-8");
        let heard = Heard { path: uri.path().to_owned(), headers, body };
        self.heard.send_modify(|all| all.push(heard));
        let says = *self.says.lock().unwrap_or_else(PoisonError::into_inner);
        let status = match says {
            Says::Status(status) => status,
            Says::Later(status) => {
                self.released.subscribe().wait_for(|released| *released).await.expect("a receiver");
                status
            }
            Says::Nothing => std::future::pending().await,
        };
        StatusCode::from_u16(status).expect("a status")
    }
}
