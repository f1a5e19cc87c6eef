//! The writer's connection, as the committer uses it.
//!
//! A batch is few round trips: one begins the transaction and takes the head of the journal, one or a few load what the
//! decisions need, and one writes everything and commits. Whoever holds the head is alone: other nodes wait for it, and the
//! server itself takes it away from one that stalls (see [`Limits`](super::Limits)).
//!
//! **When the connection dies while committing**, the outcome is found out and not guessed: a new connection takes the
//! head, which it gets only once the old transaction has ended, one way or the other; then the journal holds our last entry
//! or never will. That look is itself committed, so that with a synchronous standby its answer is true there too. Only if
//! nobody can be reached in time is the outcome unknown, and the client's request key resolves it later.

use super::ask::ask;
use super::clock::SharedClock;
use super::connect::{Connector, Role};
use super::epoch::{LAST_ORIGIN, NextEpoch, origin};
use super::flush::{self, Write};
use super::session::{JOURNAL, REVOCATIONS, Session, SessionError, commit_sent};
use super::watch::Status;
use crate::committer::{Begun, Failure, Remedy, Writer, Written};
use crate::journal::{self, Hash, Line};
use crate::load::lookups;
use crate::query::{Dialect, Query, sql_number};
use crate::row::{Unreadable, blob, instant, integer, number, text};
use crate::{Chance, CommitError, faults, rows};
use futures_util::future::{join_all, try_join_all};
use orderpark_domain::{Entry, Event, Head, Instant, Need, World};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

const BEGIN: &str = "begin isolation level read committed";
/// Whoever waits for the head waits here, in the order of coming: the lock of a row goes to whoever is quickest, and that is
/// the node that has just let go of it.
const QUEUE: &str = "select pg_advisory_xact_lock('head'::regclass::oid::int, 0)";
const HEAD: &str = "select seq, at, next_ref, next_subscription, hash from head for update";
const NOW: &str = "select (extract(epoch from clock_timestamp()) * 1000000)::bigint";
const SINCE: &str = "select seq, at, case when seq > $1 then entry end, hash from journal \
    where seq >= $1 order by seq limit $2";
const ENTRY: &str = "select seq, at, entry from journal where seq = $1";
const HASH: &str = "select hash from journal where seq = $1";
const NOTIFY: &str = "select pg_notify($1, $2)";
const PROBE: &str = "update deployment set keys_fingerprint = keys_fingerprint";
const COMMIT: &str = "commit";

/// An entry that there never is.
const NEVER: u64 = i64::MAX as u64;

/// Entries of others that are looked at one by one; after more, everything is loaded anew. Few, because they are sent while
/// the head is held: a node that stands still with its buffers full would hold it for longer.
const OTHERS_MAX: usize = 256;

/// The one connection of this node that writes.
pub(super) struct PostgresWriter {
    runtime: Runtime,
    connector: Connector,
    clock: Arc<SharedClock>,
    status: Arc<Status>,
    session: Option<Session>,
    open: bool,
    epochs: NextEpoch,
}

impl PostgresWriter {
    pub(super) fn new(
        runtime: Runtime,
        session: Session,
        connector: Connector,
        (clock, status): (Arc<SharedClock>, Arc<Status>),
        chance: Arc<dyn Chance>,
    ) -> PostgresWriter {
        let epochs = NextEpoch::new(chance);
        PostgresWriter { runtime, connector, clock, status, session: Some(session), open: false, epochs }
    }

    /// Runs something on the connection, and gives the connection up if it is lost by it.
    fn run<T>(&mut self, work: impl AsyncFnOnce(&mut Session) -> Result<T, SessionError>) -> Result<T, SessionError> {
        let Some(session) = &mut self.session else { return Err(SessionError::Unreachable("there is no connection")) };
        let max = self.connector.limits().answer_max();
        let done = self.runtime.block_on(async { timeout(max, work(session)).await });
        let done = done.unwrap_or_else(|_| Err(SessionError::SILENT));
        if done.as_ref().is_err_and(SessionError::is_lost) {
            self.session = None;
            self.open = false;
        }
        done
    }

