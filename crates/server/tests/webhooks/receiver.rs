//! Somebody who is told: a listener that keeps what came, and answers as the test says.

use std::collections::BTreeMap;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// One request that came, and the connection that waits for its answer.
pub struct Arrival {
    pub line: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
    stream: TcpStream,
}

impl Arrival {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Answers with a status and a body.
    pub async fn answer(mut self, status: u16, body: &str) {
        let text =
            format!("HTTP/1.1 {status} Said\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        self.stream.write_all(text.as_bytes()).await.expect("an answer is sent");
        self.stream.shutdown().await.expect("and ends");
    }
}

/// A receiver on a port of its own.
pub struct Receiver {
    pub url: String,
    arrivals: mpsc::UnboundedReceiver<Arrival>,
}

impl Receiver {
    pub async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hooks", listener.local_addr().expect("an address"));
        let (sender, arrivals) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if sender.send(read(stream).await).is_err() {
                    return;
                }
            }
        });
        Receiver { url, arrivals }
    }

    /// The next request.
    pub async fn next(&mut self) -> Arrival {
        self.arrivals.recv().await.expect("a listener")
    }
}

async fn read(stream: TcpStream) -> Arrival {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).await.expect("a line");
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let line = lines.remove(0);
    let pairs = lines.iter().filter_map(|line| line.split_once(": "));
    let headers: BTreeMap<_, _> = pairs.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().expect("a length"));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await.expect("a body");
    Arrival { line, headers, body, stream: reader.into_inner() }
}
