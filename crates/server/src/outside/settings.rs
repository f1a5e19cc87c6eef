//! What the operator can configure of the way out.

use orderpark_domain::PartyKind;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

pub use ipnet::IpNet as Network;

/// The settings of the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideSettings {
    /// Networks that are opened although they are not public: exactly these, in the family that they are written in.
    pub allow_networks: Vec<Allowance>,
    /// Networks that are closed, whatever else is said of them.
    pub deny_networks: Vec<Network>,
    /// A PEM file with certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// How long one attempt may take in all, in milliseconds.
    pub attempt_max_ms: u64,
    /// What requests say that sends them.
    pub user_agent: String,
}

impl Default for OutsideSettings {
    fn default() -> OutsideSettings {
        OutsideSettings {
            allow_networks: Vec::new(),
            deny_networks: Vec::new(),
            ca_file: None,
            attempt_max_ms: 15_000,
            user_agent: "orderpark".to_owned(),
        }
    }
}

/// A network that is opened although it is not public, or only some of its ports, or only for some
/// kinds of party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The network.
    pub network: Network,
    /// The ports; empty: all.
    pub ports: Vec<RangeInclusive<u16>>,
    /// The kinds of party whose addresses may lie there; empty: all.
    pub kinds: Vec<PartyKind>,
}

impl Allowance {
    pub(super) fn covers(&self, kind: PartyKind, port: u16) -> bool {
        let has_port = self.ports.is_empty() || self.ports.iter().any(|ports| ports.contains(&port));
        has_port && (self.kinds.is_empty() || self.kinds.contains(&kind))
    }

    /// Reads a port or a range of them: `443`, `8000-8100`.
    pub fn ports(text: &str) -> Result<RangeInclusive<u16>, String> {
        let wrong = || format!("'{text}' is neither a port nor a range of ports such as 8000-8100");
        let port = |text: &str| {
            let digits = text.bytes().all(|b| b.is_ascii_digit());
            text.parse::<u16>().ok().filter(|port| digits && *port > 0).ok_or_else(wrong)
        };
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let ports = port(first)?..=port(last)?;
        if ports.is_empty() { Err(wrong()) } else { Ok(ports) }
    }

    /// Reads a kind of party, in any case.
    pub fn kind(text: &str) -> Result<PartyKind, String> {
        let wrong = || format!("'{text}' is no kind of party: OPERATOR, SUPPLIER, VENDOR, SUBSCRIBER");
        PartyKind::parse(&text.to_ascii_uppercase()).ok_or_else(wrong)
    }
}

/// The form of the command line: `10.0.0.0/8`, `10.0.0.0/8:443,8000-8100`,
/// `10.0.0.0/8:443@supplier,vendor`.
impl FromStr for Allowance {
    type Err = String;

    fn from_str(text: &str) -> Result<Allowance, String> {
        let (rest, kinds) = match text.split_once('@') {
            Some((rest, kinds)) => (rest, kinds.split(',').map(Allowance::kind).collect::<Result<_, _>>()?),
            None => (text, Vec::new()),
        };
        // An IPv6 address has colons, too, but none behind the slash.
        let length = rest.find('/').unwrap_or(rest.len());
        let (net, ports) = match rest[length..].split_once(':') {
            Some((behind, ports)) => {
                (&rest[..length + behind.len()], ports.split(',').map(Allowance::ports).collect::<Result<_, _>>()?)
            }
            None => (rest, Vec::new()),
        };
        Ok(Allowance { network: network(net)?, ports, kinds })
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.network)?;
        for (at, ports) in self.ports.iter().enumerate() {
            write!(f, "{}{}-{}", if at == 0 { ':' } else { ',' }, ports.start(), ports.end())?;
        }
        for (at, kind) in self.kinds.iter().enumerate() {
            write!(f, "{}{}", if at == 0 { '@' } else { ',' }, kind.as_str())?;
        }
        Ok(())
    }
}

/// Reads a network as CIDR says it (RFC 4632, RFC 4291): its first address, a slash, and the length of what all its addresses share.
pub fn network(text: &str) -> Result<Network, String> {
    let wrong = || format!("'{text}' is not a network such as 10.0.0.0/8 or fd00::/8");
    let network: Network = text.parse().map_err(|_| wrong())?;
    if network.trunc() == network {
        Ok(network)
    } else {
        Err(format!("'{text}' has bits behind its length; is {} meant?", network.trunc()))
    }
}
