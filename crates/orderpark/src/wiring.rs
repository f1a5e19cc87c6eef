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

/// The keys that lie in `folder`. Where other nodes may work on the same database they must be the same everywhere, unless
/// this node's shall be everyone's from now on (`adopt`); else a missing one is being made from now on.
pub async fn signer(store: &Store, folder: &Path, options: &Options, adopt: bool) -> anyhow::Result<Signer> {
    let signer = Signer::open(Some(folder), &*options.chance)?;
    if store.is_shared() {
        let fingerprint = signer.fingerprint()?;
        signer.accept(store.agree_on_keys(fingerprint, adopt).await?)?;
    } else {
        signer.prepare();
    }
    Ok(signer)
}

/// The server's shared state.
pub fn app(store: &Store, settings: Settings, signer: Signer, options: &Options) -> Arc<App> {
    let access = Access::new(signer);
    access.follow(store.revocations());
    Arc::new(App {
        store: store.clone(),
        settings,
        access,
        clock: store.clock(),
        chance: Arc::clone(&options.chance),
        draining: AtomicBool::new(false),
    })
}

/// Serves until SIGTERM or SIGINT, then finishes what it has. The address was taken before, so whoever reads the line
/// may connect at once.
pub async fn listen(app: Arc<App>, listener: TcpListener) -> anyhow::Result<()> {
    listen_until(app, listener, stop_asked()?).await
}

/// As [`listen`], for whoever has asked before when to stop.
pub async fn listen_until(
    app: Arc<App>,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    announce::out(&format!("listening on http://{address}"));
    serve::serve(app, listener, stop).await.context("the server failed")
}

/// Ends when the process is asked to stop.
pub fn stop_asked() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
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
