//! The world of the table: a vendor that attacks, one that works, and what both need.

use super::Size;
use super::receiver::Receiver;
use crate::http::Request;
use crate::world::{Api, Login, ORDERS, World};
use anyhow::Context;
use serde_json::{Value, json};
use std::net::SocketAddr;

const CORE: &str = "/core/latest/api";
/// The most items that an offer has by default.
const ITEMS: usize = 50;
/// Endpoints of the attacking vendor: as many as a party may have.
const ENDPOINTS: usize = 100;

/// A party with what it orders.
pub(super) struct Party {
    pub login: Login,
    pub token: String,
    pub subscriber: String,
    pub subscriber_ref: String,
    /// An offer of one item.
    pub offer: String,
    /// An offer of one product whose supplier is asked.
    pub asked: String,
}

/// The world.
pub(super) struct Stage {
    pub nodes: Vec<SocketAddr>,
    pub attacker: Party,
    pub victim: Party,
    /// An offer of the attacker's with as many items as may be, and one of as many that are asked
    /// about.
    pub large: String,
    pub large_asked: String,
    /// The attacker's endpoints.
    pub endpoints: Vec<String>,
    /// An order of the victim's, and one of the attacker's.
    pub victims_order: String,
    pub attackers_order: String,
    pub receiver: Receiver,
}

impl Stage {
    pub(super) async fn make(nodes: &[SocketAddr], size: Size) -> anyhow::Result<Stage> {
        let address = *nodes.first().context("a node")?;
        let receiver = Receiver::listen()?;
        let (asked, plans) = products(address, &receiver).await?;
        let attacker = party(address, "-attacker", &asked[0]).await?;
        let victim = party(address, "-victim", &asked[0]).await?;
        let mut api = Api::open(address, &attacker.login).await?;
        let large = offer(&mut api, "acme-attacker/large", &plans).await?;
        let large_asked = offer(&mut api, "acme-attacker/large-asked", &asked).await?;
        let mut endpoints = Vec::new();
        for number in 0..ENDPOINTS {
            let url = match number % 3 {
                0 => receiver.url("never"),
                1 => receiver.url("at-once"),
                _ => format!("http://{number}.invalid/"),
            };
            let body = json!({"url": url, "eventTypes": ["order.activated"]});
            let endpoint = api.post(&format!("{CORE}/webhookEndpoints"), &body).await?;
            endpoints.push(text(&endpoint, "ref")?);
        }
        let mut attackers_order = String::new();
        for _ in 0..size.orders {
            attackers_order = text(&api.post(ORDERS, &attacker.order(&attacker.offer)).await?, "ref")?;
        }
        let mut api = Api::open(address, &victim.login).await?;
        let hook = json!({"url": receiver.url("hook"), "eventTypes": ["order.activated"]});
        api.post(&format!("{CORE}/webhookEndpoints"), &hook).await?;
        let victims_order = text(&api.post(ORDERS, &victim.order(&victim.offer)).await?, "ref")?;
        let nodes = nodes.to_vec();
        Ok(Stage { nodes, attacker, victim, large, large_asked, endpoints, victims_order, attackers_order, receiver })
    }

    /// The node for a connection.
    pub(super) fn node(&self, number: usize) -> SocketAddr {
        self.nodes[number % self.nodes.len()]
    }
}

impl Party {
    /// The body of an order.
    pub(super) fn order(&self, offer: &str) -> Value {
        json!({"offerId": offer, "subscriberId": self.subscriber})
    }

    /// A request with the party's token.
    pub(super) fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Request {
        let mut headers = vec![format!("Authorization: Bearer {}", self.token)];
        if body.is_some() {
            headers.push("Content-Type: application/json".to_owned());
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        Request::new(method, &format!("{CORE}{path}"), &headers, &body)
    }
}

/// Two lists of as many products as an offer may have: asked about, and not.
async fn products(address: SocketAddr, receiver: &Receiver) -> anyhow::Result<(Vec<String>, Vec<String>)> {
    let mut api = Api::open(address, &Login::default()).await?;
    api.post(&format!("{CORE}/suppliers"), &json!({"id": "both", "name": "Both"})).await?;
    let url = receiver.url("late");
    let (mut asked, mut plans) = (Vec::new(), Vec::new());
    for number in 0..ITEMS {
        let notification = json!({"subscribedUrl": url, "unsubscribedUrl": url, "mode": "TRY_COMMIT"});
        let id = format!("both/asked-{number}");
        let application = json!({"id": id, "name": "Asked", "notification": notification});
        api.post(&format!("{CORE}/applications"), &application).await?;
        asked.push(id);
        let id = format!("both/plan-{number}");
        api.post(&format!("{CORE}/connectivityPlans"), &json!({"id": id, "name": "Plan"})).await?;
        plans.push(id);
    }
    Ok((asked, plans))
}

async fn party(address: SocketAddr, mark: &str, asked: &str) -> anyhow::Result<Party> {
    let World { token, login, offer: usual, subscribers } = World::named(address, &Login::default(), mark).await?;
    let mut api = Api::open(address, &login).await?;
    let asked = offer(&mut api, &format!("acme{mark}/asked"), &[asked.to_owned()]).await?;
    let subscriber = subscribers.first().context("a subscriber")?.clone();
    let found = api.get(&format!("{CORE}/subscribers?subscriberId={subscriber}")).await?;
    let subscriber_ref = text(found.get(0).context("the subscriber")?, "ref")?;
    Ok(Party { login, token, subscriber, subscriber_ref, offer: usual, asked })
}

async fn offer(api: &mut Api, id: &str, products: &[String]) -> anyhow::Result<String> {
    let items: Vec<Value> = products.iter().map(|product| json!({"productId": product})).collect();
    api.post(&format!("{CORE}/offers"), &json!({"id": id, "name": "Offer", "items": items})).await?;
    Ok(id.to_owned())
}

pub(super) fn text(object: &Value, name: &str) -> anyhow::Result<String> {
    object.get(name).and_then(Value::as_str).map(ToOwned::to_owned).with_context(|| format!("no {name} in {object}"))
}
