//! A small world, made through the program's own API: a supplier with three plans, a vendor with an offer of them, and
//! its subscribers.

use super::http::{Connection, Request, get, post};
use super::{Deployment, LOGIN, SECRET};
use serde_json::{Value, json};

pub const BASE: &str = "/core/v141/api";
pub const ADMIN: &str = "/admin/v141/api";
pub const ORDERS: &str = "/core/v141/api/orders";
pub const TOKEN: &str = "/admin/v141/api/oauth/token";

/// The one offer.
pub const OFFER: &str = "acme/sensor-100";
/// What it is made of, with the connections that it grants of each.
pub const ITEMS: [(&str, u64); 3] = [("net/plan-a", 100), ("net/plan-b", 10), ("net/plan-c", 1)];

/// What the tests need to know of it.
#[derive(Clone)]
pub struct World {
    /// The operator's token.
    pub operator: String,
    /// The vendor's token.
    pub vendor: String,
    /// The vendor's client, and its secret.
    pub client: (String, String),
    /// The ids of its subscribers.
    pub subscribers: Vec<String>,
}

impl World {
    pub fn make(deployment: &Deployment, subscribers: usize) -> World {
        let mut connection = deployment.connect();
        let operator = log_in(&mut connection, LOGIN, SECRET);
        let mut create = |resource: &str, body: Value| {
            let request = post(&format!("{BASE}/{resource}")).bearer(&operator).json(&body);
            connection.exchange(&request.bytes()).unwrap().done()
        };
        create("suppliers", json!({"id": "net", "name": "Net"}));
        for (plan, _) in ITEMS {
            create("connectivityPlans", json!({"id": plan, "name": plan}));
        }
        let user = json!({"email": "sales@acme.example", "firstName": "Ada", "lastName": "Sales"});
        let vendor = create("vendors", json!({"id": "acme", "name": "Acme", "primaryUser": user}));
        let items = ITEMS.map(|(plan, granted)| json!({"productId": plan, "grantedConnections": granted}));
        create("offers", json!({"id": OFFER, "name": "100 sensors", "items": items}));
        let subscribers = (1..=subscribers).map(|number| {
            let body = json!({"name": format!("Subscriber {number}"), "vendorId": "acme",
                              "contactEmail": format!("s{number}@example.com"), "organization": "Example"});
            text(&create("subscribers", body), "id")
        });
        let subscribers = subscribers.collect();
        let client = (text(&vendor["primaryUser"], "clientId"), text(&vendor["primaryUser"], "clientSecret"));
        let vendor = log_in(&mut connection, &client.0, &client.1);
        World { operator, vendor, client, subscribers }
    }

    /// A request to place an order.
    pub fn place(&self, subscriber: &str, quantity: usize, external_id: Option<&str>) -> Request {
        let mut body = json!({"offerId": OFFER, "subscriberId": subscriber, "quantity": quantity});
        if let Some(external_id) = external_id {
            body["externalId"] = external_id.into();
        }
        post(ORDERS).bearer(&self.vendor).json(&body)
    }

    /// Everything that matches, read as one stream.
    pub fn list(&self, connection: &mut Connection, query: &str) -> Vec<Value> {
        let answer = connection.exchange(&get(&format!("{ORDERS}?{query}")).bearer(&self.vendor).bytes()).unwrap();
        let Value::Array(orders) = answer.done() else { panic!("not a list: {}", answer.text()) };
        orders
    }
}

/// Asks for a token.
pub fn log_in(connection: &mut Connection, client: &str, secret: &str) -> String {
    let client = client.replace('/', "%2F");
    let form = format!("grant_type=client_credentials&client_id={client}&client_secret={secret}");
    text(&connection.exchange(&post(TOKEN).form(&form).bytes()).unwrap().done(), "access_token")
}

/// An attribute that is a string.
pub fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap_or_else(|| panic!("no {name} in {object}")).to_owned()
}

/// Whether an order is whole: what was asked for, and a subscription for each item.
pub fn assert_whole(order: &Value, quantity: u64) {
    assert_eq!((&order["offerId"], &order["quantity"]), (&OFFER.into(), &quantity.into()), "{order}");
    let subscriptions = order["subscriptions"].as_array().unwrap();
    assert_eq!(subscriptions.len(), ITEMS.len(), "{order}");
    for ((plan, granted), subscription) in ITEMS.iter().zip(subscriptions) {
        let granted = (granted * quantity).to_string();
        assert_eq!(
            (&subscription["productId"], &subscription["grantedConnections"]),
            (&(*plan).into(), &granted.into())
        );
        assert_eq!(subscription["state"], order["state"], "{order}");
    }
}
