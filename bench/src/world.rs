//! A small world of parties, made through the program's own API: what an integrator would do on a first day.

use crate::http::{Connection, Request};
use crate::program::{CLIENT, SECRET};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// Subscribers that orders are spread over.
const SUBSCRIBERS: u32 = 32;

/// What the load needs to know.
pub struct World {
    /// The vendor's token.
    pub token: String,
    /// The ids of its subscribers.
    pub subscribers: Vec<String>,
}

impl World {
    /// Makes a supplier with a plan, a vendor with an offer, and subscribers.
    pub async fn make(address: SocketAddr) -> anyhow::Result<World> {
        let mut api = Api { connection: Connection::open(address).await?, token: None };
        api.token = Some(api.log_in(CLIENT, SECRET).await?);
        api.create("suppliers", &json!({"id": "net", "name": "Net"})).await?;
        let user = json!({"email": "sales@acme.example", "firstName": "Ada", "lastName": "Sales"});
        let vendor = api.create("vendors", &json!({"id": "acme", "name": "Acme", "primaryUser": user})).await?;
        api.create("connectivityPlans", &json!({"id": "net/plan-a", "name": "Plan A"})).await?;
        let items = json!([{"productId": "net/plan-a", "grantedConnections": 100}]);
        api.create("offers", &json!({"id": "acme/sensor-100", "name": "100 sensors", "items": items})).await?;
        let mut subscribers = Vec::new();
        for number in 1..=SUBSCRIBERS {
            let body = json!({"name": format!("Subscriber {number}"), "vendorId": "acme",
                              "contactEmail": format!("s{number}@example.com"), "organization": "Example"});
            subscribers.push(text(&api.create("subscribers", &body).await?, "id")?);
        }
        let primary = vendor.get("primaryUser").context("primaryUser")?;
        let token = api.log_in(&text(primary, "clientId")?, &text(primary, "clientSecret")?).await?;
        Ok(World { token, subscribers })
    }

    /// The header that every request of the load carries.
    fn authorization(&self) -> String {
        format!("Authorization: Bearer {}", self.token)
    }

    /// One `POST /orders` for each subscriber, each time under a new key.
    pub fn posts(&self) -> Vec<Request> {
        let headers = [
            format!("Idempotency-Key: bench-{}", crate::http::DIGITS),
            self.authorization(),
            "Content-Type: application/json".to_owned(),
        ];
        let body = |subscriber| json!({"offerId": "acme/sensor-100", "subscriberId": subscriber, "quantity": 1});
        let post = |subscriber| Request::new("POST", ORDERS, &headers, &body(subscriber).to_string());
        self.subscribers.iter().map(post).collect()
    }

    /// A `GET` of something below `/orders`.
    pub fn get(&self, rest: &str) -> Request {
        Request::new("GET", &format!("{ORDERS}{rest}"), &[self.authorization()], "")
    }
}

const ORDERS: &str = "/core/v141/api/orders";

/// One caller of the API.
struct Api {
    connection: Connection,
    token: Option<String>,
}

impl Api {
    async fn log_in(&mut self, client: &str, secret: &str) -> anyhow::Result<String> {
        let form = format!("grant_type=client_credentials&client_id={client}&client_secret={secret}");
        let kind = "Content-Type: application/x-www-form-urlencoded".to_owned();
        let answer = self.call(&Request::new("POST", "/admin/latest/api/oauth/token", &[kind], &form)).await?;
        text(&answer, "access_token")
    }

    async fn create(&mut self, resource: &str, body: &Value) -> anyhow::Result<Value> {
        let token = self.token.as_deref().context("a token")?;
        let headers = [format!("Authorization: Bearer {token}"), "Content-Type: application/json".to_owned()];
        self.call(&Request::new("POST", &format!("/core/v141/api/{resource}"), &headers, &body.to_string())).await
    }

    async fn call(&mut self, request: &Request) -> anyhow::Result<Value> {
        let answer = self.connection.exchange(request.clone().numbered(0)).await?;
        let body = self.connection.body(answer);
        ensure!(answer.status == 200, "status {}: {}", answer.status, String::from_utf8_lossy(body));
        Ok(serde_json::from_slice(body)?)
    }
}

fn text(object: &Value, name: &str) -> anyhow::Result<String> {
    object.get(name).and_then(Value::as_str).map(ToOwned::to_owned).with_context(|| format!("no {name} in {object}"))
}
