//! One batch: load, decide, write, commit.

use super::{Answer, Committed, replay};
use crate::journal::{self, Hash, Line};
use crate::sqlite::{BUSY_MAX, Log, append, checkpoint, flush, head, load, read_error};
use crate::{CommitError, Options, ReadError, faults};
use orderpark_domain::{Decision, Entry, Head, Instant, Intent, Needs, Outcome, Refusal, Stamp, World};
use rusqlite::{Connection, ErrorCode};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// Rows a table of the working set may keep between batches.
const KEPT_ROWS_MAX: usize = 100_000;

/// How often the writer begins the write-ahead log anew at most: a reader may hold it.
const TRIMMED_EVERY: Duration = Duration::from_millis(50);

/// How often the needs of an intent may lead to further needs; the longest chain there is has four links.
const ROUNDS_MAX: usize = 16;

/// The connection that writes, with the working set that is true for it.
pub(super) struct Writer {
    connection: Connection,
    options: Options,
    /// Absent: nothing is known, load anew.
    kept: Option<(World, Hash)>,
    trimmed_at: std::time::Instant,
}

/// Why a whole batch came to nothing.
pub(super) struct Failure {
    pub error: CommitError,
    /// Whether the others would go through without one of them.
    pub may_be_one_intents_fault: bool,
}

