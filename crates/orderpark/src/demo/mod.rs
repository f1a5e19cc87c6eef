//! The demo's world: what stands in it, and a tour of commands to paste.
//!
//! Everything is done as it would be done through the API: by a user, within its scope, through `Store::commit`; and
//! the tokens are issued as any other. The supplier that wants to be asked is one: a listener in this process, which is asked
//! over HTTP, and says no to one order. (None stays `PENDING`: that lasts only while a supplier is being asked.)

mod catalogue;
mod orders;
mod parties;
mod stage;
mod supplier;
mod tour;

use orderpark_server::App;
use std::net::SocketAddr;
use std::sync::Arc;
pub use tour::tour;

/// Who and what the tour shows.
pub struct World {
    parties: parties::Parties,
    orders: orders::Orders,
    /// Where the supplier listens that wants to be asked.
    supplier: SocketAddr,
}

/// Makes the world in an empty database.
pub async fn build(app: &Arc<App>) -> anyhow::Result<World> {
    let stage = stage::Stage { app };
    let parties = parties::build(&stage).await?;
    let supplier = supplier::start().await?;
    catalogue::build(&stage, &parties, supplier).await?;
    let orders = orders::build(&stage, &parties).await?;
    Ok(World { parties, orders, supplier })
}
