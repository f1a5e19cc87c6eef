//! `orderpark serve`: serve the API until told to stop.
//!
//! What can be checked is checked before anything is written: the configuration, the address, the given secret. Then
//! the folder, the database, on a first start the operator, and the keys. One line on stdout says that it listens.

use super::{database, password};
use crate::bootstrap::{self, Given};
use crate::configuration::Configuration;
use crate::{announce, folder, listening, wiring};
use clap::Args;
use orderpark_server::Settings;
use orderpark_server::outside::{Network, network};
use orderpark_server::publish::{self, PublishSettings};
use orderpark_store::{Database, Limits, Options, Store};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Serve the API
///
/// Prints one line on stdout when it is ready, "listening on http://ADDRESS:PORT", and logs to
/// stderr. On SIGTERM or SIGINT it stops taking requests, finishes those that it has, and ends with 0.
///
/// The first start on an empty database makes the operator and its first client, whose secret is
/// shown once, on stderr, unless the --bootstrap options name another client.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Serve {
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
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
    /// Let deliveries go to this network though it is not public; repeatable, beside those of the configuration
    #[arg(long, value_name = "CIDR", value_parser = network)]
    allow_network: Vec<Network>,
    /// Make this node's keys those of all nodes on its PostgreSQL database
    #[arg(long)]
    adopt_keys: bool,
    /// Take changes though the clock is more than an hour behind the journal; they are dated right after its last entry
    #[arg(long)]
    accept_clock_behind: bool,
    /// Allow plain HTTP on an address that other machines can reach
    #[arg(long)]
    allow_plain_http: bool,
    /// What to log: error, warn, info, debug or trace [default: info]
    #[arg(long, value_name = "LEVEL")]
    log: Option<String>,
}

/// What the options and the configuration come to.
struct Plan {
    listen: SocketAddr,
    data: PathBuf,
    database: Database,
    settings: Settings,
    given: Option<Given>,
    adopt_keys: bool,
    accept_clock_behind: bool,
    limits: Limits,
    publish: PublishSettings,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let configuration = Configuration::read(self.config.as_deref())?;
        announce::start_log(self.log.as_deref().or(configuration.log.as_deref()).unwrap_or("info"))?;
        let plan = self.plan(configuration)?;
        folder::keep_to_ourselves();
        folder::make(&plan.data)?;
        wiring::runtime()?.block_on(serve(plan))
    }

    fn plan(self, configuration: Configuration) -> anyhow::Result<Plan> {
        let (mut settings, limits) = (configuration.settings()?, configuration.limits()?);
        let publish = configuration.publish()?;
        settings.outside.allow_networks.extend(self.allow_network);
        let listen = match self.listen.or(configuration.listen) {
            Some(listen) => listen,
            None => listening::DEFAULT.parse()?,
        };
        listening::check(listen, self.allow_plain_http)?;
        let given = match (&self.bootstrap_client_id, &self.bootstrap_client_secret_file) {
            (Some(client_id), Some(file)) => Some(Given::read(client_id, file, &settings)?),
            _ => None,
        };
        let data = self.data.or(configuration.data).unwrap_or_else(|| PathBuf::from("orderpark-data"));
        let configured = configuration.database.map(|text| text.parse().map_err(anyhow::Error::msg)).transpose()?;
        let database = self.database.or(configured).unwrap_or_else(|| Database::Sqlite(data.join("orderpark.db")));
        let database = password::from_file(database, self.database_password_file.as_deref())?;
        let (adopt_keys, accept_clock_behind) = (self.adopt_keys, self.accept_clock_behind);
        Ok(Plan { listen, data, database, settings, given, adopt_keys, accept_clock_behind, limits, publish })
    }
}

async fn serve(mut plan: Plan) -> anyhow::Result<()> {
    let listener = listening::bind(plan.listen)?;
    let accept_clock_behind = plan.accept_clock_behind;
    let options = Options { postgres: plan.limits, accept_clock_behind, ..Options::default() };
    let store = Store::open(&plan.database, options.clone())?;
    bootstrap::operator(&store, &mut plan.settings, plan.given, &*options.chance).await?;
    let signer = wiring::signer(&store, &plan.data, &options, plan.adopt_keys).await?;
    let app = wiring::app(&store, plan.settings, signer, &options)?;
    let publishers = publish::start(&store, &options.chance, &plan.publish)?;
    wiring::listen(app, listener).await?;
    publishers.stop().await;
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}
