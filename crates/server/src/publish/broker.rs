//! What a publisher needs of a broker, whichever it is.

use super::message::Message;
use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// How long connecting may take, and how long sending whatever is sent as one.
pub(super) const STEP_MAX: Duration = Duration::from_secs(5);

/// A broker that can be connected to.
pub(super) trait Broker: Send + Sync + 'static {
    type Connection: Connection;

    /// Connects, within [`STEP_MAX`].
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, Failure>> + Send;
}

/// A connection to a broker. It is used until something fails, and then another is made.
pub(super) trait Connection: Send {
    /// What is waited for when a message is under way.
    type Confirmation: Send;

    /// Puts a message under way, which follows the one that was before it, if one was in this row.
    fn publish(
        &mut self,
        message: &Message,
        before: Option<&Message>,
    ) -> impl Future<Output = Result<Self::Confirmation, Failure>> + Send;

    /// Waits until the broker has confirmed it. `false`: it has not been taken, because something else came between it and
    /// the one before.
    fn confirmed(
        &mut self,
        message: &Message,
        confirmation: Self::Confirmation,
    ) -> impl Future<Output = Result<bool, Failure>> + Send;

    /// Ends when the connection has ended by itself.
    fn ended(&mut self) -> impl Future<Output = Failure> + Send;

    /// Says good-bye, if that is quickly done.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// Why a broker has not what it should have.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("the broker cannot be reached: {0}")]
    Unreachable(String),
    #[error("the connection was lost: {0}")]
    Lost(String),
    #[error("the broker has not confirmed {0} in time")]
    Unconfirmed(String),
    #[error("the broker refuses {0}: {1}")]
    Refused(String, String),
    #[error("{} cannot be used: {why}", .path.display())]
    File { path: PathBuf, why: io::Error },
    #[error("the database cannot be used: {0}")]
    Database(#[from] orderpark_store::ReadError),
}

/// An error with what is behind it.
pub(super) fn sentence(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut behind = error.source();
    while let Some(error) = behind {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        behind = error.source();
    }
    text
}
