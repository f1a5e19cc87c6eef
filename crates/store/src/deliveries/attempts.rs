//! Attempts: the requests that were made, for as long as they are kept.

use super::Target;
use super::books::{JsonRows, from_json, rows_json, storable};
use super::settle::{Fence, while_leased};
use super::targets::of_target;
use crate::query::{Dialect, Query, Texts};
use crate::reads::{EventPlace, Rows, Slice};
use crate::row::{self, Row, Unreadable, bytes, instant, number, optional_number, optional_string, small, string};
use crate::{Epoch, FeedPosition, ReadError, Store, epochs};
use orderpark_domain::{Instant, Scope};
use serde::Serialize;
use uuid::Uuid;

/// Of what a receiver answered, so much is kept.
const RESPONSE_BYTES_MAX: usize = 1024;

/// Of any other text, so much is kept.
const TEXT_BYTES_MAX: usize = 2048;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Grows with time.
    pub id: Uuid,
    /// The event; none: a test.
    pub event: Option<FeedPosition>,
    /// The id that the receiver was told, the same for all attempts of an event.
    pub webhook_id: String,
    /// The kind of the event.
    pub kind: String,
    /// Which attempt at the event it was, from 1.
    pub number: u32,
    /// When it began.
    pub at: Instant,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// Where it went.
    pub url: String,
    /// The status that came back.
    pub status: Option<u16>,
    /// Why it failed; none: it succeeded.
    pub failure: Option<String>,
    /// The beginning of what came back, at most 1 KiB.
    pub response: Option<String>,
    /// Whether the receiver was inside a network that is not public; none: it is not known.
    pub inside: Option<bool>,
}

/// Which attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AttemptFilter {
    /// At this event.
    pub event: Option<FeedPosition>,
    /// Only those that failed.
    pub failed: bool,
}

const COLUMNS: &str = "id, seq, number, webhook_id, event, attempt, at, took_us, url, status, failure, response, \
    inside";

const ROWS: JsonRows = JsonRows(Texts {
    sqlite: "unhex(value ->> 'id') as id, value ->> 'seq' as seq, value ->> 'number' as number, \
        value ->> 'webhook_id' as webhook_id, value ->> 'event' as event, value ->> 'attempt' as attempt, \
        value ->> 'at' as at, value ->> 'took_us' as took_us, value ->> 'url' as url, value ->> 'status' as status, \
        value ->> 'failure' as failure, value ->> 'response' as response, \
        value ->> 'inside' as inside",
    postgres: "(id text, seq bigint, number bigint, webhook_id text, event text, attempt bigint, at bigint, \
        took_us bigint, url text, status bigint, failure text, response text, inside bigint)",
});

/// An event has a few attempts, a target may have very many: SQLite's planner would look through those.
const BY_EVENT: Texts = Texts { sqlite: " indexed by delivery_attempts_of_event", postgres: "" };

const ID: Texts = Texts { sqlite: "n.id", postgres: "decode(n.id, 'hex')" };

#[derive(Serialize)]
struct AttemptRow {
    id: String,
    seq: Option<u64>,
    number: Option<u32>,
    webhook_id: String,
    event: String,
    attempt: u32,
    at: i64,
    took_us: u64,
    url: String,
    status: Option<u16>,
    failure: Option<String>,
    response: Option<String>,
    inside: Option<u8>,
}

impl AttemptRow {
    fn of(attempt: &Attempt) -> AttemptRow {
        let short = |text: &String| storable(text, TEXT_BYTES_MAX);
        AttemptRow {
            id: attempt.id.simple().to_string(),
            seq: attempt.event.map(|event| event.place.seq),
            number: attempt.event.map(|event| event.place.number),
            webhook_id: short(&attempt.webhook_id),
            event: short(&attempt.kind),
            attempt: attempt.number,
            at: attempt.at.0,
            took_us: attempt.took_us.min(i64::MAX as u64),
            url: short(&attempt.url),
            status: attempt.status,
            failure: attempt.failure.as_ref().map(short),
            response: attempt.response.as_ref().map(|text| storable(text, RESPONSE_BYTES_MAX)),
            inside: attempt.inside.map(u8::from),
        }
    }
}

/// Logs attempts, where they belong to a settlement only if that is written. One that is there already is not logged twice.
pub(super) fn insert(dialect: Dialect, target: Target, fence: Option<&Fence<'_>>, attempts: &[Attempt]) -> Query {
    let mut query = Query::new(dialect, "insert into delivery_attempts (kind, ref, ");
    query.text(COLUMNS).bind(") select ?", target.kind_value()).bind(", ?, ", target.number_value()).either(ID);
    query.text(
        ", n.seq, n.number, n.webhook_id, n.event, n.attempt, n.at, n.took_us, n.url, n.status, n.failure, n.response, \
         n.inside from ",
    );
    from_json(&mut query, ROWS, rows_json(attempts.iter().map(AttemptRow::of))).text(" where true");
    if let Some(fence) = fence {
        while_leased(&mut query, fence);
    }
    query.text(" on conflict (kind, ref, id) do nothing");
    query
}

