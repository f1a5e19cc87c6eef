//! Tenants that share a target: the backlog of one stands in nobody's way.

use super::*;
use crate::delivery::line::sides::{SIDES_MAX, WAITING_MAX};

/// The feed, as places with their tenants and lanes.
struct Feed(Vec<Met>);

impl Feed {
    /// So many events of each tenant, one tenant after the other; of each, `lanes` lanes.
    fn of(tenants: &[(u64, u64, u64)]) -> Feed {
        let mut events = Vec::new();
        for (tenant, count, lanes) in tenants {
            for number in 0..*count {
                let seq = events.len() as u64 + 1;
                events.push(met(seq, &format!("{tenant}:{}", number % lanes), *tenant));
            }
        }
        Feed(events)
    }

    /// Reads what the line wishes to see.
    fn read(&self, line: &mut Line, now: Instant) {
        let end = EventPlace::after(self.0.len() as u64);
        while let Some(wish) = line.wish(end) {
            let until = wish.until.unwrap_or(end);
            let is_of = |event: &&Met| !matches!(wish.source, Source::Side(tenant) if tenant != event.tenant);
            let there = self.0.iter().filter(|event| event.place > wish.after && event.place <= until).filter(is_of);
            let events: Vec<Met> = there.take(wish.limit).cloned().collect();
            let read = events.last().filter(|_| events.len() >= wish.limit).map_or(until, |last| last.place);
            line.take(wish.source, events, read, now);
        }
    }

    /// Delivers until nothing is left, and answers the places in the order in which they were sent.
    fn deliver(&self, line: &mut Line, now: Instant) -> Vec<Sending> {
        let mut all = Vec::new();
        loop {
            self.read(line, now);
            let Some(sending) = line.next(now) else { return all };
            line.finish(sending.place, DELIVERED, None, now, 0);
            all.push(sending);
            if line.settlement().is_some() {
                line.settled(true);
            }
        }
    }

    fn at(&self, sending: &Sending) -> &Met {
        let found = self.0.binary_search_by_key(&sending.place, |event| event.place);
        &self.0[found.expect("an event")]
    }

    fn sent_of(&self, all: &[Sending], tenant: u64) -> Vec<usize> {
        let of = |sending: &Sending| self.at(sending).tenant == Tenant::alone(PartyRef(tenant));
        all.iter().enumerate().filter(|(_, sending)| of(sending)).map(|(at, _)| at).collect()
    }
}

const LATE: Instant = Instant(START.0 + 60_000_000);

/// Ten thousand events of one tenant wait before the first ones of others: those are sent soon,
/// everything is sent once, and lanes keep their order.
#[test]
fn a_tenant_with_a_backlog_stands_in_nobodys_way() {
    for (count, lanes) in [(10_000, 1), (10_000, 100), (10_000, 10_000)] {
        let feed = Feed::of(&[(1, count, lanes), (2, 3, 3), (3, 3, 1)]);
        let mut line = line(SUPPLIER);
        let all = feed.deliver(&mut line, LATE);
        for tenant in [2, 3] {
            let sent = feed.sent_of(&all, tenant);
            assert!(sent.len() == 3 && sent[2] < 100, "{lanes} lanes: tenant {tenant} is sent as {sent:?}");
        }
        let mut places: Vec<_> = all.iter().map(|sending| sending.place).collect();
        places.sort_unstable();
        assert!(places.iter().eq(feed.0.iter().map(|event| &event.place)), "{lanes} lanes: each once");
        for number in 0..lanes.min(3) {
            let key = format!("1:{number}");
            let of_lane = all.iter().filter(|sending| feed.at(sending).lane == key).map(|sending| sending.place);
            assert!(of_lane.is_sorted(), "{key}");
        }
        assert!(line.is_idle() && line.sides.is_empty(), "the backlog has ended");
    }
}

/// Many tenants with backlogs take turns, by vendors.
#[test]
fn backlogs_take_turns() {
    let mut feed = Feed::of(&[(1, 200, 200), (2, 200, 200), (3, 200, 200)]);
    for event in &mut feed.0 {
        // The second and the third belong to one vendor.
        event.tenant.root = PartyRef(event.tenant.party.0.min(2));
    }
    let all = feed.deliver(&mut line(SUPPLIER), LATE);
    let of = |party: u64| {
        let is_of = |sending: &&Sending| feed.at(sending).tenant.party == PartyRef(party);
        all[64..264].iter().filter(is_of).count()
    };
    let shares = [of(1), of(2), of(3)];
    assert!((90..=110).contains(&shares[0]) && shares[1].abs_diff(shares[2]) <= WAITING_MAX, "{shares:?}");
}

/// While a target keeps up, and where tenants are too many, nothing is set apart.
#[test]
fn backlogs_are_for_targets_that_are_behind_and_are_few() {
    let feed = Feed::of(&[(1, 1_000, 1_000)]);
    let mut keeps_up = line(SUPPLIER);
    feed.read(&mut keeps_up, START);
    assert!(keeps_up.sides.is_empty());
    let tenants: Vec<_> = (1..=70).map(|tenant| (tenant, 20, 20)).collect();
    let feed = Feed::of(&tenants);
    let mut behind = line(SUPPLIER);
    assert_eq!(feed.deliver(&mut behind, LATE).len(), 1_400);
    assert!(behind.is_idle() && tenants.len() > SIDES_MAX);
}
