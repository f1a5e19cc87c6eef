//! Listening, and stopping so that nobody notices.
//!
//! A connection has ten seconds for its first byte and for each request's head, and may be idle for
//! 75; there are at most [`Settings::connections_max`](crate::Settings) of them. If all are taken,
//! the idlest are closed (`connections`); if all have a request in progress, more wait in the
//! listener's queue. Stopping has four steps: say that we are not ready, close connections after
//! their answer, and end the streams of events; go on accepting for the grace, so that whoever
//! watches readiness can turn away; take what still waits in the queue and stop listening; finish
//! what is in flight.
//!
//! Every connection ends with a lingering close (`linger`), so that no answer is lost to a reset.

mod connections;
mod forwarded;
mod host;
mod linger;
mod timed;

use crate::App;
use crate::front::{Front, Known};
use axum::body::Body;
use axum::extract::ConnectInfo;
use connections::{Connections, Place};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use timed::{Phase, Timed};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How long a connection may be idle between two requests.
const IDLE_MAX: Duration = Duration::from_secs(75);
/// What a head may fill of memory: the longest path and the headers, with room for the rest of the first line.
const HEAD_BUFFER_MAX: usize = 32 * 1024;
/// How long to go on taking connections that wait when we stop listening.
const WAITING_MAX: Duration = Duration::from_millis(250);
/// How long to wait when the system has no more descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `shutdown`, then drains; returns when the last connection is closed or the drain took too long.
pub async fn serve(
    app: Arc<App>,
    listener: std::net::TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let (closing, closed) = watch::channel(false);
    let settings = &app.settings;
    let connections = Connections::new(settings.connections_max, settings.of_address_max(), &settings.trusted_proxies);
    let server = Server { front: Front::new(Arc::clone(&app)), connections, closed };
    let mut shutdown = pin!(shutdown);
    server.accept_until(&listener, shutdown.as_mut()).await;
    app.draining.store(true, Ordering::SeqCst);
    server.front.end_streams();
    let grace = tokio::time::sleep(Duration::from_millis(app.settings.drain_grace_ms));
    server.accept_until(&listener, pin!(grace)).await;
    server.accept_waiting(&listener).await;
    drop(listener);
    closing.send_replace(true);
    server.finish(&app).await;
    Ok(())
}

struct Server {
    front: Front,
    connections: Connections,
    closed: watch::Receiver<bool>,
}

impl Server {
    async fn accept_until(&self, listener: &TcpListener, end: impl Future<Output = ()>) {
        let mut end = pin!(end);
        loop {
            tokio::select! {
                biased;
                () = &mut end => return,
                accepted = self.accept(listener) => self.greet(accepted).await,
            }
        }
    }

    /// Takes the connections that were made before we stop listening: dropping the listener would reset them. Under a load
    /// that never pauses there is always one more, so this has an end.
    async fn accept_waiting(&self, listener: &TcpListener) {
        let nothing_waits = Duration::from_millis(1);
        let take = async {
            while let Ok(accepted) = tokio::time::timeout(nothing_waits, self.accept(listener)).await {
                self.greet(accepted).await;
            }
        };
        // Who still comes now did not ask whether we are ready.
        let _ = tokio::time::timeout(WAITING_MAX, take).await;
    }

    /// The next connection; none, if its address has too many.
    async fn accept(&self, listener: &TcpListener) -> io::Result<Option<Accepted>> {
        let permit = self.connections.permit().await?;
        let (stream, peer) = listener.accept().await?;
        let phase = Phase::default();
        let place = self.connections.enter(permit, peer.ip(), &phase);
        if place.is_none() && self.front.app().log_limits.not_accepted.allows() {
            tracing::warn!(address = %peer.ip(), "a connection was closed: its address has as many as one may have");
        }
        Ok(place.map(|place| Accepted { stream, peer, phase, place }))
    }

    async fn greet(&self, accepted: io::Result<Option<Accepted>>) {
        match accepted {
            Ok(None) => {}
            Ok(Some(accepted)) => {
                tokio::spawn(connection(self.front.clone(), self.closed.clone(), accepted));
            }
            Err(error) => {
                if self.front.app().log_limits.not_accepted.allows() {
                    tracing::warn!(%error, "a connection could not be accepted");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }

    /// Waits until every connection has given its permit back.
    async fn finish(&self, app: &App) {
        let limit = Duration::from_millis(app.settings.drain_max_ms);
        if tokio::time::timeout(limit, self.connections.all_closed()).await.is_err() {
            tracing::warn!("requests in flight took too long, and were cut off");
        }
    }
}

/// A connection that has its place, until it is closed for good.
struct Accepted {
    stream: TcpStream,
    peer: SocketAddr,
    phase: Phase,
    place: Place,
}

/// Serves one connection; when the server closes, the request in flight is finished first.
async fn connection(front: Front, mut closed: watch::Receiver<bool>, accepted: Accepted) {
    let Accepted { stream, peer, phase, place } = accepted;
    // Small answers go out at once; a connection on which this fails is about to fail anyhow.
    let _ = stream.set_nodelay(true);
    let mut stream = Timed::new(stream, phase.clone());
    exchange(front, &mut closed, &mut stream, &phase, peer).await;
    // One that was closed for want of places has no answer under way.
    if !phase.is_ending() {
        phase.busy();
        linger::close(stream.into_inner(), closed).await;
    }
    drop(place);
}

/// Speaks HTTP/1.1 until the last answer is written.
async fn exchange(
    front: Front,
    closed: &mut watch::Receiver<bool>,
    stream: &mut Timed<TcpStream>,
    phase: &Phase,
    peer: SocketAddr,
) {
    let service = service_fn(|request: http::Request<hyper::body::Incoming>| {
        let (front, phase) = (front.clone(), phase.clone());
        phase.busy();
        async move {
            let mut request = request.map(Body::new);
            let client = forwarded::client(&front.app().settings.trusted_proxies, peer, request.headers());
            request.extensions_mut().insert(ConnectInfo(client));
            request.extensions_mut().insert(Known(phase.is_known_flag()));
            let verdict = host::check(request.version(), request.headers());
            let response = front.answer(request, verdict).await;
            phase.idle();
            Ok::<_, Infallible>(response)
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(IDLE_MAX).max_buf_size(HEAD_BUFFER_MAX);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let result = tokio::select! {
        biased;
        result = connection.as_mut() => result,
        () = told(closed) => {
            phase.close();
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = phase.ending() => {
            phase.close();
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection broke");
    }
}

/// Waits until the server closes.
async fn told(closed: &mut watch::Receiver<bool>) {
    // An error means that the server itself is gone, which is the same.
    let _ = closed.wait_for(|closed| *closed).await.map(|_| ());
}
