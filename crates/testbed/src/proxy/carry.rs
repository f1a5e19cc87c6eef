//! Bytes from one side to the other, in all weathers.

use std::io::{self, ErrorKind};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch::Receiver;
use tokio::time::sleep;

const READ_AT_ONCE: usize = 64 * 1024;

/// What the network is like.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    /// How often all connections were cut.
    pub cuts: u64,
    /// Nothing is passed on.
    pub black_hole: bool,
    /// How long everything takes.
    pub delay: Duration,
}

/// Ends when those connections are cut that there are at the time of this call.
pub fn cut(mut weather: Receiver<Weather>) -> impl Future<Output = ()> {
    let before = weather.borrow().cuts;
    async move {
        // An error means that the proxy is gone, and everything with it.
        let _ = weather.wait_for(|weather| weather.cuts != before).await;
    }
}

/// Reads what there is, after its time on the way; no at the end.
pub async fn receive(from: &TcpStream, buffer: &mut Vec<u8>, weather: &Receiver<Weather>) -> io::Result<bool> {
    loop {
        from.readable().await?;
        buffer.reserve(READ_AT_ONCE);
        match from.try_read_buf(buffer) {
            Ok(0) => return Ok(false),
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    let delay = weather.borrow().delay;
    if !delay.is_zero() {
        sleep(delay).await;
    }
    Ok(true)
}

/// Passes bytes on, as soon as the weather allows it.
pub async fn send(to: &TcpStream, mut bytes: &[u8], weather: &Receiver<Weather>) -> io::Result<()> {
    let mut weather = weather.clone();
    while !bytes.is_empty() {
        let _ = weather.wait_for(|weather| !weather.black_hole).await;
        to.writable().await?;
        if weather.borrow().black_hole {
            continue;
        }
        match to.try_write(bytes) {
            Ok(sent) => bytes = &bytes[sent..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
