//! The two key files of the data folder: `secret.key`, 32 random bytes, and `signing.key`, sealed under it.
//!
//! Each is written beside its place, synced, and moved there, so a crash leaves a whole file or none. Whoever makes one
//! has the folder locked and has looked again, so two nodes that share a folder come to the same keys. What is sealed
//! names the key that sealed it, so that a wrong `secret.key` is told from a damaged file.

use super::master::{self, Master};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use orderpark_store::Chance;
use orderpark_store::private::{self, Kind};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Why the keys of a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// `secret.key` is not 32 bytes long.
    #[error("{0}: not 32 bytes long")]
    Length(PathBuf),
    /// `signing.key` was sealed with another `secret.key`.
    #[error("{0}: sealed with another secret.key; restore that one, or remove this file to have a new key made")]
    OtherKey(PathBuf),
    /// `signing.key` was changed by somebody else.
    #[error("{0}: damaged; restore it, or remove it to have a new key made")]
    Damaged(PathBuf),
    /// The deployment's other nodes have other keys.
    #[error(
        "the keys in {0} are not those of this deployment: copy secret.key and signing.key from the data folder of a \
         node that serves it, and start again"
    )]
    NotTheDeployments(PathBuf),
    /// What `signing.key` holds is not an RSA key.
    #[error("signing.key holds no RSA key")]
    NotAKey,
    /// The cryptographic library refused.
    #[error("the cryptographic library refused to make or use a key")]
    Crypto,
}

/// A folder with a master key.
pub(super) struct KeyFolder {
    path: PathBuf,
    master: Arc<Master>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Sealed {
    key_id: String,
    nonce: String,
    ciphertext: String,
}

/// While it lives, nobody else makes a key in the folder.
pub(super) struct Making {
    _folder: File,
}

const MASTER: &str = "secret.key";
const SIGNING: &str = "signing.key";

/// Bound to what is sealed, so that one sealed file cannot be passed off as another.
const PURPOSE: &[u8] = b"orderpark signing key, PKCS #8";

impl KeyFolder {
    /// Reads the master key, and makes it if there is none.
    pub(super) fn open(folder: &Path, chance: &dyn Chance) -> Result<KeyFolder, KeyError> {
        let path = folder.join(MASTER);
        let bytes = match read(&path)? {
            Some(bytes) => Zeroizing::new(bytes),
            None => make_master(folder, &path, chance)?,
        };
        let key = Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| KeyError::Length(path))?);
        Ok(KeyFolder { path: folder.to_owned(), master: Arc::new(Master::of(key)) })
    }

    /// Keeps others from making a key in this folder meanwhile.
    pub(super) fn lock(&self) -> Result<Making, KeyError> {
        lock(&self.path)
    }

    /// The master key.
    pub(super) fn master(&self) -> &Arc<Master> {
        &self.master
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The signing key, unsealed; `None` if there is none.
    pub(super) fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, KeyError> {
        let path = self.path.join(SIGNING);
        let Some(bytes) = read(&path)? else { return Ok(None) };
        let sealed: Sealed = serde_json::from_slice(&bytes).map_err(|_| KeyError::Damaged(path.clone()))?;
        if sealed.key_id != self.master.id() {
            return Err(KeyError::OtherKey(path));
        }
        self.unseal(&sealed).map(Some).ok_or(KeyError::Damaged(path))
    }

    /// Seals the signing key and keeps it.
    pub(super) fn write(&self, _: &Making, der: &[u8]) -> Result<(), KeyError> {
        let master::Sealed { nonce, ciphertext } = self.master.seal(PURPOSE, der)?;
        let sealed = Sealed {
            key_id: self.master.id().to_owned(),
            nonce: STANDARD.encode(nonce),
            ciphertext: STANDARD.encode(ciphertext),
        };
        let text = serde_json::to_vec_pretty(&sealed).expect("strings always serialize");
        write(&self.path, SIGNING, &text)
    }

    fn unseal(&self, sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        let nonce = STANDARD.decode(&sealed.nonce).ok()?;
        self.master.open(PURPOSE, &nonce, STANDARD.decode(&sealed.ciphertext).ok()?)
    }
}

fn make_master(folder: &Path, path: &Path, chance: &dyn Chance) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let _making = lock(folder)?;
    if let Some(made_by_another) = read(path)? {
        return Ok(Zeroizing::new(made_by_another));
    }
    let mut bytes = Zeroizing::new(vec![0; 32]);
    chance.fill(&mut bytes);
    write(folder, MASTER, &bytes)?;
    tracing::info!(file = %path.display(), "made the master key");
    Ok(bytes)
}

/// The folder itself is locked, so that nothing is left beside the keys. A folder whose keys are there is never locked:
/// it may be one that can only be read.
fn lock(folder: &Path) -> Result<Making, KeyError> {
    let locked = File::open(folder).and_then(|file| file.lock().map(|()| file));
    match locked {
        Ok(file) => Ok(Making { _folder: file }),
        Err(source) => Err(KeyError::Io { path: folder.to_owned(), source }),
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, KeyError> {
    let mut bytes = Vec::new();
    match private::open(Kind::Key, path).and_then(|mut file| file.read_to_end(&mut bytes)) {
        Ok(_) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(KeyError::Io { path: path.to_owned(), source }),
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), KeyError> {
    let place = folder.join(name);
    try_write(folder, &place, bytes).map_err(|source| KeyError::Io { path: place, source })
}

fn try_write(folder: &Path, place: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = place.with_extension("key.new");
    // One that is there was left by a crash: the folder is locked.
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = private::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, place)?;
    File::open(folder)?.sync_all()
}
