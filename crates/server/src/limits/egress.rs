//! Limits of what a tenant may send to one destination: a rate over all its endpoints, and one
//! replay at a time.

use crate::outside::Destination;
use orderpark_domain::PartyRef;
use orderpark_limits::{Rate, RateLimiter};
use orderpark_store::deliveries::Target;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A destination, of one vendor with its subscribers: two of them may have receivers at one
/// address.
type Key = (PartyRef, Destination);

/// The limits of messages to destinations.
#[derive(Default)]
pub(crate) struct Egress {
    rates: RateLimiter<Key>,
    replays: Arc<Mutex<Lines>>,
}

/// The targets that wait with their replays for each destination; the first one has its turn.
#[derive(Default)]
struct Lines(HashMap<Key, VecDeque<Target>>);

/// The turn of a target's replays, or its place in the line; the next one has it when this is
/// dropped.
pub(crate) struct ReplayTurn {
    replays: Arc<Mutex<Lines>>,
    keys: Vec<Key>,
    target: Target,
    /// Tells a target that it may have its turn now.
    wake: Box<dyn Fn(Target) + Send + Sync>,
}

impl Egress {
    /// Counts a message to these destinations; an error says how long it has to wait.
    pub(crate) fn send(&self, root: PartyRef, destinations: Vec<Destination>, rate: Rate) -> Result<(), Duration> {
        let now = Instant::now();
        destinations.into_iter().try_for_each(|destination| self.rates.take((root, destination), 1.0, rate, now))
    }

    /// Takes a place in the line for replays.
    pub(crate) fn replay(
        &self,
        root: PartyRef,
        destinations: Vec<Destination>,
        target: Target,
        wake: impl Fn(Target) + Send + Sync + 'static,
    ) -> ReplayTurn {
        let keys: Vec<Key> = destinations.into_iter().map(|destination| (root, destination)).collect();
        let mut lines = lock(&self.replays);
        for key in &keys {
            lines.0.entry(key.clone()).or_default().push_back(target);
        }
        ReplayTurn { replays: Arc::clone(&self.replays), keys, target, wake: Box::new(wake) }
    }
}

impl ReplayTurn {
    /// Whether it is this target's turn, at all addresses of its receiver.
    pub(crate) fn has_come(&self) -> bool {
        let lines = lock(&self.replays);
        self.keys.iter().all(|key| lines.0.get(key).and_then(VecDeque::front) == Some(&self.target))
    }
}

impl Drop for ReplayTurn {
    fn drop(&mut self) {
        let mut lines = lock(&self.replays);
        let mut next = Vec::new();
        for key in &self.keys {
            let Some(line) = lines.0.get_mut(key) else { continue };
            line.retain(|target| *target != self.target);
            next.extend(line.front().copied());
            if line.is_empty() {
                lines.0.remove(key);
            }
        }
        drop(lines);
        next.dedup();
        for target in next {
            (self.wake)(target);
        }
    }
}

fn lock(replays: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    // Nothing panics while it is held.
    replays.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use orderpark_domain::EndpointRef;

    fn host(name: &str) -> Destination {
        Destination::Name(name.to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn a_destination_has_a_rate_for_each_tenant_however_many_endpoints_lead_there() {
        let (egress, rate) = (Egress::default(), Rate { per_second: 50.0, burst: 200.0 });
        let send =
            |root, names: &[&str]| egress.send(PartyRef(root), names.iter().map(|name| host(name)).collect(), rate);
        for _ in 0..200 {
            assert_eq!(send(1, &["a"]), Ok(()));
        }
        assert_eq!(send(1, &["a"]), Err(Duration::from_millis(20)));
        assert_eq!(send(1, &["b", "a"]), Err(Duration::from_millis(20)), "any of its addresses counts");
        assert_eq!((send(1, &["b"]), send(2, &["a"])), (Ok(()), Ok(())));
    }

    #[test]
    fn replays_of_one_destination_take_turns() {
        let (egress, woken) = (Egress::default(), Arc::new(Mutex::new(Vec::new())));
        let replay = |root, name, endpoint| {
            let woken = Arc::clone(&woken);
            let wake = move |target| woken.lock().unwrap().push(target);
            egress.replay(PartyRef(root), vec![host(name)], Target::Endpoint(EndpointRef(endpoint)), wake)
        };
        let (first, second, third) = (replay(1, "a", 1), replay(1, "a", 2), replay(1, "a", 3));
        let others = [replay(1, "b", 4), replay(2, "a", 5)];
        assert!(others.iter().all(ReplayTurn::has_come));
        assert_eq!([&first, &second, &third].map(ReplayTurn::has_come), [true, false, false]);
        drop(second);
        drop(first);
        assert!(third.has_come());
        assert_eq!(woken.lock().unwrap().last(), Some(&Target::Endpoint(EndpointRef(3))));
        drop((third, others));
        assert!(lock(&egress.replays).0.is_empty());
    }
}
