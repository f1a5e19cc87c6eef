//! A connection that gives up when a request's head takes too long to arrive, or when the other side reads no more.
//!
//! hyper has one timer for an idle connection and for a head that drips in. They are two things:
//! ours runs from the first byte of a head (or from the connection's beginning) until the service
//! is called. And hyper has none for writing: who never reads an answer would keep its place for
//! ever, so ours runs while no byte can be written. Nor may an answer be read a byte at a time:
//! what waits is memory, so it has to move at a least rate.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep_until};

/// How long the first byte, and each head, may take.
const HEAD_MAX: Duration = Duration::from_secs(10);
/// How long the other side may take to make room for another byte.
const STALL_MAX: Duration = Duration::from_secs(30);
/// The least rate at which the other side takes what waits to be written, on average and beyond
/// [`STALL_MAX`], in bytes a second.
const RATE_MIN: u32 = 4 * 1024;

const HEAD: u8 = 0;
const BUSY: u8 = 1;
const IDLE: u8 = 2;
/// As [`HEAD`], while the server stops: what has not arrived whole by now is not waited for.
const LAST: u8 = 3;

/// The state of a connection, shared by its stream, its requests and the table of connections.
#[derive(Clone, Debug, Default)]
pub(super) struct Phase(Arc<State>);

#[derive(Debug)]
struct State {
    /// It begins by waiting for a head.
    now: AtomicU8,
    opened_at: Instant,
    /// When it last became idle, in milliseconds after `opened_at`.
    idle_since: AtomicU64,
    /// Whether a valid token came on it.
    is_known: Arc<AtomicBool>,
    /// Whether it is to end as soon as it is idle.
    is_ending: AtomicBool,
    ending: Notify,
}

impl Default for State {
    fn default() -> State {
        let (now, idle_since, is_ending) = (AtomicU8::new(HEAD), AtomicU64::new(0), AtomicBool::new(false));
        let (is_known, ending) = (Arc::default(), Notify::new());
        State { now, opened_at: Instant::now(), idle_since, is_known, is_ending, ending }
    }
}

impl Phase {
    /// A head has arrived and is being served.
    pub fn busy(&self) {
        self.0.now.store(BUSY, Ordering::Relaxed);
    }

    /// The next byte begins a head.
    pub fn idle(&self) {
        let since = u64::try_from(self.0.opened_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.idle_since.store(since, Ordering::Relaxed);
        self.0.now.store(IDLE, Ordering::Relaxed);
    }

    /// Whether no request is being served.
    pub fn is_idle(&self) -> bool {
        !self.is(BUSY) && !self.is_ending()
    }

    /// How long no request has been served.
    pub fn idle_for(&self) -> Duration {
        self.0.opened_at.elapsed().saturating_sub(Duration::from_millis(self.0.idle_since.load(Ordering::Relaxed)))
    }

    /// To be set once a valid token has come.
    pub fn is_known_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0.is_known)
    }

    /// Whether a valid token has come.
    pub fn is_known(&self) -> bool {
        self.0.is_known.load(Ordering::Relaxed)
    }

    /// Asks the connection to end as soon as it is idle.
    pub fn end(&self) {
        self.0.is_ending.store(true, Ordering::Relaxed);
        self.0.ending.notify_one();
    }

    pub fn is_ending(&self) -> bool {
        self.0.is_ending.load(Ordering::Relaxed)
    }

    /// Waits until the connection is asked to end.
    pub async fn ending(&self) {
        self.0.ending.notified().await;
    }

    /// The server stops.
    pub fn close(&self) {
        // Any other phase goes on; none of them leads to another head.
        let _ = self.0.now.compare_exchange(HEAD, LAST, Ordering::Relaxed, Ordering::Relaxed);
    }

    fn is(&self, phase: u8) -> bool {
        self.0.now.load(Ordering::Relaxed) == phase
    }
}

/// A stream with these timers.
pub(super) struct Timed<S> {
    stream: S,
    phase: Phase,
    head_ends_at: Instant,
    timer: Option<Pin<Box<Sleep>>>,
    stall: Option<Pin<Box<Sleep>>>,
    /// Since when something waits to be written, and how many bytes were taken since.
    slow: Option<(Instant, u64)>,
}

impl<S> Timed<S> {
    pub fn new(stream: S, phase: Phase) -> Timed<S> {
        Timed { stream, phase, head_ends_at: Instant::now() + HEAD_MAX, timer: None, stall: None, slow: None }
    }

    /// The stream without its timers.
    pub fn into_inner(self) -> S {
        self.stream
    }

    /// The timer begins with the first write that has to wait. A byte that was taken ends it, as
    /// long as the average since something waits is above the least rate.
    fn poll_stall(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let now = Instant::now();
        let (began, taken) = *self.slow.get_or_insert((now, 0));
        let stall = self.stall.get_or_insert_with(|| {
            let too_slow_at = began + STALL_MAX + Duration::from_secs(taken / u64::from(RATE_MIN));
            Box::pin(sleep_until(too_slow_at.min(now + STALL_MAX)))
        });
        stall.as_mut().poll(cx).map(|()| io::ErrorKind::TimedOut.into())
    }

    fn written(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_pending() {
            return self.poll_stall(cx).map(Err);
        }
        self.stall = None;
        if let (Some((_, taken)), Poll::Ready(Ok(bytes))) = (&mut self.slow, &written) {
            *taken += *bytes as u64;
        }
        written
    }

    /// The timer exists only while a head is incomplete: most arrive whole.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.phase.is(LAST) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if !self.phase.is(HEAD) {
            self.timer = None;
            return Poll::Pending;
        }
        let ends_at = self.head_ends_at;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(ends_at)));
        if timer.deadline() != ends_at {
            timer.as_mut().reset(ends_at);
        }
        timer.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_pending() {
            return self.poll_timer(cx);
        }
        if buf.filled().len() > before && self.phase.is(IDLE) {
            self.phase.0.now.store(HEAD, Ordering::Relaxed);
            self.head_ends_at = Instant::now() + HEAD_MAX;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.written(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Pending => self.poll_stall(cx).map(Err),
            flushed @ Poll::Ready(_) => {
                // Nothing waits any more.
                self.slow = None;
                flushed
            }
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.written(cx, written)
    }
}

#[cfg(test)]
mod tests;
