//! `orderpark demo`: a world to try things on, gone when it ends.

use crate::{announce, bootstrap, demo, folder, listening, wiring};
use anyhow::ensure;
use clap::Args;
use orderpark_server::Settings;
use orderpark_store::{Database, Options, Store};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

/// Try it: a server with a made-up world, gone when it ends
///
/// Makes an operator, suppliers, vendors, subscribers, offers, and orders in every state, in a
/// temporary folder, and prints a token for each kind of party with curl commands to paste.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Demo {
    /// Where to listen; if the port is taken, a free one is
    #[arg(long, value_name = "ADDRESS:PORT", default_value = listening::DEFAULT)]
    listen: SocketAddr,
    /// An empty database to make the world in, sqlite:PATH, which is kept [default: a temporary one]
    #[arg(long, value_name = "DATABASE")]
    database: Option<Database>,
    /// What to log on stderr: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", default_value = "warn")]
    log: String,
}

impl Demo {
    pub(super) fn run(self) -> anyhow::Result<()> {
        announce::start_log(&self.log)?;
        listening::check(self.listen, false)?;
        folder::keep_to_ourselves();
        let folder = tempfile::Builder::new().prefix("orderpark-demo-").tempdir()?;
        let database = self.database.unwrap_or_else(|| Database::Sqlite(folder.path().join("orderpark.db")));
        let listener = bind_near(self.listen)?;
        wiring::runtime()?.block_on(show(&database, folder.path(), listener))
    }
}

/// The address, or else a free port there.
fn bind_near(address: SocketAddr) -> anyhow::Result<TcpListener> {
    listening::bind(address).or_else(|_| {
        let listener = listening::bind(SocketAddr::new(address.ip(), 0))?;
        announce::out(&format!("# {address} is taken, so this is on {}", listener.local_addr()?));
        Ok(listener)
    })
}

async fn show(database: &Database, folder: &Path, listener: TcpListener) -> anyhow::Result<()> {
    let options = Options::default();
    let store = Store::open(database, options.clone())?;
    ensure!(!bootstrap::is_done(&store)?, "{database} is not empty, and the demo makes a world of its own");
    let settings = Settings { drain_grace_ms: 0, ..Settings::default() };
    let app = wiring::app(&store, settings, Some(folder), &options)?;
    let world = demo::build(&app).await?;
    demo::tour(&app, &world, listener.local_addr()?).await?;
    wiring::listen(app, listener).await?;
    store.close().await;
    Ok(())
}
