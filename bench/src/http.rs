//! HTTP/1.1 as a load generator needs it: one request, one answer, on a connection that stays open.
//!
//! It shares two cores with the server, so it does no more than it must: a request is bytes that were rendered before, an
//! answer is read until its length is reached. It understands `Content-Length` and `chunked`, and nothing else.

use anyhow::{Context, bail};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection to a server on this machine.
pub struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

/// What came back; the body lies in the connection until the next request.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    body_at: usize,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Connection> {
        anyhow::ensure!(address.ip().is_loopback(), "{address} is not on this machine");
        let stream = TcpStream::connect(address).await.context("connecting")?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, read: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a request and reads its whole answer.
    pub async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        self.read.clear();
        self.stream.write_all(request).await.context("sending")?;
        loop {
            let count = self.stream.read_buf(&mut self.read).await.context("reading")?;
            if count == 0 {
                bail!("the server closed the connection: {}", String::from_utf8_lossy(&self.read));
            }
            if let Some(answer) = complete(&self.read)? {
                return Ok(answer);
            }
        }
    }

    /// Whether the server has closed it, or said something that nobody asked for.
    pub fn is_stale(&self) -> bool {
        let read = self.stream.try_read(&mut [0]);
        !matches!(read, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    }

    /// The body of the last answer, as it was sent.
    pub fn body(&self, answer: Answer) -> &[u8] {
        &self.read[answer.body_at..]
    }

    /// Whether the server closes the connection behind its last answer.
    pub fn closes(&self, answer: Answer) -> bool {
        let head = String::from_utf8_lossy(&self.read[..answer.body_at]).to_ascii_lowercase();
        head.contains("\r\nconnection: close\r\n")
    }

    /// The text of the last answer's body, whether it came in one piece or in chunks.
    pub fn text(&self, answer: Answer) -> anyhow::Result<String> {
        let body = self.body(answer);
        let head = std::str::from_utf8(&self.read[..answer.body_at])?;
        let bytes = if content_length(head).is_some() { body.to_vec() } else { joined(body)? };
        Ok(String::from_utf8(bytes)?)
    }
}

/// What stands in the chunks.
fn joined(mut chunks: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut whole = Vec::with_capacity(chunks.len());
    loop {
        let line = chunks.windows(2).position(|two| two == b"\r\n").context("a chunk without its length")?;
        let length = usize::from_str_radix(std::str::from_utf8(&chunks[..line])?, 16)?;
        if length == 0 {
            return Ok(whole);
        }
        let chunk = chunks.get(line + 2..line + 2 + length).context("a chunk that is too short")?;
        whole.extend_from_slice(chunk);
        chunks = chunks.get(line + 4 + length..).context("a chunk without its end")?;
    }
}

/// The answer, if all of it is there.
fn complete(read: &[u8]) -> anyhow::Result<Option<Answer>> {
    let Some(head_length) = read.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&read[..head_length]).context("a head that is not text")?;
    let status = head.get(9..12).and_then(|code| code.parse().ok()).context("no status")?;
    let body_at = head_length + 4;
    let done = match content_length(head) {
        Some(length) => read.len() >= body_at + length,
        None => read.ends_with(b"0\r\n\r\n") && read.len() > body_at,
    };
    Ok(done.then_some(Answer { status, body_at }))
}

fn content_length(head: &str) -> Option<usize> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    })
}

/// A request, rendered once; a run of digits in it can be set, so that every request differs without being built anew.
#[derive(Clone, Debug)]
pub struct Request {
    bytes: Vec<u8>,
    digits_at: Option<usize>,
}

/// What stands in a header or path for the digits that are set for each request.
pub const DIGITS: &str = "000000000000";

impl Request {
    /// Renders a request. `headers` are whole lines without their ends.
    pub fn new(method: &str, path: &str, headers: &[String], body: &str) -> Request {
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
        for header in headers {
            text.push_str(header);
            text.push_str("\r\n");
        }
        if !body.is_empty() {
            text.push_str("Content-Length: ");
            text.push_str(&body.len().to_string());
            text.push_str("\r\n");
        }
        text.push_str("\r\n");
        let digits_at = text.find(DIGITS);
        text.push_str(body);
        Request { bytes: text.into_bytes(), digits_at }
    }

    /// The request as it was rendered.
    pub fn as_sent(self) -> Vec<u8> {
        self.bytes
    }

    /// The request with its number set.
    pub fn numbered(&mut self, mut number: u64) -> &[u8] {
        if let Some(at) = self.digits_at {
            for digit in self.bytes[at..at + DIGITS.len()].iter_mut().rev() {
                *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
                number /= 10;
            }
        }
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn chunks_are_joined_and_a_broken_one_is_an_error() {
        assert_eq!(joined(b"3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n").unwrap(), b"abc0123456789");
        assert!(joined(b"3\r\nab").is_err() && joined(b"").is_err() && joined(b"3\r\nabc\r\n").is_err());
    }
}
