//! A deployment of its own, with whoever a test needs in it.

use super::{Caller, Journal, text};
use axum::Router;
use axum::body::Body;
use http::Method;
use orderpark_domain::party::Bootstrap;
use orderpark_domain::{Command, Intent};
use orderpark_server::access::{Signer, new_secret};
use orderpark_server::outside::{Names, Outside, Resolving};
use orderpark_server::{App, Settings, router};
use orderpark_store::{Clock, Database, Options, Store};
use orderpark_testbed::{Chance, Engine, TestClock, TestDatabase};
use serde_json::{Value, json};
use std::io;
use std::ops::Deref;
use std::sync::Arc;

/// Where the chance of every deployment begins: two that are asked the same do the same.
const SEED: u64 = 20_261_123;

/// A deployment on a database of its own.
pub struct World {
    pub app: Arc<App>,
    pub router: Router,
    pub clock: Arc<TestClock>,
    /// The operator's first client.
    pub operator: Caller,
    /// Its `client_id` and its secret.
    pub operator_client: (String, String),
    /// Where its data are. It is gone when the last one lets go of it.
    pub database: Arc<TestDatabase>,
    signer: Signer,
}

/// A party with its primary user's client.
#[derive(Clone)]
pub struct Member {
    /// Its ref.
    pub party: String,
    /// Its id.
    pub id: String,
    /// `<profile>/<login>`.
    pub client_id: String,
    pub client_secret: String,
    pub caller: Caller,
}

impl Deref for Member {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

/// One of each: a supplier's plan and application, a vendor's offer of both, and a subscriber who can order it.
pub struct Shop {
    pub supplier: Member,
    pub vendor: Member,
    pub subscriber: Member,
    pub plan_id: String,
    pub plan_ref: String,
    pub application_id: String,
    pub application_ref: String,
    pub offer_id: String,
    pub offer_ref: String,
}

impl World {
    /// A deployment with its operator and the predefined strategies, on SQLite.
    pub async fn new() -> World {
        World::on(Engine::Sqlite).await
    }

    /// A deployment on this engine.
    pub async fn on(engine: Engine) -> World {
        World::with(engine, Settings::default()).await
    }

    /// A deployment with these settings.
    pub async fn with(engine: Engine, settings: Settings) -> World {
        let signer = Signer::open(None, &Chance::new(SEED)).expect("a signer");
        World::signing(engine, settings, signer).await
    }

    /// A deployment with a key that others may have too.
    pub async fn signing(engine: Engine, settings: Settings, signer: Signer) -> World {
        let database = Arc::new(engine.fresh());
        let (clock, chance) = (Arc::new(TestClock::new()), Arc::new(Chance::new(SEED)));
        let store = open(&database, &clock, &chance);
        let (secret_text, secret) = new_secret(&*chance);
        let (operator_id, login) = (settings.operator_id.clone(), "operator".to_owned());
        let bootstrap = Command::Bootstrap(Bootstrap { operator_id, login, secret });
        store.commit(Intent::system(bootstrap, "the first start of a test")).await.expect("an operator");
        let app = app(store, settings, &signer, chance);
        let router = router(Arc::clone(&app));
        let nobody = Caller::new(router.clone(), None);
        let client_id = format!("{}/operator", app.settings.default_profile);
        let operator = login_at(&nobody, &client_id, &secret_text).await;
        World { app, router, clock, operator, operator_client: (client_id, secret_text), database, signer }
    }

    /// Another node of this deployment: on the same database, with the same keys, and a chance of its own.
    pub fn node(&self) -> Router {
        router(self.another_node(1))
    }

    /// What such a node is made of; each has a number, from 1.
    pub fn another_node(&self, number: u64) -> Arc<App> {
        let chance = Arc::new(Chance::new(SEED + number));
        let store = open(&self.database, &self.clock, &chance);
        app(store, self.app.settings.clone(), &self.signer, chance)
    }

    /// What is written in the database beside the server.
    pub fn journal(&self) -> Journal {
        Journal::of(&self.database)
    }

    /// Someone without a token.
    pub fn nobody(&self) -> Caller {
        Caller::new(self.router.clone(), None)
    }

    /// Moves the clock.
    pub fn pass_seconds(&self, seconds: i64) {
        self.pass_micros(seconds * 1_000_000);
    }

    /// Moves the clock a little.
    pub fn pass_micros(&self, micros: i64) {
        self.clock.pass_micros(micros);
    }

    /// Gets a token at the token endpoint.
    pub async fn login(&self, client_id: &str, client_secret: &str) -> Caller {
        login_at(&self.nobody(), client_id, client_secret).await
    }

    pub async fn supplier(&self, id: &str) -> Member {
        let body = json!({"id": id, "name": format!("Supplier {id}"), "primaryUser": {"email": format!("{id}@supplier.example")}});
        self.member("/suppliers", body).await
    }

    pub async fn vendor(&self, id: &str) -> Member {
        let body =
            json!({"id": id, "name": format!("Vendor {id}"), "primaryUser": {"email": format!("{id}@vendor.example")}});
        self.member("/vendors", body).await
    }

