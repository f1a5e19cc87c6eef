//! Why there is no connection. Nothing in here ever holds a password.

use super::super::address::Target;
use crate::OpenError;
use std::error::Error;
use tokio_postgres::error::SqlState;

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::postgres) enum ConnectError {
    /// Nobody answered, or not in time, or not now.
    #[error("{0}")]
    Unreachable(String),
    /// It only follows another server.
    #[error("{0}: it is a standby, which takes no writes")]
    Standby(String),
    /// It refuses this user, this database, or what the session asks for.
    #[error("{0}")]
    Rejected(String),
    /// It is older than any that this program is tested with.
    #[error("PostgreSQL {0} is too old; 15 or newer is needed")]
    TooOld(String),
    /// It may lose what it has confirmed, or garble it.
    #[error("the server's setting {name} is {found}; it must be {wanted}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// The reported value.
        found: String,
        /// What it must say.
        wanted: &'static str,
    },
    /// The session is not as it was asked for.
    #[error(
        "the session's setting {name} is '{found}', not '{wanted}' as was asked for: a pooler in between must pass the \
         session's settings on (docs/postgresql.md)"
    )]
    Session {
        /// The setting.
        name: &'static str,
        /// The reported value.
        found: String,
        /// The requested value.
        wanted: String,
    },
    /// The connection is not one session of the server.
    #[error(
        "{0}: a pooler in between lends the server's connections for single transactions; a connection must be one session \
         (docs/postgresql.md)"
    )]
    Pooled(String),
    /// The certificates to trust cannot be read.
    #[error("certificates to trust: {0}")]
    Tls(String),
}

impl From<ConnectError> for OpenError {
    fn from(error: ConnectError) -> OpenError {
        OpenError::Database(error.to_string())
    }
}

impl ConnectError {
    /// Whether another host, or the same one later, may do.
    pub(in crate::postgres) fn may_pass(&self) -> bool {
        matches!(self, ConnectError::Unreachable(_) | ConnectError::Standby(_))
    }

    pub(super) fn unreachable(target: &Target, why: &str) -> ConnectError {
        ConnectError::Unreachable(format!("{}: {why}", target.name))
    }

    pub(super) fn of(target: &Target, error: &tokio_postgres::Error) -> ConnectError {
        let why = format!("{}: {}", target.name, sentence(error));
        match error.code() {
            Some(code) if is_for_good(code) => ConnectError::Rejected(why),
            _ => ConnectError::Unreachable(why),
        }
    }

    /// Why none of the hosts would do: that of the only one, or all.
    pub(super) fn all(mut failures: Vec<ConnectError>) -> ConnectError {
        if failures.len() == 1 {
            return failures.remove(0);
        }
        let whys: Vec<String> = failures.iter().map(ToString::to_string).collect();
        ConnectError::Unreachable(whys.join("; "))
    }
}

/// A wrong password, a missing database, a setting that is refused: these stay as they are until somebody changes them.
fn is_for_good(code: &SqlState) -> bool {
    ["28", "3D", "42", "22"].iter().any(|class| code.code().starts_with(class))
}

/// An error with its causes: the driver tells in the first what kind it is, and in the next what happened.
pub(in crate::postgres) fn sentence(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let word = error.to_string();
        if !words.contains(&word) {
            words = format!("{words}: {word}");
        }
        cause = error.source();
    }
    // One event is one line of the log.
    words.replace('\n', "; ")
}
