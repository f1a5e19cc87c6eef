//! HTTP/1.1 byte by byte: a test that hangs up in the middle has to know where the middle is.

use serde_json::Value;
use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than anything may take; only so that a test that hangs ends.
const READ_MAX: Duration = Duration::from_secs(40);

/// A request that is being written.
#[derive(Clone, Debug)]
pub struct Request {
    head: String,
    pub body: String,
}

pub fn request(method: &str, path: &str) -> Request {
    Request { head: format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n"), body: String::new() }
}

pub fn get(path: &str) -> Request {
    request("GET", path)
}

pub fn post(path: &str) -> Request {
    request("POST", path)
}

pub fn delete(path: &str) -> Request {
    request("DELETE", path)
}

impl Request {
    pub fn header(mut self, name: &str, value: &str) -> Request {
        write!(self.head, "{name}: {value}\r\n").unwrap();
        self
    }

    pub fn bearer(self, token: &str) -> Request {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub fn key(self, key: &str) -> Request {
        self.header("Idempotency-Key", key)
    }

    pub fn json(self, body: &Value) -> Request {
        let mut request = self.header("Content-Type", "application/json");
        request.body = body.to_string();
        request
    }

    pub fn form(self, body: &str) -> Request {
        let mut request = self.header("Content-Type", "application/x-www-form-urlencoded");
        body.clone_into(&mut request.body);
        request
    }

    /// As it goes over the line.
    pub fn bytes(&self) -> Vec<u8> {
        format!("{}Content-Length: {}\r\n\r\n{}", self.head, self.body.len(), self.body).into_bytes()
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    head: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the server closes the connection behind it.
    pub fn closes(&self) -> bool {
        self.header("connection") == Some("close")
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        // Parsing a `Value` is compiled with its own crate, where it is optimized; `from_slice` would be compiled here.
        let text = std::str::from_utf8(&self.body).unwrap();
        text.parse().unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The JSON of a success.
    pub fn done(&self) -> Value {
        assert!((200..300).contains(&self.status), "{}: {}", self.status, self.text());
        self.json()
    }
}

/// A connection that stays open.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub fn open(address: SocketAddr) -> io::Result<Connection> {
        assert!(address.ip().is_loopback());
        Connection::over(TcpStream::connect(address)?)
    }

    /// As [`Connection::open`], on a connection that was made in a way of its own.
    pub fn over(stream: TcpStream) -> io::Result<Connection> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(READ_MAX))?;
        Ok(Connection { stream: BufReader::new(stream) })
    }

    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Says that nothing more will be sent, and goes on listening.
    pub fn end_sending(&mut self) -> io::Result<()> {
        self.stream.get_mut().shutdown(Shutdown::Write)
    }

    /// Reads the first byte of what comes.
    pub fn first_byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.stream.get_mut().read_exact(&mut byte)?;
        Ok(byte[0])
    }

    /// Reads until this has come.
    pub fn read_until(&mut self, text: &str) -> io::Result<()> {
        let mut heard = Vec::new();
        while !heard.ends_with(text.as_bytes()) {
            let mut byte = [0];
            self.stream.read_exact(&mut byte)?;
            heard.push(byte[0]);
        }
        Ok(())
    }

    /// Sends a request and reads its answer.
    pub fn exchange(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.send(request)?;
        self.receive()
    }

    /// Reads a whole answer. [`ErrorKind::NotConnected`]: there was none, not a byte of it.
    pub fn receive(&mut self) -> io::Result<Answer> {
        match self.stream.fill_buf() {
            Ok([]) => return Err(io::Error::new(ErrorKind::NotConnected, "closed before the answer")),
            Ok(_) => {}
            Err(error) => return Err(io::Error::new(ErrorKind::NotConnected, error)),
        }
        let first = self.line()?;
        let status = first.get(9..12).and_then(|code| code.parse().ok()).ok_or(ErrorKind::InvalidData)?;
        let mut head = Vec::new();
        loop {
            let line = self.line()?;
            match line.split_once(':') {
                Some((name, value)) => head.push((name.to_ascii_lowercase(), value.trim().to_owned())),
                None if line.is_empty() => break,
                None => return Err(ErrorKind::InvalidData.into()),
            }
        }
        let mut answer = Answer { status, head, body: Vec::new() };
        answer.body = match answer.header("content-length") {
            Some(length) => self.exactly(length.parse().map_err(|_| ErrorKind::InvalidData)?)?,
            None if answer.header("transfer-encoding") == Some("chunked") => self.chunks()?,
            None => Vec::new(),
        };
        Ok(answer)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        line.strip_suffix("\r\n").map(str::to_owned).ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }

    fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let length = usize::from_str_radix(&line, 16).map_err(|_| ErrorKind::InvalidData)?;
            body.extend(self.exactly(length)?);
            if !self.line()?.is_empty() {
                return Err(ErrorKind::InvalidData.into());
            }
            if length == 0 {
                return Ok(body);
            }
        }
    }
}
