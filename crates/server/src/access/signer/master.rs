//! The master key: 32 random bytes that seal what must not lie about in clear.

use super::KeyError;
use crate::access::secret::sha256;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use orderpark_store::Chance;
use zeroize::Zeroizing;

/// A master key. Whatever it seals is bound to a purpose, so that one sealed thing cannot be passed off as another.
pub(crate) struct Master {
    id: String,
    key: Zeroizing<[u8; 32]>,
}

/// What was sealed.
pub(crate) struct Sealed {
    /// Drawn anew for each sealing.
    pub(crate) nonce: [u8; NONCE_LEN],
    /// With the tag behind it.
    pub(crate) ciphertext: Vec<u8>,
}

impl Master {
    pub(super) fn of(key: Zeroizing<[u8; 32]>) -> Master {
        Master { id: name(&key), key }
    }

    /// One that dies with the process.
    pub(super) fn random(chance: &dyn Chance) -> Master {
        let mut key = Zeroizing::new([0; 32]);
        chance.fill(&mut *key);
        Master::of(key)
    }

    /// What names it: 24 characters of base64.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn seal(&self, purpose: &[u8], clear: &[u8]) -> Result<Sealed, KeyError> {
        let mut bytes = clear.to_vec();
        let nonce = self.cipher()?.seal_in_place_append_tag(Aad::from(purpose), &mut bytes);
        let nonce = nonce.map_err(|_| KeyError::Crypto)?;
        Ok(Sealed { nonce: *nonce.as_ref(), ciphertext: bytes })
    }

    /// `None` if somebody else has sealed it, or for another purpose, or has changed it.
    pub(crate) fn open(&self, purpose: &[u8], nonce: &[u8], ciphertext: Vec<u8>) -> Option<Zeroizing<Vec<u8>>> {
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut bytes = Zeroizing::new(ciphertext);
        let length = self.cipher().ok()?.open_in_place(nonce, Aad::from(purpose), &mut bytes).ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }

    fn cipher(&self) -> Result<RandomizedNonceKey, KeyError> {
        RandomizedNonceKey::new(&AES_256_GCM, &*self.key).map_err(|_| KeyError::Crypto)
    }
}

/// The name of a master key: half of a digest of it, from which it cannot be told.
fn name(key: &[u8; 32]) -> String {
    let named = [b"orderpark key id: ".as_slice(), key].concat();
    STANDARD.encode(&sha256(&Zeroizing::new(named))[..16])
}
