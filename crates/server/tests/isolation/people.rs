//! A world full of canaries: three suppliers, three vendors, six subscribers, and people who act for one or several.

use super::harness::{Caller, Chance, Journal, World, text};
use super::model::Model;
use serde_json::{Value, json};

/// Texts that occur nowhere else: `zq` and seven digits.
#[derive(Default)]
pub struct Canaries(u32);

impl Canaries {
    pub fn next(&mut self) -> String {
        self.0 += 1;
        format!("zq{:07}", self.0)
    }

    pub fn email(&mut self) -> String {
        format!("{}@people.example", self.next())
    }

    pub fn url(&mut self) -> String {
        format!("https://net.example/{}", self.next())
    }

    pub fn person(&mut self) -> Value {
        let (email, first, last, organization) = (self.email(), self.next(), self.next(), self.next());
        json!({"email": email, "firstName": first, "lastName": last, "organization": organization})
    }
}

/// Somebody who asks.
pub struct Person {
    pub user: u64,
    pub client_id: String,
    pub secret: String,
    pub caller: Caller,
}

/// A deployment with its people, and what its journal said so far.
pub struct Town {
    pub world: World,
    pub journal: Journal,
    pub model: Model,
    pub people: Vec<Person>,
    pub canaries: Canaries,
    pub read: i64,
}

impl Town {
    pub async fn build(world: World, chance: &Chance) -> Town {
        let journal = world.journal();
        let (client_id, secret) = world.operator_client.clone();
        let operator = Person { user: 2, client_id, secret, caller: world.operator.clone() };
        let people = vec![operator];
        let (model, canaries) = (Model::default(), Canaries::default());
        let mut town = Town { world, journal, model, people, canaries, read: 0 };
        let suppliers = town.parties("/suppliers", 3, None).await;
        let vendors = town.parties("/vendors", 3, None).await;
        let mut subscribers = Vec::new();
        for vendor in &vendors {
            subscribers.extend(town.parties("/subscribers", 2, Some(&vendor.1)).await);
        }
        let scope = |kind: &str, party: &(String, String)| format!("{kind}:{}", party.0);
        let [first, second] = [0, 1].map(|n| scope("SUPPLIER", &suppliers[n]));
        let [one, other] = [0, 1].map(|n| scope("VENDOR", &vendors[n]));
        let [near, far] = [0, 5].map(|n| scope("SUBSCRIBER", &subscribers[n]));
        for scopes in [vec![&first, &other], vec![&one, &other], vec![&near, &far], vec![&second, &one, &far]] {
            town.user(&scopes).await;
        }
        town.shops(chance, &suppliers, &vendors).await;
        town.learn();
        town.orders(chance, &subscribers).await;
        town.learn();
        town.endpoints().await;
        town.learn();
        town
    }

    /// Reads what was written since, and takes it in.
    pub fn learn(&mut self) {
        let entries = self.journal.since(self.read);
        self.take_in(&entries);
    }

    /// Takes in what was written since.
    pub fn take_in(&mut self, entries: &[Value]) {
        for entry in entries {
            self.model.apply(entry);
        }
        self.read += i64::try_from(entries.len()).expect("a short journal");
    }

    async fn made(&self, collection: &str, body: Value) -> Value {
        self.world.operator.post(collection, body).await.expect(201)
    }

    async fn arrive(&mut self, user: &Value) {
        let (client_id, secret) = (text(user, "clientId"), text(user, "clientSecret"));
        let caller = self.world.login(&client_id, &secret).await;
        let user = text(user, "ref").parse().expect("a number");
        self.people.push(Person { user, client_id, secret, caller });
    }

    /// Makes parties, and answers their refs and ids.
    async fn parties(&mut self, collection: &str, count: usize, vendor: Option<&String>) -> Vec<(String, String)> {
        let mut made = Vec::new();
        for _ in 0..count {
            let mut body = json!({"name": self.canaries.next(), "primaryUser": self.canaries.person()});
            match vendor {
                None => body["id"] = json!(self.canaries.next()),
                Some(vendor) => body["vendorId"] = json!(vendor),
            }
            let party = self.made(collection, body).await;
            self.arrive(&party["primaryUser"]).await;
            made.push((text(&party, "ref"), text(&party, "id")));
        }
        made
    }

    async fn user(&mut self, scopes: &[&String]) {
        let mut body = self.canaries.person();
        body["scopes"] = json!(scopes);
        let user = self.made("/users", body).await;
        self.arrive(&user).await;
    }

    async fn shops(&mut self, chance: &Chance, suppliers: &[(String, String)], vendors: &[(String, String)]) {
        let mut products = Vec::new();
        for (_, supplier) in suppliers {
            for collection in ["/applications", "/connectivityPlans"] {
                let notification = json!({"subscribedUrl": self.canaries.url()});
                let id = format!("{supplier}/{}", self.canaries.next());
                products.push(id.clone());
                let body = json!({"id": id, "name": self.canaries.next(), "notification": notification});
                self.made(collection, body).await;
            }
        }
        for (_, vendor) in vendors {
            let id = format!("{vendor}/{}", self.canaries.next());
            let settings = json!({"key": self.canaries.next()});
            let description = self.canaries.next();
            self.made("/processingStrategies", json!({"id": id, "description": description, "settings": settings}))
                .await;
            for _ in 0..2 {
                chance.shuffle(&mut products);
                let items = json!([
                    {"productId": products[0], "grantedConnections": 10}, {"productId": products[1], "grantedConnections": 5}
                ]);
                let id = format!("{vendor}/{}", self.canaries.next());
                let name = self.canaries.next();
                self.made("/offers", json!({"id": id, "name": name, "items": items})).await;
            }
        }
    }

    /// A webhook endpoint of everybody who acts for one party.
    async fn endpoints(&mut self) {
        for n in 0..self.people.len() {
            if let [(kind, party)] = self.model.users[&self.people[n].user].grants[..] {
                let body = json!({"scope": format!("{kind}:{party}"), "url": self.canaries.url(), "description": self.canaries.next()});
                self.made("/webhookEndpoints", body).await;
            }
        }
    }

    async fn orders(&mut self, chance: &Chance, subscribers: &[(String, String)]) {
        for (party, id) in subscribers {
            let vendor = self.model.parties[&party.parse().expect("a number")].vendor;
            let offers: Vec<String> =
                self.model.offers.values().filter(|offer| Some(offer.vendor) == vendor).map(|o| o.id.clone()).collect();
            let offer = chance.pick(&offers);
            let body = json!({"offerId": offer, "subscriberId": id, "externalId": self.canaries.next()});
            self.made("/orders", body).await;
        }
    }
}
