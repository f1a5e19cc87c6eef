//! A stretch of the feed on its way: what was taken in beyond a cursor, and what became of it.

use super::Met;
use orderpark_domain::Tenant;
use orderpark_store::EventPlace;
use std::collections::VecDeque;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    UnderWay,
    /// Done, or a retry.
    Resolved,
}

#[derive(Debug)]
struct Taken {
    place: EventPlace,
    lane: String,
    tenant: Tenant,
    parts: u64,
    state: State,
}

#[derive(Debug)]
pub(super) struct Tail {
    /// Up to here everything is resolved.
    cursor: EventPlace,
    /// Up to here the feed was read.
    read: EventPlace,
    taken: VecDeque<Taken>,
}

impl Tail {
    pub(super) fn new(cursor: EventPlace) -> Tail {
        Tail { cursor, read: cursor, taken: VecDeque::new() }
    }

    pub(super) fn cursor(&self) -> EventPlace {
        self.cursor
    }

    pub(super) fn read(&self) -> EventPlace {
        self.read
    }

    /// How many are beyond the cursor.
    pub(super) fn len(&self) -> usize {
        self.taken.len()
    }

    /// Whether one waits to be sent.
    pub(super) fn waits(&self) -> bool {
        self.taken.iter().any(|taken| taken.state == State::Waiting)
    }

    /// Whether this one is neither done nor a retry yet.
    pub(super) fn is_open(&self, place: EventPlace) -> bool {
        let found = self.taken.binary_search_by_key(&place, |taken| taken.place);
        found.is_ok_and(|at| self.taken[at].state != State::Resolved)
    }

    /// How many of a tenant wait to be sent.
    pub(super) fn waiting_of(&self, tenant: Tenant) -> usize {
        self.taken.iter().filter(|taken| taken.tenant == tenant && taken.state == State::Waiting).count()
    }

    /// Whether one waits in this lane.
    pub(super) fn waits_in(&self, lane: &str) -> bool {
        self.taken.iter().any(|taken| taken.state == State::Waiting && taken.lane == lane)
    }

    pub(super) fn push(&mut self, event: Met) {
        let Met { place, lane, tenant, parts, at: _ } = event;
        if place > self.read {
            self.read = place;
            self.taken.push_back(Taken { place, lane, tenant, parts, state: State::Waiting });
        }
    }

    /// The feed was read up to here.
    pub(super) fn read_to(&mut self, read: EventPlace) {
        self.read = self.read.max(read);
        self.advance();
    }

    /// The first one that waits in a lane that is free, with its parts. Of a lane the first one
    /// always comes first.
    pub(super) fn start(&mut self, is_free: impl Fn(&str) -> bool) -> Option<(EventPlace, String, u64)> {
        let next = self.taken.iter_mut().find(|taken| taken.state == State::Waiting && is_free(&taken.lane))?;
        next.state = State::UnderWay;
        Some((next.place, next.lane.clone(), next.parts))
    }

    /// It was not sent after all.
    pub(super) fn put_back(&mut self, place: EventPlace) {
        self.set(place, State::Waiting);
    }

    /// It is done, or a retry.
    pub(super) fn resolve(&mut self, place: EventPlace) {
        self.set(place, State::Resolved);
        self.advance();
    }

    /// Takes out what waits and is blocked; it counts as resolved.
    pub(super) fn take_blocked(&mut self, is_blocked: impl Fn(EventPlace, &str) -> bool) -> Vec<(EventPlace, String)> {
        let waiting = self.taken.iter_mut().filter(|taken| taken.state == State::Waiting);
        let blocked: Vec<_> = waiting
            .filter(|taken| is_blocked(taken.place, &taken.lane))
            .map(|taken| {
                taken.state = State::Resolved;
                (taken.place, taken.lane.clone())
            })
            .collect();
        self.advance();
        blocked
    }

    fn set(&mut self, place: EventPlace, state: State) {
        if let Ok(at) = self.taken.binary_search_by_key(&place, |taken| taken.place) {
            self.taken[at].state = state;
        }
    }

    fn advance(&mut self) {
        while let Some(first) = self.taken.front().filter(|taken| taken.state == State::Resolved) {
            self.cursor = first.place;
            self.taken.pop_front();
        }
        if self.taken.is_empty() {
            self.cursor = self.read;
        }
    }
}
