//! A shop whose suppliers want to be asked.

use crate::harness::{Answer, Engine, Member, World, text};
use crate::receiver::Receiver;
use orderpark_domain::order::{OfferName, PlaceOrder};
use orderpark_domain::{Command, Intent, Order, OrderRef, Outcome, PartyRef, Scope};
use orderpark_server::Settings;
use serde_json::{Value, json};

/// A deployment that may send to suppliers on this machine.
pub async fn near(engine: Engine) -> World {
    let mut settings = Settings::default();
    settings.outside.allow_networks = vec!["127.0.0.0/8".parse().expect("a network")];
    World::with(engine, settings).await
}

/// An offer of one application for each supplier, and who can order it.
pub struct AskingShop {
    pub world: World,
    pub supplier: Member,
    pub vendor: Member,
    pub subscriber: Member,
    /// The products, in the order of the offer: `net/app-0` and so on.
    pub products: Vec<Value>,
    pub offer_id: String,
}

/// How the supplier at `url` is told.
pub fn notification(url: &str, mode: &str) -> Value {
    json!({"subscribedUrl": format!("{url}/subscribed"), "updatedUrl": format!("{url}/updated"),
        "unsubscribedUrl": format!("{url}/unsubscribed"), "mode": mode})
}

impl AskingShop {
    /// All of the suppliers want to be asked.
    pub async fn of(engine: Engine, receivers: &[&Receiver]) -> AskingShop {
        let notifications = receivers.iter().map(|receiver| notification(&receiver.url, "TRY_COMMIT"));
        AskingShop::with(engine, notifications.collect()).await
    }

    /// One application with each of these notifications.
    pub async fn with(engine: Engine, notifications: Vec<Value>) -> AskingShop {
        AskingShop::in_world(near(engine).await, notifications).await
    }

    /// The same in a deployment that is there.
    pub async fn in_world(world: World, notifications: Vec<Value>) -> AskingShop {
        let (supplier, vendor) = (world.supplier("net").await, world.vendor("acme").await);
        let subscriber = world.subscriber("acme", "farm").await;
        let mut products = Vec::new();
        for (n, notification) in notifications.into_iter().enumerate() {
            let body = json!({"id": format!("net/app-{n}"), "name": "Application", "notification": notification});
            products.push(supplier.post("/applications", body).await.expect(201));
        }
        let items: Vec<Value> = products.iter().map(|product| json!({"productId": product["id"]})).collect();
        let offer_id = "acme/asks".to_owned();
        let offer = json!({"id": offer_id, "name": "Asks", "items": items});
        vendor.post("/offers", offer).await.expect(201);
        AskingShop { world, supplier, vendor, subscriber, products, offer_id }
    }

    pub fn body(&self) -> Value {
        json!({"offerId": self.offer_id})
    }

    /// Places an order.
    pub async fn order(&self) -> Answer {
        self.subscriber.post("/orders", self.body()).await
    }

    /// Every order that there is, newest first.
    pub async fn orders(&self) -> Vec<Value> {
        let orders = self.vendor.get("/orders?state=ALL").await.expect(200);
        orders.as_array().expect("a list").clone()
    }

    /// An order as the program that placed it would leave it if it died then.
    pub async fn abandoned(&self) -> Order {
        let command = PlaceOrder {
            offer: OfferName::Id(self.offer_id.clone()),
            subscriber: PartyRef::parse(&self.subscriber.party),
            quantity: 1,
            external_id: None,
            strategy: None,
            can_ask_suppliers: true,
        };
        let intent = Intent::system(Command::PlaceOrder(command), "a test plays the program that died");
        match self.world.app.store.commit(intent).await.expect("an order").outcome {
            Outcome::Order(order) => *order,
            other => panic!("placing an order came to {other:?}"),
        }
    }

    /// The settlements in the journal.
    pub fn settlements(&self) -> Vec<Value> {
        let entries = self.world.journal().since(0);
        entries.iter().filter_map(|entry| entry["event"].get("orderSettled").cloned()).collect()
    }

    /// An order as it is now.
    pub async fn read(&self, order: &str) -> Order {
        let order = OrderRef::parse(order).expect("a ref");
        let scope = Scope::system("a test looks");
        self.world.app.store.get_order(&scope, order).await.expect("it can be read").expect("it is there")
    }

    /// The subscription of an order to the product at this place of the offer.
    pub fn subscription(order: &Value, place: usize) -> String {
        text(&order["subscriptions"][place], "ref")
    }
}
