//! The configuration file: TOML, every key optional, unknown keys refused. Options of the command line win over it.
//!
//! ```toml
//! listen = "127.0.0.1:8080"
//! data = "orderpark-data"
//! database = "sqlite:orderpark-data/orderpark.db"
//! log = "info"
//! operator_id = "operator"
//! default_profile = "default"
//! trusted_proxies = []
//!
//! [[profiles]]
//! id = "default"
//! name = "Default"
//!
//! [api]
//! ignore_unknown_fields = false
//! cors_origins = []
//! docs_url = "/docs/errors"
//!
//! [connections]
//! max = 20000
//!
//! [events]
//! streams_max = 256
//! heartbeat_ms = 15000
//!
//! [quotas]
//! users = 100
//! endpoints = 100
//! streams = 16
//! vendor_streams = 64
//!
//! [deliveries]
//! allow_networks = []
//! deny_networks = []
//! attempt_max_ms = 15000
//! attempts_days = 30
//! host_rate = 50
//! host_burst = 200
//! require_proof = false
//!
//! [postgres]
//! statement_max_ms = 5000
//! reads_max = 4
//! lists_max = 4
//!
//! [tokens]
//! default_validity = "7days"
//! validity_max = "30days"
//! fresh_for_credentials = "10minutes"
//! lenient_requests = false
//!
//! [orders]
//! offer_items_max = 50
//! ```

mod deliveries;
mod postgres;
mod publish;
mod quotas;

