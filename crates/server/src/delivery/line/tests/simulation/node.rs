//! A node, which drives lines as the worker does.

use super::Bug;
use super::ledger::Ledger;
use crate::delivery::line::{GivenUp, Line, Outcome, Rules, Sending};
use orderpark_domain::Instant;
use orderpark_store::deliveries::Settlement;
use std::collections::BTreeMap;

/// How long a request may take, and what a node allows for standing still.
const SPAN_S: i64 = 16;

/// What a node wants done.
#[derive(Debug)]
pub(super) enum Wish {
    Send(usize, Sending, String),
    Settle(usize, Settlement),
    /// The target is to be disabled.
    Disable(usize),
    /// It is to be looked at again then.
    Wake(Instant),
}

/// A target that a node has.
#[derive(Debug)]
pub(super) struct Hand {
    pub line: Line,
    pub epoch: u64,
    deadline: Instant,
    asked: Option<u64>,
    rereads: bool,
    is_flushed: bool,
    hold_until: Instant,
    settles_from: Instant,
    is_nobody: bool,
}

#[derive(Debug)]
pub(super) struct Node {
    pub number: usize,
    pub is_up: bool,
    pub is_cut: bool,
    pub is_stopping: bool,
    /// Grows with each start.
    pub boot: u64,
    pub hands: BTreeMap<usize, Hand>,
    bug: Bug,
}

/// A supplier is the last target.
pub(super) fn rules(target: usize) -> Rules {
    let is_endpoint = target < 2;
    Rules { endures: !is_endpoint, gives_up: is_endpoint, is_shared: true }
}

impl Node {
    pub(super) fn new(number: usize, bug: Bug) -> Node {
        Node { number, is_up: true, is_cut: false, is_stopping: false, boot: 0, hands: BTreeMap::new(), bug }
    }

    /// Keeps the leases; what is lost is let go.
    pub(super) fn renew(&mut self, ledger: &mut Ledger, now: Instant) {
        if !self.is_up || self.is_cut {
            return;
        }
        let (number, bug) = (self.number, self.bug);
        self.hands.retain(|target, hand| {
            let is_kept = ledger.renew(*target, number, hand.epoch, now);
            if is_kept {
                hand.deadline = now.plus_seconds(super::ledger::LEASE_S);
            }
            // Who is not active any more ends by itself, and who does not ask never knows.
            is_kept || !ledger.rows[*target].active || bug == Bug::NoFence
        });
    }

    pub(super) fn claim(&mut self, ledger: &mut Ledger, target: usize, now: Instant) {
        if !self.is_up || self.is_cut || self.is_stopping || self.hands.contains_key(&target) {
            return;
        }
        let Some(epoch) = ledger.claim(target, self.number, now) else { return };
        let row = &ledger.rows[target];
        let hand = Hand {
            line: Line::new(rules(target), row.cursor, row.failing_since),
            epoch,
            deadline: now.plus_seconds(super::ledger::LEASE_S),
            asked: None,
            rereads: false,
            is_flushed: false,
            hold_until: now,
            settles_from: now,
            is_nobody: false,
        };
        self.hands.insert(target, hand);
    }

    /// Does what can be done now for one target.
    pub(super) fn drive(&mut self, ledger: &mut Ledger, target: usize, now: Instant, wishes: &mut Vec<Wish>) {
        let (bug, is_cut, is_stopping) = (self.bug, self.is_cut, self.is_stopping);
        let Some(hand) = self.hands.get_mut(&target) else { return };
        if hand.hold_until > now {
            wishes.push(Wish::Wake(hand.hold_until));
        } else if !is_stopping {
            hand.step(bug, ledger, target, is_cut, now, wishes);
        }
        if hand.line.is_unsettled() && !hand.line.is_settling() {
            if hand.settles_from > now {
                wishes.push(Wish::Wake(hand.settles_from));
            } else {
                hand.settle(bug, target, wishes);
            }
        }
        if let Some(at) = hand.line.wake_at(now) {
            wishes.push(Wish::Wake(at));
        }
        let is_written = hand.line.under_way() == 0 && !hand.line.is_settling() && !hand.line.is_unsettled();
        if is_written && hand.is_nobody {
            self.hands.remove(&target);
        }
    }

