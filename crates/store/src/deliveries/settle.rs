//! What a worker has come to, written at once.

use super::books::{Books, JsonRows, from_json, rows_json, storable};
use super::leases::not_ahead;
use super::retries::Retry;
use super::targets::of_target;
use super::{Attempt, Lease, Target, attempts, targets};
use crate::query::{Dialect, Query, Texts, Value, sql_number};
use crate::reads::EventPlace;
use crate::{ReadError, Store, faults};
use orderpark_domain::{EndpointRef, Instant, Tenant};
use serde::Serialize;
use std::collections::BTreeMap;

/// What became of events, and how far the target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Everything before is settled, or among the retries as they are after this. It never goes back.
    pub cursor: EventPlace,
    /// Since when nothing but failures came.
    pub failing_since: Option<Instant>,
    /// Retries that are delivered.
    pub done: Vec<EventPlace>,
    /// Retries that are new or have changed. Of a place that is done too, this one counts.
    pub retries: Vec<Retry>,
    /// Requests that were made.
    pub attempts: Vec<Attempt>,
    /// How far the running replay is, and which one that is: whoever settles twice moves or ends no other.
    pub replayed: Option<(u64, EventPlace)>,
    /// That replay has come to its end.
    pub replay_done: bool,
    /// The backlogs of single tenants, all that there are: their events behind these places are not
    /// settled, though the cursor is beyond them.
    pub sides: Vec<(Tenant, EventPlace)>,
}

impl Settlement {
    /// Nothing but how far it is.
    pub fn at(cursor: EventPlace) -> Settlement {
        Settlement {
            cursor,
            failing_since: None,
            done: Vec::new(),
            retries: Vec::new(),
            attempts: Vec::new(),
            replayed: None,
            replay_done: false,
            sides: Vec::new(),
        }
    }
}

const PLACES: JsonRows = JsonRows(Texts {
    sqlite: "value ->> 'seq' as seq, value ->> 'number' as number",
    postgres: "(seq bigint, number bigint)",
});

const RETRIES: JsonRows = JsonRows(Texts {
    sqlite: "value ->> 'seq' as seq, value ->> 'number' as number, value ->> 'lane' as lane, \
        value ->> 'attempts' as attempts, value ->> 'state' as state, value ->> 'at' as at",
    postgres: "(seq bigint, number bigint, lane text, attempts bigint, state text, at bigint)",
});

/// Of an address, so much is kept: all of it, since none is longer.
const URL_BYTES_MAX: usize = 2048;

/// Of a lane's name, so much is kept.
const LANE_BYTES_MAX: usize = 256;

#[derive(Serialize)]
struct PlaceRow {
    seq: u64,
    number: u32,
}

#[derive(Serialize)]
struct RetryRow {
    seq: u64,
    number: u32,
    lane: String,
    attempts: u32,
    state: &'static str,
    at: Option<i64>,
}

impl RetryRow {
    fn of(retry: &Retry) -> RetryRow {
        RetryRow {
            seq: retry.place.seq,
            number: retry.place.number,
            lane: storable(&retry.lane, LANE_BYTES_MAX),
            attempts: retry.attempts,
            state: retry.state.as_str(),
            at: retry.state.at().map(|at| at.0),
        }
    }
}

impl Store {
    /// Writes what a worker has come to, all of it or nothing. `false`: the lease is lost, or the journal does not come so far
    /// any more, and nothing was written.
    pub async fn settle_deliveries(&self, lease: &Lease, settlement: Settlement) -> Result<bool, ReadError> {
        let books = Books(statements(self.dialect(), lease, &settlement));
        faults::point("settling deliveries");
        let kept = self.keep(books).await?;
        faults::point("cursor moved");
        Ok(kept.first().is_some_and(|rows| !rows.is_empty()))
    }

    /// Remembers that this address of an endpoint takes messages.
    pub async fn prove_endpoint(&self, endpoint: EndpointRef, url: &str) -> Result<(), ReadError> {
        let mut query = Query::new(self.dialect(), "update delivery_targets set");
        query.bind(" proven_url = ? where", url_value(url));
        of_target(&mut query, Target::Endpoint(endpoint)).text(" returning epoch");
        self.keep(Books(vec![query])).await.map(drop)
    }

    /// Logs a request that belongs to no event, or that no worker made.
    pub async fn log_attempt(&self, target: Target, attempt: Attempt) -> Result<(), ReadError> {
        let query = attempts::insert(self.dialect(), target, None, std::slice::from_ref(&attempt));
        self.keep(Books(vec![query])).await.map(drop)
    }
}

