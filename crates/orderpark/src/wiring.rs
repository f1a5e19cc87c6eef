//! Puts the rooms together: store, keys, server; and stops when told to.

use crate::announce;
use anyhow::Context as _;
use orderpark_server::access::{Access, Signer};
use orderpark_server::{App, Settings, serve};
use orderpark_store::{Options, Store};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

/// The threads that the server runs on.
pub fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build().context("the threads of the server cannot be started")
}

/// The server's shared state. Its signing key lies in `folder`, and is being made from now on if there is none.
pub fn app(store: &Store, settings: Settings, folder: Option<&Path>, options: &Options) -> anyhow::Result<Arc<App>> {
    let signer = Signer::open(folder, &*options.chance)?;
    signer.prepare();
    Ok(Arc::new(App {
        store: store.clone(),
        settings,
        access: Access::new(signer),
        clock: Arc::clone(&options.clock),
        chance: Arc::clone(&options.chance),
        draining: AtomicBool::new(false),
    }))
}

/// Serves until SIGTERM or SIGINT, then finishes what it has. The address was taken before, so whoever reads the line
/// may connect at once.
pub async fn listen(app: Arc<App>, listener: TcpListener) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    let stop = stop_asked()?;
    announce::out(&format!("listening on http://{address}"));
    serve::serve(app, listener, stop).await.context("the server failed")
}

/// Ends when the process is asked to stop.
fn stop_asked() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("asked to stop");
    })
}
