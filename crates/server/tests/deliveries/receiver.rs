//! Somebody who is told: answers as the test says, and keeps everything that came.

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// What came.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub id: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// What was answered.
    pub status: u16,
}

impl Arrival {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// How it answers: the status, and seconds for `Retry-After`; none: not at all.
pub type Mood = Arc<dyn Fn(&Arrival) -> Option<(u16, Option<u64>)> + Send + Sync>;

pub struct Receiver {
    pub url: String,
    inner: Arc<Inner>,
}

struct Inner {
    mood: Mutex<Mood>,
    arrivals: watch::Sender<Vec<Arrival>>,
}

impl Receiver {
    /// One that takes everything.
    pub async fn start() -> Receiver {
        Receiver::with(|_| Some((200, None))).await
    }

    pub async fn with(mood: impl Fn(&Arrival) -> Option<(u16, Option<u64>)> + Send + Sync + 'static) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let inner = Arc::new(Inner { mood: Mutex::new(Arc::new(mood)), arrivals: watch::Sender::new(Vec::new()) });
        let shared = Arc::clone(&inner);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let inner = Arc::clone(&shared);
                let service = service_fn(move |request| {
                    let inner = Arc::clone(&inner);
                    async move { Ok::<_, Infallible>(inner.hear(request).await) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Receiver { url, inner }
    }

    /// From now on it answers so.
    pub fn turns(&self, mood: impl Fn(&Arrival) -> Option<(u16, Option<u64>)> + Send + Sync + 'static) {
        *self.inner.mood.lock().expect("nobody panics with it") = Arc::new(mood);
    }

    /// Everything that came, in its order.
    pub fn all(&self) -> Vec<Arrival> {
        self.inner.arrivals.borrow().clone()
    }

    /// What it took, each once, in the order in which it was first taken.
    pub fn taken(&self) -> Vec<Arrival> {
        let mut seen = HashSet::new();
        let all = self.all().into_iter();
        all.filter(|arrival| arrival.status == 200 && seen.insert(arrival.id.clone())).collect()
    }

    /// Waits until what came is as it should be.
    pub async fn until(&self, is_good: impl Fn(&[Arrival]) -> bool) {
        let mut arrivals = self.inner.arrivals.subscribe();
        let waited =
            tokio::time::timeout(std::time::Duration::from_secs(30), arrivals.wait_for(|all| is_good(all))).await;
        if waited.is_err() {
            let all = self.all();
            let seen: Vec<_> = all.iter().map(|arrival| (arrival.id.as_str(), arrival.status)).collect();
            panic!("that did not come in 30 s, but {} did: {seen:?}", all.len());
        }
    }

    /// Waits until it has taken so many.
    pub async fn takes(&self, many: usize) {
        self.until(|all| {
            let taken: HashSet<_> = all.iter().filter(|it| it.status == 200).map(|it| &it.id).collect();
            taken.len() >= many
        })
        .await;
    }
}

/// Each attempt says in headers which event of `CloudEvents` its body is.
fn expect_cloud_event(headers: &HeaderMap, body: &[u8]) {
    let event: Value = serde_json::from_slice(body).expect("JSON");
    let said = |name: &str| headers[name].to_str().expect("text").to_owned();
    for (name, attribute) in [("ce-id", "id"), ("ce-type", "type"), ("ce-time", "timestamp")] {
        assert_eq!(said(name), event[attribute], "{name}");
    }
    assert_eq!((said("ce-specversion"), said("ce-source")), ("1.0".into(), "/core/latest/api/events".into()));
}

impl Inner {
    async fn hear(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let Ok(body) = body.collect().await else { return Response::default() };
        let id = head.headers["webhook-id"].to_str().expect("an id").to_owned();
        let body = body.to_bytes();
        expect_cloud_event(&head.headers, &body);
        let mut arrival = Arrival { id, headers: head.headers, body, status: 0 };
        let mood = Arc::clone(&self.mood.lock().expect("nobody panics with it"));
        let answer = mood(&arrival);
        arrival.status = answer.map_or(0, |(status, _)| status);
        self.arrivals.send_modify(|all| all.push(arrival));
        let Some((status, retry_after)) = answer else { return std::future::pending().await };
        let mut response = Response::builder().status(status);
        if let Some(seconds) = retry_after {
            response = response.header("retry-after", seconds);
        }
        response.body(Full::new(Bytes::from_static(b"heard"))).expect("a response")
    }
}