/// Each statement says whose lease it is, and does nothing without. The first one holds the target's row until the end, so
/// that what it finds is true for the others; where it finds the cursor ahead of the journal, the others find it not moved.
fn statements(dialect: Dialect, lease: &Lease, settlement: &Settlement) -> Vec<Query> {
    let fence = &Fence { lease, cursor: settlement.cursor };
    let mut all = vec![move_cursor(dialect, lease, settlement)];
    let retries: BTreeMap<EventPlace, &Retry> = settlement.retries.iter().map(|retry| (retry.place, retry)).collect();
    let done = settlement.done.iter().filter(|place| !retries.contains_key(place));
    let done: Vec<PlaceRow> = done.map(|place| PlaceRow { seq: place.seq, number: place.number }).collect();
    if !done.is_empty() {
        all.push(delete_done(dialect, fence, rows_json(done)));
    }
    if !retries.is_empty() {
        all.push(upsert_retries(dialect, fence, rows_json(retries.into_values().map(RetryRow::of))));
    }
    if !settlement.attempts.is_empty() {
        all.push(attempts::insert(dialect, lease.target, Some(fence), &settlement.attempts));
    }
    all.extend(settle_replay(dialect, fence, settlement));
    all
}

fn move_cursor(dialect: Dialect, lease: &Lease, settlement: &Settlement) -> Query {
    let (seq, place) = settlement.cursor.values();
    let attempts = || settlement.attempts.iter();
    let last = attempts().map(|attempt| attempt.at.0).max();
    let success = attempts().filter(|attempt| attempt.failure.is_none()).max_by_key(|attempt| attempt.at);
    let proven = success.map_or(Value::Nothing, |attempt| url_value(&attempt.url));
    let mut query = Query::new(dialect, "update delivery_targets set");
    query.bind(" cursor_number = case when (cursor_seq, cursor_number) < (?", seq).bind(", ?)", place);
    query.bind(" then ? else cursor_number end", place);
    query.bind(", cursor_seq = case when cursor_seq < ?", seq).bind(" then ? else cursor_seq end", seq);
    query.bind(", failing_since = ?", optional(settlement.failing_since.map(|at| at.0)));
    query.bind(", last_attempt_at = coalesce(?, last_attempt_at)", optional(last));
    query.bind(", last_success_at = coalesce(?, last_success_at)", optional(success.map(|attempt| attempt.at.0)));
    query.bind(", proven_url = coalesce(?, proven_url)", proven);
    query.bind(", sides = ? where", targets::sides_value(&settlement.sides));
    not_ahead(of_lease(&mut query, lease), settlement.cursor).text(" returning epoch");
    query
}

fn delete_done(dialect: Dialect, fence: &Fence<'_>, rows: Value) -> Query {
    let mut query = Query::new(dialect, "delete from delivery_retries where");
    of_target(&mut query, fence.lease.target).text(" and (seq, number) in (select n.seq, n.number from ");
    from_json(&mut query, PLACES, rows).text(")");
    while_leased(&mut query, fence);
    query
}

fn upsert_retries(dialect: Dialect, fence: &Fence<'_>, rows: Value) -> Query {
    let mut query =
        Query::new(dialect, "insert into delivery_retries (kind, ref, seq, number, lane, attempts, state, at) select");
    query.bind(" ?", fence.lease.target.kind_value()).bind(", ?", fence.lease.target.number_value());
    query.text(", n.seq, n.number, n.lane, n.attempts, n.state, n.at from ");
    from_json(&mut query, RETRIES, rows).text(" where true");
    while_leased(&mut query, fence).text(
        " on conflict (kind, ref, seq, number) do update set lane = excluded.lane, attempts = excluded.attempts, \
         state = excluded.state, at = excluded.at",
    );
    query
}

fn settle_replay(dialect: Dialect, fence: &Fence<'_>, settlement: &Settlement) -> Option<Query> {
    let (id, place) = settlement.replayed?;
    let mut query = if settlement.replay_done {
        Query::new(dialect, "delete from delivery_replays where")
    } else {
        let (seq, number) = place.values();
        let mut query = Query::new(dialect, "update delivery_replays set");
        query.bind(" cursor_seq = ?", seq).bind(", cursor_number = ? where", number);
        query
    };
    of_target(&mut query, fence.lease.target).bind(" and id = ?", sql_number(id));
    while_leased(&mut query, fence);
    Some(query)
}

fn of_lease<'q>(query: &'q mut Query, lease: &Lease) -> &'q mut Query {
    of_target(query, lease.target)
        .bind(" and node = ?", lease.node.value())
        .bind(" and epoch = ?", sql_number(lease.epoch))
}

/// What all of a settlement stands on: the first statement has found the lease to be the row's, and moved its cursor.
pub(super) struct Fence<'l> {
    lease: &'l Lease,
    cursor: EventPlace,
}

/// Adds: the first statement of the settlement was carried out.
pub(super) fn while_leased<'q>(query: &'q mut Query, fence: &Fence<'_>) -> &'q mut Query {
    query.text(" and exists (select 1 from delivery_targets where");
    of_lease(query, fence.lease).bind(" and cursor_seq >= ?)", fence.cursor.values().0)
}

fn url_value(url: &str) -> Value {
    Value::Text(storable(url, URL_BYTES_MAX))
}

fn optional(number: Option<i64>) -> Value {
    number.map_or(Value::Nothing, Value::Integer)
}
