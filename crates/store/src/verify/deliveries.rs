//! The bookkeeping of deliveries: everybody who is to be told has a cursor, and nothing is ahead of the journal (I4). What
//! was delivered only the receivers know.

use super::{Report, Snapshot};
use crate::OpenError;
use crate::row::{Read, Row, integer, number, text};
use orderpark_domain::{EndpointRef, ProductRef, World};
use std::collections::BTreeSet;

/// Kind and number of a target.
type Key = (String, u64);

pub(super) fn check(snapshot: &Snapshot, world: &World, report: &mut Report) -> Result<(), OpenError> {
    check_targets(snapshot, world, report)?;
    check_replays(snapshot, world, report)?;
    check_retries(snapshot, world, report)
}

fn check_targets(snapshot: &Snapshot, world: &World, report: &mut Report) -> Result<(), OpenError> {
    let (mut wanted, mut count) = (wanted(world), 0);
    snapshot.each(TARGETS, &mut |row| {
        count += 1;
        let (key, active, cursor) = (key(row)?, integer(row, 2)? == 1, number(row, 3)?);
        report.check(cursor <= world.head.seq, || format!("{}: its cursor is ahead of the journal (I4)", name(&key)));
        let is_leased = integer(row, 4)? == 1;
        report.check(is_leased || integer(row, 5)? == 0, || format!("{}: a lease that is no node's", name(&key)));
        let is_wanted = wanted.remove(&key);
        report.check(active || !is_wanted, || format!("{}: it is to be told and is not delivered to (I4)", name(&key)));
        report.check(is_wanted || !active || may_be_active(world, &key), || {
            format!("{}: it is delivered to, and there is nobody to be told (I6)", name(&key))
        });
        Ok(())
    })?;
    for key in wanted {
        report.violation(format!("{}: it is to be told and has no cursor (I4)", name(&key)));
    }
    report.checked.push(("targets of deliveries".into(), count));
    Ok(())
}

/// The fifth column is 1 where a node has a lease.
const TARGETS: &str = "select kind, ref, active, cursor_seq, \
    cast(case when node is null then 0 else 1 end as bigint), leased_until from delivery_targets";

/// Everybody who is to be told.
fn wanted(world: &World) -> BTreeSet<Key> {
    let endpoints = world.endpoints.values().filter(|it| it.is_active());
    let endpoints = endpoints.map(|it| ("ENDPOINT".to_owned(), it.endpoint.0));
    let notified = world.products.values().filter(|it| it.notification.is_some() && it.deleted_at.is_none());
    endpoints.chain(notified.map(|it| ("SUPPLIER".to_owned(), it.product.0))).collect()
}

/// A product whose notification a program of the version before took away is delivered to until somebody notices; nothing
/// is sent then.
fn may_be_active(world: &World, (kind, number): &Key) -> bool {
    match kind.as_str() {
        "ENDPOINT" => world.endpoints.get(&EndpointRef(*number)).is_some_and(orderpark_domain::Endpoint::is_active),
        "SUPPLIER" => world.products.get(&ProductRef(*number)).is_some(),
        _ => kind == "PUBLISHER",
    }
}

fn check_replays(snapshot: &Snapshot, world: &World, report: &mut Report) -> Result<(), OpenError> {
    let sql = "select kind, ref, until_seq from delivery_replays";
    snapshot.each(sql, &mut |row| {
        let (key, until) = (key(row)?, number(row, 2)?);
        report.check(until <= world.head.seq, || format!("{}: a replay of what is not there yet (I4)", name(&key)));
        Ok(())
    })
}

/// One that lies beyond the cursor is no loss: the cursor comes to it. Whether its target is there, the references tell.
fn check_retries(snapshot: &Snapshot, world: &World, report: &mut Report) -> Result<(), OpenError> {
    let mut count = 0;
    let sql = "select kind, ref, seq, number, state from delivery_retries";
    snapshot.each(sql, &mut |row| {
        count += 1;
        let (key, seq, in_entry) = (key(row)?, number(row, 2)?, number(row, 3)?);
        let event = || format!("{}: event {seq}.{in_entry}", name(&key));
        report.check(seq <= world.head.seq, || format!("{} is tried again and is not there (I4)", event()));
        let state = text(row, 4)?;
        let is_known = ["DUE", "HELD", "EXHAUSTED"].contains(&state);
        report.check(is_known, || format!("{} is '{state}', and nobody knows what that is (I4)", event()));
        Ok(())
    })?;
    report.checked.push(("deliveries that are tried again".into(), count));
    Ok(())
}

fn key(row: &dyn Row) -> Read<Key> {
    Ok((text(row, 0)?.to_owned(), number(row, 1)?))
}

fn name((kind, number): &Key) -> String {
    format!("delivery_targets: {kind} {number}")
}
