//! Where a PostgreSQL server is: an URL, read strictly, that never shows its password again.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// A PostgreSQL database: `postgres://USER:PASSWORD@HOST:PORT,HOST:PORT/DATABASE?PARAMETERS`.
///
/// Several hosts are tried in their order until one of them is the primary. A Unix socket's folder is written
/// percent-encoded, as in `postgres://orderpark@%2Frun%2Fpostgresql/orderpark`. The parameters:
///
/// - `sslmode`: `disable`, or `require`, or `verify-full`. The last two mean the same: encrypted, and the server's
///   certificate and name are verified. There is no mode that encrypts without verifying, because it protects against
///   nobody who can stand between. Without the parameter, hosts of this machine are spoken to plainly and all others
///   as with `verify-full`. A Unix socket never uses TLS.
/// - `sslrootcert`: a file of PEM certificates to trust; without it, those that the system trusts.
/// - `schema`: where the tables are, if not where the role's own search path leads.
/// - `user`, `password`, `host`, `port`, `dbname`, `channel_binding`: as in libpq.
/// - `target_session_attrs`: `read-write`, which is also so without it.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    config: Config,
    tls: Option<bool>,
    root_certificates: Option<PathBuf>,
    schema: Option<String>,
}

/// What the driver reads; every other parameter is ours, or refused.
const PASSED_ON: [&str; 6] = ["user", "password", "host", "port", "dbname", "channel_binding"];

/// What libpq knows and this program decides for itself.
const DECIDED_HERE: [&str; 11] = [
    "application_name",
    "client_encoding",
    "connect_timeout",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "tcp_user_timeout",
];

/// One of the hosts, with all that it takes to speak to it.
pub(super) struct Target {
    /// As an operator would write it: `HOST:PORT`.
    pub name: String,
    pub config: Config,
    pub tls: bool,
}

impl Address {
    /// The same address with another password, as from a file that holds nothing else.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Address {
        self.config.password(password);
        self
    }

    /// The same address, with the tables in this schema: small letters, digits and `_`.
    pub fn with_schema(mut self, name: &str) -> Result<Address, String> {
        self.take("schema", name.to_owned())?;
        Ok(self)
    }

    /// Each host alone, in their order.
    pub(super) fn targets(&self) -> Vec<Target> {
        self.config.get_hosts().iter().enumerate().map(|(at, host)| self.target(at, host)).collect()
    }

    fn target(&self, at: usize, host: &Host) -> Target {
        let port = self.port(at);
        let mut config = Config::new();
        match host {
            Host::Tcp(name) => config.host(name),
            Host::Unix(folder) => config.host_path(folder),
        };
        config.port(port).channel_binding(self.config.get_channel_binding());
        self.config.get_user().map(|user| config.user(user));
        self.config.get_password().map(|password| config.password(password));
        self.config.get_dbname().map(|name| config.dbname(name));
        Target { name: named(host, port), config, tls: self.is_encrypted(host) }
    }

    fn port(&self, at: usize) -> u16 {
        let ports = self.config.get_ports();
        ports.get(at).or(ports.first()).copied().unwrap_or(5432)
    }

    fn is_encrypted(&self, host: &Host) -> bool {
        match host {
            Host::Tcp(name) => self.tls.unwrap_or_else(|| !is_this_machine(name)),
            Host::Unix(_) => false,
        }
    }

    /// Whether any of the hosts is spoken to by TLS.
    pub(super) fn needs_tls(&self) -> bool {
        self.config.get_hosts().iter().any(|host| self.is_encrypted(host))
    }

    pub(super) fn root_certificates(&self) -> Option<&Path> {
        self.root_certificates.as_deref()
    }

    /// Where the tables are, if the address says so.
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// Takes one parameter that the driver does not get.
    fn take(&mut self, name: &str, value: String) -> Result<(), String> {
        match (name, value.as_str()) {
            ("sslmode", "disable") => self.tls = Some(false),
            ("sslmode", "require" | "verify-full") => self.tls = Some(true),
            ("sslmode", _) => return Err(format!("sslmode={value} is not known: say disable, require or verify-full")),
            ("sslrootcert", "") => return Err("sslrootcert names no file".into()),
            ("sslrootcert", _) => self.root_certificates = Some(value.into()),
            ("schema", _) if !is_schema(&value) => {
                return Err(format!("schema={value} is not a plain name: small letters, digits and _"));
            }
            ("schema", _) => self.schema = Some(value),
            ("target_session_attrs", "read-write") => {}
            ("target_session_attrs", _) => {
                return Err(format!(
                    "target_session_attrs={value} cannot be: only a primary takes and shows every write"
                ));
            }
            _ if DECIDED_HERE.contains(&name) => return Err(format!("the parameter {name} is set by this program")),
            // Not named: it may be the rest of a password that holds an &.
            _ => {
                return Err(
                    "a parameter is not known: there are sslmode, sslrootcert and schema of ours, and libpq's".into()
                );
            }
        }
        Ok(())
    }
}

