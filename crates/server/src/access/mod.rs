//! Access: who asks.
//!
//! A client proves its secret at the token endpoint ([`secret`], `throttle`) and is given a token ([`issue`],
//! [`Signer`]). Every other request carries the token; [`authenticate`] turns it into a [`Caller`]: SHA-256 of what was
//! sent, the token with that digest (remembered for at most a second, see `cache`), the user whose token it is. A token
//! is known by its digest in the token table, not by its signature, so revoking one is effective at once on this node
//! and within a second on every other.

mod cache;
mod commit;
mod proof;
pub mod secret;
mod signer;
mod throttle;
mod tokens;
mod validity;

pub(crate) use commit::commit;
pub use proof::{ClientId, NotProved, prove};
pub use secret::new_secret;
pub(crate) use signer::Master;
pub use signer::{KeyError, Signer};
pub use throttle::Wait;
pub use tokens::{Issued, find, issue, revoke};
pub use validity::{INFINITE_SECONDS, NotAValidity, Validity};

use crate::{App, Problem};
use cache::{Known, TokenCache};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use orderpark_domain::{Caller, Instant, Scope};
use orderpark_store::{ReadError, Store};
use std::sync::Arc;
use throttle::Throttle;
use tokio::sync::watch;

/// What access remembers, and the key that it signs with.
pub struct Access {
    signer: Signer,
    cache: Arc<TokenCache>,
    throttle: Throttle,
}

impl Access {
    /// Remembers nothing yet.
    pub fn new(signer: Signer) -> Access {
        Access { signer, cache: Arc::new(TokenCache::new()), throttle: Throttle::new() }
    }

    /// Forgets every token whenever `revocations` moves: another node may have ended one. Ends with the store.
    pub fn follow(&self, mut revocations: watch::Receiver<u64>) {
        let cache = Arc::downgrade(&self.cache);
        tokio::spawn(async move {
            while revocations.changed().await.is_ok() {
                let Some(cache) = cache.upgrade() else { return };
                cache.forget_all();
            }
        });
    }

    async fn know(&self, store: &Store, bearer: &str, now: Instant) -> Result<Option<Arc<Known>>, ReadError> {
        let hash = secret::sha256(bearer.as_bytes());
        if let Some(known) = self.cache.get(&hash, now) {
            return Ok(Some(known));
        }
        let lookup = self.cache.begin(now);
        let scope = Scope::system("a bearer token proves itself by its digest");
        let found = store.get_token(&scope, &hash).await?;
        let valid = found.filter(|(token, _)| token.is_valid_at(now));
        Ok(valid.map(|(token, user)| self.cache.keep(hash, lookup, &token, &user)))
    }
}

/// Who sent these headers: 401 unless there is exactly one `Authorization`, with a valid token.
pub async fn authenticate(app: &App, headers: &HeaderMap) -> Result<Caller, Problem> {
    let bearer = bearer(headers).ok_or_else(Problem::unauthorized)?;
    let known = app.access.know(&app.store, bearer, app.now()).await?.ok_or_else(Problem::unauthorized)?;
    Ok(known.caller.clone())
}

/// The token of `Authorization: Bearer TOKEN` (RFC 6750, 2.1); the scheme in any case (RFC 9110, 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests;
