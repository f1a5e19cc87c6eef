//! What the operator can configure of the way out.

use std::path::PathBuf;

pub use ipnet::IpNet as Network;

/// The settings of the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideSettings {
    /// Networks that are opened although they are not public: exactly these, in the family that they are written in.
    pub allow_networks: Vec<Network>,
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
            ca_file: None,
            attempt_max_ms: 15_000,
            user_agent: "orderpark".to_owned(),
        }
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
