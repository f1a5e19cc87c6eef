//! What the server says: messages, one after the other, one of which is the answer to a commit.

use super::requests::number;

/// Reads a server's stream.
#[derive(Debug, Default)]
pub struct Answers {
    /// What has come and is not passed on yet.
    pub buffer: Vec<u8>,
    /// How often the server has said that it is ready; the first time when the connection is made.
    ready: u64,
}

impl Answers {
    /// The length of the message that begins there, if it is whole, and whether it is the answer to the commit that was
    /// sent after so many rounds.
    pub fn next(&mut self, begin: usize, commit_after: Option<u64>) -> Option<(usize, bool)> {
        let bytes = &self.buffer[begin..];
        let length = 1 + number(bytes.get(1..5)?) as usize;
        let body = bytes.get(5..length)?;
        let is_time = commit_after.is_some_and(|rounds| self.ready > rounds);
        let ends = matches!(bytes[0], b'E' | b'Z') || (bytes[0] == b'C' && matches!(body, b"COMMIT\0" | b"ROLLBACK\0"));
        self.ready += u64::from(bytes[0] == b'Z');
        Some((length, is_time && ends))
    }
}
