//! Tokens: a client has at most one that lives (domain.md, "Tokens").

mod issue;
mod revoke;

pub use issue::IssueToken;
pub use revoke::RevokeToken;

use crate::{Grant, Instant, UserRef};
use serde::{Deserialize, Serialize};

/// What is kept of a token: its digest and its claims. The same key signs the same claims to the same token again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// Whose it is.
    pub user: UserRef,
    /// SHA-256 of the token as it is sent.
    #[serde(with = "crate::event::hex32")]
    pub hash: [u8; 32],
    /// Its name.
    pub jti: String,
    /// The `client_id` that asked for it.
    pub client_id: String,
    /// What it may touch.
    pub grants: Vec<Grant>,
    /// Since when.
    pub issued_at: Instant,
    /// Until when; absent: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Instant>,
}

impl Token {
    /// Whether it has not expired.
    pub fn is_valid_at(&self, now: Instant) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}
