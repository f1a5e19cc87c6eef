//! A connection with the statements that were prepared on it.

use super::connect::{ConnectError, Connector, Role, sentence};
use crate::row::Unreadable;
use crate::{CommitError, ReadError};
use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::sync::watch;
use tokio_postgres::error::{Severity, SqlState};
use tokio_postgres::{AsyncMessage, Client, Statement};

/// What is notified when a token may have ended.
pub(super) const REVOCATIONS: &str = "orderpark_revocations";

/// What is notified with every batch that writes: the number of its last entry.
pub(super) const JOURNAL: &str = "orderpark_journal";

/// What is heard on the channels.
pub(super) struct Heard {
    /// Somebody may have ended a token. One place: who has not looked yet need not be told twice.
    pub revocations: Receiver<()>,
    /// The last number that was told on [`JOURNAL`].
    pub journal: watch::Receiver<u64>,
}

/// A connection, driven by a task of the runtime that opened it.
pub(super) struct Session {
    pub client: Client,
    statements: HashMap<String, Statement>,
    /// Whether the server has warned since they were last forgotten.
    warned: Arc<AtomicBool>,
}

impl Session {
    pub(super) async fn open(connector: &Connector, role: Role) -> Result<Session, SessionError> {
        Ok(Session::connect(connector, role).await?.0)
    }

    /// As [`Session::open`], with the notifications that come.
    pub(super) async fn listen(connector: &Connector) -> Result<(Session, Heard), SessionError> {
        let (session, heard) = Session::connect(connector, Role::Listener).await?;
        session.client.batch_execute(&format!("listen {REVOCATIONS}; listen {JOURNAL}")).await?;
        Ok((session, heard))
    }

    async fn connect(connector: &Connector, role: Role) -> Result<(Session, Heard), SessionError> {
        let (client, mut connection) = connector.connect(role).await?;
        let warned = Arc::new(AtomicBool::new(false));
        let (revoke, revocations) = channel(1);
        let (tell, journal) = watch::channel(0);
        let warn = Arc::clone(&warned);
        tokio::spawn(async move {
            while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
                match message {
                    Ok(AsyncMessage::Notification(told)) if told.channel() == JOURNAL => {
                        // Whatever else somebody may have sent there is a reason to look.
                        tell.send_replace(told.payload().parse().unwrap_or(u64::MAX));
                    }
                    Ok(AsyncMessage::Notification(_)) => drop(revoke.try_send(())),
                    Ok(AsyncMessage::Notice(notice)) => {
                        tracing::warn!(said = notice.message(), "the database warns");
                        warn.store(true, Ordering::SeqCst);
                    }
                    Ok(_) => {}
                    Err(error) => return tracing::debug!(%error, "a connection to the database ended"),
                }
            }
        });
        Ok((Session { client, statements: HashMap::new(), warned }, Heard { revocations, journal }))
    }

    /// Whatever the server warned of before is over.
    pub(super) fn forget_warnings(&self) {
        self.warned.store(false, Ordering::SeqCst);
    }

    /// A commit whose wait for a synchronous standby was cancelled by somebody is answered as if all were well, with a
    /// warning: the standby may lack it. So who commits and is warned does not know the outcome.
    pub(super) fn check_warnings(&self) -> Result<(), SessionError> {
        if self.warned.load(Ordering::SeqCst) {
            return Err(SessionError::Unreachable("the database warned while it committed"));
        }
        Ok(())
    }

    pub(super) fn is_alive(&self) -> bool {
        !self.client.is_closed()
    }

    /// Prepares a statement the first time.
    pub(super) async fn prepare(&mut self, sql: &str) -> Result<Statement, SessionError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// Waits for the answers; a test may kill the program once everything is on its way.
#[cfg(feature = "faults")]
pub(super) async fn commit_sent<T>(answers: impl Future<Output = T>) -> T {
    use std::task::Poll;
    let mut answers = std::pin::pin!(answers);
    for _ in 0..8 {
        let poll = std::future::poll_fn(|context| Poll::Ready(answers.as_mut().poll(context)));
        if let Poll::Ready(answered) = poll.await {
            crate::faults::point("commit sent");
            return answered;
        }
        tokio::task::yield_now().await;
    }
    crate::faults::point("commit sent");
    answers.await
}

#[cfg(not(feature = "faults"))]
pub(super) async fn commit_sent<T>(answers: impl Future<Output = T>) -> T {
    answers.await
}

/// What goes wrong on a connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error("{0}")]
    Unreachable(&'static str),
    #[error(transparent)]
    Refused(#[from] ConnectError),
    #[error("{}", told(.0))]
    Server(#[from] tokio_postgres::Error),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// What the server said, or what the network did.
fn told(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) if *said.code() == SqlState::DIVISION_BY_ZERO => "a row that must be there is missing".into(),
        Some(said) => format!("{} ({})", said.message(), said.code().code()),
        None => sentence(error),
    }
}

impl SessionError {
    /// The server owes an answer, and time is up.
    pub(super) const SILENT: SessionError = SessionError::Unreachable("the database did not answer in time");

    /// Whether the connection is gone with it, and nobody knows what the server did last.
    pub(super) fn is_lost(&self) -> bool {
        match self {
            SessionError::Unreachable(_) | SessionError::Refused(_) => true,
            SessionError::Unreadable(_) => false,
            // FATAL and PANIC end the connection; what ends with an ERROR can still be rolled back.
            SessionError::Server(error) => {
                error.as_db_error().is_none_or(|said| said.parsed_severity() != Some(Severity::Error))
            }
        }
    }

    /// Whether somebody else held for too long what was needed.
    pub(super) fn is_lock_timeout(&self) -> bool {
        matches!(self, SessionError::Server(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE))
    }

    /// Whether the other intents of a batch would go through without one of them.
    pub(super) fn is_one_intents_fault(&self) -> bool {
        match self {
            SessionError::Unreadable(_) => true,
            // A violated constraint, a value that cannot be, a value that is too much.
            SessionError::Server(error) => {
                let class = |code: &SqlState| ["23", "22", "54"].iter().any(|class| code.code().starts_with(class));
                error.code().is_some_and(class)
            }
            _ => false,
        }
    }

    /// A constraint says no, or a row is not there (see `every!`): what the domain decided contradicts the tables.
    fn is_violation(&self) -> bool {
        let SessionError::Server(error) = self else { return false };
        error.code().is_some_and(|code| code.code().starts_with("23") || *code == SqlState::DIVISION_BY_ZERO)
    }
}

impl From<SessionError> for CommitError {
    fn from(error: SessionError) -> CommitError {
        match error {
            SessionError::Unreadable(error) => CommitError::Corrupt(error.to_string()),
            error if error.is_violation() => CommitError::Corrupt(error.to_string()),
            error => CommitError::Unavailable(error.to_string()),
        }
    }
}

impl From<SessionError> for ReadError {
    fn from(error: SessionError) -> ReadError {
        match error {
            SessionError::Unreadable(error) => error.into(),
            error => ReadError::Unavailable(error.to_string()),
        }
    }
}