    fn connect(&mut self) -> Result<(), SessionError> {
        if self.session.as_ref().is_some_and(Session::is_alive) && !self.status.is_doubted() {
            return self.ask_origin();
        }
        self.session = None;
        self.epochs.origin = None;
        let connected = self.runtime.block_on(Session::open(&self.connector, Role::Writer));
        self.status.reached(connected.is_ok());
        self.session = Some(connected?);
        self.ask_origin()
    }

    /// Asks where the database of a new session lives.
    fn ask_origin(&mut self) -> Result<(), SessionError> {
        if self.epochs.origin.is_none() {
            self.epochs.origin = Some(self.run(async |session| origin(session).await)?);
            self.epochs.is_checked = false;
        }
        Ok(())
    }

    /// Finds out whether a new epoch is due; the head is held.
    fn check_epoch(&mut self, head: &Head, hash: Hash, written: &[Row]) -> Result<(), SessionError> {
        self.epochs.look_at(written)?;
        self.epochs.seen = Some((head.seq, hash));
        if !self.epochs.is_checked {
            let last: Option<String> =
                self.run(async |session| Ok(session.client.query_one(LAST_ORIGIN, &[]).await?.get(0)))?;
            self.epochs.compare(last.as_deref(), head);
        }
        Ok(())
    }

    /// Begins, in one round trip: the queue of nodes, the head, the time, and what was written from the entry `since` on.
    fn take_head(&mut self, since: u64) -> Result<(Head, Hash, Vec<Row>), SessionError> {
        self.open = true;
        let clock = Arc::clone(&self.clock);
        let (since, limit) = (sql_number(since), sql_number(OTHERS_MAX as u64 + 2));
        self.run(async move |session| {
            let (queue, head) = (session.prepare(QUEUE).await?, session.prepare(HEAD).await?);
            let (now, written) = (session.prepare(NOW).await?, session.prepare(SINCE).await?);
            let (client, place): (_, [&(dyn ToSql + Sync); 2]) = (&session.client, [&since, &limit]);
            let asked_at = std::time::Instant::now();
            let (begun, queued, head, now, written) = tokio::join!(
                client.batch_execute(BEGIN),
                client.execute(&queue, &[]),
                client.query_one(&head, &[]),
                client.query_one(&now, &[]),
                client.query(&written, &place),
            );
            begun?;
            queued?;
            let (head, hash) = rows::head(&head?)?;
            clock.hear(instant(&now?, 0)?, asked_at.elapsed());
            Ok((head, hash, written?))
        })
    }

