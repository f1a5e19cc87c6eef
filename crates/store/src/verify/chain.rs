//! The journal: no gap, time never backwards, every hash right, the head at its end (I9); and its fold.

use super::{Report, Snapshot, law};
use crate::row::{bytes, instant, integer, number, text};
use crate::{Epoch, OpenError, journal};
use orderpark_domain::{Entry, Head, World};
use std::collections::BTreeSet;

/// Walks the journal and answers the world that it means.
pub(super) fn fold(
    snapshot: &Snapshot,
    report: &mut Report,
    progress: &mut dyn FnMut(u64),
) -> Result<World, OpenError> {
    let mut world = World::whole();
    let mut hash = [0; 32];
    snapshot.each("select seq, at, entry, hash from journal order by seq", &mut |row| {
        let (seq, at, text) = (number(row, 0)?, instant(row, 1)?, text(row, 2)?);
        report.check(seq == world.head.seq + 1, || format!("journal: entry {seq} follows entry {}", world.head.seq));
        report.check(at >= world.head.at, || format!("journal: entry {seq} was decided before the one before it"));
        let stored: journal::Hash = bytes(row, 3)?;
        hash = journal::chain(&hash, seq, at, text);
        report.check(hash == stored, || {
            format!("journal: the hash of entry {seq} is wrong: it or one before was changed")
        });
        // Go on from what is stored: one changed entry is one violation, not one for every entry after it.
        hash = stored;
        match journal::read(seq, at, text) {
            Ok(entry) => apply(&mut world, &entry, report),
            Err(error) => report.violation(format!("journal: entry {seq} cannot be read: {error}")),
        }
        if seq % 1000 == 0 {
            progress(seq);
        }
        Ok(())
    })?;
    report.checked.push(("journal entries".into(), world.head.seq));
    compare_head(snapshot, &world.head, &hash, report)?;
    check_epochs(snapshot, world.head.seq, report)?;
    Ok(world)
}

/// Every entry has one epoch, and no two stretches of the journal have the same.
fn check_epochs(snapshot: &Snapshot, end: u64, report: &mut Report) -> Result<(), OpenError> {
    let (mut last, mut count, mut seen) = (0, 0, BTreeSet::new());
    snapshot.each("select first_seq, epoch from feed_epochs order by first_seq", &mut |row| {
        let (first, word) = (number(row, 0)?, text(row, 1)?.to_owned());
        let has_form = if word.is_empty() { first == 1 } else { Epoch::parse(&word).is_some() };
        report.check(has_form, || format!("feed: '{word}' is no epoch that may begin with entry {first}"));
        report
            .check(first > last && (last > 0 || first == 1), || format!("feed: no epoch may begin with entry {first}"));
        report.check(first <= end.max(1), || format!("feed: an epoch begins with entry {first}, which does not exist"));
        report.check(seen.insert(word), || format!("feed: the epoch of entry {first} is that of others"));
        (last, count) = (first, count + 1);
        Ok(())
    })?;
    report.check(count > 0, || "feed: it has no epoch".into());
    report.checked.push(("epochs of the feed".into(), count));
    Ok(())
}

/// An entry that breaks the law is told and still applied, so that what follows is judged by what was recorded.
fn apply(world: &mut World, entry: &Entry, report: &mut Report) {
    for broken in law::broken_by(world, entry) {
        report.violation(format!("journal: entry {}: {broken}", entry.seq));
    }
    world.apply(entry);
}

fn compare_head(
    snapshot: &Snapshot,
    folded: &Head,
    hash: &journal::Hash,
    report: &mut Report,
) -> Result<(), OpenError> {
    let mut stored: Option<([i64; 4], journal::Hash)> = None;
    snapshot.each("select seq, at, next_ref, next_subscription, hash from head where id = 1", &mut |row| {
        let numbers = [integer(row, 0)?, integer(row, 1)?, integer(row, 2)?, integer(row, 3)?];
        stored = Some((numbers, bytes(row, 4)?));
        Ok(())
    })?;
    let Some(stored) = stored else {
        report.violation("head: it is missing");
        return Ok(());
    };
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let expected = [count(folded.seq), folded.at.0, count(folded.next_ref), count(folded.next_subscription)];
    report.check(stored.0 == expected, || {
        format!(
            "head: it says {:?}, the journal means {expected:?} (entry, time, next ref, next subscription)",
            stored.0
        )
    });
    report.check(stored.1 == *hash, || "head: its hash is not that of the last entry".into());
    report.checked.push(("head of the journal".into(), 1));
    Ok(())
}
