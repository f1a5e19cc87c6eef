//! One connection, from the client to the server and back.

use super::Moment;
use super::answers::Answers;
use super::carry::{Weather, receive, send};
use super::requests::{Request, Requests};
use super::watch::Watch;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpStream;
use tokio::sync::watch::Receiver;

/// How a connection ended.
enum End {
    /// One side ended it, or broke.
    Closed,
    /// Both sides are to be cut off.
    Cut,
    /// The client is to be cut off; the server answers a commit first.
    CommitSent,
}

/// What the two directions tell each other.
#[derive(Debug, Default)]
struct Talk {
    /// The server is about to answer with one byte whether it encrypts.
    asked_for_encryption: bool,
    /// It does.
    encrypted: bool,
    /// A commit is on its way, after so many rounds.
    commit_after: Option<u64>,
    /// What shall be done at its answer: cut, and let nobody in any more.
    cut_at_answer: Option<bool>,
}

struct Relay {
    client: TcpStream,
    server: TcpStream,
    watch: Arc<Watch>,
    weather: Receiver<Weather>,
    talk: Mutex<Talk>,
}

/// Connects a client with the server, until one of them ends it or the test cuts it.
pub async fn relay(
    client: TcpStream,
    upstream: SocketAddr,
    watch: Arc<Watch>,
    weather: Receiver<Weather>,
    cut: impl Future<Output = ()>,
) {
    tokio::pin!(cut);
    let server = tokio::select! {
        () = &mut cut => None,
        server = TcpStream::connect(upstream) => server.ok(),
    };
    let Some(server) = server else { return reset(client) };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let relay = Relay { client, server, watch, weather, talk: Mutex::default() };
    let mut answers = Answers::default();
    let end = tokio::select! {
        biased;
        () = &mut cut => End::Cut,
        end = relay.up() => end.unwrap_or(End::Closed),
        end = relay.down(&mut answers) => end.unwrap_or(End::Closed),
    };
    let Relay { client, server, weather, talk, .. } = relay;
    if matches!(end, End::Closed) {
        return;
    }
    reset(client);
    if matches!(end, End::CommitSent) {
        let commit_after = talk.into_inner().unwrap_or_else(PoisonError::into_inner).commit_after;
        tokio::select! {
            () = cut => {}
            _ = swallow(&server, &mut answers, commit_after, &weather) => {}
        }
    }
    reset(server);
}

impl Relay {
    async fn up(&self) -> io::Result<End> {
        let mut requests = Requests::new(Arc::clone(&self.watch));
        let mut buffer = Vec::new();
        while receive(&self.client, &mut buffer, &self.weather).await? {
            let mut read = if self.talk().encrypted { buffer.len() } else { 0 };
            while let Some((length, request)) = requests.next(&buffer[read..]) {
                match request {
                    Request::Other => {}
                    Request::Encryption => self.talk().asked_for_encryption = true,
                    Request::Commit { after } => {
                        if let Some(end) = self.at_commit(&buffer, read..read + length, after).await? {
                            return Ok(end);
                        }
                    }
                }
                read += length;
            }
            send(&self.server, &buffer[..read], &self.weather).await?;
            buffer.drain(..read);
        }
        Ok(End::Closed)
    }

    /// Does what the test wants done at a commit, which stands there in the buffer.
    async fn at_commit(&self, buffer: &[u8], commit: Range<usize>, after: u64) -> io::Result<Option<End>> {
        let Some((moment, refuse)) = self.watch.commit_comes() else { return Ok(None) };
        let (bytes, end) = match moment {
            Moment::BeforeCommit => (buffer[..commit.start].to_vec(), End::Cut),
            Moment::AfterCommitSent => {
                self.talk().commit_after = Some(after);
                ([&buffer[..commit.end], Requests::ending(&buffer[commit])].concat(), End::CommitSent)
            }
            Moment::AfterFirstByteOfAnswer => {
                let mut talk = self.talk();
                talk.commit_after = Some(after);
                talk.cut_at_answer = Some(refuse);
                return Ok(None);
            }
        };
        send(&self.server, &bytes, &self.weather).await?;
        self.watch.moment_comes(refuse);
        Ok(Some(end))
    }

    async fn down(&self, answers: &mut Answers) -> io::Result<End> {
        loop {
            let more = receive(&self.server, &mut answers.buffer, &self.weather).await?;
            let (read, cut) = self.read(answers);
            let read = if more { read } else { answers.buffer.len() };
            if let Some(refuse) = cut {
                self.watch.moment_comes(refuse);
            }
            // Taken out first: what was read once must not be read again, should this future end while it sends.
            let bytes: Vec<u8> = answers.buffer.drain(..read).collect();
            send(&self.client, &bytes, &self.weather).await?;
            match cut {
                Some(_) => return Ok(End::Cut),
                None if !more => return Ok(End::Closed),
                None => {}
            }
        }
    }

    /// How much of what the server said may be passed on, and whether that is all, and nobody is let in after it.
    fn read(&self, answers: &mut Answers) -> (usize, Option<bool>) {
        let mut talk = self.talk();
        let mut read = 0;
        if talk.asked_for_encryption && !answers.buffer.is_empty() {
            talk.asked_for_encryption = false;
            talk.encrypted = answers.buffer[0] != b'N';
            read = 1;
        }
        if talk.encrypted {
            return (answers.buffer.len(), None);
        }
        while let Some((length, answers_commit)) = answers.next(read, talk.commit_after) {
            if answers_commit && talk.cut_at_answer.is_some() {
                return (read + 1, talk.cut_at_answer);
            }
            read += length;
        }
        (read, None)
    }

    fn talk(&self) -> MutexGuard<'_, Talk> {
        self.talk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads until the commit is answered, and passes nothing on.
async fn swallow(
    server: &TcpStream,
    answers: &mut Answers,
    commit_after: Option<u64>,
    weather: &Receiver<Weather>,
) -> io::Result<()> {
    let mut read = 0;
    loop {
        while let Some((length, answers_commit)) = answers.next(read, commit_after) {
            if answers_commit {
                return Ok(());
            }
            read += length;
        }
        if !receive(server, &mut answers.buffer, weather).await? {
            return Ok(());
        }
    }
}

/// Ends a connection so that the other side sees a reset.
pub fn reset(stream: TcpStream) {
    let _ = stream.set_zero_linger();
    drop(stream);
}