    /// Whether nothing is under way any more.
    pub(super) fn is_done(&self) -> bool {
        let is_done = |hand: &Hand| hand.line.under_way() == 0 && !hand.line.is_settling() && !hand.line.is_unsettled();
        self.hands.values().all(is_done)
    }

    pub(super) fn hear(
        &mut self,
        target: usize,
        sending: Sending,
        outcome: Outcome,
        now: Instant,
        chance: u64,
    ) -> Option<GivenUp> {
        let hand = self.hands.get_mut(&target)?;
        if outcome == Outcome::NotSent {
            hand.hold_until = now.plus_seconds(1);
        }
        hand.line.finish(sending.place, outcome, None, now, chance)
    }

    pub(super) fn settled(&mut self, target: usize, epoch: u64, written: Result<bool, ()>, now: Instant) {
        let bug = self.bug;
        let Some(hand) = self.hands.get_mut(&target).filter(|hand| hand.epoch == epoch) else { return };
        hand.is_flushed = true;
        match written {
            Ok(true) => hand.rereads |= hand.line.settled(true),
            Ok(false) => drop(self.hands.remove(&target)),
            Err(()) => {
                hand.line.settled(bug == Bug::FailureIsSuccess);
                hand.rereads |= bug != Bug::ReplayIsDoubted;
                hand.settles_from = now.plus_seconds(1);
            }
        }
    }
}

impl Hand {
    fn step(
        &mut self,
        bug: Bug,
        ledger: &mut Ledger,
        target: usize,
        is_cut: bool,
        now: Instant,
        wishes: &mut Vec<Wish>,
    ) {
        if is_cut {
            // What is in memory may still be sent, for as long as the lease lasts.
            return self.launch(bug, target, now, wishes);
        }
        if self.line.given_up().is_some() && ledger.rows[target].active {
            if !self.is_nobody {
                wishes.push(Wish::Disable(target));
                return;
            }
            // It was disabled for that, and enabled since.
            self.line.resume();
        }
        if !ledger.rows[target].active {
            if !self.is_nobody {
                self.line.forgive();
                self.is_nobody = true;
            }
            (self.asked, self.rereads) = (Some(ledger.rows[target].asked), true);
            return;
        }
        self.is_nobody = false;
        if !self.load(bug, ledger, target, now, wishes) {
            return;
        }
        for _ in 0..8 {
            let Some(wish) = self.line.wish(ledger.end()) else { break };
            let (events, read) = ledger.page(target, wish);
            self.line.take(wish.source, events, read, now);
        }
        self.launch(bug, target, now, wishes);
    }

    fn load(&mut self, bug: Bug, ledger: &Ledger, target: usize, now: Instant, wishes: &mut Vec<Wish>) -> bool {
        let row = &ledger.rows[target];
        if self.asked == Some(row.asked) && !self.rereads && !self.line.wants_retries() {
            return true;
        }
        if self.line.is_settling() {
            return self.asked.is_some();
        }
        if self.line.unsettled() > 0 && !self.is_flushed {
            self.settle(bug, target, wishes);
            return self.asked.is_some();
        }
        let live = row
            .retries
            .values()
            .filter(|retry| !matches!(retry.state, orderpark_store::deliveries::RetryState::Exhausted(_)));
        let rows = if bug == Bug::RetriesAreNotRead { Vec::new() } else { live.cloned().collect() };
        if self.asked.is_none() {
            self.line.load_sides(row.sides.clone());
        }
        self.line.load_retries(rows, true, now);
        self.line.load_replay(row.replays.first().copied());
        (self.asked, self.rereads, self.is_flushed) = (Some(row.asked), false, false);
        true
    }

    fn launch(&mut self, bug: Bug, target: usize, now: Instant, wishes: &mut Vec<Wish>) {
        if bug != Bug::LeaseIsNotWatched && now.plus_seconds(SPAN_S) > self.deadline {
            return;
        }
        while let Some(sending) = self.line.next(now) {
            let lane = self.line.lane(sending.place).expect("a lane").to_owned();
            wishes.push(Wish::Send(target, sending, lane));
        }
    }

    fn settle(&mut self, bug: Bug, target: usize, wishes: &mut Vec<Wish>) {
        let read = self.line.news_read();
        if let Some(mut settlement) = self.line.settlement() {
            if bug == Bug::CursorRunsAhead {
                settlement.cursor = read;
            }
            wishes.push(Wish::Settle(target, settlement));
        }
    }
}
