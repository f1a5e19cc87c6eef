//! How many long things there may be at once, of each client, or whoever else they count for, and in all.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The places of a server for one kind of thing, counted for each `W`.
#[derive(Clone)]
pub(crate) struct Places<W>(Arc<Mutex<Taken<W>>>);

struct Taken<W> {
    all: usize,
    of_one: HashMap<W, usize>,
}

/// The right to one; given back when it is dropped.
pub(crate) struct Place<W: Copy + Eq + Hash> {
    places: Places<W>,
    whose: W,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// Whoever it counts for has as many as it may.
    OfOne,
    /// All are taken.
    All,
}

impl<W> Default for Places<W> {
    fn default() -> Places<W> {
        Places(Arc::new(Mutex::new(Taken { all: 0, of_one: HashMap::new() })))
    }
}

impl<W: Copy + Eq + Hash> Places<W> {
    /// Takes a place that counts for `whose`.
    pub(crate) fn take(&self, whose: W, of_one_max: usize, max: usize) -> Result<Place<W>, Full> {
        let mut taken = self.taken();
        let own = taken.of_one.get(&whose).copied().unwrap_or_default();
        if own >= of_one_max {
            return Err(Full::OfOne);
        }
        if taken.all >= max {
            return Err(Full::All);
        }
        taken.all += 1;
        taken.of_one.insert(whose, own + 1);
        Ok(Place { places: Places(Arc::clone(&self.0)), whose })
    }

    fn taken(&self) -> MutexGuard<'_, Taken<W>> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Copy + Eq + Hash> Drop for Place<W> {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all -= 1;
        if let Some(own) = taken.of_one.get_mut(&self.whose) {
            *own -= 1;
            if *own == 0 {
                taken.of_one.remove(&self.whose);
            }
        }
    }
}

#[cfg(test)]
mod tests;
