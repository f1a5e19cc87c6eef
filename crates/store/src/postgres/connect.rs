//! Connecting: to the primary among the hosts, for one role, and never to a server that breaks the promises.
//!
//! What a session may do is said in its first packet, so it holds from its first statement. What the server must be is asked
//! after that, at each new connection: after a failover it is another server that answers. So is
//! every setting, and where it matters, whether it is one session at all: a pooler in between may
//! drop the first and share the second.

mod error;

pub(super) use error::{ConnectError, sentence};

use super::Limits;
use super::address::{Address, Target};
use super::tls::{Stream, tls};
use futures_util::future::{Either, select};
use std::fmt::{self, Write};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, Connection, SimpleQueryMessage, SimpleQueryRow, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The half of a connection that moves bytes; whoever connects drives it.
pub(super) type Wire = Connection<Socket, Stream>;

/// The oldest server that this program is tested with.
const SERVER_MIN: u32 = 150_000;

/// How long a session of `verify` may think between two statements of its one transaction.
const VERIFY_IDLE_MAX: Duration = Duration::from_mins(1);

/// How long a copy waits for those who write.
const COPY_LOCK_MAX: Duration = Duration::from_secs(10);

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Writer,
    Reader,
    List,
    Listener,
    Keeper,
    Migrator,
    Copier,
    Verify,
}

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Role::Writer => "writer",
            Role::Reader => "reader",
            Role::List => "list",
            Role::Listener => "listener",
            Role::Keeper => "keeper",
            Role::Migrator => "migrator",
            Role::Copier => "copy",
            Role::Verify => "verify",
        }
    }

    fn is_read_only(self) -> bool {
        matches!(self, Role::Reader | Role::List | Role::Verify)
    }

    /// How statements are planned. Those that look for rows by their keys must not be planned
    /// otherwise while the tables are young: a session lives long, and so do its plans, those of
    /// foreign keys among them.
    fn plans(self) -> &'static [(&'static str, &'static str)] {
        const GENERIC: (&str, &str) = ("plan_cache_mode", "force_generic_plan");
        const BY_KEY: [(&str, &str); 3] =
            [("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off")];
        // The first rows of a list are read in the order of its index, and no others.
        const IN_ORDER: [(&str, &str); 2] = [("enable_bitmapscan", "off"), ("enable_sort", "off")];
        match self {
            Role::Writer => const { &[BY_KEY[0], BY_KEY[1], BY_KEY[2], IN_ORDER[0], IN_ORDER[1], GENERIC] },
            Role::Keeper => const { &[BY_KEY[0], BY_KEY[1], BY_KEY[2], GENERIC] },
            Role::Reader => &BY_KEY,
            Role::Copier => const { &[BY_KEY[0]] },
            Role::List | Role::Listener | Role::Migrator | Role::Verify => &[],
        }
    }

    /// Whether its connections are proved to be sessions of the server: those that hold locks or
    /// listen, or prepare statements first. What is found of one is true of all.
    fn is_proved(self) -> bool {
        matches!(self, Role::Writer | Role::Listener | Role::Migrator | Role::Copier)
    }

    /// Schemas and proofs take as long as they take.
    fn statement_max(self, limits: &Limits) -> Duration {
        match self {
            Role::Migrator | Role::Copier | Role::Verify => Duration::ZERO,
            _ => limits.statement_max,
        }
    }

    fn idle_in_transaction_max(self, limits: &Limits) -> Duration {
        match self {
            Role::Verify => VERIFY_IDLE_MAX,
            // The other side of a copy may take its time.
            Role::Copier => Duration::ZERO,
            _ => limits.idle_in_transaction_max,
        }
    }

    fn lock_max(self, limits: &Limits) -> Duration {
        match self {
            Role::Copier => COPY_LOCK_MAX,
            _ => limits.lock_max,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Makes connections to one database.
#[derive(Clone)]
pub(super) struct Connector {
    address: Address,
    limits: Limits,
    tls: MakeRustlsConnect,
    /// Whether some connection was found to be one session.
    was_proved: Arc<AtomicBool>,
}

impl Connector {
    /// Reads what TLS needs; connects to nothing yet.
    pub(super) fn new(address: &Address, limits: &Limits) -> Result<Connector, ConnectError> {
        Ok(Connector {
            address: address.clone(),
            limits: limits.clone(),
            tls: tls(address)?,
            was_proved: Arc::default(),
        })
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Tries the hosts in their order. Each gets its share of the time that is left, so that the first one, if it swallows
    /// everything, does not hide the others.
    pub(super) async fn connect(&self, role: Role) -> Result<(Client, Wire), ConnectError> {
        let targets = self.address.targets();
        let ends_at = Instant::now() + self.limits.connect_max;
        let mut failures: Vec<ConnectError> = Vec::new();
        for (target, left) in targets.iter().zip((1..=targets.len()).rev()) {
            let share = ends_at.saturating_duration_since(Instant::now()) / u32::try_from(left).unwrap_or(u32::MAX);
            let connected = timeout(share, Box::pin(self.connect_to(target, role, share))).await;
            let connected =
                connected.unwrap_or_else(|_| Err(ConnectError::unreachable(target, "it did not answer in time")));
            match self.proved(target, role, connected).await {
                Ok(connected) => return Ok(connected),
                Err(error) if error.may_pass() => failures.push(error),
                Err(error) => return Err(error),
            }
        }
        Err(ConnectError::all(failures))
    }

    async fn connect_to(
        &self,
        target: &Target,
        role: Role,
        share: Duration,
    ) -> Result<(Config, (Client, Wire)), ConnectError> {
        let mut config = target.config.clone();
        // One name may have several numbers, and the first of them may be the one that does not answer.
        config.connect_timeout(share / 2).tcp_user_timeout(self.limits.silence_max);
        config
            .keepalives_idle(Duration::from_secs(1))
            .keepalives_interval(Duration::from_secs(1))
            .keepalives_retries(2);
        config.ssl_mode(if target.tls { SslMode::Require } else { SslMode::Disable });
        let (name, settings) = (format!("orderpark {role}"), self.settings(role));
        config.application_name(&name).options(options(&settings));
        let mut connected = self.open(target, &config).await?;
        let asked: Vec<_> = settings.into_iter().chain([("application_name", name)]).collect();
        let answer = ask(target, &mut connected, &format!("{SERVER}; {}", settings_of(&asked))).await?;
        judge_answer(&target.name, &answer)?;
        compare(&asked, &answer)?;
        Ok((config, connected))
    }

    /// Proves that a connection is one session, where its role needs that, and holds it to what it
    /// was judged by. It has its own time: a server that is far away is asked a dozen questions.
    async fn proved(
        &self,
        target: &Target,
        role: Role,
        connected: Result<(Config, (Client, Wire)), ConnectError>,
    ) -> Result<(Client, Wire), ConnectError> {
        let (mut config, mut connected) = connected?;
        let proof = async {
            if role.is_proved() {
                config.application_name("orderpark check");
                self.prove(target, &config, &mut connected).await?;
            }
            ask(target, &mut connected, PIN).await
        };
        let proof = timeout(self.limits.connect_max, Box::pin(proof)).await;
        proof.unwrap_or_else(|_| Err(ConnectError::unreachable(target, "it did not answer in time")))?;
        Ok(connected)
    }

    async fn open(&self, target: &Target, config: &Config) -> Result<(Client, Wire), ConnectError> {
        config.connect(self.tls.clone()).await.map_err(|error| ConnectError::of(target, &error))
    }

    /// Refuses a pooler that lends the server's connections for a transaction at a time, whatever
    /// settings they have: while another connection is in a transaction, this one must still have
    /// the backend that it had before, alone.
    async fn prove(&self, target: &Target, config: &Config, own: &mut (Client, Wire)) -> Result<(), ConnectError> {
        let was_proved = self.was_proved.load(Ordering::Relaxed);
        let mut other = match self.open(target, config).await {
            Ok(other) => other,
            // The server may have no connection to spare, as when all nodes come back at once.
            Err(_) if was_proved => return Ok(()),
            Err(error) => return Err(error),
        };
        let before = ask(target, own, BACKEND).await?;
        for _ in 0..if was_proved { 1 } else { PROOFS } {
            let held = ask(target, &mut other, HELD_BACKEND).await;
            let held = held.map_err(|_| ConnectError::unreachable(target, NO_TRANSACTION))?;
            let now = ask(target, own, BACKEND).await?;
            if first(&now) != first(&before) || first(&held) == first(&before) {
                return Err(ConnectError::Pooled(target.name.clone()));
            }
        }
        self.was_proved.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// The settings of a session with this role, in the units in which the server keeps them.
    fn settings(&self, role: Role) -> Vec<(&'static str, String)> {
        let limits = &self.limits;
        let fixed = [
            ("default_transaction_isolation", "read committed"),
            ("default_transaction_deferrable", "off"),
            ("jit", "off"),
            ("client_min_messages", "warning"),
            ("idle_session_timeout", "0"),
            ("tcp_keepalives_idle", "1"),
            ("tcp_keepalives_interval", "1"),
            ("tcp_keepalives_count", "2"),
            ("default_transaction_read_only", if role.is_read_only() { "on" } else { "off" }),
        ];
        let mut settings: Vec<_> = fixed.map(|(name, value)| (name, value.to_owned())).into();
        settings.extend([
            ("statement_timeout", millis(role.statement_max(limits))),
            ("lock_timeout", millis(role.lock_max(limits))),
            ("idle_in_transaction_session_timeout", millis(role.idle_in_transaction_max(limits))),
            ("tcp_user_timeout", millis(limits.silence_max)),
        ]);
        settings.extend(role.plans().iter().map(|&(name, value)| (name, value.to_owned())));
        settings.extend(self.address.schema().map(|schema| ("search_path", schema.to_owned())));
        settings
    }
}

/// Settings as the server's command line takes them.
fn options(settings: &[(&str, String)]) -> String {
    settings.iter().fold(String::new(), |mut options, (name, value)| {
        let _ = write!(options, "-c {name}={} ", value.replace(' ', "\\ "));
        options
    })
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("address", &self.address)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Zero is "without a limit" to the server, so what is not zero stays so.
fn millis(duration: Duration) -> String {
    let least = u128::from(!duration.is_zero());
    duration.as_millis().clamp(least, 2_147_483_647).to_string()
}

/// What a server must be, in one answer. The last column holds this session to what it was judged by, whatever becomes of
/// the server's own setting.
const SERVER: &str = "select current_setting('server_version_num'), current_setting('server_version'), \
    current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'), \
    current_setting('synchronous_standby_names'), current_setting('server_encoding'), pg_is_in_recovery()";

/// Holds a session to what it was judged by, whatever becomes of the server's own setting.
const PIN: &str = "select set_config('synchronous_commit', current_setting('synchronous_commit'), false)";

/// The fault of a pooler that lends connections for single statements.
const NO_TRANSACTION: &str = "it ended a connection that began a transaction; a pooler in between must pool sessions";

const BACKEND: &str = "select pg_backend_pid()";
/// Ends the transaction of the round before; outside of one, a rollback does nothing, and its
/// warning is not sent.
const HELD_BACKEND: &str = "rollback; begin; select pg_backend_pid()";

/// How often a session is looked for elsewhere: where others come through the same pooler, it may
/// look right by chance. Once is enough for who comes back.
const PROOFS: usize = 3;

/// Asks on a connection that nobody drives yet.
async fn ask(
    target: &Target,
    (client, wire): &mut (Client, Wire),
    sql: &str,
) -> Result<Vec<SimpleQueryMessage>, ConnectError> {
    match select(pin!(client.simple_query(sql)), wire).await {
        Either::Left((answer, _)) => answer.map_err(|error| ConnectError::of(target, &error)),
        Either::Right(_) => Err(ConnectError::unreachable(target, "it closed the connection")),
    }
}

fn rows(answer: &[SimpleQueryMessage]) -> impl Iterator<Item = &SimpleQueryRow> {
    answer.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    })
}

fn first(answer: &[SimpleQueryMessage]) -> Option<&str> {
    rows(answer).next()?.get(0)
}

fn settings_of(asked: &[(&'static str, String)]) -> String {
    let names: Vec<String> = asked.iter().map(|(name, _)| format!("'{name}'")).collect();
    format!("select name, setting from pg_settings where name in ({})", names.join(", "))
}

/// Every setting must be what was asked for. What a server cannot do for this kind of socket it
/// calls 0.
fn compare(asked: &[(&'static str, String)], answer: &[SimpleQueryMessage]) -> Result<(), ConnectError> {
    for (name, wanted) in asked {
        let row = rows(answer).find(|row| row.get(0) == Some(name));
        let found = row.and_then(|row| row.get(1)).unwrap_or_default();
        if found != wanted && !(name.starts_with("tcp_") && found == "0") {
            let (found, wanted) = (found.to_owned(), wanted.clone());
            return Err(ConnectError::Session { name, found, wanted });
        }
    }
    Ok(())
}

/// Asks a server once more that was good when it was connected to: a setting may have been changed since.
pub(super) async fn judge_again(client: &Client) -> Result<(), ConnectError> {
    let answer = client.simple_query(SERVER).await.map_err(|error| ConnectError::Unreachable(sentence(&error)))?;
    judge_answer("the database", &answer)
}

fn judge_answer(host: &str, answer: &[SimpleQueryMessage]) -> Result<(), ConnectError> {
    let row = rows(answer)
        .next()
        .ok_or_else(|| ConnectError::Unreachable(format!("{host}: it told nothing about itself")))?;
    judge(host, |at| row.get(at).unwrap_or_default())
}

/// Refuses a server that may lose what it has confirmed, or that shows what is old. `told`: the answer to [`SERVER`].
fn judge<'r>(host: &str, told: impl Fn(usize) -> &'r str) -> Result<(), ConnectError> {
    let version: u32 = told(0).parse().unwrap_or(0);
    if version < SERVER_MIN {
        return Err(ConnectError::TooOld(told(1).to_owned()));
    }
    if told(7) == "t" {
        return Err(ConnectError::Standby(host.to_owned()));
    }
    let setting = |name, found: &str, wanted| Err(ConnectError::Setting { name, found: found.to_owned(), wanted });
    match (told(4), told(6)) {
        _ if told(2) == "off" => setting("fsync", "off", "on"),
        _ if told(3) == "off" => setting("full_page_writes", "off", "on"),
        ("off", _) => setting("synchronous_commit", "off", "on"),
        ("local", _) if !told(5).trim().is_empty() => {
            setting("synchronous_commit", "local", "on, as there are synchronous standbys")
        }
        (_, encoding) if encoding != "UTF8" => setting("server_encoding", encoding, "UTF8"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