impl Failure {
    fn of_program(why: &str) -> Failure {
        Failure { error: CommitError::Fault(why.to_owned()), may_be_one_intents_fault: true }
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(raised: rusqlite::Error) -> Failure {
        let violated = raised.sqlite_error_code() == Some(ErrorCode::ConstraintViolation);
        let error = match read_error(&raised) {
            ReadError::Unavailable(why) if violated => CommitError::Corrupt(why),
            other => other.into(),
        };
        // What is no error of SQLite itself is a row that one intent asked for and that cannot be read.
        let unreadable = !matches!(raised, rusqlite::Error::SqliteFailure(..));
        Failure { error, may_be_one_intents_fault: violated || unreadable }
    }
}

/// What has been decided in a batch so far.
struct Draft {
    world: World,
    hash: Hash,
    entries: Vec<Entry>,
    lines: Vec<Line>,
}

impl Writer {
    pub(super) fn new(connection: Connection, options: Options) -> Writer {
        Writer { connection, options, kept: None, trimmed_at: std::time::Instant::now() }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn batch_max(&self) -> usize {
        self.options.batch_max
    }

    /// Commits a batch. `Err`: nothing of it was written.
    pub(super) fn commit(&mut self, intents: &[Intent]) -> Result<Vec<Answer>, Failure> {
        let transaction = catch_unwind(AssertUnwindSafe(|| self.transaction(intents)));
        let result = transaction.unwrap_or_else(|_| Err(self.panicked()));
        if result.is_err() {
            self.kept = None;
            if !self.connection.is_autocommit()
                && let Err(error) = self.connection.execute_batch("rollback")
            {
                tracing::error!(%error, "a failed transaction could not be rolled back");
            }
        }
        result
    }

    /// A panic behind the commit must not have the batch decided again: what is on the disk would be there twice.
    fn panicked(&self) -> Failure {
        if self.connection.is_autocommit() {
            let error = CommitError::OutcomeUnknown("a batch panicked after its transaction".into());
            return Failure { error, may_be_one_intents_fault: false };
        }
        Failure::of_program("a batch panicked")
    }

    fn transaction(&mut self, intents: &[Intent]) -> Result<Vec<Answer>, Failure> {
        self.connection.prepare_cached("begin immediate")?.execute([])?;
        let mut draft = self.draft()?;
        self.load_for(&mut draft.world, intents)?;
        faults::point("prefetched");
        let answers = intents.iter().map(|intent| self.decide(&mut draft, intent)).collect::<Result<Vec<_>, _>>()?;
        faults::point("decided");
        if !draft.lines.is_empty() {
            flush(&self.connection, &draft.world)?;
            append(&self.connection, &draft.lines, &draft.world.head, &draft.hash)?;
        }
        faults::point("before commit");
        self.connection.prepare_cached("commit")?.execute([]).map_err(|error| commit_failure(&error))?;
        faults::point("committed but unanswered");
        draft.world.settle(KEPT_ROWS_MAX);
        self.kept = Some((draft.world, draft.hash));
        Ok(answers)
    }

    /// The kept working set if the journal ends where we left it, else an empty one.
    fn draft(&mut self) -> Result<Draft, Failure> {
        let (head, hash): (Head, Hash) = head(&self.connection)?;
        let world = match self.kept.take() {
            Some((world, kept_hash)) if world.head == head && kept_hash == hash => world,
            _ => World::working_set(head),
        };
        Ok(Draft { world, hash, entries: Vec::new(), lines: Vec::new() })
    }

    /// Loads until no intent names a need. Later intents may need more once earlier ones were applied: called again then.
    fn load_for(&self, world: &mut World, intents: &[Intent]) -> Result<(), Failure> {
        let mut needs = Needs::default();
        for _ in 0..ROUNDS_MAX {
            for intent in intents {
                intent.needs(world, &mut needs);
            }
            if needs.is_empty() {
                return Ok(());
            }
            for need in needs.take() {
                load(&self.connection, world, need)?;
            }
        }
        Err(Failure::of_program("the needs of an intent never end"))
    }

    fn decide(&self, draft: &mut Draft, intent: &Intent) -> Result<Answer, Failure> {
        self.load_for(&mut draft.world, std::slice::from_ref(intent))?;
        let stamp = self.stamp(&draft.world.head);
        let decided = catch_unwind(AssertUnwindSafe(|| intent.decide(&draft.world, stamp)));
        match decided {
            Ok(Ok(Decision { outcome: Outcome::Replay { seq }, .. })) => self.replay(draft, intent, seq),
            Ok(Ok(decision)) => Self::record(draft, intent, decision, stamp.at).map(Ok),
            Ok(Err(refusal)) => Ok(Err(CommitError::Refused(refusal))),
            // Deciding only reads, so the draft is as it was.
            Err(_) => Ok(Err(CommitError::Fault("a decision panicked".into()))),
        }
    }

    /// The journal's clock: the machine's, but always later than the entry before.
    fn stamp(&self, head: &Head) -> Stamp {
        let now = self.options.clock.now().max(Instant(head.at.0 + 1));
        Stamp { at: now, chance: self.options.chance.number() }
    }

    /// The first answer again, for a client that may still see what it shows.
    fn replay(&self, draft: &mut Draft, intent: &Intent, seq: u64) -> Result<Answer, Failure> {
        let outcome = replay::outcome(&self.connection, &mut draft.world, &draft.entries, seq)?;
        if outcome.is_within(&intent.scope) {
            Ok(Ok(Committed { outcome, replayed: true }))
        } else {
            Ok(Err(CommitError::Refused(Refusal::NotFound)))
        }
    }

    fn record(draft: &mut Draft, intent: &Intent, decision: Decision, at: Instant) -> Result<Committed, Failure> {
        for (place, event) in decision.events.into_iter().enumerate() {
            let request = intent.request.filter(|_| place == decision.telling);
            let entry = Entry { seq: draft.world.head.seq + 1, at, by: intent.by, request, event };
            let line = journal::write(&entry, &draft.hash);
            draft.hash = line.hash;
            catch_unwind(AssertUnwindSafe(|| draft.world.apply(&entry)))
                .map_err(|_| Failure::of_program("an event could not be applied"))?;
            draft.lines.push(line);
            draft.entries.push(entry);
        }
        Ok(Committed { outcome: decision.outcome, replayed: false })
    }

    /// Begins the write-ahead log anew when it has grown too long for the thread that copies it back. A reader that holds
    /// an old snapshot, as a running `verify` does, is not waited for: it is tried again a little later.
    pub(super) fn trim_log(&mut self) {
        let due = Log::of(&self.connection).is_ok_and(Log::is_due);
        if due && self.trimmed_at.elapsed() > TRIMMED_EVERY {
            self.trimmed_at = std::time::Instant::now();
            if let Err(error) = restart_log(&self.connection) {
                tracing::warn!(%error, "the write-ahead log could not be begun anew; it will be tried again");
            }
        }
    }
}

/// Writes wait for nobody here, so the busy handler is away meanwhile.
fn restart_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::ZERO)?;
    let restarted = checkpoint(connection, "RESTART").map(|_| ());
    connection.busy_timeout(BUSY_MAX)?;
    restarted
}

/// After an I/O error the commit may yet turn out to be on the disk; any other error leaves nothing.
fn commit_failure(error: &rusqlite::Error) -> Failure {
    let error = match error.sqlite_error_code() {
        Some(ErrorCode::SystemIoFailure) => CommitError::OutcomeUnknown(error.to_string()),
        _ => CommitError::Unavailable(error.to_string()),
    };
    Failure { error, may_be_one_intents_fault: false }
}

/// A replay found nothing where an entry must be.
pub(super) fn missing(seq: u64) -> Failure {
    let error = CommitError::Corrupt(format!("a request key points to entry {seq}, which is missing or tells nothing"));
    Failure { error, may_be_one_intents_fault: true }
}
