//! What happens when: nodes, network, receivers and people, all by chance and all from the seed.

use super::Bug;
use super::ledger::{Event, Ledger};
use super::node::{Node, Wish};
use super::oracle::Oracle;
use super::run::Run;
use crate::delivery::line::{Outcome, Sending};
use orderpark_domain::Instant;
use orderpark_store::EventPlace;
use orderpark_store::deliveries::Settlement;
use orderpark_testbed::Chance;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const TARGETS: usize = 3;
const LANES: u64 = 6;
pub(super) const MILLI: i64 = 1000;
pub(super) const SECOND: i64 = 1_000_000;
pub(super) const HOUR_S: i64 = 3600;
/// A run that goes on after so many steps never ends.
const STEPS_MAX: usize = 200_000;

/// How a receiver is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Good,
    Down,
    Hangs,
    WantsRest,
    Gone,
    /// Everything but one lane.
    Picky,
}

#[derive(Debug)]
pub(super) enum What {
    Commit,
    Tick(usize),
    Arrive {
        target: usize,
        place: EventPlace,
        lane: String,
        request: u64,
        outcome: Outcome,
        takes: bool,
    },
    Reply {
        node: usize,
        boot: u64,
        target: usize,
        epoch: u64,
        sending: Sending,
        lane: String,
        request: u64,
        outcome: Outcome,
    },
    Settle {
        node: usize,
        boot: u64,
        target: usize,
        epoch: u64,
        settlement: Settlement,
    },
    Crash(usize),
    Start(usize),
    Cut(usize),
    Stop(usize),
    Mood(usize),
    Ask(usize),
    Flip(usize),
    /// From here on everything is well.
    Heal,
}

pub(super) struct World {
    pub chance: Chance,
    pub now: Instant,
    pub queue: BTreeMap<(Instant, u64), What>,
    pub count: u64,
    pub ticks: BTreeSet<(Instant, usize)>,
    pub ledger: Ledger,
    pub nodes: Vec<Node>,
    pub moods: Vec<Mood>,
    pub oracle: Oracle,
    pub is_healed: bool,
    pub run: Run,
}

impl World {
    pub(super) fn new(seed: u64, bug: Bug) -> World {
        let chance = Chance::new(seed);
        let nodes = 2 + chance.index(2);
        let mut world = World {
            now: super::super::START,
            queue: BTreeMap::new(),
            count: 0,
            ticks: BTreeSet::new(),
            ledger: Ledger::new(TARGETS, bug),
            nodes: (0..nodes).map(|number| Node::new(number, bug)).collect(),
            moods: vec![Mood::Good; TARGETS],
            oracle: Oracle::new(TARGETS),
            is_healed: false,
            run: Run::default(),
            chance,
        };
        world.plan();
        world
    }

    pub(super) fn put(&mut self, at: Instant, what: What) {
        let at = at.max(self.now);
        // A node need not look twice at the same time.
        if let What::Tick(node) = what
            && !self.ticks.insert((at, node))
        {
            return;
        }
        self.count += 1;
        self.queue.insert((at, self.count), what);
    }

    pub(super) fn after(&mut self, micros: i64, what: What) {
        self.put(Instant(self.now.0 + micros), what);
    }

    /// So many milliseconds, by chance.
    pub(super) fn some(&self, millis: u64) -> i64 {
        i64::try_from(self.chance.below(millis) + 1).expect("a time") * MILLI
    }

    pub(super) fn run(mut self) -> Result<Run, String> {
        while let Some(((at, _), what)) = self.queue.pop_first() {
            self.now = at;
            self.run.steps += 1;
            if self.run.steps > STEPS_MAX {
                return Err(format!("it never ends: {what:?}"));
            }
            self.trace(&format!("{at:?} {what:?}"));
            for node in &mut self.nodes {
                let before = node.hands.len();
                node.renew(&mut self.ledger, at);
                self.run.lost_leases += before - node.hands.len();
            }
            self.step(what)?;
        }
        self.run.taken_again = self.oracle.taken_again;
        let exhausted = |row: &super::ledger::Row| row.retries.len();
        self.run.exhausted = self.ledger.rows.iter().map(exhausted).sum();
        self.oracle.judge(&self.ledger)?;
        Ok(self.run)
    }

