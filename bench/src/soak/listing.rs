//! Every order of a run, as a node lists them: page by page, each beginning behind the last ref of the one before.

use crate::plant::Plant;
use crate::wish::Wishes;
use anyhow::Context;
use orderpark_bench::world::{Api, Login, ORDERS};
use serde_json::Value;
use std::net::SocketAddr;

const PAGE: usize = 200;

/// Hands every order of the run to `look`.
pub async fn walk(
    node: SocketAddr,
    operator: &Login,
    wishes: &Wishes,
    mut plant: Option<Plant>,
    mut look: impl FnMut(&Value),
) -> anyhow::Result<()> {
    let mut api = Api::open(node, operator).await?;
    let mut path = format!("{ORDERS}?state=ALL&limit={PAGE}&offerId={}", wishes.offer);
    loop {
        let page = api.get(&path).await?;
        let Value::Array(mut orders) = page else { anyhow::bail!("a list that is none: {page}") };
        let Some(last) = orders.last() else { return Ok(()) };
        let last = last["ref"].as_str().context("an order without its ref")?.to_owned();
        if let Some(plant) = plant.take() {
            plant.into_list(&mut orders);
        }
        orders.iter().for_each(&mut look);
        path = format!("{ORDERS}?state=ALL&limit={PAGE}&offerId={}&after={last}", wishes.offer);
    }
}
