//! What receivers may see, and what they must have seen in the end.

use super::ledger::Ledger;
use orderpark_store::EventPlace;
use orderpark_store::deliveries::RetryState;
use std::collections::{BTreeMap, BTreeSet};

/// Attempts after which an event may be given up.
const ATTEMPTS: usize = 10;

/// The receiver of one target.
#[derive(Debug, Default)]
struct Seen {
    taken: BTreeSet<EventPlace>,
    /// How often each was sent, taken or not.
    sent: BTreeMap<EventPlace, usize>,
    /// What was begun to be sent, and taken, in that order.
    log: Vec<EventPlace>,
    /// Stretches that were asked for, and how long the log was then.
    asked: Vec<(usize, EventPlace, EventPlace)>,
}

#[derive(Debug)]
pub(super) struct Oracle {
    seen: Vec<Seen>,
    /// Requests under way, by target and lane.
    under_way: BTreeMap<(usize, String), u64>,
    pub taken_again: usize,
}

impl Oracle {
    pub(super) fn new(targets: usize) -> Oracle {
        let seen = (0..targets).map(|_| Seen::default()).collect();
        Oracle { seen, under_way: BTreeMap::new(), taken_again: 0 }
    }

    /// A node begins a request.
    pub(super) fn begins(&mut self, target: usize, place: EventPlace, lane: &str, request: u64) -> Result<(), String> {
        *self.seen[target].sent.entry(place).or_default() += 1;
        self.seen[target].log.push(place);
        match self.under_way.insert((target, lane.to_owned()), request) {
            None => Ok(()),
            Some(_) => Err(format!("two requests of target {target}'s lane {lane} are under way, one of {place:?}")),
        }
    }

    /// It has ended, for whoever made it.
    pub(super) fn ends(&mut self, target: usize, lane: &str, request: u64) {
        let key = (target, lane.to_owned());
        if self.under_way.get(&key) == Some(&request) {
            self.under_way.remove(&key);
        }
    }

    /// The receiver takes an event. For the first time only if everything before it in its lane was, or was given up.
    pub(super) fn takes(&mut self, ledger: &Ledger, target: usize, place: EventPlace) -> Result<(), String> {
        let seen = &mut self.seen[target];
        seen.log.push(place);
        if !seen.taken.insert(place) {
            self.taken_again += 1;
            return Ok(());
        }
        let Some(event) = ledger.feed.iter().find(|event| event.place == place) else {
            return Err(format!("{place:?} is not in the feed"));
        };
        if event.targets & (1 << target) == 0 {
            return Err(format!("{place:?} is none of target {target}'s business"));
        }
        let earlier = ledger.feed.iter().filter(|it| it.lane == event.lane && it.place < place);
        for before in earlier.filter(|it| it.targets & (1 << target) != 0) {
            let attempts = seen.sent.get(&before.place).copied().unwrap_or_default();
            if !seen.taken.contains(&before.place) && attempts < ATTEMPTS {
                return Err(format!("target {target} takes {place:?} before {:?}", before.place));
            }
        }
        Ok(())
    }

    pub(super) fn asks(&mut self, target: usize, after: EventPlace, until: EventPlace) {
        let seen = &mut self.seen[target];
        seen.asked.push((seen.log.len(), after, until));
    }

    /// In the end everything was taken, or stands in the ledger as given up, and nothing is left to be done.
    pub(super) fn judge(&self, ledger: &Ledger) -> Result<(), String> {
        for (target, (seen, row)) in self.seen.iter().zip(&ledger.rows).enumerate() {
            if row.cursor != ledger.end() {
                return Err(format!("target {target} ends at {:?} of {:?}", row.cursor, ledger.end()));
            }
            if let Some(left) = row.retries.values().find(|retry| !matches!(retry.state, RetryState::Exhausted(_))) {
                return Err(format!("target {target} has {left:?} left"));
            }
            if !row.replays.is_empty() {
                return Err(format!("target {target} has {:?} left", row.replays));
            }
            for event in ledger.feed.iter().filter(|event| event.targets & (1 << target) != 0) {
                if !seen.taken.contains(&event.place) && !row.retries.contains_key(&event.place) {
                    return Err(format!("target {target} has lost {:?}", event.place));
                }
                for (from, after, until) in &seen.asked {
                    let is_in = event.place > *after && event.place <= *until;
                    if is_in && !seen.log[*from..].contains(&event.place) {
                        return Err(format!("target {target} was not sent {:?} again", event.place));
                    }
                }
            }
        }
        Ok(())
    }
}
