//! A deployment of its own, with whoever a test needs in it.

use super::{Caller, text};
use axum::Router;
use axum::body::Body;
use http::Method;
use orderpark_domain::party::Bootstrap;
use orderpark_domain::{Command, Instant, Intent};
use orderpark_server::access::{Access, Signer, new_secret};
use orderpark_server::{App, Settings, router};
use orderpark_store::{Chance, Clock, Database, Options, Store, SystemChance};
use serde_json::{Value, json};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use tempfile::TempDir;

/// 2026-11-23T10:00:00Z.
const BEGINNING: i64 = 1_795_428_000_000_000;

/// A clock that stands still until it is moved.
pub struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Instant {
        Instant(self.0.load(Ordering::SeqCst))
    }
}

/// A deployment in a folder of its own.
pub struct World {
    pub app: Arc<App>,
    pub router: Router,
    pub clock: Arc<TestClock>,
    /// The operator's first client.
    pub operator: Caller,
    /// Where the database is, as `orderpark.db`.
    pub folder: TempDir,
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
    /// A deployment with its operator and the predefined strategies.
    pub async fn new() -> World {
        World::with(Settings::default()).await
    }

    pub async fn with(settings: Settings) -> World {
        let folder = TempDir::new().expect("a folder");
        let clock = Arc::new(TestClock(AtomicI64::new(BEGINNING)));
        let chance: Arc<dyn Chance> = Arc::new(SystemChance::default());
        let options =
            Options { clock: Arc::clone(&clock) as Arc<dyn Clock>, chance: Arc::clone(&chance), ..Options::default() };
        let store = Store::open(&Database::Sqlite(folder.path().join("orderpark.db")), options).expect("a store");
        let (secret_text, secret) = new_secret(&*chance);
        let (operator_id, login) = (settings.operator_id.clone(), "operator".to_owned());
        let bootstrap = Command::Bootstrap(Bootstrap { operator_id, login, secret });
        store.commit(Intent::system(bootstrap, "the first start of a test")).await.expect("an operator");
        let signer = Signer::open(None, &*chance).expect("a signer");
        let app = Arc::new(App {
            store,
            settings,
            access: Access::new(signer),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            chance,
            draining: AtomicBool::new(false),
        });
        let router = router(Arc::clone(&app));
        let nobody = Caller::new(router.clone(), None);
        let client_id = format!("{}/operator", app.settings.default_profile);
        let operator = login_at(&nobody, &client_id, &secret_text).await;
        World { app, router, clock, operator, folder }
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
        self.clock.0.fetch_add(micros, Ordering::SeqCst);
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
