//! What can be set of deliveries.

use crate::limits::Rate;
use std::collections::BTreeMap;

/// The settings of deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliverySettings {
    /// How long a lease is given for, in milliseconds. Longer than an attempt may take, or nothing is ever sent.
    pub lease_ms: u64,
    /// How often leases are renewed, in milliseconds, and the cursors of idle targets moved.
    pub renew_every_ms: u64,
    /// How often targets are looked for that no node has, in milliseconds.
    pub claim_every_ms: u64,
    /// How old what is known of an endpoint or a product may be when a request is made, in milliseconds.
    pub fresh_ms: u64,
    /// How long outcomes wait for others to be written together, in milliseconds.
    pub settle_every_ms: u64,
    /// How long a worker waits at most before it looks at the time again, in milliseconds.
    pub look_every_ms: u64,
    /// Requests of this node that may be under way at once; each tenant has a share of them.
    pub places: usize,
    /// Requests to targets that only fail, beside those; each tenant has a share of them.
    pub failing_places: usize,
    /// How long a stop waits for requests that are under way, in milliseconds.
    pub stop_max_ms: u64,
    /// For how many days attempts are kept.
    pub attempts_days: u32,
    /// How many attempts of a target are kept, the newest ones.
    pub attempts_of_target: u32,
    /// How many attempts are removed at once.
    pub tidy_piece: u32,
    /// How long the tidying pauses after each piece, in milliseconds.
    pub tidy_pause_ms: u64,
    /// The rate of messages to one destination, over all endpoints of a vendor with its
    /// subscribers.
    pub host_rate: HostRate,
    /// Destinations with a rate of their own, by host.
    pub hosts: BTreeMap<String, HostRate>,
    /// How often a receiver is sent a message that has never taken one, in milliseconds.
    pub unproven_every_ms: u64,
    /// Whether an endpoint has to echo a challenge before anything is delivered to it.
    pub require_proof: bool,
}

/// A rate of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostRate {
    /// Messages a second.
    pub per_second: u32,
    /// Messages that may be sent at once after a while without.
    pub burst: u32,
}

impl DeliverySettings {
    /// The rate for a host as addresses say it, with a port if that is not the usual one. Of
    /// targets that are not a `party`'s endpoints only those hosts have one that are named.
    pub(crate) fn rate_of(&self, host: &str, of_party: bool) -> Option<Rate> {
        let name = host.rsplit_once(':').filter(|(name, _)| !name.contains(':') || name.ends_with(']'));
        let named = self.hosts.get(host).or_else(|| self.hosts.get(name?.0));
        let HostRate { per_second, burst } = named.copied().or(of_party.then_some(self.host_rate))?;
        Some(Rate { per_second: f64::from(per_second), burst: f64::from(burst) })
    }
}

impl Default for DeliverySettings {
    fn default() -> DeliverySettings {
        DeliverySettings {
            lease_ms: 30_000,
            renew_every_ms: 5_000,
            claim_every_ms: 1_000,
            fresh_ms: 500,
            settle_every_ms: 250,
            look_every_ms: 30_000,
            places: 512,
            failing_places: 64,
            stop_max_ms: 10_000,
            attempts_days: 30,
            attempts_of_target: 10_000,
            tidy_piece: 1_000,
            tidy_pause_ms: 100,
            host_rate: HostRate { per_second: 50, burst: 200 },
            hosts: BTreeMap::new(),
            unproven_every_ms: 1_000,
            require_proof: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_the_rate_that_is_named_for_it_or_the_one_of_all() {
        let fast = HostRate { per_second: 900, burst: 900 };
        let hosts = [("fast.example".to_owned(), fast), ("[2001:db8::1]".to_owned(), fast)].into();
        let settings = DeliverySettings { hosts, ..DeliverySettings::default() };
        let rate = |host, of_party| settings.rate_of(host, of_party).map(|rate| rate.per_second);
        for host in ["fast.example", "fast.example:8443", "[2001:db8::1]", "[2001:db8::1]:8443"] {
            assert_eq!((rate(host, true), rate(host, false)), (Some(900.0), Some(900.0)), "{host}");
        }
        for host in ["other.example", "fast.example.example:1", "[2001:db8::2]", ""] {
            assert_eq!((rate(host, true), rate(host, false)), (Some(50.0), None), "{host}");
        }
    }
}
