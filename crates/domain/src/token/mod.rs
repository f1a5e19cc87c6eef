//! Tokens: a client has at most one that lives (domain.md, "Tokens").

mod issue;
mod revoke;

pub use issue::IssueToken;
pub use revoke::RevokeToken;

use crate::{Grant, Instant, UserRef};
use serde::{Deserialize, Serialize};

/// The life that a token needs to be handed out again, where its whole life is ten times as long,
/// in microseconds.
const LIFE_NEEDED_MICROS: i64 = 30_000_000;

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
    /// Whether enough of its life is left to hand it out again: 30 seconds, or a tenth of a life
    /// shorter than 5 minutes.
    pub fn is_worth_handing_out_at(&self, now: Instant) -> bool {
        let needed = |end: Instant| LIFE_NEEDED_MICROS.min(end.0.saturating_sub(self.issued_at.0) / 10);
        self.expires_at.is_none_or(|end| end.0.saturating_sub(now.0) >= needed(end).max(1))
    }

    /// The token as it counts where tokens live `max` seconds at most: it ends no later than one
    /// that is issued under that rule.
    #[must_use]
    pub fn capped(self, max: Option<i64>) -> Token {
        let cap = max.map(|max| self.issued_at.plus_seconds(max));
        Token { expires_at: self.expires_at.into_iter().chain(cap).min(), ..self }
    }

    /// Whether it has not expired.
    pub fn is_valid_at(&self, now: Instant) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}
