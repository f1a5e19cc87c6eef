//! What the demo prints: a token for each kind of party, and commands that work when they are pasted.

use super::World;
use super::catalogue::SENSORS;
use crate::announce::out;
use orderpark_domain::User;
use orderpark_server::App;
use orderpark_server::access::{self, ClientId, Validity};
use std::net::SocketAddr;

/// Issues the tokens and prints the tour.
pub async fn tour(app: &App, world: &World, address: SocketAddr) -> anyhow::Result<()> {
    out("# A small world to try things on; it is gone when this ends (Ctrl-C).");
    out("");
    out("# Tokens for each kind of party. Paste these lines first, then any of the commands:");
    let parties = &world.parties;
    let users = [
        ("OPERATOR", &parties.operator),
        ("SUPPLIER", &parties.northnet.user),
        ("VENDOR", &parties.acme.user),
        ("SUBSCRIBER", &parties.waterworks.user),
    ];
    for (name, user) in users {
        out(&format!("{name}={}", token(app, user).await?));
    }
    out(&format!("ORDERS=http://{address}/core/v141/api/orders"));
    for (what, command) in commands(world) {
        out("");
        out(&format!("# {what}"));
        out(&command);
    }
    out("");
    Ok(())
}

fn commands(world: &World) -> [(&'static str, String); 6] {
    let orders = &world.orders;
    let body = format!(r#"{{"offerId":"{SENSORS}","quantity":2}}"#);
    [
        (
            "Place an order. Paste it again: the same key finds the same order",
            format!(
                "curl -sS $ORDERS -H \"Authorization: Bearer $SUBSCRIBER\" -H 'Content-Type: application/json' \
                 -H 'Idempotency-Key: demo-1' -d '{body}'"
            ),
        ),
        ("What the vendor sold and is still owed", get("$ORDERS", "VENDOR")),
        ("Every order of the platform, in any state", get("$ORDERS?state=ALL", "OPERATOR")),
        ("One order", get(&format!("$ORDERS/{}", orders.shown), "SUBSCRIBER")),
        (
            "Cancel an order, and with it its subscriptions",
            format!("curl -sS -X DELETE $ORDERS/{} -H \"Authorization: Bearer $SUBSCRIBER\"", orders.to_cancel),
        ),
        (
            "The supplier sees no orders, only the subscriptions to its products",
            get("${ORDERS%orders}subscriptions", "SUPPLIER"),
        ),
    ]
}

fn get(address: &str, token: &str) -> String {
    format!("curl -sS \"{address}\" -H \"Authorization: Bearer ${token}\"")
}

async fn token(app: &App, user: &User) -> anyhow::Result<String> {
    let client = ClientId { profile: app.settings.default_profile.clone(), login: user.login.clone() };
    let issued = access::issue(app, &client, user.clone(), Validity::hours(12), false).await;
    issued.map(|issued| issued.text).map_err(|problem| anyhow::anyhow!("no token for {}: {problem:?}", user.login))
}
