//! What is sent, and what came of it.

use super::Failure;
use bytes::Bytes;
use orderpark_domain::{Instant, PartyKind};
use orderpark_store::deliveries::Attempt;
use std::fmt;
use uuid::Uuid;
use zeroize::Zeroizing;

/// One message for one receiver; sent again, it is the same.
#[derive(Clone)]
pub struct Message {
    /// Where to.
    pub url: String,
    /// The kind of party that named that address.
    pub kind: PartyKind,
    /// Its `webhook-id`: the same however often it is sent. Printable ASCII without a full stop, which ends it in what is signed.
    pub id: String,
    /// What the body is.
    pub content_type: &'static str,
    /// The event that the body is, where that is JSON.
    pub event: Option<CloudEvent>,
    /// What is said.
    pub body: Bytes,
    /// The live secrets, newest first, as bytes (what stands behind `whsec_`, decoded). One signature each; none: unsigned.
    pub secrets: Vec<Zeroizing<Vec<u8>>>,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Message { url, kind: _, id, content_type, event: _, body, secrets } = self;
        write!(f, "Message {{ url: {url:?}, id: {id:?}, {content_type}, {} bytes, ", body.len())?;
        write!(f, "{} secrets }}", secrets.len())
    }
}

/// The context attributes of `CloudEvents` 1.0, which stand in headers (binary content mode); the
/// same at every attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudEvent {
    /// The `id` of the body.
    pub id: String,
    /// The `type` of the body.
    pub kind: &'static str,
    /// The `timestamp` of the body.
    pub at: Instant,
}

/// What came of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status, if an answer came in time.
    pub status: Option<u16>,
    /// Why it is not a success; `None` for an answer with a status 200 to 299, and for nothing else.
    pub failure: Option<Failure>,
    /// How many seconds the receiver asks to be left alone (`Retry-After`, in either form); at most a day.
    pub retry_after_s: Option<u64>,
    /// The beginning of the answer's body, at most 1 KiB, without control characters; `None` if there was none.
    pub excerpt: Option<String>,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// Whether the receiver is, or may be, inside a network that is not public: then the operator
    /// alone may see what came of it.
    pub inside: bool,
}

impl Reply {
    /// What came of a message that could not even be made.
    pub(crate) fn unsaid(failure: Failure) -> Reply {
        Reply { status: None, failure: Some(failure), retry_after_s: None, excerpt: None, took_us: 0, inside: false }
    }

    /// The log entry of this outcome: a first attempt that is about no event.
    pub(crate) fn attempt(self, id: Uuid, at: Instant, webhook_id: String, kind: &str, url: String) -> Attempt {
        Attempt {
            id,
            event: None,
            webhook_id,
            kind: kind.to_owned(),
            number: 1,
            at,
            took_us: self.took_us,
            url,
            status: self.status,
            failure: self.failure.as_ref().map(Failure::in_log),
            response: self.excerpt,
            inside: Some(self.inside),
        }
    }

    /// Whether the receiver has taken the message.
    pub fn is_success(&self) -> bool {
        self.failure.is_none()
    }
}
