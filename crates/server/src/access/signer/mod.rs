//! Signs tokens: RS256 (RFC 7518, 3.3) over claims in a fixed order.
//!
//! RS256 is deterministic, so the same claims signed again with the same key are the same token. That is how a client
//! is given the token that it has already (domain.md, "Tokens") although no token is stored: only its claims and its
//! digest are.
//!
//! The key is made when it is first needed, which at start is at once but in a thread of its own: finding two primes
//! can take longer than a start may. It lies in the data folder, sealed under a master key that lies beside it, so that
//! a copy of one file alone is worth nothing. If the key is lost, tokens that were issued stay valid, since they are
//! known by their digest; only a client that asks again gets a new one.
//!
//! Nodes of one deployment need the same key: with another one, a node would give a client a new token in place of the
//! one that it has, and the node before it would do the same again. So a node shows the deployment its key's
//! [`Signer::fingerprint`] before it serves, and ends if that is not the deployment's ([`Signer::accept`]).

mod key_file;
mod master;

pub use key_file::KeyError;
pub(crate) use master::Master;

use super::secret::sha256;
use super::validity::INFINITE_SECONDS;
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use key_file::KeyFolder;
use orderpark_domain::{Instant, Token};
use orderpark_store::Chance;
use serde::Serialize;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Signs tokens. Cheap to clone; all clones sign with the same key.
#[derive(Clone)]
pub struct Signer {
    inner: Arc<Inner>,
}

struct Inner {
    /// Where the key is kept; `None`: nowhere, it dies with the process.
    folder: Option<KeyFolder>,
    /// The folder's, or one that dies with the process too.
    master: Arc<Master>,
    key: Mutex<Option<Arc<KeyPair>>>,
}

/// The claims of a token, in the order in which they are signed. Some clients decode them (domain.md, "Tokens").
#[derive(Serialize)]
struct Claims<'t> {
    scope: Vec<String>,
    exp: i64,
    jti: &'t str,
    client_id: &'t str,
    iat: i64,
}

impl Claims<'_> {
    fn of(token: &Token) -> Claims<'_> {
        let iat = token.issued_at.0.div_euclid(1_000_000);
        Claims {
            scope: token.grants.iter().map(ToString::to_string).collect(),
            exp: token.expires_at.map_or(iat + INFINITE_SECONDS, |end| end.0.div_euclid(1_000_000)),
            jti: &token.jti,
            client_id: &token.client_id,
            iat,
        }
    }
}

/// What a fingerprint is a digest of, besides the keys.
const FINGERPRINT: &[u8] = b"orderpark keys: ";

const HEADER: &str = r#"{"typ":"JWT","alg":"RS256"}"#;

impl Signer {
    /// A signer whose key lies in `folder`, which must exist; without a folder the key dies with the process. Reads the
    /// key if there is one, and makes the master key if there is none.
    pub fn open(folder: Option<&Path>, chance: &dyn Chance) -> Result<Signer, KeyError> {
        let folder = folder.map(|path| KeyFolder::open(path, chance)).transpose()?;
        let key = folder.as_ref().map(read_key).transpose()?.flatten();
        let master = folder.as_ref().map_or_else(|| Arc::new(Master::random(chance)), |it| Arc::clone(it.master()));
        Ok(Signer { inner: Arc::new(Inner { folder, master, key: Mutex::new(key.map(Arc::new)) }) })
    }

    /// The master key, for what else has to be sealed.
    pub(crate) fn master(&self) -> Arc<Master> {
        Arc::clone(&self.inner.master)
    }

    /// Makes the key in a thread of its own, if there is none yet.
    pub fn prepare(&self) {
        let signer = self.clone();
        std::thread::spawn(move || {
            if let Err(error) = signer.key() {
                tracing::error!(%error, "the signing key could not be made");
            }
        });
    }

    /// Signs the claims of this token (not its digest). Takes about a millisecond, or a second if the key must be made.
    ///
    /// # Panics
    /// Never: claims are strings and numbers, which always become JSON.
    pub fn sign(&self, token: &Token) -> Result<String, KeyError> {
        let claims = serde_json::to_vec(&Claims::of(token)).expect("strings and numbers always become JSON");
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(claims));
        let key = self.key()?;
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| KeyError::Crypto)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// When a token ends, if it is one that this key signed; nothing, where the key is not at hand
    /// without waiting.
    pub(super) fn expiry_of(&self, token: &str) -> Option<Instant> {
        let key = self.inner.key.try_lock().ok()?.clone()?;
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref());
        public.verify(signed.as_bytes(), &signature).ok()?;
        let claims: serde_json::Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(signed.split_once('.')?.1).ok()?).ok()?;
        Some(Instant(claims["exp"].as_i64()?.saturating_mul(1_000_000)))
    }

    /// What tells these keys from others, and nothing of the keys themselves. Takes a second if the key must be made.
    pub fn fingerprint(&self) -> Result<[u8; 32], KeyError> {
        let key = self.key()?;
        let key_id = self.inner.folder.as_ref().map_or("", |folder| folder.master().id());
        Ok(sha256(&[FINGERPRINT, key_id.as_bytes(), b" ", key.public_key().as_ref()].concat()))
    }

    /// Goes on if the deployment `agreed` to the fingerprint; else it says what has to be copied.
    pub fn accept(&self, agreed: bool) -> Result<(), KeyError> {
        if agreed {
            return Ok(());
        }
        let folder = self.inner.folder.as_ref().map_or_else(|| "memory".into(), |folder| folder.path().to_owned());
        Err(KeyError::NotTheDeployments(folder))
    }

    fn key(&self) -> Result<Arc<KeyPair>, KeyError> {
        let mut slot = self.inner.key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = &*slot {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(match &self.inner.folder {
            Some(folder) => keep_key(folder)?,
            None => make_key()?,
        });
        *slot = Some(Arc::clone(&key));
        Ok(key)
    }
}

fn make_key() -> Result<KeyPair, KeyError> {
    KeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Crypto)
}

fn read_key(folder: &KeyFolder) -> Result<Option<KeyPair>, KeyError> {
    let Some(der) = folder.read()? else { return Ok(None) };
    KeyPair::from_pkcs8(&der).map(Some).map_err(|_| KeyError::NotAKey)
}

/// Makes the key, unless another node that shares the folder has made it meanwhile.
fn keep_key(folder: &KeyFolder) -> Result<KeyPair, KeyError> {
    let making = folder.lock()?;
    if let Some(made_by_another) = read_key(folder)? {
        return Ok(made_by_another);
    }
    let key = make_key()?;
    let der: Pkcs8V1Der<'_> = key.as_der().map_err(|_| KeyError::Crypto)?;
    folder.write(&making, der.as_ref())?;
    Ok(key)
}

#[cfg(test)]
mod tests;
