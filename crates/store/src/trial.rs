//! Trials: an intent is decided on a snapshot of the database, and nothing is recorded.
//!
//! What decides nothing (an object that is not there, values that are there already, a limit that
//! is reached, a dry run) is answered by that, and takes nothing of the committer, which all
//! parties share. What would change something is for the committer, which decides it anew.

use crate::load::{Lookup, lookups};
use crate::query::{Dialect, Query};
use crate::{Budget, CommitError, Committed, rows};
use orderpark_domain::{Decision, Head, Instant, Intent, Needs, Outcome, Refusal, Stamp, World};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Rows that are looked up in one piece, about.
const PIECE_MAX: usize = 4096;

/// How many pieces are looked up at most; an intent of more is the committer's to refuse.
const PIECES_MAX: usize = 64;

/// The outcome of a trial. `None`: the committer has to decide.
pub(crate) type Foreseen = Option<Result<Committed, CommitError>>;

/// An intent on trial, which is told what the snapshot holds.
pub(crate) struct Trial {
    pub intent: Intent,
    dialect: Dialect,
    budget: Budget,
    stamp: Stamp,
    world: World,
    pieces: usize,
}

impl Trial {
    pub(crate) fn new(intent: Intent, dialect: Dialect, budget: Budget, stamp: Stamp) -> Trial {
        Trial { intent, dialect, budget, stamp, world: World::working_set(Head::EMPTY), pieces: 0 }
    }

    /// The question where the journal ends, whose answer [`Trial::begin`] takes.
    pub(crate) fn head(&self) -> Query {
        let mut query = Query::new(self.dialect, "select ");
        query.either(rows::HEAD).text(" from head");
        query
    }

    pub(crate) fn begin(&mut self, head: Head) {
        self.world = World::working_set(head);
        self.stamp.at = self.stamp.at.max(Instant(head.at.0 + 1));
    }

    /// The next lookups, or the outcome of the trial.
    pub(crate) fn next(&mut self) -> Result<Vec<Lookup>, Foreseen> {
        let mut needs = Needs::default();
        self.intent.needs(&self.world, &mut needs);
        if (needs.len() as u64).max(self.intent.parts(&self.world)) > self.budget.intent_parts {
            return Err(Some(Err(CommitError::Refused(Refusal::TooLargeAtOnce))));
        }
        self.pieces += 1;
        if needs.is_empty() {
            Err(self.foresee())
        } else if self.pieces > PIECES_MAX {
            Err(None)
        } else {
            Ok(lookups(self.dialect, needs.take_some(PIECE_MAX)))
        }
    }

    /// Where what is looked up is filed.
    pub(crate) fn world(&mut self) -> &mut World {
        &mut self.world
    }

    fn foresee(&self) -> Foreseen {
        let decided = catch_unwind(AssertUnwindSafe(|| self.intent.decide(&self.world, self.stamp))).ok()?;
        match decided {
            Err(refusal) => Some(Err(CommitError::Refused(refusal))),
            Ok(Decision { outcome: Outcome::Replay { .. }, .. }) => None,
            Ok(Decision { events, outcome, .. }) => {
                events.is_empty().then_some(Ok(Committed { outcome, replayed: false, at: self.stamp.at }))
            }
        }
    }
}
