//! Admission control of connections, and load shedding when places get scarce.
//!
//! A client that holds a connection open and sends nothing must not keep others out. So when all
//! places are taken, connections without a request in progress are closed: first those of
//! strangers, on which no valid token has been seen, and of these the idlest. From three quarters
//! on, strangers may be idle for [`STRANGER_IDLE_MAX`] only. A request that is being answered is
//! never cut off.
//!
//! One address (IPv6: one /64 network) has a part of the places. Loopback and trusted proxies are
//! exempt: behind such an address are all clients of a proxy.

use super::timed::Phase;
use crate::outside::Network;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

/// How long a stranger's connection may be idle while more than three quarters of the places are
/// taken.
const STRANGER_IDLE_MAX: Duration = Duration::from_secs(5);
/// The time from one look at all connections to the next: a flood of connections must not cost a
/// look each.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Of the places, the part that is freed at once.
const SHED_PART: usize = 64;

/// The places for connections.
#[derive(Clone)]
pub(super) struct Connections {
    places: Arc<Semaphore>,
    max: usize,
    of_address_max: usize,
    exempt: Arc<[Network]>,
    table: Arc<Mutex<Table>>,
}

#[derive(Default)]
struct Table {
    next: u64,
    open: HashMap<u64, Open>,
    of_address: HashMap<IpAddr, usize>,
    looked_at: Option<Instant>,
}

struct Open {
    address: IpAddr,
    phase: Phase,
}

/// The place of one connection; given back when it is dropped.
pub(super) struct Place {
    connections: Connections,
    number: u64,
    address: IpAddr,
    _permit: OwnedSemaphorePermit,
}

impl Connections {
    pub fn new(max: usize, of_address_max: usize, exempt: &[Network]) -> Connections {
        let (places, table) = (Arc::new(Semaphore::new(max)), Arc::default());
        Connections { places, max, of_address_max, exempt: exempt.into(), table }
    }

    /// Waits for a free place, and makes one if there is none.
    pub async fn permit(&self) -> io::Result<OwnedSemaphorePermit> {
        loop {
            if self.places.available_permits() == 0 {
                self.shed((self.max / SHED_PART).max(1), |_| true);
            }
            if let Ok(permit) = timeout(LOOK_EVERY, Arc::clone(&self.places).acquire_owned()).await {
                return permit.map_err(io::Error::other);
            }
        }
    }

    /// Takes the place for a connection from this address; none, if the address has all that it may
    /// have.
    pub fn enter(&self, permit: OwnedSemaphorePermit, peer: IpAddr, phase: &Phase) -> Option<Place> {
        let address = counted_as(peer);
        if self.places.available_permits() < self.max / 4 {
            let too_long = |open: &Open| !open.phase.is_known() && open.phase.idle_for() >= STRANGER_IDLE_MAX;
            self.shed(usize::MAX, too_long);
        }
        if self.is_limited(peer) && self.count(address) >= self.of_address_max {
            self.shed((self.of_address_max / SHED_PART).max(1), |open| open.address == address);
            return None;
        }
        let mut table = self.table();
        let number = table.next;
        table.next += 1;
        table.open.insert(number, Open { address, phase: phase.clone() });
        *table.of_address.entry(address).or_default() += 1;
        Some(Place { connections: self.clone(), number, address, _permit: permit })
    }

    /// Waits until every place was given back.
    pub async fn all_closed(&self) {
        // An error would mean that the places are gone, and nothing ends them.
        let _ = self.places.acquire_many(u32::try_from(self.max).unwrap_or(u32::MAX)).await.map(drop);
    }

    fn is_limited(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        !peer.is_loopback() && !self.exempt.iter().any(|network| network.contains(&peer))
    }

    fn count(&self, address: IpAddr) -> usize {
        self.table().of_address.get(&address).copied().unwrap_or_default()
    }

    /// Closes at most so many of the connections that are chosen and have no request in progress.
    fn shed(&self, max: usize, choose: impl Fn(&Open) -> bool) {
        let mut table = self.table();
        if table.looked_at.is_some_and(|at| at.elapsed() < LOOK_EVERY) {
            return;
        }
        table.looked_at = Some(Instant::now());
        let mut idle: Vec<&Phase> = table
            .open
            .values()
            .filter(|open| choose(open))
            .map(|open| &open.phase)
            .filter(|phase| phase.is_idle())
            .collect();
        idle.sort_unstable_by_key(|phase| (phase.is_known(), std::cmp::Reverse(phase.idle_for())));
        idle.into_iter().take(max).for_each(Phase::end);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Nothing panics while it is held.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.connections.table();
        table.open.remove(&self.number);
        if let Some(count) = table.of_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                table.of_address.remove(&self.address);
            }
        }
    }
}

/// The address that a connection counts for: of IPv6, one customer has a whole /64.
fn counted_as(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests;
