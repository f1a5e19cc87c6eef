//! What befalls nodes, receivers and people.

use super::world::MILLI;
use super::world::{HOUR_S, Mood, SECOND, TARGETS, What, World};
use orderpark_domain::Instant;
use orderpark_store::EventPlace;

impl World {
    /// Lays out what happens from outside.
    pub(super) fn plan(&mut self) {
        // Some worlds are short and dense, in some days pass.
        let span_s = *self.chance.pick(&[60, 600, HOUR_S, 10 * HOUR_S, 140 * HOUR_S]);
        let micros = u64::try_from(span_s * SECOND).expect("a span");
        let at = |world: &World| Instant(world.now.0 + i64::try_from(world.chance.below(micros)).expect("a span"));
        for _ in 0..20 + self.chance.below(60) {
            let at = at(self);
            self.put(at, What::Commit);
        }
        for _ in 0..self.chance.below(8) {
            let (at, node) = (at(self), self.chance.index(self.nodes.len()));
            let what = match self.chance.below(3) {
                0 => What::Crash(node),
                1 => What::Cut(node),
                _ => What::Stop(node),
            };
            self.put(at, what);
        }
        for _ in 0..self.chance.below(10) {
            let (at, target) = (at(self), self.chance.index(TARGETS));
            let what = match self.chance.below(5) {
                0 | 1 => What::Mood(target),
                2 | 3 => What::Ask(target),
                _ => What::Flip(target),
            };
            self.put(at, what);
        }
        if self.chance.percent(30) {
            self.put(self.now, What::Mood(0));
        }
        for node in 0..self.nodes.len() {
            self.put(self.now, What::Tick(node));
        }
        self.put(self.now.plus_seconds(span_s), What::Heal);
    }

    pub(super) fn crash(&mut self, node: usize) {
        let there = &mut self.nodes[node];
        if !there.is_up {
            return;
        }
        self.run.crashes += 1;
        (there.is_up, there.is_stopping, there.boot) = (false, false, there.boot + 1);
        there.hands.clear();
        let length = self.some(60_000);
        self.after(length, What::Start(node));
        self.tick_all(31_000);
    }

    pub(super) fn start(&mut self, node: usize) {
        let there = &mut self.nodes[node];
        there.is_cut = false;
        if !there.is_up {
            (there.is_up, there.boot) = (true, there.boot + 1);
        }
        self.after(MILLI, What::Tick(node));
        self.tick_all(31_000);
    }

    pub(super) fn ask(&mut self, target: usize) {
        let places: Vec<EventPlace> = self
            .ledger
            .feed
            .iter()
            .filter(|event| event.targets & (1 << target) != 0)
            .map(|event| event.place)
            .collect();
        let cursor = self.ledger.rows[target].cursor;
        if places.is_empty() {
            return;
        }
        self.run.replays += 1;
        match self.chance.below(3) {
            0 => self.ledger.ask_one(target, *self.chance.pick(&places), self.now),
            1 => self.ledger.ask_exhausted(target, self.now),
            _ => {
                for _ in 0..=self.chance.below(3) {
                    let (one, other) = (*self.chance.pick(&places), *self.chance.pick(&places));
                    let (after, until) = (one.min(other), one.max(other).min(cursor));
                    if after < until {
                        self.oracle.asks(target, after, until);
                        self.ledger.ask_range(target, after, until);
                    }
                }
            }
        }
        self.tick_all(1);
    }

    /// From now on receivers take everything, nothing is lost, and everybody is there.
    pub(super) fn heal(&mut self) {
        self.is_healed = true;
        self.moods = vec![Mood::Good; TARGETS];
        for node in 0..self.nodes.len() {
            self.start(node);
        }
        for target in 0..TARGETS {
            if !self.ledger.rows[target].active {
                self.ledger.activate(target, true);
            }
        }
        self.queue.retain(|_, what| !matches!(what, What::Flip(_) | What::Mood(_)));
        self.tick_all(31_000);
        self.tick_all(120_000);
    }
}
