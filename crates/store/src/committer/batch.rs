//! One batch: load, decide, write, commit.

use super::health::{Failing, WriteHealth};
use super::loading::{self, Size};
use super::writer::{Begun, Failure, Remedy, Writer, Written};
use super::{Answer, Committed, replay};
use crate::deliveries::books::{Books, Kept};
use crate::journal::{self, Hash, Line};
use crate::moves::Moves;
use crate::write_state::{JournalTime, may_be_dated_ahead};
use crate::{CommitError, Options, ReadError, faults};
use orderpark_domain::{Decision, Entry, Event, Head, Instant, Intent, Outcome, Refusal, Stamp, World};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Rows a table of the working set may keep between batches.
const KEPT_ROWS_MAX: usize = 100_000;

/// Bytes of the journal that count for one part.
const PART_BYTES: usize = 1024;

/// Where others see how far the journal is, and whether writes fail.
#[derive(Clone)]
pub(crate) struct Watched {
    pub moves: Moves,
    pub journal_time: Arc<JournalTime>,
    pub failing: Failing,
}

/// Makes batches, with the working set that is true for the journal's end.
pub(super) struct Batches {
    writer: Box<dyn Writer>,
    options: Options,
    moves: Moves,
    journal_time: Arc<JournalTime>,
    /// Absent: nothing is known, load anew.
    kept: Option<(World, Hash)>,
    /// What the next batch begins with, where its transaction is open already.
    begun: Option<Result<Draft, Failure>>,
    /// Whether writes succeed.
    pub(super) health: WriteHealth,
}

/// What has been decided in a batch so far.
struct Draft {
    world: World,
    hash: Hash,
    /// Whether the journal's end is far ahead of the clock.
    is_ahead: bool,
    entries: Vec<Entry>,
    lines: Vec<Line>,
}

/// The result of an intent of a batch.
#[derive(Clone, Debug)]
pub(super) enum Decided {
    /// It was answered, and has cost so many parts.
    Answered(Answer, u64),
    /// The next batch decides it; as far as is known, it will cost so many parts.
    Left(u64),
}

/// The results of a batch: for each intent, and for each of the bookkeeping.
pub(super) struct Done {
    pub decided: Vec<Decided>,
    /// Whether anything was written: only that shows that writes succeed.
    pub wrote: bool,
    pub kept: Vec<Result<Kept, ReadError>>,
}

impl Batches {
    pub(super) fn new(writer: Box<dyn Writer>, options: Options, watched: Watched) -> Batches {
        let Watched { moves, journal_time, failing } = watched;
        let health = WriteHealth::new(failing);
        Batches { writer, options, moves, journal_time, kept: None, begun: None, health }
    }

    pub(super) fn batch_max(&self) -> usize {
        self.options.batch_max
    }

    pub(super) fn parts_max(&self) -> u64 {
        self.options.budget.batch_parts
    }

    /// Opens the next batch's transaction before it is known who is in it: where that takes a while, because another node
    /// decides, more intents arrive meanwhile. What fails is told by the [`Batches::commit`] that must follow.
    pub(super) fn begin(&mut self) {
        let begun = catch_unwind(AssertUnwindSafe(|| self.draft()));
        self.begun = Some(begun.unwrap_or_else(|_| Err(Failure::of_program("a batch panicked"))));
    }

    /// Commits a batch. `Err`: nothing of it was written.
    pub(super) fn commit(&mut self, intents: &[Intent], books: &[&Books]) -> Result<Done, Failure> {
        let transaction = catch_unwind(AssertUnwindSafe(|| self.transaction(intents, books)));
        let result = transaction.unwrap_or_else(|_| Err(self.panicked()));
        if result.is_err() {
            self.kept = None;
            if self.writer.is_open() {
                self.writer.roll_back();
            }
        }
        result
    }

    /// Remembers how a batch ended.
    pub(super) fn note(&mut self, committed: &Result<Done, Failure>, intents: usize) {
        match committed {
            Ok(done) if done.wrote => self.health.succeeded(),
            Ok(_) => {}
            Err(failure) => self.note_failure(failure, intents),
        }
    }

    /// Another node that holds the head shows a database that is slow, and alive; one intent's
    /// fault is not the database's.
    fn note_failure(&mut self, failure: &Failure, intents: usize) {
        if !matches!(failure.remedy, Remedy::Queue | Remedy::OneByOne) {
            self.health.failed(&failure.error, intents);
        }
    }

    /// Writes something that leaves nothing behind.
    pub(super) fn probe(&mut self) {
        let probed = catch_unwind(AssertUnwindSafe(|| self.writer.probe()));
        if self.writer.is_open() {
            self.writer.roll_back();
        }
        self.health.probed();
        match probed {
            Ok(Ok(())) => self.health.succeeded(),
            Ok(Err(failure)) => self.note_failure(&failure, 0),
            Err(_) => self.writer.abandon(),
        }
    }

    /// A panic behind the commit must not have the batch decided again: what is on the disk would be there twice.
    fn panicked(&mut self) -> Failure {
        if self.writer.is_open() {
            return Failure::of_program("a batch panicked");
        }
        self.writer.abandon();
        let error = CommitError::OutcomeUnknown("a batch panicked after its transaction".into());
        Failure { error, remedy: Remedy::Nothing }
    }

