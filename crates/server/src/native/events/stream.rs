//! `GET /events/stream[?after=]`: the feed as it comes, as server-sent events.
//!
//! A stream is a loop of pages. The next one is read when the connection asks for more, so that a slow reader costs one
//! page of memory; at the end of the feed it waits until the journal moves. The token is looked at again before every page
//! and at least once a second: who may not read any more hears nothing more, and the stream ends. It also ends when the
//! server stops, or when the database cannot be read; a client comes back with `Last-Event-ID` and misses nothing.
//!
//! Only events end a block, and only events carry an `id`. A sign of life is a comment line without
//! an empty line after it, and `retry` is a line of the next event's block: of the usual libraries,
//! some hand out every block as an event, also one without `data`. So a reader that hears nothing
//! keeps the place of its last event, and passes again what did not concern it.

use super::{AFTER_RULE, After, parse, position, read, unknown};
use crate::access::Lasting;
use crate::dx::{Call, PAGE_BYTES};
use crate::limits::{Place, Tenant};
use crate::memory::Reserved;
use crate::problem::Reason;
use crate::wire;
use crate::{App, Problem, answer};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::HeaderName;
use orderpark_domain::Scope;
use orderpark_store::{EventPage, FeedPosition};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// How many events are read at once.
const PAGE_EVENTS: u32 = 100;
/// How long the token is believed at most, besides what access remembers of it.
const TOKEN_EVERY: Duration = Duration::from_secs(1);
/// From one read to the next at least: under load, many commits are one read.
const READ_EVERY: Duration = Duration::from_millis(20);
/// The pause of a client before it comes back, in milliseconds.
const RETRY_MS: u64 = 1000;
/// That pause, at least and up to twice as long, where the server stops: not all shall come back at
/// once, nor before another is up.
const RETRY_STOPPING_MS: u64 = 5000;

pub(crate) async fn stream(call: Call) -> Result<Response, Problem> {
    let after = begin(&call).await?;
    let closing = call.app.streams.begin()?;
    let place = call.app.limits.stream(&call.caller, &call.app.settings)?;
    let feed = Feed::new(call, after, closing, place);
    let chunks = stream::unfold(feed, async |mut feed| Some((Ok::<_, Infallible>(feed.next().await?), feed)));
    Ok(answer::events(Body::from_stream(chunks)))
}

/// What a client has heard before counts more than where it once began.
async fn begin(call: &Call) -> Result<FeedPosition, Problem> {
    let (name, after) = match call.headers.get(LAST_EVENT_ID).filter(|value| !value.is_empty()) {
        None => ("after", position(&call.app, &call.query).await?),
        Some(last) => match last.to_str().ok().and_then(parse) {
            Some(After::Position(position)) => ("Last-Event-ID", position),
            _ => return Err(Problem::new(Reason::InvalidRequest, format!("Last-Event-ID {AFTER_RULE}"))),
        },
    };
    let _permit = call.app.limits.list_read_on(call.caller.tenant()).await;
    let is_known = call.app.store.follow_events(&call.scope, after, 1).await?.is_some();
    is_known.then_some(after).ok_or_else(|| unknown(name, after))
}

/// A stream and where it stands.
struct Feed {
    app: Arc<App>,
    tenant: Tenant,
    lasting: Lasting,
    after: FeedPosition,
    /// What is to be said before anything else.
    greeting: Option<Bytes>,
    /// Whether the last word was said.
    is_over: bool,
    /// Whether there may be more to read.
    is_behind: bool,
    moved: watch::Receiver<u64>,
    closing: watch::Receiver<bool>,
    alive_at: Instant,
    checked_at: Instant,
    read_at: Option<Instant>,
    _place: Place,
}

/// What ended a wait.
enum Woken {
    Moved,
    SignOfLife,
    End,
}

impl Feed {
    fn new(call: Call, after: FeedPosition, closing: watch::Receiver<bool>, place: Place) -> Feed {
        let lasting = call.lasting();
        let Call { app, caller, .. } = call;
        let (moved, now) = (app.store.moved(), Instant::now());
        Feed {
            app,
            tenant: caller.tenant(),
            lasting,
            after,
            greeting: Some(format!("retry: {RETRY_MS}\n:\n").into()),
            is_over: false,
            is_behind: true,
            moved,
            closing,
            alive_at: now,
            checked_at: now,
            read_at: None,
            _place: place,
        }
    }

