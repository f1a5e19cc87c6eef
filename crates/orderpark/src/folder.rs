//! The data folder: 0700, and everything in it 0600.

use anyhow::Context as _;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// From here on nobody else may read what this process makes, whichever library makes it.
pub fn keep_to_ourselves() {
    let others = rustix::fs::Mode::from_raw_mode(0o077);
    rustix::process::umask(others);
}

/// Makes the folder if it is missing.
pub fn make(path: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("the data folder {} cannot be made", path.display()))
}
