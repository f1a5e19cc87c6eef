//! Draining of request bodies that no handler read.
//!
//! Much is refused before the body is read. HTTP/1.1 has one line for everything: the next request stands behind the body,
//! so somebody has to read it. hyper would not, and would close a connection that the client believes to be kept; its
//! next request would fail for no reason that it could know. So a small body is read and thrown away, and where that
//! cannot be, the answer says `Connection: close`, and the listener closes without losing it
//! (`serve::linger`).
//!
//! Once the server stops, a body that is still arriving has [`STOPPING_MAX`] left.

use super::limits::{BODY_MAX, announced};
use crate::App;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use bytes::Bytes;
use http::StatusCode;
use http::header::EXPECT;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Frame, SizeHint};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// How long the rest of a body may take to arrive.
const REST_MAX: Duration = Duration::from_secs(1);

/// How long a body may go on arriving once the server stops.
const STOPPING_MAX: Duration = Duration::from_secs(4);

/// A body shared by the handler and the front.
#[derive(Clone)]
struct Shared(Arc<Mutex<Arriving>>);

struct Arriving {
    body: Body,
    app: Arc<App>,
    /// Runs from the first look at the body after the server was told to stop.
    late: Option<Pin<Box<Sleep>>>,
}

/// The rest of a request, after its answer is known.
pub(super) struct Rest {
    body: Shared,
    /// Whether it is not worth waiting for.
    refused: bool,
}

impl Rest {
    /// Keeps a hand on the body of a request that has one.
    pub(super) fn of(request: Request, app: &Arc<App>) -> (Request, Option<Rest>) {
        if request.body().is_end_stream() {
            return (request, None);
        }
        let (parts, body) = request.into_parts();
        let body = Arriving { body, app: Arc::clone(app), late: None };
        let body = Shared(Arc::new(Mutex::new(body)));
        let refused =
            announced(&parts.headers).is_some_and(|length| length > BODY_MAX) || parts.headers.contains_key(EXPECT);
        let request = Request::from_parts(parts, Body::new(body.clone()));
        (request, Some(Rest { body, refused }))
    }

    /// Reads what is left; false: the connection cannot be kept.
    pub(super) async fn read(self) -> bool {
        if self.body.is_end_stream() {
            return true;
        }
        let mut rest = Limited::new(self.body, BODY_MAX);
        let read = async {
            while let Some(frame) = rest.frame().await {
                frame?;
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        };
        !self.refused && matches!(tokio::time::timeout(REST_MAX, read).await, Ok(Ok(())))
    }
}

/// Whether an answer is the last one on its connection, whatever is left of its request.
pub(super) fn is_last(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::REQUEST_TIMEOUT
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::URI_TOO_LONG
            | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
    )
}

impl Arriving {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_ready() || !self.app.draining.load(Ordering::Relaxed) {
            return frame;
        }
        let late = self.late.get_or_insert_with(|| Box::pin(sleep(STOPPING_MAX)));
        late.as_mut().poll(cx).map(|()| Some(Err(axum::Error::new(io::Error::from(io::ErrorKind::TimedOut)))))
    }
}

impl Shared {
    fn with<T>(&self, use_it: impl FnOnce(&mut Arriving) -> T) -> T {
        // A panic while a body was read leaves it as it was.
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.with(|arriving| arriving.poll_frame(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.with(|arriving| arriving.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.with(|arriving| arriving.body.size_hint())
    }
}