    /// The next piece of text; none: the stream ends.
    async fn next(&mut self) -> Option<Bytes> {
        let piece = if self.is_over { None } else { self.piece().await };
        if piece.is_some() || self.is_over || !*self.closing.borrow() {
            return piece;
        }
        self.is_over = true;
        let pause = RETRY_STOPPING_MS + self.app.chance.number() % RETRY_STOPPING_MS;
        Some(format!("retry: {pause}\n").into())
    }

    async fn piece(&mut self) -> Option<Bytes> {
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        loop {
            if !self.is_behind {
                match self.wait().await {
                    Woken::Moved => self.is_behind = true,
                    Woken::SignOfLife => return Some(self.sign_of_life()),
                    Woken::End => return None,
                }
            }
            let (page, next, reserved) = self.page().await?;
            (self.after, self.is_behind) = (next, !page.is_end);
            if !page.events.is_empty() {
                self.alive_at = Instant::now();
                return Some(reserved.hold(written(&page)));
            }
            if self.is_behind && Instant::now() >= self.next_sign() {
                return Some(self.sign_of_life());
            }
        }
    }

    fn next_sign(&self) -> Instant {
        self.alive_at + Duration::from_millis(self.app.settings.heartbeat_ms)
    }

    fn sign_of_life(&mut self) -> Bytes {
        self.alive_at = Instant::now();
        Bytes::from_static(b":\n")
    }

    /// Waits until there may be more, or something else is to be done.
    async fn wait(&mut self) -> Woken {
        loop {
            let (sign, check, heard) = (self.next_sign(), self.checked_at + TOKEN_EVERY, self.after.place.seq);
            let is_due = {
                let closing = closed(&mut self.closing);
                let moved = async { self.moved.wait_for(|seq| *seq > heard).await.is_ok() };
                tokio::select! {
                    biased;
                    () = closing => return Woken::End,
                    () = sleep_until(check) => true,
                    () = sleep_until(sign) => return Woken::SignOfLife,
                    moved = moved => return if moved { Woken::Moved } else { Woken::End },
                }
            };
            if is_due && self.scope().await.is_none() {
                return Woken::End;
            }
        }
    }

    /// Reads on; none: the stream is to end.
    async fn page(&mut self) -> Option<(EventPage, FeedPosition, Reserved)> {
        let mut closing = self.closing.clone();
        tokio::select! {
            biased;
            () = closed(&mut closing) => None,
            page = self.read() => page,
        }
    }

    async fn read(&mut self) -> Option<(EventPage, FeedPosition, Reserved)> {
        if let Some(read_at) = self.read_at {
            sleep_until(read_at + READ_EVERY).await;
        }
        let reserved = self.app.memory.next(self.tenant, PAGE_BYTES).await.ok()?;
        let permit = self.app.limits.list_read_on(self.tenant).await;
        let scope = self.scope().await?;
        self.read_at = Some(Instant::now());
        let page = read(&self.app, permit, scope, self.after, PAGE_EVENTS).await;
        let page = page.inspect_err(|problem| tracing::error!(?problem, "a stream of events was broken off")).ok();
        page.map(|(page, next)| (page, next, reserved))
    }

    /// What the token is good for now.
    async fn scope(&mut self) -> Option<Scope> {
        let scope = self.lasting.scope(&self.app).await;
        self.checked_at = Instant::now();
        scope.ok()
    }
}

/// Waits until the streams are closed.
async fn closed(closing: &mut watch::Receiver<bool>) {
    // An error means that the server itself is gone, which is the same.
    let _ = closing.wait_for(|closing| *closing).await.map(|_| ());
}

/// Events as a client reads them; JSON has no line breaks.
fn written(page: &EventPage) -> Bytes {
    let mut text = Vec::with_capacity(page.events.len() * 700);
    for event in &page.events {
        let shown = wire::Event::of(event);
        text.extend_from_slice(
            format!("id: {}\nevent: {}\ndata: ", event.position(), event.notice.kind.as_str()).as_bytes(),
        );
        answer::write_json(&shown, &mut text);
        text.extend_from_slice(b"\n\n");
    }
    text.into()
}