use crate::folder;
use crate::listening::{self, Listen};
use crate::log::Levels;
use anyhow::{Context as _, bail, ensure};
use config::{Config, File, FileFormat};
use orderpark_domain::offer::ITEMS_MAX;
use orderpark_server::access::Validity;
use orderpark_server::outside::network;
use orderpark_server::publish::PublishSettings;
use orderpark_server::wire::is_segment;
use orderpark_server::{Profile, Settings, cors_origin};
use orderpark_store::Limits;
use orderpark_store::private::Kind;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// What a configuration file may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// As `--listen`.
    listen: Option<String>,
    /// As `--data`.
    pub data: Option<PathBuf>,
    /// As `--database`.
    pub database: Option<String>,
    /// As `--log`.
    log: Option<String>,
    operator_id: Option<String>,
    default_profile: Option<String>,
    #[serde(default)]
    trusted_proxies: Vec<String>,
    profiles: Option<Vec<ProfileEntry>>,
    #[serde(default)]
    api: Api,
    #[serde(default)]
    connections: Connections,
    #[serde(default)]
    events: Events,
    #[serde(default)]
    deliveries: deliveries::Deliveries,
    #[serde(default)]
    tokens: Tokens,
    #[serde(default)]
    orders: Orders,
    #[serde(default)]
    postgres: postgres::Postgres,
    #[serde(default)]
    publish: publish::Publish,
    #[serde(default)]
    quotas: quotas::Quotas,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileEntry {
    id: String,
    name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Api {
    ignore_unknown_fields: Option<bool>,
    #[serde(default)]
    cors_origins: Vec<String>,
    docs_url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Connections {
    max: Option<usize>,
    of_address_max: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Events {
    streams_max: Option<usize>,
    /// The older name of `quotas.streams`, which meant each client of a party.
    streams_of_client_max: Option<u32>,
    heartbeat_ms: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tokens {
    default_validity: Option<String>,
    validity_max: Option<String>,
    fresh_for_credentials: Option<String>,
    lenient_requests: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Orders {
    offer_items_max: Option<usize>,
}

impl Configuration {
    /// Reads the file; without one, nothing is configured.
    pub fn read(path: Option<&Path>) -> anyhow::Result<Configuration> {
        let Some(path) = path else { return Ok(Configuration::default()) };
        Configuration::read_checked(path)
            .with_context(|| format!("the configuration file {} cannot be used", path.display()))
    }

    /// Others may not write the file, nor read one with a password in it.
    fn read_checked(path: &Path) -> anyhow::Result<Configuration> {
        let text = folder::read(Kind::Plain, path)?;
        let source = File::from_str(&text, FileFormat::Toml);
        let read = Config::builder().add_source(source).build().and_then(Config::try_deserialize::<Configuration>);
        let configuration = read.map_err(|error| anyhow::anyhow!(without_source(&error.to_string())))?;
        if configuration.database.as_deref().is_some_and(holds_password) {
            folder::read(Kind::Given, path)?;
        }
        Ok(configuration)
    }

    /// Where to listen.
    pub fn listen(&self) -> anyhow::Result<Listen> {
        let listen = self.listen.as_deref().unwrap_or(listening::DEFAULT);
        listen.parse().map_err(|error| anyhow::anyhow!("listen: {error}"))
    }

    /// The levels of the log.
    pub fn levels(&self) -> anyhow::Result<Levels> {
        let levels = self.log.as_deref().map_or(Ok(Levels::default()), str::parse);
        levels.map_err(|error| anyhow::anyhow!("log: {error}"))
    }

    /// The settings of the server.
    pub fn settings(&self) -> anyhow::Result<Settings> {
        let mut settings = Settings::default();
        settings.ignore_unknown_fields = self.api.ignore_unknown_fields.unwrap_or(settings.ignore_unknown_fields);
        settings.trusted_proxies = each("trusted_proxies", &self.trusted_proxies, network)?;
        settings.cors_origins = each("api.cors_origins", &self.api.cors_origins, cors_origin)?;
        settings.docs_url = self.api.docs_url.clone().unwrap_or(settings.docs_url);
        settings.lenient_token_requests = self.tokens.lenient_requests.unwrap_or(settings.lenient_token_requests);
        settings.connections_max = self.connections.max.unwrap_or(settings.connections_max);
        settings.connections_of_address_max = self.connections.of_address_max;
        let none = settings.connections_max == 0 || settings.connections_of_address_max == Some(0);
        ensure!(!none, "connections: 0 would take none");
        settings.streams_max = self.events.streams_max.unwrap_or(settings.streams_max);
        settings.quotas = self.quotas.defaults(self.events.streams_of_client_max)?;
        settings.heartbeat_ms = self.events.heartbeat_ms.unwrap_or(settings.heartbeat_ms);
        ensure!(settings.heartbeat_ms > 0, "events.heartbeat_ms: 0 would be all the time");
        settings.offer_items_max = self.orders.offer_items_max.unwrap_or(settings.offer_items_max);
        let bounded = (1..=ITEMS_MAX).contains(&settings.offer_items_max);
        ensure!(bounded, "orders.offer_items_max: it must be between 1 and {ITEMS_MAX}");
        settings.outside = self.deliveries.outside()?;
        settings.deliveries = self.deliveries.delivery()?;
        self.set_ids(&mut settings)?;
        self.set_validity(&mut settings)?;
        Ok(settings)
    }

    /// What PostgreSQL is asked for at most.
    pub fn limits(&self) -> anyhow::Result<Limits> {
        self.postgres.limits()
    }

    /// The brokers that events are published to.
    pub fn publish(&self) -> anyhow::Result<PublishSettings> {
        self.publish.settings()
    }

    fn set_ids(&self, settings: &mut Settings) -> anyhow::Result<()> {
        if let Some(id) = &self.operator_id {
            ensure!(is_segment(id), "operator_id: '{id}' is not an id");
            settings.operator_id.clone_from(id);
        }
        if let Some(profiles) = &self.profiles {
            settings.profiles = profiles.iter().map(ProfileEntry::profile).collect::<Result<_, _>>()?;
        } else if let Some(id) = &self.default_profile {
            settings.profiles = vec![ProfileEntry { id: id.clone(), name: None }.profile()?];
        }
        if let Some(id) = &self.default_profile {
            settings.default_profile.clone_from(id);
        } else if let [only] = settings.profiles.as_slice() {
            settings.default_profile.clone_from(&only.id);
        }
        let known = settings.profiles.iter().any(|profile| profile.id == settings.default_profile);
        ensure!(known, "default_profile: there is no profile '{}'", settings.default_profile);
        Ok(())
    }

    fn set_validity(&self, settings: &mut Settings) -> anyhow::Result<()> {
        if let Some(text) = &self.tokens.default_validity {
            match validity("tokens.default_validity", text)? {
                Validity::Seconds(seconds) => settings.token_validity_default_s = seconds,
                Validity::Infinite => {
                    bail!("tokens.default_validity: a client that wants a token for ever has to ask for it")
                }
            }
        }
        if let Some(text) = &self.tokens.validity_max {
            settings.token_validity_max_s = match validity("tokens.validity_max", text)? {
                Validity::Seconds(seconds) => Some(seconds),
                Validity::Infinite => None,
            };
        }
        if let Some(text) = &self.tokens.fresh_for_credentials {
            settings.token_fresh_for_credentials_s = match validity("tokens.fresh_for_credentials", text)? {
                Validity::Seconds(seconds) => Some(seconds),
                Validity::Infinite => None,
            };
        }
        Ok(())
    }
}

impl ProfileEntry {
    fn profile(&self) -> anyhow::Result<Profile> {
        ensure!(is_segment(&self.id), "profiles: '{}' is not an id", self.id);
        Ok(Profile { id: self.id.clone(), name: self.name.clone().unwrap_or_else(|| self.id.clone()) })
    }
}

/// Whether the address of a database holds a password, as far as an address that may be none can
/// tell.
fn holds_password(database: &str) -> bool {
    let (_, address) = database.split_once("://").unwrap_or_default();
    let user = address.split_once('@').map_or("", |(user, _)| user);
    user.contains(':') || address.contains("password=")
}

/// Reads each element of a list.
fn each<T>(key: &str, texts: &[String], read: fn(&str) -> Result<T, String>) -> anyhow::Result<Vec<T>> {
    texts.iter().map(|text| read(text).map_err(|error| anyhow::anyhow!("{key}: {error}"))).collect()
}

/// A message without the lines of the file that it shows: a password may stand there.
fn without_source(message: &str) -> String {
    let shown =
        |line: &&str| !line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit()).trim_start().starts_with('|');
    message.lines().filter(shown).collect::<Vec<_>>().join(": ")
}

fn validity(key: &str, text: &str) -> anyhow::Result<Validity> {
    text.parse().map_err(|error| anyhow::anyhow!("{key}: '{text}' {error}"))
}

#[cfg(test)]
mod tests;