    /// A subscriber of a vendor; `name` is also the beginning of its email address.
    pub async fn subscriber(&self, vendor: &str, name: &str) -> Member {
        let email = format!("{name}@subscriber.example");
        self.member("/subscribers", json!({"name": name, "vendorId": vendor, "primaryUser": {"email": email}})).await
    }

    async fn member(&self, path: &str, body: Value) -> Member {
        let made = self.operator.post(path, body).await.expect(201);
        let user = &made["primaryUser"];
        let (client_id, client_secret) = (text(user, "clientId"), text(user, "clientSecret"));
        let caller = self.login(&client_id, &client_secret).await;
        Member { party: text(&made, "ref"), id: text(&made, "id"), client_id, client_secret, caller }
    }

    /// A user with these scopes, made by the operator.
    pub async fn user(&self, email: &str, scopes: &[&str]) -> Caller {
        let made = self.operator.post("/users", json!({"email": email, "scopes": scopes})).await.expect(201);
        self.login(&text(&made, "clientId"), &text(&made, "clientSecret")).await
    }

    /// A user of a party with the role `MEMBER`, made by its admin.
    pub async fn member_of(&self, party: &Member, kind: &str) -> Caller {
        let email = format!("member@{}.example", party.id.to_lowercase());
        let body = json!({"email": email, "scopes": [format!("{kind}:{}", party.party)], "role": "MEMBER"});
        let made = party.post("/users", body).await.expect(201);
        self.login(&text(&made, "clientId"), &text(&made, "clientSecret")).await
    }

    /// A supplier and a vendor with these ids, and what [`Shop`] says.
    pub async fn shop(&self, supplier_id: &str, vendor_id: &str) -> Shop {
        let supplier = self.supplier(supplier_id).await;
        let vendor = self.vendor(vendor_id).await;
        let subscriber = self.subscriber(vendor_id, &format!("{vendor_id}-customer")).await;
        let (plan_id, application_id) = (format!("{supplier_id}/plan"), format!("{supplier_id}/app"));
        let plan = supplier.post("/connectivityPlans", json!({"id": plan_id, "name": "Plan"})).await.expect(201);
        let application = json!({"id": application_id, "name": "Application", "portalUrl": "https://app.example/"});
        let application = supplier.post("/applications", application).await.expect(201);
        let offer_id = format!("{vendor_id}/sensor-100");
        let items = json!([{"productId": plan_id, "grantedConnections": "100"}, {"productId": application_id}]);
        let offer = json!({"id": offer_id, "name": "Sensors", "items": items});
        let offer = vendor.post("/offers", offer).await.expect(201);
        Shop {
            plan_ref: text(&plan, "ref"),
            application_ref: text(&application, "ref"),
            offer_ref: text(&offer, "ref"),
            supplier,
            vendor,
            subscriber,
            plan_id,
            application_id,
            offer_id,
        }
    }
}

/// A program that starts on a database which is there, with keys of its own.
pub fn started(database: &Database, settings: Settings, clock: &Arc<TestClock>, number: u64) -> Arc<App> {
    let chance = Arc::new(Chance::new(SEED + number));
    let signer = Signer::open(None, &*chance).expect("a signer");
    app(open_at(database, clock, &chance), settings, &signer, chance)
}

fn open(database: &TestDatabase, clock: &Arc<TestClock>, chance: &Arc<Chance>) -> Store {
    open_at(&database.database(), clock, chance)
}

fn open_at(database: &Database, clock: &Arc<TestClock>, chance: &Arc<Chance>) -> Store {
    let options = Options {
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        chance: Arc::clone(chance) as Arc<dyn orderpark_store::Chance>,
        // The test moves the clock, and no server does.
        follows_database_clock: false,
        ..Options::default()
    };
    Store::open(database, options).expect("a store")
}

/// A resolver that knows nobody: no test asks for the names of the world outside.
struct Nobody;

impl Names for Nobody {
    fn resolve(&self, _: &str) -> Resolving {
        Box::pin(async { Err(io::ErrorKind::NotFound.into()) })
    }
}

fn app(store: Store, settings: Settings, signer: &Signer, chance: Arc<Chance>) -> Arc<App> {
    let outside = Outside::new(&settings.outside, store.clock(), Arc::new(Nobody));
    Arc::new(App::new(store, settings, signer.clone(), Arc::new(outside.expect("a way out")), chance))
}

async fn login_at(nobody: &Caller, client_id: &str, client_secret: &str) -> Caller {
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={client_secret}",
        client_id.replace('/', "%2F").replace('+', "%2B")
    );
    let admin = nobody.at("/admin/latest/api").with("content-type", "application/x-www-form-urlencoded");
    let answer = admin.send(Method::POST, "/oauth/token", Body::from(form)).await.expect(200);
    let mut caller = nobody.clone();
    caller.token = Some(text(&answer, "access_token"));
    caller
}
