//! `orderpark serve`: serve the API until told to stop.
//!
//! What can be checked is checked before anything is written: the configuration, the address, the given secret. Then
//! the folder, the database, on a first start the operator, and the keys. One line on stdout says that it listens.

use super::{database, password};
use crate::bootstrap::{self, Given};
use crate::configuration::Configuration;
use crate::listening::{self, Listen};
use crate::log::{self, Levels};
use crate::{folder, wiring};
use clap::Args;
use orderpark_server::Settings;
use orderpark_server::outside::{Allowance, Network, network};
use orderpark_server::publish::{self, PublishSettings};
use orderpark_store::{Database, Limits, Options, Store};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

/// Serve the API
///
/// Prints one line on stdout when it is ready, "listening on http://ADDRESS:PORT", and logs to
/// stderr. On SIGTERM or SIGINT it stops taking requests, finishes those that it has, and ends with 0.
/// SIGHUP is ignored.
///
/// The first start on an empty database makes the operator and its first client and shows its
/// secret on stderr, unless the --bootstrap options name another client. Until a token is issued,
/// each later start without them shows a new secret.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Serve {
    /// Where to listen, an address or a name; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<Listen>,
    /// The folder for the database and the keys; made if missing [default: orderpark-data]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// The database, `sqlite:PATH` or `postgres://USER@HOST/NAME` [default: sqlite, orderpark.db in the data folder]
    #[arg(long, value_name = "DATABASE", value_parser = database::Parser)]
    database: Option<Database>,
    /// A file with the password for PostgreSQL; command lines can be read by others
    #[arg(long, value_name = "FILE")]
    database_password_file: Option<PathBuf>,
    /// A configuration file in TOML; options win over it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The `client_id` of the operator's first client, instead of a made one
    #[arg(long, value_name = "ID", requires = "bootstrap_client_secret_file")]
    bootstrap_client_id: Option<String>,
    /// A file with that client's secret, at least 32 characters
    #[arg(long, value_name = "FILE", requires = "bootstrap_client_id")]
    bootstrap_client_secret_file: Option<PathBuf>,
    /// Let deliveries go to this network though it is not public, or only to some ports or for some
    /// kinds of party: `10.0.0.0/8:443,8000-8100@supplier`; repeatable, beside those of the
    /// configuration
    #[arg(long, value_name = "CIDR[:PORTS][@KINDS]")]
    allow_network: Vec<Allowance>,
    /// Let no delivery go to this network, whatever allows it; repeatable, beside those of the
    /// configuration
    #[arg(long, value_name = "CIDR", value_parser = network)]
    deny_network: Vec<Network>,
    /// Make this node's keys those of all nodes on its PostgreSQL database
    #[arg(long)]
    adopt_keys: bool,
    /// Start although this node's secret.key does not open signing secrets that are sealed in the
    /// database
    #[arg(long)]
    accept_unreadable_secrets: bool,
    /// Accept changes although the clock is more than an hour behind the journal; they are dated
    /// right after its last entry
    #[arg(long)]
    accept_clock_behind: bool,
    /// Allow plain HTTP on an address that other machines can reach
    #[arg(long)]
    allow_plain_http: bool,
    /// Log level: error, warn, info, debug or trace, or a list such as `info,orderpark_store=debug`
    /// [default: info]
    #[arg(long, value_name = "LEVEL")]
    log: Option<Levels>,
}

/// What the options and the configuration come to.
struct Plan {
    listen: Vec<SocketAddr>,
    data: PathBuf,
    database: Database,
    settings: Settings,
    given: Option<Given>,
    adopt_keys: bool,
    accept_unreadable_secrets: bool,
    accept_clock_behind: bool,
    limits: Limits,
    publish: PublishSettings,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let configuration = Configuration::read(self.config.as_deref())?;
        let levels = self.log.clone().map_or_else(|| configuration.levels(), Ok)?;
        log::start(levels, tracing::Level::INFO)?;
        tracing::info!(version = env!("CARGO_PKG_VERSION"), build = env!("ORDERPARK_BUILD"), "orderpark starts");
        let plan = self.plan(configuration)?;
        folder::keep_to_ourselves();
        folder::make(&plan.data)?;
        wiring::runtime()?.block_on(serve(plan))
    }

    fn plan(self, configuration: Configuration) -> anyhow::Result<Plan> {
        let (mut settings, limits) = (configuration.settings()?, configuration.limits()?);
        let publish = configuration.publish()?;
        settings.outside.allow_networks.extend(self.allow_network);
        settings.outside.deny_networks.extend(self.deny_network);
        let listen = match self.listen {
            Some(listen) => listen,
            None => configuration.listen()?,
        };
        let listen = listen.resolve(self.allow_plain_http)?;
        let given = match (&self.bootstrap_client_id, &self.bootstrap_client_secret_file) {
            (Some(client_id), Some(file)) => Some(Given::read(client_id, file, &settings)?),
            _ => None,
        };
        let data = self.data.or(configuration.data).unwrap_or_else(|| PathBuf::from("orderpark-data"));
        let configured = configuration.database.map(|text| text.parse().map_err(anyhow::Error::msg)).transpose()?;
        let database = self.database.or(configured).unwrap_or_else(|| Database::Sqlite(data.join("orderpark.db")));
        let database = password::from_file(database, self.database_password_file.as_deref())?;
        let (accept_unreadable_secrets, accept_clock_behind) =
            (self.accept_unreadable_secrets, self.accept_clock_behind);
        let adopt_keys = self.adopt_keys;
        Ok(Plan {
            listen,
            data,
            database,
            settings,
            given,
            adopt_keys,
            accept_unreadable_secrets,
            accept_clock_behind,
            limits,
            publish,
        })
    }
}

async fn serve(mut plan: Plan) -> anyhow::Result<()> {
    wiring::ignore_hangups()?;
    let listener = listening::bind(&plan.listen)?;
    let accept_clock_behind = plan.accept_clock_behind;
    let options = Options { postgres: plan.limits, accept_clock_behind, ..Options::default() };
    let store = Store::open(&plan.database, options.clone())?;
    let was_there = bootstrap::operator(&store, &mut plan.settings, plan.given, &*options.chance).await?;
    let keys = (plan.adopt_keys, plan.accept_unreadable_secrets);
    let signer = wiring::signer(&store, &plan.data, &options, keys).await?;
    let app = wiring::app(&store, plan.settings, signer, &options)?;
    let publishers = publish::start(&store, &options.chance, &plan.publish)?;
    // Behind all that may fail: a start that fails again and again must not make a secret each
    // time.
    if was_there {
        bootstrap::show_again(&store, &app.settings, &*options.chance).await?;
    }
    tell_start(&plan.database, &plan.data, &listener);
    wiring::listen(app, listener).await?;
    publishers.stop().await;
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// The line that says what runs here. A schema that cannot be looked at a second time is no reason
/// to stop.
fn tell_start(database: &Database, data: &Path, listener: &TcpListener) {
    let address = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let schema = orderpark_store::schema::look(database).map_or(0, |schema| schema.found);
    tracing::info!(address, %database, schema, data = %data.display(), "ready to serve");
}
