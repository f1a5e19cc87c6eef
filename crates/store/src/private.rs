//! Ownership and permission checks of the files that this program depends on, as `ssh` makes them.
//!
//! A folder in which others may write, or a key that others may read, is refused: another user of
//! the machine could have put it there, or have read it. A file belongs to the user that runs the
//! program or to root. The database alone is mended: an older umask made it readable, and nothing
//! in it opens anything without the keys.

use rustix::fs::OFlags;
use rustix::process::geteuid;
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The kind of a file or folder, which decides what others may do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The data folder: others may not write.
    Folder,
    /// A file that is only read and holds no secret: others may not write.
    Plain,
    /// The database or a file beside it: others may not write, and are kept from reading.
    Database,
    /// A key: others may neither read nor write.
    Key,
    /// A secret that somebody else may have put there, such as a container's: as a key, unless root
    /// owns it.
    Given,
}

/// A file that others own, or can read or write.
#[derive(Debug, thiserror::Error)]
#[error("{path} {fault}. {remedy}", path = path.display())]
pub struct Exposed {
    path: PathBuf,
    fault: String,
    remedy: String,
}

/// Permission bits: what others may do, the group among them.
const WRITABLE: u32 = 0o022;
const READABLE: u32 = 0o044;
const READABLE_BY_ALL: u32 = 0o004;

/// Checks a file or folder. What is neither, such as a pipe, is nobody else's.
pub fn check(kind: Kind, path: &Path, found: &Metadata) -> Result<(), Exposed> {
    if found.is_file() || found.is_dir() { Owned::of(found).check(kind, path) } else { Ok(()) }
}

/// Opens a file that is only read, and checks the file that was opened.
pub fn open(kind: Kind, path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    check(kind, path, &file.metadata()?).map_err(|exposed| io::Error::new(io::ErrorKind::PermissionDenied, exposed))?;
    Ok(file)
}

/// Makes a file that only its owner may use. Nothing may be there, not even a link.
pub fn create(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW.bits().cast_signed();
    OpenOptions::new().write(true).create_new(true).mode(0o600).custom_flags(flags).open(path)
}

/// Checks a file of the database, if it is there, and keeps others from reading it from now on.
pub(crate) fn check_database(path: &Path) -> io::Result<()> {
    let found = match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    check(Kind::Database, path, &found).map_err(|exposed| io::Error::new(io::ErrorKind::PermissionDenied, exposed))?;
    // A group alone was given that right on purpose: no release made such a file.
    if found.is_file() && found.mode() & READABLE_BY_ALL != 0 {
        std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
        tracing::warn!(file = %path.display(), mode = %octal(found.mode()), "others could read this file; its mode is 0600 now");
    }
    Ok(())
}

/// The owner and the mode of a file, and the user that runs this program.
#[derive(Clone, Copy)]
struct Owned {
    owner: u32,
    mode: u32,
    we: u32,
}

impl Owned {
    fn of(found: &Metadata) -> Owned {
        Owned { owner: found.uid(), mode: found.mode(), we: geteuid().as_raw() }
    }

    fn check(self, kind: Kind, path: &Path) -> Result<(), Exposed> {
        let Owned { owner, mode, we } = self;
        let exposed = |fault: String, remedy: String| {
            let remedy = format!("Make sure that nobody has changed it, then: {remedy} {}", path.display());
            Err(Exposed { path: path.to_owned(), fault, remedy })
        };
        if owner != we && owner != 0 {
            let fault = format!("belongs to the user with the id {owner}, and this program runs as the user {we}");
            return exposed(fault, format!("chown {we}"));
        }
        if mode & WRITABLE != 0 {
            return exposed(
                format!("can be changed by other users (its mode is {})", octal(mode)),
                "chmod go-w".into(),
            );
        }
        if mode & self.readable(kind) != 0 {
            let remedy = if kind == Kind::Given { "chmod go-r" } else { "chmod 600" };
            return exposed(format!("can be read by other users (its mode is {})", octal(mode)), remedy.into());
        }
        if kind == Kind::Given && mode & READABLE_BY_ALL != 0 {
            tracing::warn!(file = %path.display(), mode = %octal(mode), "every user of this machine can read this secret");
        }
        Ok(())
    }

    /// The bits of reading that are refused. A key that root has put there may be readable for the
    /// group of the program: it could not read the key otherwise. And a container's secrets are
    /// often readable for all there are in it.
    fn readable(self, kind: Kind) -> u32 {
        match (kind, self.owner == self.we) {
            (Kind::Folder | Kind::Plain | Kind::Database, _) | (Kind::Given, false) => 0,
            (Kind::Key | Kind::Given, true) => READABLE,
            (Kind::Key, false) => READABLE_BY_ALL,
        }
    }
}

fn octal(mode: u32) -> String {
    format!("{:04o}", mode & 0o7777)
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: u32 = 1000;

    /// For each kind, the modes that are taken: where we own the file, and where root does.
    #[test]
    fn what_others_own_or_may_do_is_refused_for_each_kind() {
        let modes = [0o400, 0o440, 0o444, 0o600, 0o620, 0o640, 0o644, 0o660, 0o666, 0o700, 0o750, 0o755, 0o770, 0o777];
        let readable: &[u32] = &[0o400, 0o440, 0o444, 0o600, 0o640, 0o644, 0o700, 0o750, 0o755];
        let private: &[u32] = &[0o400, 0o600, 0o700];
        let of_group: &[u32] = &[0o400, 0o440, 0o600, 0o640, 0o700, 0o750];
        for (kind, ours, of_root) in [
            (Kind::Folder, readable, readable),
            (Kind::Plain, readable, readable),
            (Kind::Database, readable, readable),
            (Kind::Key, private, of_group),
            (Kind::Given, private, readable),
        ] {
            for (owner, taken) in [(US, ours), (0, of_root), (US + 1, &[])] {
                let is_taken = |mode: &u32| Owned { owner, mode: *mode, we: US }.check(kind, Path::new("f")).is_ok();
                let found: Vec<u32> = modes.into_iter().filter(is_taken).collect();
                assert_eq!(found, taken, "{kind:?} of the user {owner}");
            }
        }
    }

    #[test]
    fn a_refusal_names_the_file_and_the_command_that_mends_it() {
        let told = |owner, mode, kind| {
            Owned { owner, mode, we: US }.check(kind, Path::new("/data/secret.key")).unwrap_err().to_string()
        };
        for (told, parts) in [
            (told(US, 0o644, Kind::Key), ["mode is 0644", "chmod 600 /data/secret.key"]),
            (told(US, 0o620, Kind::Key), ["mode is 0620", "chmod go-w /data/secret.key"]),
            (told(7, 0o600, Kind::Key), ["the user with the id 7", "chown 1000 /data/secret.key"]),
        ] {
            assert!(parts.iter().all(|part| told.contains(part)) && told.starts_with("/data/secret.key "), "{told}");
        }
    }

    #[test]
    fn a_new_file_is_private_and_never_one_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let mode = create(&path).unwrap().metadata().unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(create(&path).is_err(), "it is there");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &link).unwrap();
        assert!(create(&link).is_err() && !folder.path().join("elsewhere").exists(), "a link is not followed");
    }
}
