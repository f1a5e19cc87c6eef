//! Requests by chance: any operation, on what is the caller's own, its sibling's, a stranger's, gone, or nonsense.

use super::model::Model;
use super::oracle::Eyes;
use super::people::Canaries;
use crate::harness::Chance;
use http::Method;
use orderpark_server::router::operations;
use serde_json::{Map, Value, json};

/// What is sent.
pub struct Asked {
    pub method: Method,
    pub collection: &'static str,
    pub path_ref: Option<String>,
    /// What stands behind the ref.
    pub below: &'static str,
    pub query: String,
    pub body: String,
    pub headers: Vec<(&'static str, String)>,
}

impl Asked {
    /// Path and query below the base path.
    pub fn path(&self) -> String {
        let path_ref = self.path_ref.iter().fold(String::new(), |_, path_ref| format!("/{path_ref}"));
        let mark = if self.query.is_empty() { "" } else { "?" };
        format!("{}{path_ref}{}{mark}{}", self.collection, self.below, self.query)
    }
}

/// Makes requests for somebody who sees the world with these eyes.
pub struct Maker<'m> {
    pub chance: &'m Chance,
    pub canaries: &'m mut Canaries,
    pub eyes: Eyes<'m>,
}

const NONSENSE: [&str; 14] = [
    "0",
    "01",
    "-1",
    "+1",
    "1e1",
    "1.0",
    "%31",
    "%00",
    "x",
    "99999999999999999999",
    "..",
    "%2F",
    "null",
    "019AB6C5-0000-7000-8000-000000000400",
];

impl<'m> Maker<'m> {
    pub fn make(&mut self) -> Asked {
        let (method, path) = self.operation();
        let (collection, below) = path.split_once("/{ref}").unwrap_or((path, ""));
        let path_ref = path.contains("{ref}").then(|| self.path_ref(collection));
        let query = self.query(&method, collection, path_ref.is_some());
        let body = match method.as_str() {
            "POST" if path_ref.is_some() => self.act(below).to_string(),
            "POST" => self.new_object(collection).to_string(),
            "PUT" => self.change(collection, &query).to_string(),
            _ => String::new(),
        };
        let headers = self.headers(&method);
        Asked { method, collection, path_ref, below, query, body, headers }
    }

    /// Any operation; what ends parties and users less often, or nobody would be left.
    fn operation(&mut self) -> (Method, &'static str) {
        loop {
            let operation = self.chance.pick(operations());
            // A stream has no end that could be waited for; it shows what the pages show.
            if operation.path.ends_with("/stream") {
                continue;
            }
            let of_parties = ["/suppliers/", "/vendors/", "/subscribers/", "/users/"];
            let ends = operation.method == Method::DELETE || operation.path.ends_with("/contain");
            let rare = ends && of_parties.iter().any(|path| operation.path.starts_with(path));
            if !rare || self.chance.percent(25) {
                return (operation.method.clone(), operation.path);
            }
        }
    }