    /// Sends everything at once, the commit last. If any of it fails, PostgreSQL makes the commit a rollback.
    fn send(&mut self, writes: &[Write<'_>]) -> Result<(), SessionError> {
        self.run(async move |session| {
            let mut statements = Vec::with_capacity(writes.len());
            for write in writes {
                statements.push(session.prepare(write.sql).await?);
            }
            session.forget_warnings();
            let client = &session.client;
            let written = writes.iter().zip(&statements).map(|(write, statement)| async move {
                let values: Vec<&(dyn ToSql + Sync)> = write.values.iter().map(|value| &**value as _).collect();
                client.execute(statement, &values).await
            });
            let sent = async { tokio::join!(join_all(written), client.batch_execute(COMMIT)) };
            let (written, committed) = commit_sent(sent).await;
            written.into_iter().collect::<Result<Vec<u64>, _>>()?;
            committed?;
            session.check_warnings()
        })
    }

    /// What other nodes are told when the batch is committed. That the journal has moved is told with every batch, so not to
    /// nobody.
    fn notices<'b>(&self, batch: &Written<'b>, last: &Line) -> Vec<Write<'b>> {
        let mut notices: Vec<Write<'b>> = Vec::with_capacity(2);
        if batch.entries.iter().any(|entry| may_end_a_token(&entry.event)) {
            notices.push(Write { sql: NOTIFY, values: vec![Box::new(REVOCATIONS), Box::new("")] });
        }
        if !self.status.is_alone() {
            notices.push(Write { sql: NOTIFY, values: vec![Box::new(JOURNAL), Box::new(last.seq.to_string())] });
        }
        notices
    }

    /// Ends a batch that has written nothing.
    ///
    /// What it tells again may be of a commit that a standby has not: a server that crashed in it shows it after that. But the
    /// lock on the head is a record of its own, and to commit it waits for the standbys to have everything before it.
    fn end_unwritten(&mut self, tells: bool) -> Result<(), Failure> {
        if tells {
            self.run(async |session| commit_what_was_read(session).await)?;
            self.open = false;
        } else {
            // Lets go of the head without waiting for the disk.
            self.roll_back();
        }
        Ok(())
    }

    /// Whether the journal holds this line, after the connection that wrote it was lost in the commit.
    fn resolve(&mut self, line: &Line) -> Result<(), Failure> {
        let began = std::time::Instant::now();
        loop {
            match self.look_for(line) {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(Failure { error: nothing_done(), remedy: Remedy::Again }),
                Err(lost) if began.elapsed() > self.connector.limits().resolve_max => {
                    let error = CommitError::OutcomeUnknown(lost.to_string());
                    return Err(Failure { error, remedy: Remedy::Nothing });
                }
                Err(lost) => {
                    tracing::debug!(%lost, "the outcome of a commit is being looked for");
                    self.give_up();
                    std::thread::sleep(self.connector.limits().reconnect_after);
                }
            }
        }
    }

    fn look_for(&mut self, line: &Line) -> Result<bool, SessionError> {
        self.connect()?;
        self.take_head(NEVER)?;
        let seq = sql_number(line.seq);
        let found = self.run(async move |session| {
            let statement = session.prepare(HASH).await?;
            let row = session.client.query_opt(&statement, &[&seq]).await?;
            commit_what_was_read(session).await?;
            Ok(row)
        })?;
        self.open = false;
        Ok(found.map(|row| blob(&row, 0).map(|hash| hash == line.hash)).transpose()?.unwrap_or(false))
    }

    fn give_up(&mut self) {
        self.session = None;
        self.open = false;
    }
}

/// Waits until what was read under the lock on the head is on the standbys too, and not only here.
async fn commit_what_was_read(session: &Session) -> Result<(), SessionError> {
    session.forget_warnings();
    session.client.batch_execute(COMMIT).await?;
    session.check_warnings()
}

fn nothing_done() -> CommitError {
    CommitError::Unavailable("the connection was lost before the commit".into())
}

/// What others wrote, from the rows of [`SINCE`], of which the first is the last entry that we know.
fn others(since: u64, known: &Hash, written: &[Row]) -> Result<Option<Vec<Event>>, Unreadable> {
    // An empty journal has no entry that could be asked for its hash.
    let Some((ours, others)) = written.split_first() else { return Ok(None) };
    let unbroken = number(ours, 0)? == since && blob(ours, 3)? == known;
    if !unbroken || others.len() > OTHERS_MAX {
        return Ok(None);
    }
    // What a newer node wrote may be unreadable here.
    let events = others.iter().map(|row| {
        let entry = journal::read(number(row, 0)?, Instant(integer(row, 1)?), text(row, 2)?);
        entry.map(|entry| entry.event).map_err(|error| Unreadable::new(2, error))
    });
    Ok(events.collect::<Result<_, Unreadable>>().ok())
}

/// Whether a token that another node remembers may be dead, or may do less, after this.
fn may_end_a_token(event: &Event) -> bool {
    matches!(
        event,
        Event::TokenIssued(_)
            | Event::TokenRevoked(_)
            | Event::UserUpdated(_)
            | Event::UserDeleted(_)
            | Event::PartyClosing(_)
    )
}

impl Writer for PostgresWriter {
    fn begin(&mut self, known: Option<(&Head, &Hash)>) -> Result<Begun, Failure> {
        let later = |error: SessionError| Failure { error: error.into(), remedy: Remedy::Later };
        self.connect().map_err(later)?;
        // Where nothing is known, nothing that others wrote is of interest.
        let since = self.epochs.seen.map_or(NEVER, |(seq, _)| seq);
        let (head, hash, written) = match self.take_head(since) {
            Err(busy) if busy.is_lock_timeout() => {
                return Err(Failure { error: busy.into(), remedy: Remedy::Queue });
            }
            begun => begun?,
        };
        let others = match known {
            Some((_, hash)) => others(since, hash, &written)?,
            None => None,
        };
        self.check_epoch(&head, hash, &written)?;
        Ok(Begun { head, hash, others })
    }

