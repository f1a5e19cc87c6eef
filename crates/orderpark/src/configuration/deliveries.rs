//! The table `[deliveries]`: where messages may go, how long one attempt may take, and how long attempts are shown.

use anyhow::ensure;
use orderpark_server::delivery::{DeliverySettings, HostRate};
use orderpark_server::outside::{Allowance, OutsideSettings, network};
use serde::Deserialize;
use std::path::PathBuf;

/// The longest attempt, in milliseconds: less than a node's claim on a receiver lasts.
const ATTEMPT_MAX_MS: u64 = 20_000;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Deliveries {
    allow_networks: Option<Vec<Allowed>>,
    deny_networks: Option<Vec<String>>,
    ca_file: Option<PathBuf>,
    attempt_max_ms: Option<u64>,
    attempts_days: Option<u32>,
    host_rate: Option<u32>,
    host_burst: Option<u32>,
    #[serde(default)]
    hosts: Vec<HostTable>,
    require_proof: Option<bool>,
}

/// A host with a rate of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HostTable {
    host: String,
    rate: u32,
    burst: Option<u32>,
}

/// A network that is opened: as one text, or as a table.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Allowed {
    Text(String),
    Table(AllowedTable),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowedTable {
    network: String,
    #[serde(default)]
    ports: Vec<Ports>,
    #[serde(default, rename = "for")]
    kinds: Vec<String>,
}

/// A port, or a range as a text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Ports {
    One(u16),
    Text(String),
}

impl Allowed {
    fn read(&self) -> Result<Allowance, String> {
        let AllowedTable { network: net, ports, kinds } = match self {
            Allowed::Text(text) => return text.parse(),
            Allowed::Table(table) => table,
        };
        let ports = ports.iter().map(|ports| match ports {
            Ports::One(port) => Allowance::ports(&port.to_string()),
            Ports::Text(text) => Allowance::ports(text),
        });
        Ok(Allowance {
            network: network(net)?,
            ports: ports.collect::<Result<_, _>>()?,
            kinds: kinds.iter().map(|kind| Allowance::kind(kind)).collect::<Result<_, _>>()?,
        })
    }
}

impl Deliveries {
    /// The settings of the way out.
    pub(super) fn outside(&self) -> anyhow::Result<OutsideSettings> {
        let mut settings = OutsideSettings::default();
        for allowed in self.allow_networks.iter().flatten() {
            let allowed = allowed.read().map_err(|error| anyhow::anyhow!("deliveries.allow_networks: {error}"))?;
            settings.allow_networks.push(allowed);
        }
        for text in self.deny_networks.iter().flatten() {
            let denied = network(text).map_err(|error| anyhow::anyhow!("deliveries.deny_networks: {error}"))?;
            settings.deny_networks.push(denied);
        }
        settings.ca_file.clone_from(&self.ca_file);
        settings.attempt_max_ms = self.attempt_max_ms.unwrap_or(settings.attempt_max_ms);
        let bounded = (1..=ATTEMPT_MAX_MS).contains(&settings.attempt_max_ms);
        ensure!(bounded, "deliveries.attempt_max_ms: it must be between 1 and {ATTEMPT_MAX_MS}");
        Ok(settings)
    }

    /// The settings of deliveries themselves.
    pub(super) fn delivery(&self) -> anyhow::Result<DeliverySettings> {
        let mut settings = DeliverySettings::default();
        settings.attempts_days = self.attempts_days.unwrap_or(settings.attempts_days);
        ensure!(settings.attempts_days > 0, "deliveries.attempts_days: attempts are kept for a day at least");
        settings.host_rate = HostRate {
            per_second: self.host_rate.unwrap_or(settings.host_rate.per_second),
            burst: self.host_burst.unwrap_or(settings.host_rate.burst),
        };
        for HostTable { host, rate, burst } in &self.hosts {
            let rate = HostRate { per_second: *rate, burst: burst.unwrap_or(*rate) };
            settings.hosts.insert(host.to_ascii_lowercase(), rate);
        }
        let is_none = |rate: &HostRate| rate.per_second == 0 || rate.burst == 0;
        let none = is_none(&settings.host_rate) || settings.hosts.values().any(is_none);
        ensure!(!none, "deliveries.host_rate, host_burst, hosts: a rate and a burst are at least 1");
        settings.require_proof = self.require_proof.unwrap_or(settings.require_proof);
        Ok(settings)
    }
}