    fn transaction(&mut self, intents: &[Intent], books: &[&Books]) -> Result<Done, Failure> {
        let mut draft = self.begun.take().unwrap_or_else(|| self.draft())?;
        let sizes = loading::load(&mut *self.writer, &mut draft.world, intents, self.options.budget)?;
        faults::point("prefetched");
        let decided = self.decide_all(&mut draft, intents, &sizes)?;
        faults::point("decided");
        let kept = books.iter().map(|books| self.writer.keep(books)).collect::<Result<Vec<_>, Failure>>()?;
        let Draft { world, hash, entries, lines, .. } = &draft;
        let tells = decided.iter().any(|decided| matches!(decided, Decided::Answered(Ok(_), _)));
        let wrote = !lines.is_empty() || kept.iter().any(Result::is_ok);
        self.writer.commit(&Written { world, entries, lines, hash, tells })?;
        faults::point("committed but unanswered");
        self.moves.reached(draft.world.head.seq);
        draft.world.settle(KEPT_ROWS_MAX);
        self.kept = Some((draft.world, draft.hash));
        Ok(Done { decided, wrote, kept })
    }

    /// Decides those that were loaded: first those that ask about the whole database, as long as it
    /// can answer, because nothing has changed that is not written yet.
    fn decide_all(&mut self, draft: &mut Draft, intents: &[Intent], sizes: &[Size]) -> Result<Vec<Decided>, Failure> {
        let mut decided = vec![Decided::Left(1); intents.len()];
        for asks in [true, false] {
            for (place, size) in sizes.iter().enumerate().filter(|(_, size)| size.asks == asks) {
                decided[place] = self.decide(draft, &intents[place], *size)?;
            }
        }
        // The first one that did not fit may be large.
        if let Some(intent) = intents.get(sizes.len()) {
            decided[sizes.len()] = Decided::Left(intent.parts(&draft.world));
        }
        Ok(decided)
    }

    /// The kept working set if the journal ends where we left it, or if what others wrote since can be told; else an
    /// empty one.
    fn draft(&mut self) -> Result<Draft, Failure> {
        let kept = self.kept.take();
        let Begun { head, hash, others } = self.writer.begin(kept.as_ref().map(|(world, hash)| (&world.head, hash)))?;
        let now = self.options.clock.now();
        self.journal_time.ends_at(head.at);
        let is_ahead = self.journal_time.ahead_of(now).is_some();
        let world = match (kept, others) {
            (Some((world, kept)), _) if world.head == head && kept == hash => world,
            (Some((world, _)), Some(events)) => caught_up(world, &events, head),
            _ => World::working_set(head),
        };
        Ok(Draft { world, hash, is_ahead, entries: Vec::new(), lines: Vec::new() })
    }

    fn decide(&mut self, draft: &mut Draft, intent: &Intent, size: Size) -> Result<Decided, Failure> {
        let budget = self.options.budget;
        let (known, loaded) = (size.parts, (intent, size));
        let Some(size) = loading::load_more(&mut *self.writer, &mut draft.world, loaded, budget)? else {
            return Ok(Decided::Left(known));
        };
        let before = draft.lines.len();
        let answer = if size.is_too_large { too_large() } else { self.answer(draft, intent)? };
        let bytes: usize = draft.lines[before..].iter().map(|line| line.text.len()).sum();
        Ok(Decided::Answered(answer, size.parts + (bytes / PART_BYTES) as u64))
    }

    fn answer(&mut self, draft: &mut Draft, intent: &Intent) -> Result<Answer, Failure> {
        let stamp = self.stamp(&draft.world.head);
        let decided = catch_unwind(AssertUnwindSafe(|| intent.decide(&draft.world, stamp)));
        match decided {
            Ok(Ok(Decision { outcome: Outcome::Replay { seq }, .. })) => self.replay(draft, intent, (seq, stamp.at)),
            Ok(Ok(decision)) if draft.is_ahead && !may_be_dated_ahead(&decision.events) => {
                Ok(Err(self.clock_behind(draft)))
            }
            Ok(Ok(decision)) if decision.events.len() as u64 > self.options.budget.intent_parts => Ok(too_large()),
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

    fn clock_behind(&self, draft: &Draft) -> CommitError {
        CommitError::ClockBehind { journal: draft.world.head.at, now: self.options.clock.now() }
    }

    /// The first answer again, for a client that may still see what it shows.
    fn replay(&mut self, draft: &mut Draft, intent: &Intent, (seq, at): (u64, Instant)) -> Result<Answer, Failure> {
        let outcome = replay::outcome(&mut *self.writer, &mut draft.world, &draft.entries, seq)?;
        if outcome.is_within(&intent.scope) {
            Ok(Ok(Committed { outcome, replayed: true, at }))
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
        Ok(Committed { outcome: decision.outcome, replayed: false, at })
    }

    /// What is to be done between two batches.
    pub(super) fn rest(&mut self) {
        self.writer.rest();
    }

    /// What is to be done when no more batches will come.
    pub(super) fn close(&mut self) {
        self.writer.close();
    }
}

/// It would look at, or change, too much.
fn too_large() -> Answer {
    Err(CommitError::Refused(Refusal::TooLargeAtOnce))
}

/// The working set without what others have changed.
fn caught_up(mut world: World, events: &[Event], head: Head) -> World {
    for event in events {
        world.follow(event);
    }
    world.head = head;
    world
}

/// A replay found nothing where an entry must be.
pub(super) fn missing(seq: u64) -> Failure {
    let error = CommitError::Corrupt(format!("a request key points to entry {seq}, which is missing or tells nothing"));
    Failure { error, remedy: Remedy::OneByOne }
}
