//! What the operator can configure of the faces.

use crate::delivery::DeliverySettings;
use crate::outside::{Network, OutsideSettings};
use http::HeaderValue;
use orderpark_domain::QuotaDefaults;
use orderpark_domain::offer::ITEMS_MAX_DEFAULT;

/// A profile: the part of a `client_id` before the slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its id, as in `client_id`.
    pub id: String,
    /// Its name, for people.
    pub name: String,
}

/// The settings of the faces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether attributes that the API does not know are ignored in bodies instead of refused.
    pub ignore_unknown_fields: bool,
    /// The profile of a `client_id` without a slash, and of those that the API shows.
    pub default_profile: String,
    /// Every profile, the default one included.
    pub profiles: Vec<Profile>,
    /// The operator's id, as token answers name it.
    pub operator_id: String,
    /// Whether credentials at the token endpoints may stand in the address, and their form be
    /// labelled as anything.
    pub lenient_token_requests: bool,
    /// The page of errors, to which every error's `see` leads.
    pub docs_url: String,
    /// How long a token is valid where nothing is asked, in seconds.
    pub token_validity_default_s: i64,
    /// How long a token may be valid at most, in seconds; absent: for ever.
    pub token_validity_max_s: Option<i64>,
    /// How old a token may be at most, in seconds, that makes or changes credentials and webhook
    /// endpoints; absent: any age.
    pub token_fresh_for_credentials_s: Option<i64>,
    /// The most items of a new offer.
    pub offer_items_max: usize,
    /// Proxies whose `X-Forwarded-For` or `Forwarded` names the client.
    pub trusted_proxies: Vec<Network>,
    /// Origins of web pages that may read answers (CORS): `*`, or exactly these.
    pub cors_origins: Vec<HeaderValue>,
    /// Connections that may be open at once; beyond, the idlest are closed.
    pub connections_max: usize,
    /// Connections that one address may have open at once; absent: a quarter of all, at least 256.
    pub connections_of_address_max: Option<usize>,
    /// Streams of events that may be open at once.
    pub streams_max: usize,
    /// The quotas of parties for which none are set.
    pub quotas: QuotaDefaults,
    /// How long a stream of events is silent at most, in milliseconds.
    pub heartbeat_ms: u64,
    /// How long a draining server still takes connections while it says that it is not ready, in milliseconds.
    pub drain_grace_ms: u64,
    /// How long requests in flight may still take after that, in milliseconds.
    pub drain_max_ms: u64,
    /// The way out.
    pub outside: OutsideSettings,
    /// Deliveries.
    pub deliveries: DeliverySettings,
}

impl Settings {
    /// Connections that one address may have open at once.
    pub(crate) fn of_address_max(&self) -> usize {
        self.connections_of_address_max.unwrap_or_else(|| (self.connections_max / 4).max(256))
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            ignore_unknown_fields: false,
            default_profile: "default".to_owned(),
            profiles: vec![Profile { id: "default".to_owned(), name: "Default".to_owned() }],
            operator_id: "operator".to_owned(),
            lenient_token_requests: false,
            docs_url: "/docs/errors".to_owned(),
            token_validity_default_s: 7 * 24 * 60 * 60,
            token_validity_max_s: None,
            token_fresh_for_credentials_s: None,
            offer_items_max: ITEMS_MAX_DEFAULT,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            connections_max: 20_000,
            connections_of_address_max: None,
            streams_max: 256,
            quotas: QuotaDefaults::default(),
            heartbeat_ms: 15_000,
            drain_grace_ms: 500,
            drain_max_ms: 25_000,
            outside: OutsideSettings::default(),
            deliveries: DeliverySettings::default(),
        }
    }
}