    fn model(&self) -> &'m Model {
        self.eyes.model
    }

    /// The refs of all that there is or was in a collection.
    fn all(&self, collection: &str) -> Vec<String> {
        let model = self.model();
        match collection {
            "/suppliers" | "/vendors" | "/subscribers" | "/quotas" => {
                model.parties.keys().map(ToString::to_string).collect()
            }
            "/users" => model.users.keys().map(ToString::to_string).collect(),
            "/applications" | "/connectivityPlans" => model.products.keys().map(ToString::to_string).collect(),
            "/offers" => model.offers.keys().map(ToString::to_string).collect(),
            "/processingStrategies" => model.strategies.keys().map(ToString::to_string).collect(),
            "/webhookEndpoints" => model.endpoints.keys().map(ToString::to_string).collect(),
            _ => {
                let item = u128::from(collection == "/subscriptions");
                model.orders.keys().map(|at| uuid::Uuid::from_u128(at | item).to_string()).collect()
            }
        }
    }

    fn path_ref(&mut self, collection: &str) -> String {
        let roll = self.chance.below(100);
        let from: Vec<String> = match roll {
            0..50 => self.eyes.listed(collection, "").into_iter().collect(),
            50..80 => self.all(collection),
            80..88 => {
                let other = self.chance.pick(operations()).collection();
                self.all(other)
            }
            88..94 => vec![
                (900_000 + self.chance.below(1000)).to_string(),
                uuid::Uuid::from_u128(u128::from(self.chance.number()) << 10 | 0x019a_b6c5_0000_7000 << 64).to_string(),
            ],
            _ => NONSENSE.map(str::to_owned).to_vec(),
        };
        if from.is_empty() { "1".to_owned() } else { self.chance.pick(&from).clone() }
    }

    /// The id of something: living or not, one's own or not, or of nothing.
    fn id(&mut self, collection: &str) -> String {
        let (own, any) = (self.chance.percent(60), self.chance.percent(90));
        let listed = self.eyes.listed(collection, "");
        let mine = |at: &u64| !own || listed.contains(&at.to_string());
        let model = self.model();
        let kind = collection.trim_start_matches('/').trim_end_matches('s').to_uppercase();
        let ids: Vec<String> = match collection {
            "/users" => model.users.iter().filter(|(at, _)| mine(at)).map(|(_, row)| row.login.clone()).collect(),
            "/applications" | "/connectivityPlans" => {
                model.products.iter().filter(|(at, _)| mine(at)).map(|(_, row)| row.id.clone()).collect()
            }
            "/offers" => model.offers.iter().filter(|(at, _)| mine(at)).map(|(_, row)| row.id.clone()).collect(),
            "/processingStrategies" => {
                model.strategies.iter().filter(|(at, _)| mine(at)).map(|(_, row)| row.id.clone()).collect()
            }
            _ => {
                let parties = model.parties.iter().filter(|(at, row)| row.kind.as_str() == kind && mine(at));
                parties.map(|(_, row)| row.id.clone()).collect()
            }
        };
        if any && !ids.is_empty() { self.chance.pick(&ids).clone() } else { "nobody".to_owned() }
    }

    fn scopes(&mut self) -> Value {
        let count = 1 + self.chance.below(2);
        let mut scopes = Vec::new();
        for _ in 0..count {
            let own: Vec<_> = self.eyes.grants.to_vec();
            let all: Vec<_> = self.model().parties.iter().map(|(at, row)| (row.kind, *at)).collect();
            let (kind, party) = *self.chance.clone().pick(if self.chance.percent(70) { &own } else { &all });
            scopes.push(format!("{kind}:{party}"));
        }
        scopes.dedup();
        json!(scopes)
    }

    fn query(&mut self, method: &Method, collection: &str, one: bool) -> String {
        match (method.as_str(), collection) {
            ("GET", _) if !one => self.filter(collection),
            ("POST", "/orders") if self.chance.percent(25) => {
                format!("withProcessingStrategyId={}", self.id("/processingStrategies"))
            }
            ("PUT", "/users") if self.chance.percent(20) => {
                format!("resetPassword=true&keepPrevious={}", self.chance.percent(70))
            }
            ("PUT", "/connectivityPlans") if self.chance.percent(40) => {
                format!("subscriberId={}", self.id("/subscribers"))
            }
            ("DELETE", "/subscribers") if self.chance.percent(50) => "force=true".to_owned(),
            ("DELETE", "/orders") if self.chance.percent(15) => "dryRun=true".to_owned(),
            _ => String::new(),
        }
    }

    fn filter(&mut self, collection: &str) -> String {
        let roll = self.chance.below(10);
        if collection == "/events" {
            return format!("limit={}&after={}", 1 + self.chance.below(200), self.chance.below(400));
        }
        match (collection, roll) {
            (_, 0..4) => String::new(),
            (_, 4) => format!("pageIndex={}", self.chance.below(3)),
            ("/orders" | "/subscriptions", 5) => "state=ALL".to_owned(),
            ("/offers", 5) => "orderable=true".to_owned(),
            ("/orders", 6) => format!("offerId={}&state=ALL", self.id("/offers")),
            ("/orders", 7) => format!("limit=2&after={}", self.path_ref("/orders")),
            ("/orders" | "/subscriptions", 8) => format!("subscriberId={}", self.id("/subscribers")),
            ("/subscriptions", 6) => format!("productId={}&state=ALL", self.id("/applications")),
            ("/subscriptions", 7) => format!("orderRef={}", self.path_ref("/orders")),
            ("/orders", _) => "createdFrom=2020-01-01T00:00:00Z&state=ALL".to_owned(),
            ("/subscribers", 6) => format!("applicationId={}", self.id("/applications")),
            ("/subscribers", 7) => format!("contactEmail={}", self.id("/users")),
            ("/webhookEndpoints", _) => format!("scope={}", self.scopes()[0].as_str().unwrap_or_default()),
            ("/quotas", _) => "pageIndex=1".to_owned(),
            ("/users", _) => format!("email={}", self.id("/users")),
            _ => {
                let name = collection.trim_start_matches('/').trim_end_matches('s').replace("Strategie", "Strategy");
                format!("{name}Id={}", self.id(collection))
            }
        }
    }

    fn new_object(&mut self, collection: &str) -> Value {
        let (name, own) = (self.canaries.next(), self.canaries.next());
        match collection {
            "/suppliers" | "/vendors" => json!({"id": own, "name": name, "primaryUser": self.canaries.person()}),
            "/subscribers" => {
                let mut body = json!({"name": name, "contactEmail": self.canaries.email(), "organization": own});
                if self.chance.percent(80) {
                    body["vendorId"] = json!(self.id("/vendors"));
                }
                if self.chance.percent(50) {
                    body["primaryUser"] = self.canaries.person();
                }
                body
            }
            "/users" => {
                let mut body = self.canaries.person();
                if self.chance.percent(85) {
                    body["scopes"] = self.scopes();
                }
                body
            }
            "/applications" => json!({
                "id": format!("{}/{own}", self.id("/suppliers")), "name": name, "portalUrl": self.canaries.url(),
                "notification": {"subscribedUrl": self.canaries.url(), "updatedUrl": self.canaries.url()},
            }),
            "/connectivityPlans" => json!({"id": format!("{}/{own}", self.id("/suppliers")), "name": name}),
            "/offers" => {
                let mut body = json!({"id": format!("{}/{own}", self.id("/vendors")), "name": name,
                    "items": [{"productId": self.id("/applications"), "grantedConnections": "5"}]});
                if self.chance.percent(20) {
                    body["processingStrategyIds"] = json!([self.id("/processingStrategies")]);
                }
                body
            }
            "/processingStrategies" => {
                let id = if self.chance.percent(80) { format!("{}/{own}", self.id("/vendors")) } else { own };
                json!({"id": id, "name": name, "settings": {"key": self.canaries.next()}})
            }
            "/webhookEndpoints" => {
                let mut body = json!({"url": self.canaries.url(), "description": name});
                if self.chance.percent(70) {
                    body["scope"] = self.scopes()[0].clone();
                }
                body
            }
            _ => self.new_order(),
        }
    }

    /// What is said to one object beside its own attributes.
    fn act(&mut self, below: &str) -> Value {
        match (below, self.chance.below(3)) {
            ("/replay", 0) => json!({"exhausted": true}),
            ("/replay", 1) => json!({"after": self.chance.below(200).to_string()}),
            ("/replay", _) => json!({"eventId": format!("{}.0", self.chance.below(200))}),
            ("/contain", end) => json!({"endCreated": end == 0}),
            _ => json!({}),
        }
    }

    /// Mostly one that can be placed: a subscriber that is seen, and an offer of its vendor.
    fn new_order(&mut self) -> Value {
        let mut body = Map::new();
        let subscribers = self.all("/subscribers");
        let party: u64 = self.chance.pick(&subscribers).parse().expect("a number");
        let vendor = self.model().parties[&party].vendor;
        let offers: Vec<_> = self.model().offers.iter().filter(|(_, offer)| Some(offer.vendor) == vendor).collect();
        if self.chance.percent(70) && !offers.is_empty() {
            let (at, offer) = self.chance.pick(&offers);
            let (name, value) =
                if self.chance.percent(70) { ("offerId", offer.id.clone()) } else { ("offerRef", at.to_string()) };
            body.insert(name.to_owned(), json!(value));
            body.insert("subscriberId".to_owned(), json!(format!("{}", 100_000_000 + party)));
        } else {
            body.insert("offerId".to_owned(), json!(self.id("/offers")));
            if self.chance.percent(50) {
                body.insert("subscriberRef".to_owned(), json!(party.to_string()));
            }
        }
        if self.chance.percent(40) {
            body.insert("externalId".to_owned(), json!(self.canaries.next()));
        }
        Value::Object(body)
    }

    fn change(&mut self, collection: &str, query: &str) -> Value {
        let name = self.canaries.next();
        match collection {
            "/users" if query.is_empty() => {
                let mut body = json!({"firstName": name});
                if self.chance.percent(20) {
                    body["scopes"] = self.scopes();
                }
                body
            }
            "/users" => json!({}),
            "/quotas" => json!({"openOrders": 1000 + self.chance.below(9), "users": null}),
            "/subscribers" => json!({"name": name, "contactEmail": self.canaries.email()}),
            "/applications" => json!({"name": name, "notification": {"subscribedUrl": self.canaries.url()}}),
            "/connectivityPlans" if !query.is_empty() => json!({"usedConnections": self.chance.below(12).to_string()}),
            "/offers" => json!({"name": name, "state": *self.chance.pick(&["ACTIVE", "ACTIVE", "SUSPENDED"])}),
            "/processingStrategies" => json!({"name": name, "settings": {"key": self.canaries.next()}}),
            "/webhookEndpoints" => {
                json!({"url": self.canaries.url(), "state": *self.chance.pick(&["ENABLED", "ENABLED", "DISABLED"])})
            }
            "/subscriptions" => {
                json!({"state": *self.chance.pick(&["ACTIVE", "SUSPENDED"]), "reason": self.canaries.next()})
            }
            _ => json!({"name": name}),
        }
    }

    /// Keys are told apart by what the client holds: a key that outlives a scope is another test's business.
    fn headers(&mut self, method: &Method) -> Vec<(&'static str, String)> {
        let mut headers = Vec::new();
        if self.chance.percent(10) {
            headers.push(("idempotency-key", format!("{} {:?}", self.chance.below(3), self.eyes.grants)));
        }
        if self.chance.percent(10) {
            let name = if method == Method::GET { "if-none-match" } else { "if-match" };
            headers.push((name, (*self.chance.pick(&["\"1\"", "\"2\"", "*"])).to_owned()));
        }
        if self.chance.percent(5) {
            headers.push(("accept", "application/problem+json".to_owned()));
        }
        headers
    }
}