fn is_this_machine(name: &str) -> bool {
    name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Names that need no quotes, so that they can stand in a search path as they are.
fn is_schema(name: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.len() <= 63 && name.bytes().all(inside) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

fn named(host: &Host, port: u16) -> String {
    match host {
        Host::Tcp(name) if name.contains(':') => format!("[{name}]:{port}"),
        Host::Tcp(name) => format!("{name}:{port}"),
        Host::Unix(folder) => format!("{}:{port}", folder.display()),
    }
}

/// Takes our parameters out of an URL and leaves the driver's. The user and the password end at the first `@`.
fn split(text: &str) -> Result<(String, Vec<(String, String)>), String> {
    let secret_end = text.find('@').unwrap_or(0);
    let Some(question) = text[secret_end..].find('?').map(|at| secret_end + at) else {
        return Ok((text.to_owned(), Vec::new()));
    };
    let (mut url, mut ours) = (text[..question].to_owned(), Vec::new());
    let mut separator = '?';
    for pair in text[question + 1..].split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or("a parameter is written NAME=VALUE")?;
        if PASSED_ON.contains(&name) {
            url.push(separator);
            url.push_str(pair);
            separator = '&';
        } else {
            let value = percent_encoding::percent_decode_str(value).decode_utf8();
            ours.push((name.to_owned(), value.map_err(|_| format!("{name} is not UTF-8"))?.into_owned()));
        }
    }
    Ok((url, ours))
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Address, String> {
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err("a PostgreSQL database is written postgres://USER@HOST/DATABASE".into());
        }
        let (url, ours) = split(text)?;
        let config: Config = url.parse().map_err(|error| super::connect::sentence(&error))?;
        let mut address = Address { config, tls: None, root_certificates: None, schema: None };
        for (name, value) in ours {
            address.take(&name, value)?;
        }
        let (hosts, ports) = (address.config.get_hosts().len(), address.config.get_ports().len());
        match address.config {
            // The rest of a password, most likely, so it is not shown.
            _ if address
                .config
                .get_hosts()
                .iter()
                .any(|host| matches!(host, Host::Tcp(name) if name.contains('@'))) =>
            {
                Err("the database's address has a host with an @: in a password it is written %40".into())
            }
            _ if hosts == 0 => Err("the database's address names no host".into()),
            _ if ports > 1 && ports != hosts => Err("there must be one port, or one for each host".into()),
            _ if address.config.get_user().is_none() => Err("the database's address names no user".into()),
            _ if address.config.get_dbname().is_none() => Err("the database's address names no database".into()),
            _ => Ok(address),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = self.config.get_hosts().iter().enumerate().map(|(at, host)| named(host, self.port(at)));
        let hosts = hosts.collect::<Vec<_>>().join(",");
        let (user, name) = (self.config.get_user().unwrap_or_default(), self.config.get_dbname().unwrap_or_default());
        write!(f, "postgres://{user}@{hosts}/{name}")?;
        self.schema.as_ref().map_or(Ok(()), |schema| write!(f, "?schema={schema}"))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests;
