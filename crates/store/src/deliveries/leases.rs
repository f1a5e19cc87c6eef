//! Leases: which node works on which target.

use super::Target;
use super::books::{Books, JsonRows, from_json, read_all, rows_json};
use super::targets::{place_at, target_at};
use crate::query::{Query, Texts, Value};
use crate::reads::EventPlace;
use crate::row::{self, Row, number, optional_instant};
use crate::{ReadError, Store};
use orderpark_domain::Instant;
use serde::Serialize;
use std::collections::BTreeMap;

/// One run of one program: chosen by chance when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(pub [u8; 16]);

/// The right of one node to work on one target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The target.
    pub target: Target,
    /// The node.
    pub node: Node,
    /// How often the target was given to a node; what an earlier one writes does nothing.
    pub epoch: u64,
}

/// A lease, with where to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The lease.
    pub lease: Lease,
    /// Everything before is settled or among the retries.
    pub cursor: EventPlace,
    /// Since when nothing but failures came.
    pub failing_since: Option<Instant>,
    /// Moves whenever there is reason to look anew: a replay was asked for, or the endpoint or the product was changed.
    pub asked: u64,
}

pub(super) const CLAIM: &str = "kind, ref, node, epoch, cursor_seq, cursor_number, failing_since, asked";

const TARGETS: JsonRows =
    JsonRows(Texts { sqlite: "value ->> 'kind' as kind, value ->> 'ref' as ref", postgres: "(kind text, ref bigint)" });

/// A lease that lies further ahead counts as none, unless much longer ones are given.
const LEASE_MS_MAX: u64 = 600_000;

/// PostgreSQL passes over rows that somebody else has: another node claims them, or its worker settles just now.
const SKIP_LOCKED: Texts = Texts { sqlite: "", postgres: " for update skip locked" };

/// Rows are locked in one order, so that nobody waits in a circle.
pub(super) const LOCKED: Texts = Texts { sqlite: "", postgres: " for update" };

#[derive(Serialize)]
struct TargetRow {
    kind: &'static str,
    #[serde(rename = "ref")]
    number: u64,
}

impl Store {
    /// Takes at most `max` active targets that no node has, or whose lease is over, for so long. Those first that have waited
    /// longest. Publishers are claimed by their names ([`Store::claim_publisher`]).
    pub async fn claim_targets(&self, node: Node, max: u32, lease_ms: u64) -> Result<Vec<Claim>, ReadError> {
        // Most often there is nothing to be had, and to find that out nothing need be written.
        let mut free =
            Query::new(self.dialect(), "select ref from delivery_targets where active = 1 and kind <> 'PUBLISHER'");
        self.while_free(&mut free, lease_ms).text(" limit 1");
        if max == 0 || self.get(free, |row| number(row, 0)).await?.is_none() {
            return Ok(Vec::new());
        }
        let mut query = Query::new(
            self.dialect(),
            "with free as materialized (select kind as k, ref as r from delivery_targets \
             where active = 1 and kind <> 'PUBLISHER'",
        );
        self.while_free(&mut query, lease_ms);
        query.bind(" order by leased_until, kind, ref limit ?", i64::from(max)).either(SKIP_LOCKED);
        query.bind(") update delivery_targets set node = ?, epoch = epoch + 1, leased_until = ", node.value());
        self.bind_lease_time(&mut query, micros(lease_ms));
        query.text(" from free where kind = k and ref = r returning ").text(CLAIM);
        self.claims(query, node).await
    }

    /// Keeps this node's leases for so long from now, and answers them: of what is missing, the lease is lost, or the target is
    /// not active any more.
    pub async fn renew_leases(&self, node: Node, lease_ms: u64) -> Result<Vec<Claim>, ReadError> {
        let mut query = Query::new(
            self.dialect(),
            "with mine as materialized (select kind as k, ref as r from delivery_targets where active = 1",
        );
        query.bind(" and node = ? order by kind, ref", node.value()).either(LOCKED);
        query.text(") update delivery_targets set leased_until = ");
        self.bind_lease_time(&mut query, micros(lease_ms));
        query.text(" from mine where kind = k and ref = r returning ").text(CLAIM);
        self.claims(query, node).await
    }

