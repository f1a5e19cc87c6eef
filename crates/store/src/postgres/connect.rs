//! Connecting: to the primary among the hosts, for one role, and never to a server that breaks the promises.
//!
//! What a session may do is said in its first packet, so it holds from its first statement. What the server must be is asked
//! in one round trip after that, at each new connection: after a failover it is another server that answers.

mod error;

pub(super) use error::{ConnectError, sentence};

use super::Limits;
use super::address::{Address, Target};
use super::tls::{Stream, tls};
use futures_util::future::{Either, select};
use std::fmt::{self, Write};
use std::pin::pin;
use std::time::{Duration, Instant};
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Connection, SimpleQueryMessage, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The half of a connection that moves bytes; whoever connects drives it.
pub(super) type Wire = Connection<Socket, Stream>;

/// The oldest server that this program is tested with.
const SERVER_MIN: u32 = 150_000;

/// How long a session of `verify` may think between two statements of its one transaction.
const VERIFY_IDLE_MAX: Duration = Duration::from_mins(1);

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Writer,
    Reader,
    List,
    Listener,
    Keeper,
    Migrator,
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
            Role::Verify => "verify",
        }
    }

    fn is_read_only(self) -> bool {
        matches!(self, Role::Reader | Role::List | Role::Verify)
    }

    /// Statements that look for rows by their keys and must not be planned otherwise while the tables are young: a
    /// session lives long, and so do its plans, those of foreign keys among them.
    fn looks_by_key(self) -> bool {
        matches!(self, Role::Writer | Role::Reader | Role::Keeper)
    }

    /// What is said first on a connection that was found good. Bookkeeping waits for no standby.
    pub(super) fn first_statement(self) -> Option<&'static str> {
        (self == Role::Keeper).then_some("set synchronous_commit = local")
    }

    /// Schemas and proofs take as long as they take.
    fn statement_max(self, limits: &Limits) -> Duration {
        match self {
            Role::Migrator | Role::Verify => Duration::ZERO,
            _ => limits.statement_max,
        }
    }

    fn idle_in_transaction_max(self, limits: &Limits) -> Duration {
        match self {
            Role::Verify => VERIFY_IDLE_MAX,
            _ => limits.idle_in_transaction_max,
        }
    }

    /// A migrator waits for another one; it sets its own limit before it asks for the locks of tables.
    fn lock_max(self, limits: &Limits) -> Duration {
        match self {
            Role::Migrator => Duration::ZERO,
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
}

impl Connector {
    /// Reads what TLS needs; connects to nothing yet.
    pub(super) fn new(address: &Address, limits: &Limits) -> Result<Connector, ConnectError> {
        Ok(Connector { address: address.clone(), limits: limits.clone(), tls: tls(address)? })
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
            let connected = timeout(share, self.connect_to(target, role, share)).await;
            match connected.unwrap_or_else(|_| Err(ConnectError::unreachable(target, "it did not answer in time"))) {
                Ok(connected) => return Ok(connected),
                Err(error) if error.may_pass() => failures.push(error),
                Err(error) => return Err(error),
            }
        }
        Err(ConnectError::all(failures))
    }

    async fn connect_to(&self, target: &Target, role: Role, share: Duration) -> Result<(Client, Wire), ConnectError> {
        let mut config = target.config.clone();
        // One name may have several numbers, and the first of them may be the one that does not answer.
        config.connect_timeout(share / 2).tcp_user_timeout(self.limits.silence_max);
        config
            .keepalives_idle(Duration::from_secs(1))
            .keepalives_interval(Duration::from_secs(1))
            .keepalives_retries(2);
        config.ssl_mode(if target.tls { SslMode::Require } else { SslMode::Disable });
        config.application_name(format!("orderpark {role}")).options(self.session(role));
        let connected = config.connect(self.tls.clone()).await;
        let (client, mut wire) = connected.map_err(|error| ConnectError::of(target, &error))?;
        let answer = {
            let asked = pin!(client.simple_query(SERVER));
            match select(asked, &mut wire).await {
                Either::Left((answer, _)) => answer.map_err(|error| ConnectError::of(target, &error))?,
                Either::Right(_) => return Err(ConnectError::unreachable(target, "it closed the connection")),
            }
        };
        judge_answer(&target.name, &answer)?;
        Ok((client, wire))
    }

    /// The session's settings, as the server's command line takes them.
    fn session(&self, role: Role) -> String {
        let limits = &self.limits;
        let mut options = String::from(
            "-c default_transaction_isolation=read\\ committed -c default_transaction_deferrable=off -c jit=off \
             -c client_min_messages=warning -c idle_session_timeout=0 -c tcp_keepalives_idle=1 \
             -c tcp_keepalives_interval=1 -c tcp_keepalives_count=2",
        );
        let mut set = |name: &str, value: &str| {
            let _ = write!(options, " -c {name}={value}");
        };
        set("statement_timeout", &millis(role.statement_max(limits)));
        set("lock_timeout", &millis(role.lock_max(limits)));
        set("idle_in_transaction_session_timeout", &millis(role.idle_in_transaction_max(limits)));
        set("tcp_user_timeout", &millis(limits.silence_max));
        set("default_transaction_read_only", if role.is_read_only() { "on" } else { "off" });
        if role.looks_by_key() {
            for name in ["enable_seqscan", "enable_hashjoin", "enable_mergejoin"] {
                set(name, "off");
            }
        }
        if matches!(role, Role::Writer | Role::Keeper) {
            set("plan_cache_mode", "force_generic_plan");
        }
        if let Some(schema) = self.address.schema() {
            set("search_path", schema);
        }
        options
    }
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
    current_setting('synchronous_standby_names'), current_setting('server_encoding'), pg_is_in_recovery(), \
    current_setting('idle_in_transaction_session_timeout'), \
    set_config('synchronous_commit', current_setting('synchronous_commit'), false)";

/// Asks a server once more that was good when it was connected to: a setting may have been changed since.
pub(super) async fn judge_again(client: &Client) -> Result<(), ConnectError> {
    let answer = client.simple_query(SERVER).await.map_err(|error| ConnectError::Unreachable(sentence(&error)))?;
    judge_answer("the database", &answer)
}

fn judge_answer(host: &str, answer: &[SimpleQueryMessage]) -> Result<(), ConnectError> {
    let row = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let row = row.ok_or_else(|| ConnectError::Unreachable(format!("{host}: it told nothing about itself")))?;
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
        _ if told(8) == "0" => setting(
            "idle_in_transaction_session_timeout",
            "0",
            "what the session asked for: a pooler in between must pass its settings on",
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
