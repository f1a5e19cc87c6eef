//! Client secrets: made here, shown once, kept as SHA-256 only.
//!
//! A secret has 256 random bits, so nobody guesses it and a plain digest cannot be guessed back. Comparing is built so
//! that its duration tells nothing: every check digests once and compares with the same number of slots, whether the
//! client exists or not, and looks at all slots even after a hit.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use orderpark_domain::user::LIVE_SECRETS_MAX;
use orderpark_domain::{SecretHash, User};
use orderpark_store::Chance;
use subtle::{Choice, ConstantTimeEq as _};

/// What every client secret starts with, so that people and scanners know one when they see it.
pub const SECRET_PREFIX: &str = "ops_";

/// The shortest secret that an operator may choose for the first client, in characters.
pub const SECRET_MIN: usize = 32;

/// A digest that stands where no secret is; nobody knows a text that has it.
const NOBODY: [u8; 32] = [0; 32];

/// Makes a client secret: the text to show once, and the digest to keep.
pub fn new_secret(chance: &dyn Chance) -> (String, SecretHash) {
    let mut bytes = [0; 32];
    chance.fill(&mut bytes);
    let text = format!("{SECRET_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
    let hash = hash_secret(&text);
    (text, hash)
}

/// The digest under which a secret is kept.
pub fn hash_secret(secret: &str) -> SecretHash {
    SecretHash(sha256(secret.as_bytes()))
}

/// SHA-256, as secrets and tokens are kept.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// Whether `secret` is one of the client's live secrets. A client that does not exist costs what a wrong secret costs.
pub fn is_secret_of(secret: &str, client: Option<&User>) -> bool {
    let given = sha256(secret.as_bytes());
    let live = client.map_or(&[][..], |client| &client.secrets);
    let mut found = Choice::from(0);
    for slot in 0..LIVE_SECRETS_MAX {
        let (hash, exists) = live.get(slot).map_or((&NOBODY, 0), |secret| (&secret.0, 1));
        found |= given.ct_eq(hash) & Choice::from(exists);
    }
    found.into()
}

#[cfg(test)]
mod tests;