    /// Gives or keeps leases, and answers them. No cursor of theirs is ahead of the journal: where the journal has lost its end,
    /// in a failover, a cursor beyond it would pass over what takes that place.
    ///
    /// That is a statement of its own because the first one may have waited for a row whose cursor is newer than the head that it
    /// sees.
    pub(super) async fn claims(&self, given: Query, node: Node) -> Result<Vec<Claim>, ReadError> {
        let mut ahead = Query::new(
            self.dialect(),
            "update delivery_targets set cursor_seq = (select seq from head), cursor_number = 4294967295 \
             where active = 1 and cursor_seq > (select seq from head)",
        );
        ahead.bind(" and node = ? returning ", node.value()).text(CLAIM);
        let kept = self.keep(Books(vec![given, ahead])).await?;
        let mut claims = BTreeMap::new();
        for rows in &kept {
            claims.extend(read_all(rows, claim)?.into_iter().map(|claim| (claim.lease.target, claim)));
        }
        Ok(claims.into_values().collect())
    }

    /// Adds: nobody has the lease. One that ends later than any that is given was given by a clock that was wrong, and is none.
    pub(super) fn while_free<'q>(&self, query: &'q mut Query, lease_ms: u64) -> &'q mut Query {
        self.bind_lease_time(query.text(" and (leased_until <= "), 0);
        self.bind_lease_time(query.text(" or leased_until > "), micros(longest_ms(lease_ms))).text(")")
    }

    /// Gives all of this node's leases back, so that others need not wait until they are over.
    pub async fn release_leases(&self, node: Node) -> Result<(), ReadError> {
        let mut query = Query::new(
            self.dialect(),
            "with mine as materialized (select kind as k, ref as r from delivery_targets where true",
        );
        query.bind(" and node = ? order by kind, ref", node.value()).either(LOCKED);
        query.text(
            ") update delivery_targets set node = null, leased_until = 0, epoch = epoch + 1 from mine \
             where kind = k and ref = r",
        );
        self.keep(Books(vec![query])).await.map(drop)
    }

    /// Moves the cursors of this node's idle targets ahead: nothing up to `to` concerns them. Never back; and what is not
    /// moved for want of a lock is moved the next time. None is moved to where the journal is not (any more).
    pub async fn move_cursors(&self, node: Node, targets: &[Target], to: EventPlace) -> Result<(), ReadError> {
        if targets.is_empty() {
            return Ok(());
        }
        let (seq, place) = to.values();
        let rows = targets.iter().map(|target| TargetRow { kind: target.kind(), number: target.number() });
        let mut query = Query::new(self.dialect(), "with idle as materialized (select t.kind as k, t.ref as r from ");
        from_json(&mut query, TARGETS, rows_json(rows))
            .then_join("delivery_targets t on t.kind = n.kind and t.ref = n.ref");
        query.bind(" where t.node = ?", node.value());
        query.bind(" and (t.cursor_seq, t.cursor_number) < (?", seq).bind(", ?)", place);
        not_ahead(&mut query, to);
        query.text(" order by t.kind, t.ref").either(Texts { sqlite: "", postgres: " for update of t skip locked" });
        query.bind(") update delivery_targets set cursor_seq = ?", seq).bind(", cursor_number = ?", place);
        query.text(" from idle where kind = k and ref = r");
        self.keep(Books(vec![query])).await.map(drop)
    }
}

impl Node {
    pub(super) fn value(self) -> Value {
        Value::Blob(self.0.to_vec())
    }
}

pub(super) fn claim(row: &dyn Row) -> row::Read<Claim> {
    let lease = Lease { target: target_at(row, 0)?, node: Node(row::bytes(row, 2)?), epoch: number(row, 3)? };
    Ok(Claim { lease, cursor: place_at(row, 4)?, failing_since: optional_instant(row, 6)?, asked: number(row, 7)? })
}

/// Adds: the journal comes so far.
pub(super) fn not_ahead(query: &mut Query, cursor: EventPlace) -> &mut Query {
    query.bind(" and exists (select 1 from head where seq >= ?)", cursor.values().0)
}

/// Leases are short, and all nodes give much the same; none ends further ahead than this.
fn longest_ms(lease_ms: u64) -> u64 {
    lease_ms.saturating_mul(4).max(LEASE_MS_MAX)
}

pub(super) fn micros(lease_ms: u64) -> i64 {
    i64::try_from(lease_ms.saturating_mul(1000)).unwrap_or(i64::MAX / 2)
}
