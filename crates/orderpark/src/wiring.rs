//! Puts the rooms together: store, keys, server; and stops when told to.

use crate::{announce, log, open_files};
use anyhow::Context as _;
use orderpark_server::access::Signer;
use orderpark_server::outside::{Outside, Sealer, SystemNames};
use orderpark_server::{App, Settings, closing, delivery, serve, suppliers};
use orderpark_store::{Options, Store};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// The threads that the server runs on.
pub fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build().context("the threads of the server cannot be started")
}

/// The keys that lie in `folder`. Where other nodes may work on the same database they must be the
/// same everywhere, unless this node's shall be everyone's from now on (`adopt`); else a missing
/// one is being made from now on. They must open what is sealed in the database, unless it is
/// accepted that they do not (`accept_unreadable`).
pub async fn signer(
    store: &Store,
    folder: &Path,
    options: &Options,
    (adopt, accept_unreadable): (bool, bool),
) -> anyhow::Result<Signer> {
    let signer = Signer::open(Some(folder), &*options.chance)?;
    // Before anything else depends on the keys.
    check_sealed(store, folder, &signer, accept_unreadable).await?;
    if store.is_shared() {
        let fingerprint = signer.fingerprint()?;
        signer.accept(store.agree_on_keys(fingerprint, adopt).await?)?;
    } else {
        signer.prepare();
    }
    Ok(signer)
}

/// Ends where the key in `folder` does not open the secrets that messages are signed with, unless
/// that is accepted.
async fn check_sealed(store: &Store, folder: &Path, signer: &Signer, accept: bool) -> anyhow::Result<()> {
    let (endpoints, products) = store.count_sealed_by_others(Sealer::of(signer).key_id()).await?;
    if (endpoints, products) == (0, 0) {
        return Ok(());
    }
    if accept {
        tracing::warn!(
            endpoints,
            products,
            "secret.key does not open the signing secrets of these receivers, so nothing is delivered to them: rotate the \
             secrets"
        );
        return Ok(());
    }
    let key = folder.join("secret.key");
    anyhow::bail!(
        "{} does not open the signing secrets of {endpoints} webhook endpoints and {products} products in the database: \
         another key sealed them. Put the right secret.key and signing.key there, from a backup of the data folder or from \
         another node. If they are lost, start with --accept-unreadable-secrets and rotate each of these secrets; until then \
         nothing is delivered to those endpoints and suppliers",
        key.display()
    )
}

/// The server's shared state.
pub fn app(store: &Store, mut settings: Settings, signer: Signer, options: &Options) -> anyhow::Result<Arc<App>> {
    open_files::fit(&mut settings);
    let outside = Outside::new(&settings.outside, store.clock(), Arc::new(SystemNames::default()))?;
    Ok(Arc::new(App::new(store.clone(), settings, signer, Arc::new(outside), Arc::clone(&options.chance))))
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
    app.outside.listens_on(address.port());
    let deliveries = delivery::start(&app);
    let _sweeper = suppliers::sweep::start(Arc::clone(&app));
    let _closer = closing::start(Arc::clone(&app));
    let (stopping, mut stopped) = watch::channel(false);
    let stop = async move {
        stop.await;
        stopping.send_replace(true);
    };
    // Both are given their time at once, so that the end comes in time.
    let deliver = async {
        // An error means that the server has ended, which is the same.
        let _ = stopped.wait_for(|stopped| *stopped).await.map(drop);
        deliveries.stop().await;
    };
    // Whoever reads the line finds the log of the start.
    log::flush();
    announce::out_unawaited(format!("listening on http://{address}"));
    let (served, ()) = tokio::join!(serve::serve(app, listener, stop), deliver);
    served.context("the server failed")
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

/// Ends when the terminal is closed, or whoever else sends SIGHUP.
pub fn hung_up() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        hangup.recv().await;
    })
}

/// SIGHUP ends nothing, from here on.
pub fn ignore_hangups() -> anyhow::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            tracing::info!("SIGHUP is ignored; restart the program to reload the configuration");
        }
    });
    Ok(())
}
