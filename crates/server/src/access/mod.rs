//! Access: who asks.
//!
//! A client proves its secret at the token endpoint ([`secret`], `throttle`) and is given a token ([`issue`],
//! [`Signer`]). Every other request carries the token; [`authenticate`] turns it into a [`Caller`]: SHA-256 of what was
//! sent, the token with that digest (remembered for at most a second, see `cache`), the user whose token it is. A token
//! is known by its digest in the token table, not by its signature, so revoking one is effective at once on this node
//! and within a second on every other.

mod cache;
mod challenge;
mod commit;
mod lasting;
mod proof;
pub mod secret;
mod signer;
mod throttle;
mod tokens;
mod validity;

pub(crate) use commit::commit;
pub(crate) use lasting::Lasting;
pub use proof::{ClientId, NotProved, prove};
pub use secret::new_secret;
pub(crate) use signer::Master;
pub use signer::{KeyError, Signer};
pub use throttle::Wait;
pub(crate) use tokens::find;
pub use tokens::{Issued, issue, revoke};
pub use validity::{INFINITE_SECONDS, NotAValidity, Validity};

use crate::{App, Problem};
use cache::{Known, TokenCache};
pub(crate) use challenge::{Unproved, check_fresh};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use orderpark_domain::{Caller, Instant, Membership, Scope, Token, User};
use orderpark_store::{ReadError, Store};
use std::sync::Arc;
use throttle::Throttle;
use tokio::sync::watch;

/// What access remembers, and the key that it signs with.
pub struct Access {
    signer: Signer,
    cache: Arc<TokenCache>,
    throttle: Throttle,
    /// How many seconds a token lives at most.
    validity_max_s: Option<i64>,
}

impl Access {
    /// Remembers nothing yet.
    pub fn new(signer: Signer, validity_max_s: Option<i64>) -> Access {
        Access { signer, cache: Arc::new(TokenCache::new()), throttle: Throttle::new(), validity_max_s }
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

    async fn know(&self, store: &Store, bearer: &str, now: Instant) -> Result<Result<Arc<Known>, Unproved>, ReadError> {
        let hash = secret::sha256(bearer.as_bytes());
        if let Some(known) = self.cache.get(&hash, now) {
            return Ok(Ok(known));
        }
        let lookup = self.cache.begin(now);
        Ok(match self.token(store, &hash).await? {
            Some((token, user, membership)) if token.is_valid_at(now) => {
                Ok(self.cache.keep(hash, lookup, &token, Caller::new(&user, membership)))
            }
            found => Err(self.why_not(bearer, found.and_then(|(token, ..)| token.expires_at), now)),
        })
    }

    /// The token with this digest and its user, with the end that it has under the operator's rule.
    async fn token(&self, store: &Store, hash: &[u8; 32]) -> Result<Option<(Token, User, Membership)>, ReadError> {
        let scope = Scope::system("a bearer token proves itself by its digest");
        let found = store.get_token(&scope, hash).await?;
        Ok(found.map(|(token, user, membership)| (token.capped(self.validity_max_s), user, membership)))
    }
}

/// Who sent these headers: 401 unless there is exactly one `Authorization`, with a valid token.
pub async fn authenticate(app: &App, headers: &HeaderMap) -> Result<Caller, Problem> {
    let known = app.access.know(&app.store, bearer(headers)?, app.now()).await??;
    Ok(known.caller.clone())
}

/// As [`authenticate`], and counts a request for the quotas of the caller's party and its vendor:
/// 429 beyond them.
pub async fn admit(app: &App, headers: &HeaderMap) -> Result<Caller, Problem> {
    let caller = authenticate(app, headers).await?;
    app.limits.count_request(&caller, &app.settings)?;
    Ok(caller)
}

/// The token of `Authorization: Bearer TOKEN` (RFC 6750, 2.1); the scheme in any case (RFC 9110, 11.1).
fn bearer(headers: &HeaderMap) -> Result<&str, Unproved> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(Unproved::Nothing)?;
    if values.next().is_some() {
        return Err(Unproved::Several);
    }
    let text = value.to_str().map_err(|_| Unproved::Malformed)?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    let token = token.trim_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") {
        return if token.is_empty() { Err(Unproved::Malformed) } else { Ok(token) };
    }
    // Where there is no blank, what stands there may be a secret.
    let known = ["basic", "digest", "token", "apikey", "negotiate", "aws4-hmac-sha256"];
    let shown = known.into_iter().find(|known| scheme.eq_ignore_ascii_case(known) && !token.is_empty());
    Err(shown.map_or(Unproved::Malformed, |scheme| Unproved::Scheme(scheme.to_owned())))
}

#[cfg(test)]
mod tests;
