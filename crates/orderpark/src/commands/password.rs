//! A database's password from a file: command lines can be read by every user of a machine.

use crate::folder;
use anyhow::{anyhow, bail, ensure};
use orderpark_store::Database;
use orderpark_store::private::Kind;
use std::path::Path;

/// The database with the password that the file holds, of which one newline at the end is not part.
pub(super) fn from_file(database: Database, file: Option<&Path>) -> anyhow::Result<Database> {
    let Some(file) = file else { return Ok(database) };
    let Database::Postgres(address) = database else {
        bail!("{database} has no password, so {} is not needed", file.display());
    };
    let text = folder::read(Kind::Given, file)
        .map_err(|error| anyhow!("the password file {} cannot be read: {error}", file.display()))?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    ensure!(!password.is_empty(), "the password file {} is empty", file.display());
    ensure!(!password.chars().any(char::is_control), "the password in {} has more than one line", file.display());
    Ok(Database::Postgres(Box::new(address.with_password(password))))
}

#[cfg(test)]
mod tests {
    use super::from_file;
    use orderpark_store::Database;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    fn write(file: &Path, text: &str) {
        fs::write(file, text).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn postgres() -> Database {
        "postgres://orderpark@db.example/orderpark".parse().unwrap()
    }

    #[test]
    fn the_password_of_the_file_is_used_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        for text in ["hush", "hush\n", "hush\r\n"] {
            write(&file, text);
            let with = from_file(postgres(), Some(&file)).unwrap();
            assert_eq!(with, "postgres://orderpark:hush@db.example/orderpark".parse().unwrap());
            assert!(!format!("{with} {with:?}").contains("hush"));
        }
        assert_eq!(from_file(postgres(), None).unwrap(), postgres());
    }

    #[test]
    fn a_file_that_holds_no_password_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        assert!(from_file(postgres(), Some(&file)).is_err(), "it is missing");
        for text in ["", "\n", "hush\nmore\n"] {
            write(&file, text);
            let refused = from_file(postgres(), Some(&file)).unwrap_err().to_string();
            assert!(!refused.contains("hush"), "{refused}");
        }
        write(&file, "hush");
        assert!(from_file("sqlite:a.db".parse().unwrap(), Some(&file)).is_err(), "a file has no password");
    }
}