    fn trace(&mut self, text: &str) {
        for byte in text.bytes() {
            self.run.trace = (self.run.trace ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }

    fn step(&mut self, what: What) -> Result<(), String> {
        match what {
            What::Commit => self.commit(),
            What::Tick(node) => {
                self.ticks.remove(&(self.now, node));
                return self.tick(node);
            }
            What::Arrive { target, place, lane, request, outcome, takes } => {
                let _ = (lane, request, outcome);
                if takes {
                    self.oracle.takes(&self.ledger, target, place)?;
                }
            }
            What::Reply { node, boot, target, epoch, sending, lane, request, outcome } => {
                self.oracle.ends(target, &lane, request);
                self.run.failed += usize::from(matches!(outcome, Outcome::Failed { .. }));
                let chance = self.chance.number();
                let there = &mut self.nodes[node];
                let is_there = there.boot == boot && there.hands.get(&target).is_some_and(|hand| hand.epoch == epoch);
                if is_there {
                    there.hear(target, sending, outcome, self.now, chance);
                }
                return self.tick(node);
            }
            What::Settle { node, boot, target, epoch, settlement } => {
                return self.settle(node, boot, target, epoch, &settlement);
            }
            What::Crash(node) => self.crash(node),
            What::Start(node) => self.start(node),
            What::Cut(node) => {
                self.run.cuts += 1;
                self.nodes[node].is_cut = true;
                let length = self.some(120_000);
                self.after(length, What::Start(node));
                self.tick_all(31_000);
            }
            What::Stop(node) => {
                self.nodes[node].is_stopping = true;
                return self.tick(node);
            }
            What::Mood(target) => {
                use Mood::{Down, Gone, Good, Hangs, Picky, WantsRest};
                self.moods[target] = *self.chance.pick(&[Down, Down, Hangs, WantsRest, Gone, Picky, Good]);
            }
            What::Ask(target) => self.ask(target),
            What::Flip(target) => {
                let active = self.ledger.rows[target].active;
                self.ledger.activate(target, !active);
                self.tick_all(1);
            }
            What::Heal => self.heal(),
        }
        Ok(())
    }

    fn commit(&mut self) {
        let seq = self.ledger.feed.last().map_or(1, |event| event.place.seq + 1 + self.chance.below(3));
        let lane = self.chance.below(LANES);
        // Now and then one tenant has very much to tell.
        let more = if self.chance.percent(5) { 20 + self.chance.below(60) } else { u64::from(self.chance.percent(30)) };
        for number in 0..=u32::try_from(more).expect("a few") {
            let targets = self.chance.below(1 << TARGETS);
            let lane = if more > 1 { lane / 2 * 2 + u64::from(number % 2) } else { lane };
            self.ledger.feed.push(Event { place: EventPlace { seq, number }, lane, targets, at: self.now });
        }
        self.tick_all(1 + self.chance.below(50));
    }

    /// Every node looks, within so many milliseconds.
    pub(super) fn tick_all(&mut self, millis: u64) {
        for node in 0..self.nodes.len() {
            let delay = i64::try_from(millis).expect("a time") * MILLI + self.some(50);
            self.after(delay, What::Tick(node));
        }
    }

    fn tick(&mut self, number: usize) -> Result<(), String> {
        if !self.nodes[number].is_up {
            return Ok(());
        }
        let mut targets: Vec<usize> = (0..TARGETS).collect();
        self.chance.shuffle(&mut targets);
        let mut wishes = Vec::new();
        for target in targets {
            if self.is_healed || self.chance.percent(70) {
                self.nodes[number].claim(&mut self.ledger, target, self.now);
            }
            self.nodes[number].drive(&mut self.ledger, target, self.now, &mut wishes);
        }
        for wish in wishes {
            self.fulfil(number, wish)?;
        }
        let node = &mut self.nodes[number];
        if node.is_stopping && !node.is_cut && node.is_done() {
            self.ledger.release(number);
            (node.is_up, node.is_stopping) = (false, false);
            node.hands.clear();
            let length = self.some(60_000);
            self.after(length, What::Start(number));
            self.tick_all(1);
        }
        Ok(())
    }

    fn fulfil(&mut self, node: usize, wish: Wish) -> Result<(), String> {
        match wish {
            Wish::Send(target, sending, lane) => self.send(node, target, sending, lane),
            Wish::Settle(target, settlement) => {
                let Node { boot, ref hands, .. } = self.nodes[node];
                let epoch = hands[&target].epoch;
                // Some take so long that somebody else has the lease by then.
                let is_late = !self.is_healed && self.chance.percent(3);
                self.run.late += usize::from(is_late);
                let delay = if is_late { 40 * SECOND + self.some(60_000) } else { self.some(30) };
                self.after(delay, What::Settle { node, boot, target, epoch, settlement });
                Ok(())
            }
            Wish::Disable(target) => {
                self.run.given_up += 1;
                self.ledger.activate(target, false);
                self.after(MILLI, What::Tick(node));
                // Its owner finds out, and enables it.
                let length = self.some(600_000);
                self.after(length, What::Flip(target));
                Ok(())
            }
            Wish::Wake(at) => {
                self.put(at, What::Tick(node));
                Ok(())
            }
        }
    }

    /// A request: when it arrives, whether it is taken, and what the node hears of it.
    fn send(&mut self, node: usize, target: usize, sending: Sending, lane: String) -> Result<(), String> {
        self.run.sent += 1;
        self.count += 1;
        let (request, place) = (self.count, sending.place);
        self.oracle.begins(target, place, &lane, request)?;
        let nothing = Outcome::Failed { pause_s: None, is_gone: false };
        let is_bad_lane = self.ledger.feed.iter().any(|event| event.place == place && event.lane == 0);
        let (mut takes, mut outcome) = match self.moods[target] {
            Mood::Picky if is_bad_lane => (false, nothing),
            Mood::Good | Mood::Picky => (true, Outcome::Delivered { took_us: 1000 }),
            Mood::Down => (false, nothing),
            Mood::Hangs => (self.chance.percent(50), nothing),
            Mood::WantsRest => (false, Outcome::Failed { pause_s: Some(60), is_gone: false }),
            Mood::Gone => (false, Outcome::Failed { pause_s: None, is_gone: true }),
        };
        let arrives = self.some(200);
        let mut ends = arrives + self.some(200);
        if self.moods[target] == Mood::Hangs {
            ends = 15 * SECOND;
        }
        if !self.is_healed && self.chance.percent(5) {
            // Lost on the way, there or back.
            (takes, outcome, ends) = (takes && self.chance.percent(50), nothing, 15 * SECOND);
        }
        let Node { boot, ref hands, .. } = self.nodes[node];
        let epoch = hands[&target].epoch;
        self.after(arrives, What::Arrive { target, place, lane: lane.clone(), request, outcome, takes });
        self.after(ends, What::Reply { node, boot, target, epoch, sending, lane, request, outcome });
        Ok(())
    }

    fn settle(
        &mut self,
        node: usize,
        boot: u64,
        target: usize,
        epoch: u64,
        settlement: &Settlement,
    ) -> Result<(), String> {
        let is_there = self.nodes[node].boot == boot && self.nodes[node].is_up;
        // What was on its way when the node died may still come to be written.
        let arrives = !self.nodes[node].is_cut && (is_there || self.chance.percent(50));
        let fails = !self.is_healed && self.chance.percent(4);
        let is_written = arrives && (!fails || self.chance.percent(50));
        let written = is_written.then(|| self.ledger.settle(target, node, epoch, settlement));
        if is_there {
            let heard = written.filter(|_| !fails).ok_or(());
            self.nodes[node].settled(target, epoch, heard, self.now);
            return self.tick(node);
        }
        Ok(())
    }
}
