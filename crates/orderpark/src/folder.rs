//! The data folder: 0700, and everything in it 0600; and what else is kept from others.

use anyhow::Context as _;
use orderpark_store::private::{self, Kind};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// From here on nobody else may read what this process makes, whichever library makes it; and a
/// crash leaves no file with its memory, in which the keys are.
pub fn keep_to_ourselves() {
    let others = rustix::fs::Mode::from_raw_mode(0o077);
    rustix::process::umask(others);
    if let Err(error) = leave_no_core() {
        tracing::warn!(%error, "core dumps cannot be switched off: a crash may write the keys to a file");
    }
}

fn leave_no_core() -> rustix::io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    // A program that takes core dumps by a pipe does not go by the limit.
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Makes the folder if it is missing, and refuses one that others own or may write to.
pub fn make(path: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("the data folder {} cannot be made", path.display()))?;
    Ok(private::check(Kind::Folder, path, &path.metadata()?)?)
}

/// The text of a small file that holds a secret, or none: what others own, or may change, is
/// refused.
pub fn read(kind: Kind, path: &Path) -> std::io::Result<String> {
    std::io::read_to_string(private::open(kind, path)?)
}
