//! Request keys: how a retry finds its first answer instead of making a second order.
//!
//! A key belongs to a client (never to a token) and an operation, and it never expires. It is kept in the same
//! transaction as the work, inside the journal entry itself, so the two cannot come apart.

use crate::UserRef;
use serde::{Deserialize, Serialize};

/// An `Idempotency-Key` as it is kept: digests, so that neither the key nor the body is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RequestKey {
    /// The client.
    pub client: UserRef,
    /// First 16 bytes of SHA-256 over the operation and the key.
    #[serde(with = "crate::event::hex16")]
    pub key: [u8; 16],
    /// First 16 bytes of SHA-256 over the canonical request: path, query and body.
    #[serde(with = "crate::event::hex16")]
    pub fingerprint: [u8; 16],
}

/// The identity of a kept key: client and digest.
pub type RequestKeyId = (UserRef, [u8; 16]);

/// What a key was used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptRequest {
    /// The fingerprint of the request that used it.
    pub fingerprint: [u8; 16],
    /// The journal entry that answered it.
    pub seq: u64,
}

impl RequestKey {
    /// The identity under which it is kept.
    pub fn id(&self) -> RequestKeyId {
        (self.client, self.key)
    }
}
