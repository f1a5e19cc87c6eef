//! Places among what is under way to the outside, so that no party takes those of all others by being slow.

use orderpark_domain::PartyRef;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Places that all share, of which each party may have a part.
pub(crate) struct Turns {
    all: Arc<Semaphore>,
    of_party_max: usize,
    of_parties: Mutex<HashMap<PartyRef, Arc<Semaphore>>>,
}

/// A place.
pub(crate) struct Turn {
    _of_party: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Turns {
    /// So many places, and of them an eighth at most for one party.
    pub(crate) fn new(max: usize) -> Turns {
        Turns { all: Arc::new(Semaphore::new(max)), of_party_max: (max / 8).max(1), of_parties: Mutex::default() }
    }

    /// Waits for a place. First for that of the party, so that what waits there takes no other place.
    pub(crate) async fn turn(&self, party: PartyRef) -> Option<Turn> {
        let of_party = self.of_party(party).acquire_owned().await.ok()?;
        let of_all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Turn { _of_party: of_party, _of_all: of_all })
    }

    fn of_party(&self, party: PartyRef) -> Arc<Semaphore> {
        let mut of_parties = self.of_parties.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever holds or waits for a place holds its semaphore, too; the others are as new.
        of_parties.retain(|_, of_party| Arc::strong_count(of_party) > 1);
        let new = || Arc::new(Semaphore::new(self.of_party_max));
        Arc::clone(of_parties.entry(party).or_insert_with(new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    /// Who holds all its places up holds up nobody else.
    #[tokio::test(start_paused = true)]
    async fn a_party_has_an_eighth_of_the_places_and_waits_for_no_other() {
        let turns = Turns::new(32);
        let soon = Duration::from_millis(1);
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(timeout(soon, turns.turn(PartyRef(1))).await.expect("a place"));
        }
        assert!(timeout(soon, turns.turn(PartyRef(1))).await.is_err(), "no place is left");
        assert!(timeout(soon, turns.turn(PartyRef(2))).await.is_ok(), "another party has places");
        held.pop();
        assert!(timeout(soon, turns.turn(PartyRef(1))).await.is_ok(), "a place is free again");
        drop(held);
        turns.of_party(PartyRef(3));
        assert!(turns.of_parties.lock().unwrap().len() <= 1, "nothing is remembered of who has no place");
        assert!(timeout(soon, Turns::new(1).turn(PartyRef(1))).await.is_ok(), "everybody has one");
    }
}
