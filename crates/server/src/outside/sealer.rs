//! Secrets at rest: sealed with AES-256-GCM under the master key of the data folder.
//!
//! Unlike a client's secret, of which a digest is enough, an endpoint's secret has to be read again for each signature. What stands in
//! the journal and in its backups is worth nothing without `secret.key`, which lies in the data folder and in no database. A sealed
//! secret names the key that sealed it, so that a wrong `secret.key` is told from a damaged row.

use crate::access::{Master, Signer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use orderpark_domain::{Instant, SealedSecret, endpoint};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Seals and opens the secrets of endpoints. Cheap to clone; all clones have the same key.
#[derive(Clone)]
pub struct Sealer {
    master: Arc<Master>,
}

/// Why a secret cannot be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It was sealed under another master key.
    #[error("sealed under another master key")]
    OtherKey,
    /// It was changed by somebody else, or is no sealed secret.
    #[error("damaged")]
    Damaged,
    /// The cryptographic library refused.
    #[error("the cryptographic library refused")]
    Crypto,
}

/// Bound to what is sealed, so that a sealed signing key cannot be passed off as an endpoint's secret.
const PURPOSE: &[u8] = b"orderpark webhook secret";

/// The bytes of a nonce; they stand before what is sealed.
const NONCE: usize = 12;

impl Sealer {
    /// Seals under the signer's master key: that of the data folder, or one that dies with the process.
    pub fn of(signer: &Signer) -> Sealer {
        Sealer { master: signer.master() }
    }

    /// The name of the master key, which stands in front of all that it seals.
    pub fn key_id(&self) -> &str {
        self.master.id()
    }

    /// Seals a secret: `keyid.base64`. Sealed again, it looks different.
    pub fn seal(&self, secret: &[u8]) -> Result<String, SealError> {
        let sealed = self.master.seal(PURPOSE, secret).map_err(|_| SealError::Crypto)?;
        let bytes = [sealed.nonce.as_slice(), &sealed.ciphertext].concat();
        Ok(format!("{}.{}", self.master.id(), STANDARD.encode(bytes)))
    }

    /// Opens what [`Sealer::seal`] made.
    pub fn open(&self, sealed: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (key_id, text) = sealed.split_once('.').ok_or(SealError::Damaged)?;
        if key_id != self.master.id() {
            return Err(SealError::OtherKey);
        }
        let bytes = STANDARD.decode(text).map_err(|_| SealError::Damaged)?;
        let (nonce, ciphertext) = bytes.split_at_checked(NONCE).ok_or(SealError::Damaged)?;
        self.master.open(PURPOSE, nonce, ciphertext.to_vec()).ok_or(SealError::Damaged)
    }

    /// Opens those of a receiver's secrets that sign at an instant, newest first; an error if the
    /// newest cannot be opened. An older one that was sealed under a lost key signs no more, so
    /// that a rotation helps at once.
    pub fn open_live(&self, secrets: &[SealedSecret], at: Instant) -> Result<Vec<Zeroizing<Vec<u8>>>, SealError> {
        let opened = endpoint::live_secrets(secrets, at).iter().map(|secret| self.open(&secret.sealed)).enumerate();
        opened
            .filter(|(age, secret)| *age == 0 || *secret != Err(SealError::OtherKey))
            .map(|(_, secret)| secret)
            .collect()
    }
}

#[cfg(test)]
mod tests;
