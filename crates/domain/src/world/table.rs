//! A table of a world: rows by key, with what is known to be absent and what has changed.

use std::borrow::Borrow;
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

/// Rows by key.
#[derive(Clone, Debug)]
pub struct Table<K, V> {
    /// `None`: looked up and not there.
    rows: HashMap<K, Option<V>>,
    /// Sorted, so that rows are written in the order of their keys: neighbours on a page together.
    changed: BTreeSet<K>,
    /// Keys that were looked up and are not there: forgotten with the batch, because callers make them up.
    absent: Vec<K>,
    whole: bool,
}

/// What a row can be found by.
pub(super) trait Key: Clone + Eq + Hash + Ord {}

impl<K: Clone + Eq + Hash + Ord> Key for K {}

impl<K: Clone + Eq + Hash + Ord, V> Table<K, V> {
    pub(super) fn new(whole: bool) -> Self {
        Table { rows: HashMap::new(), changed: BTreeSet::new(), absent: Vec::new(), whole }
    }

    /// The row, or `None` where it does not exist.
    ///
    /// # Panics
    /// In a working set, where the row was not loaded: `needs` forgot to name it.
    pub fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let row = self.rows.get(key);
        assert!(self.whole || row.is_some(), "needs() names every row that decide() and apply() read");
        row?.as_ref()
    }

    /// The row where it is loaded and exists; for `needs`, which may not know yet.
    pub fn get_known<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.rows.get(key)?.as_ref()
    }

    /// Whether it was looked up.
    pub(super) fn knows<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.whole || self.rows.contains_key(key)
    }

    /// Every row that exists, in no order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.rows.values().flatten()
    }

    /// How many rows exist.
    pub fn count(&self) -> usize {
        self.values().count()
    }

    /// Puts in what the database holds.
    pub fn load(&mut self, key: K, row: Option<V>) {
        if row.is_none() {
            self.absent.push(key.clone());
        }
        self.rows.insert(key, row);
    }

    /// The rows that changed, in the order of their keys; `None` where a row is gone.
    pub fn changed(&self) -> impl Iterator<Item = (&K, Option<&V>)> {
        self.changed.iter().map(|key| (key, self.rows.get(key).and_then(Option::as_ref)))
    }

    pub(super) fn put(&mut self, key: K, row: V) {
        self.mark(&key);
        self.rows.insert(key, Some(row));
    }

    pub(super) fn remove(&mut self, key: &K) {
        self.mark(key);
        if self.whole {
            self.rows.remove(key);
        } else {
            self.absent.push(key.clone());
            self.rows.insert(key.clone(), None);
        }
    }

    /// Changes a row that exists.
    ///
    /// # Panics
    /// In a working set, where the row was not loaded.
    pub(super) fn change(&mut self, key: &K, change: impl FnOnce(&mut V)) {
        self.mark(key);
        match self.rows.get_mut(key) {
            Some(Some(row)) => change(row),
            Some(None) => {}
            None => assert!(self.whole, "needs() names every row that decide() and apply() read"),
        }
    }

    /// A whole world is never written, so it need not remember what changed.
    fn mark(&mut self, key: &K) {
        if !self.whole {
            self.changed.insert(key.clone());
        }
    }

    /// Makes a row that is known true again, after somebody else has changed and written it.
    pub(super) fn amend(&mut self, key: &K, amend: impl FnOnce(&mut V)) {
        match self.rows.get_mut(key) {
            Some(Some(row)) => amend(row),
            // It was not there before; what it is now is somebody else's to tell.
            Some(None) => self.forget(key),
            None => {}
        }
    }

    /// Forgets what is known of a key.
    pub(super) fn forget(&mut self, key: &K) {
        self.rows.remove(key);
    }

    /// Forgets what is known of every key.
    pub(super) fn forget_all(&mut self) {
        self.rows.clear();
    }

    pub(super) fn settle(&mut self, rows_max: usize) {
        self.changed.clear();
        for key in self.absent.drain(..) {
            if self.rows.get(&key).is_some_and(Option::is_none) {
                self.rows.remove(&key);
            }
        }
        if self.rows.len() > rows_max {
            self.rows.clear();
        }
    }
}

#[cfg(test)]
mod tests;
