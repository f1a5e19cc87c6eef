//! What the demo prints: a token for each kind of party, and commands that work when they are pasted.

use super::World;
use super::catalogue::{ALARMS, SENSORS};
use crate::announce::out;
use anyhow::Context as _;
use orderpark_domain::User;
use orderpark_server::App;
use orderpark_server::access::{self, ClientId, Validity};
use std::net::SocketAddr;

/// Issues the tokens and prints the tour. Each command is whole: it works alone, in any shell.
pub async fn tour(app: &App, world: &World, address: SocketAddr) -> anyhow::Result<()> {
    let parties = &world.parties;
    let tokens = Tokens {
        operator: token(app, &parties.operator).await?,
        supplier: token(app, &parties.northnet.user).await?,
        vendor: token(app, &parties.acme.user).await?,
        subscriber: token(app, &parties.waterworks.user).await?,
    };
    out("# A small world to try things on; it is gone when this ends (Ctrl-C).");
    out("");
    out("# A token for each kind of party:");
    out(&format!("OPERATOR={}", tokens.operator));
    out(&format!("SUPPLIER={}", tokens.supplier));
    out(&format!("VENDOR={}", tokens.vendor));
    out(&format!("SUBSCRIBER={}", tokens.subscriber));
    for (what, command) in commands(world, &tokens, &format!("http://{address}/core/v141/api")) {
        out("");
        out(&format!("# {what}"));
        out(&command);
    }
    out("");
    Ok(())
}

struct Tokens {
    operator: String,
    supplier: String,
    vendor: String,
    subscriber: String,
}

fn commands(world: &World, tokens: &Tokens, api: &str) -> [(&'static str, String); 8] {
    let (shown, to_cancel) = (world.orders.shown, world.orders.to_cancel);
    let place = format!(
        "-H 'Content-Type: application/json' -H 'Idempotency-Key: demo-1' -d '{{\"offerId\":\"{SENSORS}\",\"quantity\":2}}'"
    );
    let ask = format!("-H 'Content-Type: application/json' -d '{{\"offerId\":\"{ALARMS}\",\"quantity\":2}}'");
    [
        (
            "Place an order. Paste it again: the same key finds the same order",
            curl(&format!("{place} {api}/orders"), &tokens.subscriber),
        ),
        ("What the vendor sold and is still owed", curl(&format!("{api}/orders"), &tokens.vendor)),
        ("Every order of the platform, in any state", curl(&format!("'{api}/orders?state=ALL'"), &tokens.operator)),
        ("One order", curl(&format!("{api}/orders/{shown}"), &tokens.subscriber)),
        (
            "Cancel an order, and with it its subscriptions",
            curl(&format!("-X DELETE {api}/orders/{to_cancel}"), &tokens.subscriber),
        ),
        (
            "Order what a supplier is asked about first. It sells at most 100 at once: try 101",
            curl(&format!("{ask} {api}/orders"), &tokens.subscriber),
        ),
        ("What that supplier was told: TRY, then COMMIT; CANCEL where another one refuses", shown_by(world.supplier)),
        (
            "The supplier sees no orders, only the subscriptions to its products",
            curl(&format!("{api}/subscriptions"), &tokens.supplier),
        ),
    ]
}

fn shown_by(supplier: SocketAddr) -> String {
    format!("curl -sS http://{supplier}/")
}

fn curl(what: &str, token: &str) -> String {
    format!("curl -sS {what} -H 'Authorization: Bearer {token}'")
}

async fn token(app: &App, user: &User) -> anyhow::Result<String> {
    let client = ClientId { profile: app.settings.default_profile.clone(), login: user.login.clone() };
    let proved = *user.secrets.first().context("every user has a secret")?;
    let issued = access::issue(app, &client, user.clone(), proved, Validity::hours(12), false).await;
    issued.map(|issued| issued.text).map_err(|problem| anyhow::anyhow!("no token for {}: {problem:?}", user.login))
}
