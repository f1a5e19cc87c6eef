//! Targets whose rows the committer does not write.

use super::Target;
use super::books::Books;
use super::targets::{of_target, target_at};
use crate::query::Query;
use crate::reads::EventPlace;
use crate::{ReadError, Store};

/// Rows of one ended target that are removed in one transaction at most.
const PIECE: i64 = 5_000;

/// Products that a node of the version before wrote, which knows no targets: those with a notification and without an active
/// row.
const MISSING: &str = "insert into delivery_targets (kind, ref, active, cursor_seq, cursor_number, leased_until, epoch, asked) \
    select 'SUPPLIER', p.ref, 1, 0, 4294967295, 0, 0, 0 from products p \
    where p.notification is not null and p.deleted_at is null \
    and not exists (select 1 from delivery_targets t where t.kind = 'SUPPLIER' and t.ref = p.ref and t.active = 1) \
    order by p.ref on conflict (kind, ref) do update set active = 1, failing_since = null, \
    asked = delivery_targets.asked + 1";

const IS_MISSING: &str = "select p.kind, p.ref from products p where p.notification is not null and p.deleted_at is null \
    and not exists (select 1 from delivery_targets t where t.kind = 'SUPPLIER' and t.ref = p.ref and t.active = 1) \
    limit 1";

/// Rows of what is deleted for good.
const ENDED: &str = "select t.kind, t.ref from delivery_targets t where t.active = 0 and (\
    t.kind = 'ENDPOINT' and exists (select 1 from webhook_endpoints w where w.ref = t.ref and w.deleted_at is not null) \
    or t.kind = 'SUPPLIER' and exists (select 1 from products p where p.ref = t.ref and p.deleted_at is not null)) \
    order by t.kind, t.ref limit 100";

impl Store {
    /// Begins targets that a node of the version before did not know, from the beginning of the feed, and removes what is kept
    /// of targets that are deleted. For the start, and for every now and then.
    pub async fn repair_targets(&self) -> Result<(), ReadError> {
        let missing = Query::new(self.dialect(), IS_MISSING);
        if self.get(missing, |row| crate::row::number(row, 1)).await?.is_some() {
            self.keep(Books(vec![Query::new(self.dialect(), MISSING)])).await?;
        }
        loop {
            let ended = self.list(Query::new(self.dialect(), ENDED), |row| target_at(row, 0)).await?;
            if ended.is_empty() {
                return Ok(());
            }
            for target in ended {
                self.remove(target).await?;
            }
        }
    }

    /// In pieces, so that nobody waits for long. Attempts go when their time has come.
    async fn remove(&self, target: Target) -> Result<(), ReadError> {
        loop {
            let mut retries = Query::new(self.dialect(), "delete from delivery_retries where");
            of_target(&mut retries, target)
                .text(" and (seq, number) in (select seq, number from delivery_retries where");
            of_target(&mut retries, target).bind(" limit ?) returning seq", PIECE);
            if self.keep_one(retries, |row| crate::row::number(row, 0)).await?.is_empty() {
                break;
            }
        }
        let mut replays = Query::new(self.dialect(), "delete from delivery_replays where");
        of_target(&mut replays, target);
        let mut row = Query::new(self.dialect(), "delete from delivery_targets where");
        of_target(&mut row, target).text(" and active = 0 and not exists (select 1 from delivery_retries where");
        of_target(&mut row, target).text(")");
        self.keep(Books(vec![replays, row])).await.map(drop)
    }

    /// Has a target delivered to from a place on, if it is not delivered to already.
    pub async fn begin_target(&self, target: Target, cursor: EventPlace) -> Result<(), ReadError> {
        let (seq, number) = cursor.values();
        let mut query = Query::new(
            self.dialect(),
            "insert into delivery_targets (kind, ref, active, cursor_seq, cursor_number, leased_until, epoch, asked)",
        );
        query.bind(" values (?", target.kind_value()).bind(", ?, 1", target.number_value());
        query.bind(", ?", seq).bind(", ?, 0, 0, 0)", number).text(" on conflict (kind, ref) do nothing");
        self.keep(Books(vec![query])).await.map(drop)
    }
}
