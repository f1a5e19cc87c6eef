//! `orderpark demo`: a world to try things on, gone when it ends.

use super::{database, password};
use crate::listening::{self, Listen};
use crate::log::{self, Levels};
use crate::{announce, bootstrap, demo, folder, wiring};
use anyhow::ensure;
use clap::Args;
use orderpark_server::Settings;
use orderpark_store::{Address, Database, Options, OwnSchema, Store};
use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

/// Try it: a server with a made-up world, gone when it ends
///
/// Makes an operator, suppliers, one of whom is asked, vendors, subscribers, offers, and orders, in a
/// temporary folder, and prints a token for each kind of party with curl commands to paste.
///
/// With `postgres://USER@HOST/NAME` the world is made in a schema of its own, which is dropped in the end.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Demo {
    /// Where to listen; if the port is taken, a free one is
    #[arg(long, value_name = "ADDRESS:PORT", default_value = listening::DEFAULT)]
    listen: Listen,
    /// Where to make the world: `postgres://USER@HOST/NAME`; or an empty database that is kept,
    /// `sqlite:PATH` or `postgres://USER@HOST/NAME?schema=SCHEMA` [default: a temporary file]
    #[arg(long, value_name = "DATABASE", value_parser = database::Parser)]
    database: Option<Database>,
    /// A file with the password for PostgreSQL
    #[arg(long, value_name = "FILE", requires = "database")]
    database_password_file: Option<PathBuf>,
    /// Log level on stderr: error, warn, info, debug or trace, or a list as `serve` takes it
    /// [default: warn]
    #[arg(long, value_name = "LEVEL")]
    log: Option<Levels>,
}

impl Demo {
    pub(super) fn run(self) -> anyhow::Result<()> {
        log::start(self.log.unwrap_or_default(), tracing::Level::WARN)?;
        folder::keep_to_ourselves();
        let folder = tempfile::Builder::new().prefix("orderpark-demo-").tempdir()?;
        let database = self.database.unwrap_or_else(|| Database::Sqlite(folder.path().join("orderpark.db")));
        let database = password::from_file(database, self.database_password_file.as_deref())?;
        let listener = bind_near(&self.listen)?;
        wiring::runtime()?.block_on(show(database, folder.path(), listener))
    }
}

/// The address, or else a free port there.
fn bind_near(listen: &Listen) -> anyhow::Result<TcpListener> {
    listening::bind(&listen.resolve(false)?).or_else(|_| {
        let listener = listening::bind(&listen.with_free_port().resolve(false)?)?;
        announce::out(&format!("# {listen} is taken, so this is on {}", listener.local_addr()?));
        Ok(listener)
    })
}

/// Shows the world until told to stop, which may be while it is being made.
async fn show(database: Database, folder: &Path, listener: TcpListener) -> anyhow::Result<()> {
    // From here on a signal ends the demo by this future, so that nothing is left behind: also that
    // of a terminal that is closed.
    let (asked, hung_up) = (wiring::stop_asked()?, wiring::hung_up()?);
    let stop = async move {
        tokio::select! {
            () = asked => {}
            () = hung_up => {}
        }
    };
    let Database::Postgres(address) = &database else { return play(&database, folder, listener, stop).await };
    if address.schema().is_some() {
        return play(&database, folder, listener, stop).await;
    }
    let schema = own_schema(address)?;
    let inside = Database::Postgres(Box::new(schema.address().clone()));
    announce::out(&format!("# The world is in {inside}; the schema is dropped when this ends."));
    let played = play(&inside, folder, listener, stop).await;
    let removed = schema.remove();
    played.and(Ok(removed?))
}

/// Makes a schema with a name that nobody else has.
fn own_schema(address: &Address) -> anyhow::Result<OwnSchema> {
    let mut bytes = [0; 6];
    Options::default().chance.fill(&mut bytes);
    let name = bytes.iter().fold(String::from("orderpark_demo_"), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    });
    Ok(OwnSchema::make(address, &name)?)
}

async fn play(
    database: &Database,
    folder: &Path,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let options = Options::default();
    let store = Store::open(database, options.clone())?;
    ensure!(!bootstrap::is_done(&store).await?, "{database} is not empty, and the demo makes a world of its own");
    let mut settings = Settings { drain_grace_ms: 0, ..Settings::default() };
    // The demo's supplier listens here.
    settings.outside.allow_networks = vec!["127.0.0.1/32".parse().map_err(anyhow::Error::msg)?];
    let signer = wiring::signer(&store, folder, &options, (false, false)).await?;
    let app = wiring::app(&store, settings, signer, &options)?;
    let mut stop = Box::pin(stop);
    let tour = Box::pin(async { demo::tour(&app, &demo::build(&app).await?, listener.local_addr()?).await });
    let made = tokio::select! {
        made = tour => made.map(|()| true),
        () = &mut stop => Ok(false),
    };
    if made? {
        wiring::listen_until(app, listener, stop).await?;
    }
    store.close().await;
    Ok(())
}
