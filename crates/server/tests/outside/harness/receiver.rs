//! A receiver: listens on loopback, reads a request, and then does what the test says with the connection.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A request as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The first line.
    pub line: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Seen {
    /// The value of a header that there is at most one of.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(key, _)| key == name);
        let (value, None) = (values.next()?, values.next()) else { panic!("{name} twice: {self:?}") };
        Some(&value.1)
    }
}

/// See the module.
pub struct Receiver {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<Mutex<usize>>,
    ended: mpsc::UnboundedReceiver<()>,
}

impl Receiver {
    /// Answers each request of each connection with these bytes.
    pub async fn answering(answer: &'static str) -> Receiver {
        Receiver::doing(move |mut stream| async move {
            stream.write_all(answer.as_bytes()).await.ok()?;
            Some(stream)
        })
        .await
    }

    /// Answers 200.
    pub async fn content() -> Receiver {
        Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await
    }

    /// Does `then` with each connection that has sent a request, and again if it gives the connection back.
    pub async fn doing<T, F>(then: T) -> Receiver
    where
        T: Fn(TcpStream) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Option<TcpStream>> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a place to listen");
        let address = listener.local_addr().expect("an address");
        let (seen, connections) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
        let (told, ended) = mpsc::unbounded_channel();
        let (keeps, counts) = (Arc::clone(&seen), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *counts.lock().expect("a count") += 1;
                let (then, keeps, told) = (then.clone(), Arc::clone(&keeps), told.clone());
                tokio::spawn(async move {
                    let mut stream = Some(stream);
                    while let Some(mut open) = stream {
                        let Some(request) = read(&mut open).await else { break };
                        keeps.lock().expect("a list").push(request);
                        stream = then(open).await;
                    }
                    let _ = told.send(());
                });
            }
        });
        Receiver { address, seen, connections, ended }
    }

    /// Its address, by number.
    pub fn url(&self) -> String {
        format!("http://{}/hook?tenant=1", self.address)
    }

    /// Its address, by this name.
    pub fn url_of(&self, scheme: &str, name: &str) -> String {
        format!("{scheme}://{name}:{}/hook", self.address.port())
    }

    /// The requests that came.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("a list").clone()
    }

    /// How many connections came.
    pub fn connections(&self) -> usize {
        *self.connections.lock().expect("a count")
    }

    /// Waits for a connection to end.
    pub async fn until_ended(&mut self) {
        self.ended.recv().await.expect("a connection");
    }
}

/// Reads one request; `None` at the end of the connection.
pub async fn read<S: tokio::io::AsyncRead + Unpin>(stream: &mut S) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).expect("text");
    let mut lines = head.lines();
    let line = lines.next().unwrap_or_default().to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let mut seen = Seen { line, headers, body: bytes.split_off(end) };
    let length = seen.header("content-length").map_or(0, |text| text.parse().expect("a length"));
    while seen.body.len() < length {
        if stream.read_buf(&mut seen.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(seen)
}