impl Store {
    /// Attempts at a webhook endpoint, or at the supplier of a product, within the scope, newest
    /// first; none for one that is not.
    pub async fn page_attempts(
        &self,
        scope: &Scope,
        target: Target,
        filter: &AttemptFilter,
        slice: Slice<Uuid>,
    ) -> Result<Rows<Attempt>, ReadError> {
        let is_visible = match target {
            Target::Endpoint(endpoint) => self.get_endpoint(scope, endpoint).await?.is_some(),
            Target::Supplier(product) => !self.get_products(scope, &[product]).await?.is_empty(),
            Target::Publisher(_) => false,
        };
        if is_visible {
            self.page_attempts_at(target, filter, slice).await
        } else {
            Ok(Rows { rows: Vec::new(), is_cut: false })
        }
    }

    /// [`Store::page_attempts`] of any target, for the program itself.
    pub async fn page_attempts_at(
        &self,
        target: Target,
        filter: &AttemptFilter,
        slice: Slice<Uuid>,
    ) -> Result<Rows<Attempt>, ReadError> {
        let mut query = Query::new(self.dialect(), "select ");
        query.text(COLUMNS).text(", ").text(&epochs::of_entry("seq")).text(" from delivery_attempts");
        if filter.event.is_some() {
            query.either(BY_EVENT);
        }
        of_target(query.text(" where"), target);
        if filter.failed {
            query.text(" and failure is not null");
        }
        if let Some(event) = filter.event {
            let (seq, number) = event.place.values();
            query.bind(" and seq = ?", seq).bind(" and number = ?", number).text(" and ");
            query.bind(&epochs::of_entry("?"), seq).bind(" = ?", event.epoch.as_str().to_owned());
        }
        query.bind_some(" and id < ?", slice.after.map(|after| after.as_bytes().to_vec())).text(" order by id desc");
        slice.limit(&mut query);
        self.page(query, attempt).await
    }

    /// Forgets at most `max` attempts that were made before an instant, the oldest first; answers how many.
    pub async fn forget_attempts(&self, before: Instant, max: u32) -> Result<u64, ReadError> {
        let mut old = Query::new(self.dialect(), "select attempt from delivery_attempts where");
        old.bind(" at < ?", before.0).text(" limit 1");
        if self.get(old, |row| number(row, 0)).await?.is_none() {
            return Ok(0);
        }
        let mut query = Query::new(
            self.dialect(),
            "delete from delivery_attempts where (kind, ref, id) in (select kind, ref, id from delivery_attempts where",
        );
        query.bind(" at < ?", before.0).bind(" order by at limit ?", i64::from(max)).text(") returning attempt");
        Ok(self.keep_one(query, |row| number(row, 0)).await?.len() as u64)
    }

    /// Forgets at most `max` attempts at a target that are not among its `keep` newest ones, the oldest first; answers how many.
    pub async fn keep_newest_attempts(&self, target: Target, keep: u32, max: u32) -> Result<u64, ReadError> {
        let mut newest = Query::new(self.dialect(), "select id from delivery_attempts where");
        of_target(&mut newest, target).bind(" order by id desc limit 1 offset ?", i64::from(keep));
        let Some(end) = self.get(newest, |row| bytes::<16>(row, 0)).await? else { return Ok(0) };
        let mut query = Query::new(self.dialect(), "delete from delivery_attempts where");
        of_target(&mut query, target).text(" and id in (select id from delivery_attempts where");
        of_target(&mut query, target).bind(" and id <= ?", end.to_vec());
        query.bind(" order by id limit ?", i64::from(max)).text(") returning attempt");
        Ok(self.keep_one(query, |row| number(row, 0)).await?.len() as u64)
    }
}

fn attempt(row: &dyn Row) -> row::Read<Attempt> {
    let seq = optional_number(row, 1)?;
    let place = |seq| Ok::<_, Unreadable>(EventPlace { seq, number: small(row, 2)? });
    let event = seq.map(|seq| Ok(FeedPosition { place: place(seq)?, epoch: Epoch::at(row, 13)? }));
    let status = optional_number(row, 9)?.map(u16::try_from).transpose();
    Ok(Attempt {
        id: Uuid::from_bytes(bytes(row, 0)?),
        event: event.transpose()?,
        webhook_id: string(row, 3)?,
        kind: string(row, 4)?,
        number: small(row, 5)?,
        at: instant(row, 6)?,
        took_us: number(row, 7)?,
        url: string(row, 8)?,
        status: status.map_err(|_| Unreadable::new(9, "no status"))?,
        failure: optional_string(row, 10)?,
        response: optional_string(row, 11)?,
        inside: optional_number(row, 12)?.map(|inside| inside != 0),
    })
}
