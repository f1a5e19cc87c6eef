//! A connection that gives up when a request's head takes too long to arrive, or when the other side reads no more.
//!
//! hyper has one timer for an idle connection and for a head that drips in. They are two things: ours runs from the
//! first byte of a head (or from the connection's beginning) until the service is called. And hyper has none for writing:
//! who never reads an answer would keep its place for ever, so ours runs while no byte can be written.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// How long the first byte, and each head, may take.
const HEAD_MAX: Duration = Duration::from_secs(10);
/// How long the other side may take to make room for another byte.
const STALL_MAX: Duration = Duration::from_secs(30);

const HEAD: u8 = 0;
const BUSY: u8 = 1;
const IDLE: u8 = 2;
/// As [`HEAD`], while the server stops: what has not arrived whole by now is not waited for.
const LAST: u8 = 3;

/// What a connection does now: it begins by waiting for a head.
#[derive(Clone, Debug, Default)]
pub(super) struct Phase(Arc<AtomicU8>);

impl Phase {
    /// A head has arrived and is being served.
    pub fn busy(&self) {
        self.0.store(BUSY, Ordering::Relaxed);
    }

    /// The next byte begins a head.
    pub fn idle(&self) {
        self.0.store(IDLE, Ordering::Relaxed);
    }

    /// The server stops.
    pub fn close(&self) {
        // Any other phase goes on; none of them leads to another head.
        let _ = self.0.compare_exchange(HEAD, LAST, Ordering::Relaxed, Ordering::Relaxed);
    }

    fn is(&self, phase: u8) -> bool {
        self.0.load(Ordering::Relaxed) == phase
    }
}

/// A stream with these timers.
pub(super) struct Timed<S> {
    stream: S,
    phase: Phase,
    head_ends_at: Instant,
    timer: Option<Pin<Box<Sleep>>>,
    stall: Option<Pin<Box<Sleep>>>,
}

impl<S> Timed<S> {
    pub fn new(stream: S, phase: Phase) -> Timed<S> {
        Timed { stream, phase, head_ends_at: Instant::now() + HEAD_MAX, timer: None, stall: None }
    }

    /// The stream without its timers.
    pub fn into_inner(self) -> S {
        self.stream
    }

    /// The timer begins with the first write that has to wait, and only a byte that was taken ends it.
    fn poll_stall(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(STALL_MAX)));
        stall.as_mut().poll(cx).map(|()| io::ErrorKind::TimedOut.into())
    }

    fn written(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_pending() {
            return self.poll_stall(cx).map(Err);
        }
        self.stall = None;
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
            self.phase.0.store(HEAD, Ordering::Relaxed);
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
            flushed @ Poll::Ready(_) => flushed,
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
