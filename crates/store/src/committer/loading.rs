//! Loads what the intents of a batch need, in pieces of bounded size, and finds out how large each
//! intent is.
//!
//! The intents of a batch come in the order of their turns. As soon as the batch has as many parts
//! as it may, the rest is left for the next one. An intent that is too large to be decided at all
//! is found out before more of it is loaded.

use super::writer::{Failure, Writer};
use crate::Budget;
use orderpark_domain::{Intent, Need, Needs, World};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Rows that are loaded in one piece, about.
const PIECE_MAX: usize = 4096;

/// How often the needs of an intent may lead to further needs, beyond those rounds that load
/// another piece.
const ROUNDS_MAX: usize = 16;

/// Parts that a question to the whole database counts for.
const QUESTION: u64 = 16;

/// How long loading one intent may take that has more parts than [`MANY`].
const LOADING_MAX: Duration = Duration::from_millis(250);

/// Parts of an intent that may take its time: a slow disk alone makes nothing too large.
const MANY: u64 = 1000;

/// An intent whose needs are loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub parts: u64,
    /// Whether it asks about the whole database.
    pub asks: bool,
    pub is_too_large: bool,
}

/// Loads for as many of the intents, from the first on, as fit into a batch: that many sizes.
pub(super) fn load(
    writer: &mut dyn Writer,
    world: &mut World,
    intents: &[Intent],
    budget: Budget,
) -> Result<Vec<Size>, Failure> {
    let mut loading = Loading::new(intents, budget);
    let mut rounds = 0;
    loop {
        let needs = loading.next_needs(world);
        if needs.is_empty() {
            return Ok(loading.sizes);
        }
        rounds += 1;
        if rounds > ROUNDS_MAX + loading.pieces {
            return Err(Failure::of_program("the needs of an intent never end"));
        }
        writer.load(world, needs)?;
    }
}

/// Loads for an intent what others of its batch have made necessary meanwhile. `None`: it asks
/// about rows that have changed and are not written yet.
pub(super) fn load_more(
    writer: &mut dyn Writer,
    world: &mut World,
    (intent, size): (&Intent, Size),
    budget: Budget,
) -> Result<Option<Size>, Failure> {
    let mut needs = Needs::default();
    intent.needs(world, &mut needs);
    if size.is_too_large || needs.is_empty() {
        return Ok(Some(size));
    }
    Ok(load(writer, world, std::slice::from_ref(intent), budget)?.pop())
}

struct Loading<'i> {
    intents: &'i [Intent],
    budget: Budget,
    needs: Needs,
    /// Of those that are loaded.
    sizes: Vec<Size>,
    /// How many fit.
    fit: usize,
    too_large: BTreeSet<usize>,
    /// Rounds that loaded only a piece of what was needed.
    pieces: usize,
    /// Since when the first one that is not loaded is being loaded.
    since: Instant,
}

impl Loading<'_> {
    fn new(intents: &[Intent], budget: Budget) -> Loading<'_> {
        Loading {
            intents,
            budget,
            needs: Needs::default(),
            sizes: Vec::with_capacity(intents.len()),
            fit: intents.len(),
            too_large: BTreeSet::new(),
            pieces: 0,
            since: Instant::now(),
        }
    }

    /// The needs to load next, at most a piece; nothing: all that fit are loaded.
    fn next_needs(&mut self, world: &World) -> BTreeSet<Need> {
        let first = self.sizes.len();
        let mut parts = self.sizes.iter().map(|size| size.parts).sum::<u64>();
        for place in first..self.fit {
            let size = self.look_at(world, place);
            parts += size.parts;
            if (place > 0 && parts > self.budget.batch_parts) || self.needs.are_outdated(world) {
                self.fit = place;
                break;
            }
            if self.needs.is_empty() {
                self.sizes.push(size);
            } else if self.needs.weight() >= PIECE_MAX {
                self.pieces += 1;
                break;
            }
        }
        if self.sizes.len() > first {
            self.since = Instant::now();
        }
        if self.sizes.len() < self.fit { self.needs.take_some(PIECE_MAX) } else { BTreeSet::new() }
    }

    /// Adds what an intent needs, unless it is too large.
    fn look_at(&mut self, world: &World, place: usize) -> Size {
        let (intent, named) = (&self.intents[place], self.needs.len());
        if !self.too_large.contains(&place) {
            intent.needs(world, &mut self.needs);
            let asks = self.needs.take_asks();
            let (parts, named) = (intent.parts(world), (self.needs.len() - named) as u64);
            let is_late = place == self.sizes.len() && parts > MANY && self.since.elapsed() > LOADING_MAX;
            if parts.max(named) <= self.budget.intent_parts && !is_late {
                return Size { parts: parts + if asks { QUESTION } else { 0 }, asks, is_too_large: false };
            }
            self.too_large.insert(place);
        }
        if named == 0 {
            self.needs.take();
        }
        Size { parts: QUESTION, asks: false, is_too_large: true }
    }
}

#[cfg(test)]
mod tests;