    fn load(&mut self, world: &mut World, needs: BTreeSet<Need>) -> Result<(), Failure> {
        let mut lookups = lookups(Dialect::Postgres, needs);
        let queries: Vec<Query> = lookups.iter().map(|lookup| lookup.query.clone()).collect();
        let answers = self.run(async move |session| {
            let mut statements = Vec::with_capacity(queries.len());
            for query in &queries {
                statements.push(session.prepare(query.sql()).await?);
            }
            let asked =
                queries.iter().zip(&statements).map(|(query, statement)| ask(&session.client, statement, query));
            Ok(try_join_all(asked).await?)
        })?;
        for (lookup, answer) in lookups.iter_mut().zip(answers) {
            lookup.begin(world);
            for row in &answer {
                lookup.file(world, row)?;
            }
        }
        for lookup in lookups {
            lookup.end(world);
        }
        Ok(())
    }

    fn entry_at(&mut self, seq: u64) -> Result<Option<Entry>, Failure> {
        let seq = sql_number(seq);
        let row = self.run(async move |session| {
            let statement = session.prepare(ENTRY).await?;
            Ok(session.client.query_opt(&statement, &[&seq]).await?)
        })?;
        Ok(row.as_ref().map(|row| rows::entry(row)).transpose()?)
    }

    fn commit(&mut self, batch: &Written<'_>) -> Result<(), Failure> {
        let Some(last) = batch.lines.last() else {
            return self.end_unwritten(batch.tells);
        };
        let mut writes: Vec<Write<'_>> =
            batch.lines.first().and_then(|first| self.epochs.write(first)).into_iter().collect();
        writes.extend(flush::statements(batch));
        writes.extend(self.notices(batch, last));
        faults::point("before commit");
        // From here on nobody may say that nothing was done, not even after a panic.
        self.open = false;
        let sent = self.send(&writes);
        drop(writes);
        match sent {
            Ok(()) => {}
            Err(broken) if broken.is_lost() => {
                tracing::warn!(%broken, "the connection was lost in a commit");
                self.resolve(last)?;
            }
            Err(refused) => {
                // Most often the commit was a rollback already.
                self.roll_back();
                return Err(refused.into());
            }
        }
        self.epochs.written(last);
        Ok(())
    }

    /// Takes the head as a batch does, and writes a row as it is. A database that cannot be reached
    /// is not connected to: whoever asks for a write meanwhile would wait for that.
    fn probe(&mut self) -> Result<(), Failure> {
        if !self.status.is_reachable() {
            return Err(SessionError::Unreachable("the database cannot be reached").into());
        }
        self.begin(None)?;
        self.run(async |session| Ok(session.client.batch_execute(PROBE).await?))?;
        self.run(async |session| commit_what_was_read(session).await)?;
        self.open = false;
        Ok(())
    }

    fn is_open(&self) -> bool {
        self.open
    }

    fn abandon(&mut self) {
        self.give_up();
    }

    fn roll_back(&mut self) {
        let done = self.run(async |session| Ok(session.client.batch_execute("rollback").await?));
        self.open = false;
        if let Err(error) = done {
            tracing::warn!(%error, "a transaction was given up with its connection");
            self.session = None;
        }
    }
}

impl From<SessionError> for Failure {
    /// A lost connection before the commit did nothing; a violated constraint or an unreadable row is one intent's.
    fn from(lost: SessionError) -> Failure {
        let remedy = match &lost {
            lost if lost.is_lost() => Remedy::Again,
            lost if lost.is_one_intents_fault() => Remedy::OneByOne,
            _ => Remedy::Nothing,
        };
        Failure { error: lost.into(), remedy }
    }
}

impl From<Unreadable> for Failure {
    fn from(error: Unreadable) -> Failure {
        Failure { error: CommitError::Corrupt(error.to_string()), remedy: Remedy::OneByOne }
    }
}
