//! Lies, to see that the check finds them: each is put into what a node answered.

use clap::ValueEnum;
use serde_json::{Value, json};

/// A lie.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Plant {
    /// An order that was acknowledged is not there.
    Lost,
    /// An order is there twice.
    Doubled,
    /// An order is not as it was acknowledged.
    Changed,
    /// An order is there that nobody asked for.
    Unknown,
}

impl Plant {
    /// Changes the newest order of a list.
    pub fn into_list(self, orders: &mut Vec<Value>) {
        let Some(mut order) = orders.first().cloned() else { return };
        match self {
            Plant::Lost => drop(orders.remove(0)),
            Plant::Changed => orders[0]["subscriptions"][0]["grantedConnections"] = json!("1"),
            Plant::Doubled => {
                order["ref"] = json!("00000000-0000-7000-8000-000000000000");
                orders.push(order);
            }
            Plant::Unknown => {
                order["quantity"] = json!(1_000_000);
                orders.push(order);
            }
        }
    }
}
