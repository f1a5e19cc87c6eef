//! What the operator says about brokers. Secrets are not among it, only the files in which they are.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

/// Messages that may be under way at once, unless the operator says otherwise.
pub const IN_FLIGHT: u16 = 256;
/// The most that may be asked for.
pub const IN_FLIGHT_MAX: u16 = 1024;

/// To which brokers this server publishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublishSettings {
    /// To a stream of NATS JetStream.
    pub nats: Option<NatsSettings>,
    /// To topics of an MQTT 5 broker.
    pub mqtt: Option<MqttSettings>,
}

/// How to publish to NATS JetStream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatsSettings {
    /// Servers of one cluster; any of them will do.
    pub servers: Vec<BrokerAddress>,
    /// How each subject begins.
    pub prefix: String,
    /// The stream that has to be the one that takes the messages; absent: whichever listens to the subjects.
    pub stream: Option<String>,
    /// What both publishers have in common.
    pub common: Common,
}

/// How to publish to an MQTT broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MqttSettings {
    /// The broker.
    pub server: BrokerAddress,
    /// How each topic begins.
    pub prefix: String,
    /// Who the broker takes this deployment for. All its nodes are one, so that a new one takes the place of the one before.
    pub client_id: String,
    /// What both publishers have in common.
    pub common: Common,
}

/// What there is to say about any broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Common {
    /// How to prove who we are.
    pub login: Login,
    /// The certificates to trust, in PEM; absent: those that the system trusts.
    pub ca_file: Option<PathBuf>,
    /// Our certificate and its key, in PEM, where the broker asks for one.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Messages that may be under way at once, 1 to [`IN_FLIGHT_MAX`].
    pub in_flight: u16,
    /// Where a publisher begins that has never published.
    pub begin: Begin,
}

/// How to prove who we are. Files are read again at each connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// By nothing, or by a certificate.
    Nothing,
    /// By a name and the password in a file.
    Password(String, PathBuf),
    /// By the token in a file (NATS).
    Token(PathBuf),
    /// By a credentials file: a signed user with its key (NATS).
    Credentials(PathBuf),
}

/// Where a publisher begins that has never published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Begin {
    /// With what happens from then on.
    #[default]
    Now,
    /// With everything that ever happened.
    Beginning,
}

/// Where a broker is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerAddress {
    /// A name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether the connection is encrypted, which means verified; or plain.
    pub is_encrypted: bool,
    scheme: &'static str,
}

/// A scheme of addresses: its name, its port, and whether it is encrypted.
type Scheme = (&'static str, u16, bool);

const NATS: [Scheme; 2] = [("nats", 4222, false), ("tls", 4222, true)];
const MQTT: [Scheme; 2] = [("mqtt", 1883, false), ("mqtts", 8883, true)];

impl BrokerAddress {
    /// Reads `nats://HOST[:PORT]` or `tls://HOST[:PORT]`.
    pub fn nats(text: &str) -> Result<BrokerAddress, &'static str> {
        BrokerAddress::read(text, NATS)
            .ok_or("must be nats://HOST[:PORT] or tls://HOST[:PORT], with nothing else in it")
    }

    /// Reads `mqtt://HOST[:PORT]` or `mqtts://HOST[:PORT]`.
    pub fn mqtt(text: &str) -> Result<BrokerAddress, &'static str> {
        let rule = "must be mqtt://HOST[:PORT] or mqtts://HOST[:PORT], with nothing else in it";
        BrokerAddress::read(text, MQTT).ok_or(rule)
    }

    /// A name or a password in an address would be shown wherever the address is.
    fn read(text: &str, schemes: [Scheme; 2]) -> Option<BrokerAddress> {
        let (scheme, rest) = text.split_once("://")?;
        let (scheme, port, is_encrypted) = schemes.into_iter().find(|(name, ..)| *name == scheme)?;
        let authority: http::uri::Authority = rest.strip_suffix('/').unwrap_or(rest).parse().ok()?;
        let host = authority.host();
        let port = match authority.as_str().strip_prefix(host)? {
            "" => port,
            text => text.strip_prefix(':')?.parse().ok().filter(|port| *port > 0 && format!(":{port}") == text)?,
        };
        (!host.is_empty()).then(|| BrokerAddress { host: host.to_owned(), port, is_encrypted, scheme })
    }

    /// Whether what is sent leaves this machine in plain.
    pub fn is_exposed(&self) -> bool {
        let address = self.host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        !self.is_encrypted && !address.map_or(self.host == "localhost", |address| address.is_loopback())
    }
}

impl fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

/// Whether a subject or topic may begin with this: words of letters, digits, `-` and `_`, divided by `divider`.
pub fn is_prefix(text: &str, divider: char) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    text.len() <= 128 && text.split(divider).all(is_word)
}

#[cfg(test)]
mod tests;
