//! One who is told by webhooks, and troubles the program as receivers do: now and then it refuses an event the first time, or
//! takes its time. It checks every signature by itself, writes down what came and what it answered, and in the end holds
//! that against the feed.

mod ledger;
mod receiver;

pub use receiver::Receiver;

use orderpark_bench::world::{Api, Login};
use serde_json::{Value, json};
use std::net::SocketAddr;

const BASE: &str = "/core/latest/api";
const PAGE: usize = 200;

/// Registers so many endpoints of the operator's at a receiver; answers their secrets.
pub async fn register(
    node: SocketAddr,
    operator: &Login,
    receiver: SocketAddr,
    count: usize,
) -> anyhow::Result<Vec<String>> {
    let mut api = Api::open(node, operator).await?;
    let mut secrets = Vec::new();
    for number in 0..count {
        let body = json!({"url": format!("http://{receiver}/{number}")});
        let made = api.post(&format!("{BASE}/webhookEndpoints"), &body).await?;
        secrets.push(made["secret"].as_str().unwrap_or_default().to_owned());
    }
    Ok(secrets)
}

/// Every event that there is, as a node shows it.
pub async fn feed(node: SocketAddr, operator: &Login) -> anyhow::Result<Vec<Value>> {
    let mut api = Api::open(node, operator).await?;
    let mut events = Vec::new();
    let mut path = format!("{BASE}/events?limit={PAGE}");
    loop {
        let Value::Array(page) = api.get(&path).await? else { anyhow::bail!("a feed that is no list") };
        let Some(last) = page.last().and_then(|event| event["id"].as_str()) else { return Ok(events) };
        path = format!("{BASE}/events?limit={PAGE}&after={last}");
        events.extend(page);
    }
}
