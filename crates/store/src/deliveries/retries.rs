//! Retries: events before the cursor that are not delivered.

use super::Target;
use super::books::Books;
use super::leases::LOCKED;
use super::targets::{of_target, place_at};
use crate::query::{Query, Texts};
use crate::reads::EventPlace;
use crate::row::{self, Row, Unreadable, instant, small, string, text};
use crate::{ReadError, Store};
use orderpark_domain::Instant;

/// An event before the cursor that is not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The event.
    pub place: EventPlace,
    /// What keeps its order: of one lane, nothing overtakes.
    pub lane: String,
    /// How often it was tried.
    pub attempts: u32,
    /// What becomes of it.
    pub state: RetryState,
}

/// What becomes of a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryState {
    /// It is tried again then.
    Due(Instant),
    /// It waits for an earlier one of its lane.
    Held,
    /// It was given up then; only who asks has it sent again.
    Exhausted(Instant),
}

impl RetryState {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            RetryState::Due(_) => "DUE",
            RetryState::Held => "HELD",
            RetryState::Exhausted(_) => "EXHAUSTED",
        }
    }

    pub(super) fn at(self) -> Option<Instant> {
        match self {
            RetryState::Due(at) | RetryState::Exhausted(at) => Some(at),
            RetryState::Held => None,
        }
    }
}

/// However many are exhausted, they are not walked past: SQLite's planner would.
pub(super) const BY_WAITING: Texts = Texts { sqlite: " indexed by delivery_retries_waiting", postgres: "" };

/// However many wait.
const BY_EXHAUSTION: Texts = Texts { sqlite: " indexed by delivery_retries_exhausted", postgres: "" };

impl Store {
    /// The first retries of a target that are due or held, by place.
    pub async fn page_retries(&self, target: Target, limit: u32) -> Result<Vec<Retry>, ReadError> {
        let mut query =
            Query::new(self.dialect(), "select seq, number, lane, attempts, state, at from delivery_retries");
        of_target(query.either(BY_WAITING).text(" where"), target);
        query.bind(" and state <> 'EXHAUSTED' order by seq, number limit ?", i64::from(limit));
        self.list(query, retry).await
    }

    /// Forgets at most `max` exhausted retries of a target that are not among its `keep` newest ones by place; answers how many.
    pub async fn keep_newest_exhausted(&self, target: Target, keep: u32, max: u32) -> Result<u64, ReadError> {
        let mut newest = Query::new(self.dialect(), "");
        exhausted(&mut newest, target).bind(" order by seq desc, number desc limit 1 offset ?", i64::from(keep));
        let Some(end) = self.get(newest, |row| place_at(row, 0)).await? else { return Ok(0) };
        // Whoever asks for them again takes the target's row first, too, so that nobody waits in a circle.
        let mut first = Query::new(self.dialect(), "select ref from delivery_targets where");
        of_target(&mut first, target).either(LOCKED);
        let mut query = Query::new(self.dialect(), "delete from delivery_retries where");
        of_target(&mut query, target).text(" and state = 'EXHAUSTED' and (seq, number) in (");
        let (seq, number) = end.values();
        exhausted(&mut query, target).bind(" and (seq, number) <= (?", seq).bind(", ?)", number);
        query.bind(" order by seq, number limit ?", i64::from(max)).text(") returning seq");
        let kept = self.keep(Books(vec![first, query])).await?;
        Ok(kept.last().map_or(0, Vec::len) as u64)
    }
}

/// Adds the places of what is exhausted.
fn exhausted(query: &mut Query, target: Target) -> &mut Query {
    query.text("select seq, number from delivery_retries").either(BY_EXHAUSTION).text(" where");
    of_target(query, target).text(" and state = 'EXHAUSTED'")
}

fn retry(row: &dyn Row) -> row::Read<Retry> {
    let state = match text(row, 4)? {
        "DUE" => RetryState::Due(instant(row, 5)?),
        "HELD" => RetryState::Held,
        "EXHAUSTED" => RetryState::Exhausted(instant(row, 5)?),
        other => return Err(Unreadable::new(4, format!("no such word: {other}"))),
    };
    Ok(Retry { place: place_at(row, 0)?, lane: string(row, 2)?, attempts: small(row, 3)?, state })
}
