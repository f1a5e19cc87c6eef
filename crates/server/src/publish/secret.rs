//! Secrets and certificates are files of the operator's, read again at each connection, so that they can be changed while the
//! server runs. What is in them goes to the broker and nowhere else.

use super::broker::Failure;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

const BYTES_MAX: u64 = 64 * 1024;

/// What is in a file, without the line's end.
pub(super) async fn read(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let file = path.to_owned();
    let read = spawn_blocking(move || text(&file)).await.unwrap_or_else(|panic| Err(io::Error::other(panic)));
    read.map_err(|why| Failure::File { path: path.to_owned(), why })
}

fn text(path: &Path) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    File::open(path)?.take(BYTES_MAX).read_to_string(&mut text)?;
    let length = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(length);
    if text.is_empty() { Err(io::Error::new(io::ErrorKind::InvalidData, "it is empty")) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_secret_is_what_is_in_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("password");
        for (written, read_as) in
            [("s3cret\n", Some("s3cret")), ("a b\r\n", Some("a b")), ("two\nlines", Some("two\nlines")), ("\n", None)]
        {
            std::fs::write(&path, written).expect("a file");
            assert_eq!(read(&path).await.ok().as_deref().map(String::as_str), read_as, "{written:?}");
        }
        let missing = read(&folder.path().join("missing")).await.expect_err("nothing is there").to_string();
        assert!(missing.contains("missing cannot be used"), "{missing}");
    }
}
