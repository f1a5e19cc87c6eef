//! A small world of parties, made through the program's own API: what an integrator would do on a first day.

use crate::http::{Connection, Request};
use crate::program::{CLIENT, SECRET};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// Subscribers that orders are spread over.
const SUBSCRIBERS: u32 = 32;

/// What a client proves itself with.
#[derive(Clone, Debug)]
pub struct Login {
    /// Its `client_id`.
    pub client: String,
    /// Its secret.
    pub secret: String,
}

impl Default for Login {
    fn default() -> Login {
        Login { client: CLIENT.to_owned(), secret: SECRET.to_owned() }
    }
}

impl Login {
    /// The request for a token.
    pub fn request(&self) -> Request {
        let Login { client, secret } = self;
        let form = format!("grant_type=client_credentials&client_id={client}&client_secret={secret}");
        let kind = "Content-Type: application/x-www-form-urlencoded".to_owned();
        Request::new("POST", "/admin/latest/api/oauth/token", &[kind], &form)
    }
}

/// What the load needs to know.
pub struct World {
    /// The vendor's token.
    pub token: String,
    /// What the vendor got it with.
    pub login: Login,
    /// The id of its one offer.
    pub offer: String,
    /// The ids of its subscribers.
    pub subscribers: Vec<String>,
}

impl World {
    /// Makes a supplier with a plan, a vendor with an offer, and subscribers.
    pub async fn make(address: SocketAddr) -> anyhow::Result<World> {
        World::named(address, &Login::default(), "").await
    }

    /// The same, with `mark` in every id, so that a deployment can hold several.
    pub async fn named(address: SocketAddr, operator: &Login, mark: &str) -> anyhow::Result<World> {
        let mut api = Api::open(address, operator).await?;
        let (net, acme) = (format!("net{mark}"), format!("acme{mark}"));
        let (plan, offer) = (format!("{net}/plan-a"), format!("{acme}/sensor-100"));
        api.create("suppliers", &json!({"id": net, "name": "Net"})).await?;
        let user = json!({"email": format!("sales@{acme}.example"), "firstName": "Ada", "lastName": "Sales"});
        let vendor = api.create("vendors", &json!({"id": acme, "name": "Acme", "primaryUser": user})).await?;
        api.create("connectivityPlans", &json!({"id": plan, "name": "Plan A"})).await?;
        let items = json!([{"productId": plan, "grantedConnections": 100}]);
        api.create("offers", &json!({"id": offer, "name": "100 sensors", "items": items})).await?;
        let mut subscribers = Vec::new();
        for number in 1..=SUBSCRIBERS {
            let body = json!({"name": format!("Subscriber {number}"), "vendorId": acme,
                              "contactEmail": format!("s{number}@{acme}.example"), "organization": "Example"});
            subscribers.push(text(&api.create("subscribers", &body).await?, "id")?);
        }
        let primary = vendor.get("primaryUser").context("primaryUser")?;
        let login = Login { client: text(primary, "clientId")?, secret: text(primary, "clientSecret")? };
        let token = api.log_in(&login).await?;
        Ok(World { token, login, offer, subscribers })
    }

    /// Makes a second plan, and an offer with both, which is what is ordered from now on.
    pub async fn order_pairs(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let mut api = Api::open(address, &Login::default()).await?;
        api.create("connectivityPlans", &json!({"id": "net/plan-b", "name": "Plan B"})).await?;
        let item = |plan: &str| json!({"productId": plan, "grantedConnections": 100});
        let items = [item("net/plan-a"), item("net/plan-b")];
        let offer = json!({"id": "acme/sensor-pair", "name": "100 sensors with two nets", "items": items});
        self.offer = text(&api.create("offers", &offer).await?, "id")?;
        Ok(())
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
        let body = |subscriber| json!({"offerId": self.offer, "subscriberId": subscriber, "quantity": 1});
        let post = |subscriber| Request::new("POST", ORDERS, &headers, &body(subscriber).to_string());
        self.subscribers.iter().map(post).collect()
    }

    /// A `GET` of something below `/orders`.
    pub fn get(&self, rest: &str) -> Request {
        Request::new("GET", &format!("{ORDERS}{rest}"), &[self.authorization()], "")
    }
}

/// Where orders are.
pub const ORDERS: &str = "/core/v141/api/orders";

/// One caller of the API.
pub struct Api {
    connection: Connection,
    token: Option<String>,
}

impl Api {
    /// Connects and logs in.
    pub async fn open(address: SocketAddr, login: &Login) -> anyhow::Result<Api> {
        let mut api = Api { connection: Connection::open(address).await?, token: None };
        api.token = Some(api.log_in(login).await?);
        Ok(api)
    }

    /// Gets a token.
    pub async fn log_in(&mut self, login: &Login) -> anyhow::Result<String> {
        text(&self.call(&login.request()).await?, "access_token")
    }

    /// Reads what is at a path.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Value> {
        let request = Request::new("GET", path, &[self.authorization()?], "");
        self.call(&request).await
    }

    /// Makes what a body says at a path.
    pub async fn post(&mut self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let headers = [self.authorization()?, "Content-Type: application/json".to_owned()];
        self.call(&Request::new("POST", path, &headers, &body.to_string())).await
    }

    async fn create(&mut self, resource: &str, body: &Value) -> anyhow::Result<Value> {
        self.post(&format!("/core/v141/api/{resource}"), body).await
    }

    fn authorization(&self) -> anyhow::Result<String> {
        Ok(format!("Authorization: Bearer {}", self.token.as_deref().context("a token")?))
    }

    async fn call(&mut self, request: &Request) -> anyhow::Result<Value> {
        let answer = self.connection.exchange(request.clone().numbered(0)).await?;
        let body = self.connection.text(answer)?;
        ensure!(matches!(answer.status, 200 | 201), "status {}: {body}", answer.status);
        Ok(serde_json::from_str(&body)?)
    }
}

fn text(object: &Value, name: &str) -> anyhow::Result<String> {
    object.get(name).and_then(Value::as_str).map(ToOwned::to_owned).with_context(|| format!("no {name} in {object}"))
}
