//! Why an attempt was no success.

use super::AddressFault;
use std::fmt;

/// Why an attempt was no success. Shown to whoever owns the endpoint: it names no address that a name leads to, for that
/// would tell outsiders about the network that the server stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nothing is sent to addresses of this form.
    Url(AddressFault),
    /// The host is, or its name leads to, an address that is not public and not allowed.
    NotPublic,
    /// The host's name could not be resolved.
    Resolve,
    /// There was no connection.
    Connect(std::io::ErrorKind),
    /// The receiver's certificate is not good, or the handshake failed; with what was wrong.
    Tls(String),
    /// It did not end in time.
    TimedOut(Stage),
    /// The connection ended before there was an answer.
    Closed,
    /// What came back is no answer of HTTP/1.1.
    NotHttp,
    /// The receiver sends us elsewhere; redirects are not followed.
    Redirect(u16),
    /// An answer with another status than 200 to 299.
    Status(u16),
    /// The secret that the message is to be signed with cannot be read: it was sealed under another master key.
    Secret,
    /// The message cannot be sent as it is.
    NotSent,
    /// The answer does not echo the challenge.
    NotEchoed,
    /// This machine has no descriptor, port or memory left: it says nothing about the receiver.
    Ours,
}

/// How far an attempt had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Resolving the name, connecting, or shaking hands.
    Connecting,
    /// Waiting for the answer.
    Answer,
}

impl Failure {
    /// Its name, for programs; never changed once released.
    pub fn slug(&self) -> &'static str {
        match self {
            Failure::Url(_) => "url_refused",
            Failure::NotPublic => "address_not_public",
            Failure::Resolve => "name_not_resolved",
            Failure::Connect(_) => "connect_failed",
            Failure::Tls(_) => "tls_failed",
            Failure::TimedOut(_) => "timed_out",
            Failure::Closed => "connection_closed",
            Failure::NotHttp => "not_http",
            Failure::Redirect(_) => "redirected",
            Failure::Status(_) => "status",
            Failure::Secret => "secret_unreadable",
            Failure::NotSent => "not_sent",
            Failure::NotEchoed => "challenge_not_echoed",
            Failure::Ours => "out_of_resources",
        }
    }

    /// As the log of attempts shows it: the slug, and the sentence.
    pub(crate) fn in_log(&self) -> String {
        format!("{}: {self}", self.slug())
    }
}

/// A sentence for people.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Url(fault) => write!(f, "the address {fault}"),
            Failure::NotPublic => f.write_str("the host has an address that is not public"),
            Failure::Resolve => f.write_str("the host's name could not be resolved"),
            Failure::Connect(kind) => write!(f, "no connection: {kind}"),
            Failure::Tls(why) => write!(f, "no TLS connection: {why}"),
            Failure::TimedOut(Stage::Connecting) => f.write_str("there was no connection in time"),
            Failure::TimedOut(Stage::Answer) => f.write_str("there was no answer in time"),
            Failure::Closed => f.write_str("the connection ended before there was an answer"),
            Failure::NotHttp => f.write_str("the answer is not HTTP/1.1"),
            Failure::Redirect(status) => write!(f, "the answer was a redirect ({status}), and those are not followed"),
            Failure::Status(status) => write!(f, "the answer was {status}"),
            Failure::Secret => f.write_str("the secret to sign with cannot be read; rotate it"),
            Failure::NotSent => f.write_str("the message could not be sent"),
            Failure::NotEchoed => f.write_str("the answer did not echo the challenge"),
            Failure::Ours => f.write_str("this server had no descriptor or port left; it tries again"),
        }
    }
}

#[cfg(test)]
mod tests;
