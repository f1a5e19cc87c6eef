//! What a client says: messages, one after the other, some of which ask for a commit.

use super::watch::Watch;
use std::collections::HashSet;
use std::sync::Arc;

const SSL: u32 = 80_877_103;
const GSS: u32 = 80_877_104;

/// Asks the server to end a series of messages; until then it may keep its answers to itself.
const SYNC: [u8; 5] = [b'S', 0, 0, 0, 4];

/// What is next in a client's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Asks whether what follows may be encrypted; the answer is one byte.
    Encryption,
    /// Asks for a commit.
    Commit {
        /// How many messages came before, after each of which the server says that it is ready.
        after: u64,
    },
    /// Anything else.
    Other,
}

/// Reads a client's stream.
#[derive(Debug)]
pub struct Requests {
    watch: Arc<Watch>,
    begun: bool,
    /// Messages so far after each of which the server says that it is ready.
    rounds: u64,
    /// The names of those that are commits.
    statements: HashSet<Vec<u8>>,
    portals: HashSet<Vec<u8>>,
}

impl Requests {
    pub fn new(watch: Arc<Watch>) -> Requests {
        Requests { watch, begun: false, rounds: 0, statements: HashSet::new(), portals: HashSet::new() }
    }

    /// The length of the first message, if it is whole, and what it is.
    pub fn next(&mut self, bytes: &[u8]) -> Option<(usize, Request)> {
        if !self.begun {
            return self.greeting(bytes);
        }
        let length = 1 + number(bytes.get(1..5)?) as usize;
        let body = bytes.get(5..length)?;
        Some((length, self.message(bytes[0], body)))
    }

    /// What must follow a commit so that it is answered: a query is, anything else waits for the end of its series.
    pub fn ending(commit: &[u8]) -> &'static [u8] {
        if commit.first() == Some(&b'Q') { &[] } else { &SYNC }
    }

    /// What a connection begins with has no type.
    fn greeting(&mut self, bytes: &[u8]) -> Option<(usize, Request)> {
        let length = number(bytes.get(..4)?) as usize;
        let greeting = bytes.get(..length)?;
        let encryption = matches!(greeting.get(4..8).map(number), Some(SSL | GSS));
        self.begun = !encryption;
        Some((length, if encryption { Request::Encryption } else { Request::Other }))
    }

    fn message(&mut self, kind: u8, body: &[u8]) -> Request {
        let after = self.rounds;
        let mut commit = false;
        match kind {
            b'P' => {
                let statement = text(body);
                remember(&mut self.statements, statement, is_commit(&body[statement.len() + 1..]));
            }
            b'B' => {
                let portal = text(body);
                let commits = self.statements.contains(text(&body[portal.len() + 1..]));
                remember(&mut self.portals, portal, commits);
            }
            b'E' => commit = self.portals.contains(text(body)),
            b'Q' => {
                commit = is_commit(body);
                self.rounds += 1;
            }
            b'S' | b'F' => self.rounds += 1,
            _ => {}
        }
        self.count(kind, commit);
        if commit { Request::Commit { after } } else { Request::Other }
    }

    fn count(&self, kind: u8, commit: bool) {
        self.watch.count(|traffic| {
            match kind {
                b'Q' => traffic.queries += 1,
                b'P' => traffic.parses += 1,
                b'E' => traffic.executes += 1,
                b'S' => traffic.syncs += 1,
                _ => {}
            }
            traffic.commits += u64::from(commit);
        });
    }
}

fn remember(names: &mut HashSet<Vec<u8>>, name: &[u8], commits: bool) {
    if commits {
        names.insert(name.to_vec());
    } else {
        names.remove(name);
    }
}

/// Whether one of these statements is a commit.
fn is_commit(sql: &[u8]) -> bool {
    text(sql).split(|byte| *byte == b';').any(|statement| statement.trim_ascii().eq_ignore_ascii_case(b"commit"))
}

/// A text of the protocol: all before the first zero byte.
fn text(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A number of the protocol.
pub fn number(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |number, byte| number << 8 | u32::from(*byte))
}
