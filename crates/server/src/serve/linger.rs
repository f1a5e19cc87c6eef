//! Lingering close of a connection.
//!
//! A socket that is closed while it holds unread bytes is reset by the kernel, and the reset takes
//! an answer with it that the client has not read yet. A proxy in between counts that as a failure
//! of this server. So the write side is shut down first; what still arrives is read and discarded
//! until the client closes, within bounds of time, silence and amount. The connection keeps its
//! place among [`Settings::connections_max`](crate::Settings) for as long.

use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// The longest time in all.
const TIME_MAX: Duration = Duration::from_secs(5);
/// The longest time in all once the server stops.
const STOPPING_MAX: Duration = Duration::from_millis(500);
/// The longest time without a byte.
const SILENCE_MAX: Duration = Duration::from_secs(2);
/// The most that is read, in bytes.
const AMOUNT_MAX: usize = 64 * 1024 * 1024;
/// The size of one read, in bytes.
const BUFFER: usize = 16 * 1024;

/// Closes a connection whose last answer is written.
pub(super) async fn close(mut stream: TcpStream, mut closed: watch::Receiver<bool>) {
    // It fails where the other side has closed as well: nothing can arrive any more.
    if stream.shutdown().await.is_err() {
        return;
    }
    let stopping = async {
        super::told(&mut closed).await;
        sleep(STOPPING_MAX).await;
    };
    tokio::select! {
        () = discard(&mut stream) => {}
        () = sleep(TIME_MAX) => {}
        () = stopping => {}
    }
}

async fn discard(stream: &mut TcpStream) {
    let mut buffer = vec![0; BUFFER];
    let mut left = AMOUNT_MAX;
    while let Ok(Ok(read @ 1..)) = timeout(SILENCE_MAX, stream.read(&mut buffer)).await {
        left = left.saturating_sub(read);
        if left == 0 {
            return;
        }
    }
}
