//! The SSRF guard's policy: which addresses, on which ports, a message of which kind of party may
//! go to.
//!
//! In this order: what `deny_networks` names is closed; this machine's own addresses are closed,
//! unless `allow_networks` names them, and its own listeners always; what is public is open; what
//! `allow_networks` names is open for the ports and kinds of party of its entry; the rest is
//! closed.

use super::networks::is_public;
use super::own::Own;
use super::settings::{Allowance, Network};
use orderpark_domain::PartyKind;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

/// Where messages may go, as the operator configured it.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    allowed: Arc<[Allowance]>,
    denied: Arc<[Network]>,
    own: Own,
    /// The port that this server listens on, from when it does.
    listener: Arc<OnceLock<u16>>,
}

/// The policy for one kind of party and one port. Requests share connections only with those of an
/// equal gate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Gate {
    allowed: Vec<Network>,
    denied: Arc<[Network]>,
    own: Own,
    is_listener: bool,
}

/// Whether a message may go to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// It may: the address is public.
    Public,
    /// It may, because the operator allows it: what is found there is not told to others.
    Inside,
    /// It may not.
    Closed,
}

impl Policy {
    pub(super) fn new(allowed: &[Allowance], denied: &[Network], own: Own) -> Policy {
        Policy { allowed: allowed.into(), denied: denied.into(), own, listener: Arc::default() }
    }

    /// The server listens on this port.
    pub(super) fn listens_on(&self, port: u16) {
        self.listener.get_or_init(|| port);
    }

    pub(super) fn gate(&self, kind: PartyKind, port: u16) -> Gate {
        let allowed = self.allowed.iter().filter(|entry| entry.covers(kind, port));
        Gate {
            allowed: allowed.map(|entry| entry.network).collect(),
            denied: Arc::clone(&self.denied),
            own: self.own,
            is_listener: self.listener.get() == Some(&port),
        }
    }
}

impl Gate {
    /// The same, but for what is only open because the operator allows it.
    pub(super) fn to_public(&self) -> Gate {
        Gate { allowed: Vec::new(), ..self.clone() }
    }

    /// How an address stands as far as the configuration tells. Which addresses are this machine's
    /// own is looked at when one is connected to, since they change, and is not told to those who
    /// register one.
    pub(super) fn judge_as_configured(&self, address: IpAddr) -> Standing {
        if is_in(&self.denied, address) || is_in(&self.denied, address.to_canonical()) {
            Standing::Closed
        } else if is_public(address) {
            Standing::Public
        } else if is_in(&self.allowed, address) {
            Standing::Inside
        } else {
            Standing::Closed
        }
    }

    /// How an address stands now.
    pub(super) fn judge(&self, address: IpAddr) -> Standing {
        let configured = self.judge_as_configured(address);
        let plain = address.to_canonical();
        let is_own = || plain.is_loopback() || plain.is_unspecified() || self.own.holds(plain);
        if configured == Standing::Closed || !is_own() {
            return configured;
        }
        // One that the operator allows, besides our own listener, is inside, public or not.
        if self.is_listener || !is_in(&self.allowed, address) { Standing::Closed } else { Standing::Inside }
    }

    /// The strictest standing of all addresses of a name.
    pub(super) fn judge_all(&self, addresses: &[IpAddr]) -> Standing {
        addresses.iter().map(|address| self.judge(*address)).max().unwrap_or(Standing::Public)
    }
}

fn is_in(networks: &[Network], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

#[cfg(test)]
mod tests;
