//! The demo's world: what stands in it, and a tour of commands to paste.
//!
//! Everything is done as it would be done through the API: by a user, within its scope, through `Store::commit`; and
//! the tokens are issued as any other. Only asking suppliers is played here, because this server cannot ask yet: that
//! is where the orders in `PENDING` and `REJECTED` come from.

mod catalogue;
mod orders;
mod parties;
mod stage;
mod tour;

use orderpark_server::App;
pub use tour::tour;

/// Who and what the tour shows.
pub struct World {
    parties: parties::Parties,
    orders: orders::Orders,
}

/// Makes the world in an empty database.
pub async fn build(app: &App) -> anyhow::Result<World> {
    let stage = stage::Stage { app };
    let parties = parties::build(&stage).await?;
    catalogue::build(&stage, &parties).await?;
    let orders = orders::build(&stage, &parties).await?;
    Ok(World { parties, orders })
}
