//! The world as the journal tells it, read from its text and not through any code of the server.

use orderpark_domain::PartyKind;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One element of a user's scopes.
pub type Grant = (PartyKind, u64);

pub struct Party {
    pub kind: PartyKind,
    pub id: String,
    pub vendor: Option<u64>,
    pub lives: bool,
}

pub struct User {
    pub grants: Vec<Grant>,
    pub login: String,
    /// Whether it has a secret that somebody may know.
    pub has_secret: bool,
    pub lives: bool,
}

pub struct Product {
    pub is_plan: bool,
    pub supplier: u64,
    pub id: String,
    pub lives: bool,
}

pub struct Offer {
    pub vendor: u64,
    pub id: String,
    pub active: bool,
    pub lives: bool,
}

pub struct Strategy {
    pub vendor: Option<u64>,
    pub id: String,
    pub lives: bool,
}

pub struct Endpoint {
    pub owner: Grant,
    pub lives: bool,
}

pub struct Order {
    pub offer: u64,
    pub vendor: u64,
    pub subscriber: u64,
    pub open: bool,
    pub subscriptions: Vec<Subscription>,
}

pub struct Subscription {
    pub product: u64,
    pub supplier: u64,
    pub granted: u64,
}

/// Where a canary lives: whoever may see one of its places may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Party(u64),
    User(u64),
    Product(u64),
    /// The notification addresses of a product.
    Notification(u64),
    Offer(u64),
    Strategy(u64),
    Endpoint(u64),
    /// What only the buyer and the seller know of an order; orders and subscriptions by the number of their ref.
    Order(u128),
    /// What the suppliers are told of it too.
    OrderFacts(u128),
    /// What one supplier is told of it.
    OrderItem(u128, u64),
    /// Why the vendor suspended a subscription of it.
    Reason(u128),
}

#[derive(Default)]
pub struct Model {
    pub parties: BTreeMap<u64, Party>,
    pub users: BTreeMap<u64, User>,
    pub products: BTreeMap<u64, Product>,
    pub offers: BTreeMap<u64, Offer>,
    pub strategies: BTreeMap<u64, Strategy>,
    pub endpoints: BTreeMap<u64, Endpoint>,
    pub orders: BTreeMap<u128, Order>,
    /// Connections in use, by subscriber and product.
    pub used: BTreeMap<(u64, u64), u64>,
    pub canaries: BTreeMap<String, BTreeSet<Place>>,
}

/// The number of a ref that is written as a UUID, if it is one.
pub fn uuid(text: &str) -> Option<u128> {
    let shape = text.len() == 36 && text.bytes().enumerate().all(|(n, b)| (b == b'-') == [8, 13, 18, 23].contains(&n));
    let digits = text.replace('-', "");
    (shape && digits.len() == 32).then(|| u128::from_str_radix(&digits, 16).ok()).flatten()
}

/// The number of the order that a ref, its own or one of its subscriptions', belongs to.
pub fn order_of(number: u128) -> u128 {
    number & !0x3FF
}

/// The canaries in a text: `zq` and seven digits.
pub fn canaries(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("zq").filter_map(|(start, _)| {
        let canary = text.get(start..start + 9)?;
        canary[2..].bytes().all(|b| b.is_ascii_digit()).then_some(canary)
    })
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_else(|| panic!("no number {name} in {value}"))
}

fn string(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn kind(value: &Value) -> PartyKind {
    value["kind"].as_str().and_then(PartyKind::parse).unwrap_or_else(|| panic!("no kind in {value}"))
}

/// The grants of a user as the journal has them.
pub fn grants(user: &Value) -> Vec<Grant> {
    let grants = user["grants"].as_array().expect("grants");
    grants.iter().map(|grant| (kind(grant), number(grant, "party"))).collect()
}

/// Whose an endpoint is, as the journal has it.
pub fn owner(endpoint: &Value) -> Grant {
    (kind(&endpoint["owner"]), number(&endpoint["owner"], "party"))
}

/// The name of an event and what it tells.
pub fn event(entry: &Value) -> (&str, &Value) {
    let event = entry["event"].as_object().and_then(|event| event.iter().next());
    event.map_or_else(|| panic!("no event in {entry}"), |(name, told)| (name.as_str(), told))
}

impl Model {
    /// What an entry means.
    pub fn apply(&mut self, entry: &Value) {
        let (name, told) = event(entry);
        match name {
            "partyCreated" | "partyUpdated" | "partyClosing" => self.party(told),
            "userCreated" | "userUpdated" => self.user(told),
            "productCreated" | "productUpdated" => self.product(told),
            "offerCreated" | "offerUpdated" => self.offer(told),
            "strategyCreated" | "strategyUpdated" => self.strategy(told),
            "endpointCreated" | "endpointUpdated" => self.endpoint(told),
            "orderPlaced" => self.order(told),
            "endpointDeleted" => end(&mut self.endpoints, told, |endpoint| &mut endpoint.lives),
            "partyDeleted" => end(&mut self.parties, told, |party| &mut party.lives),
            "userDeleted" => end(&mut self.users, told, |user| &mut user.lives),
            "productDeleted" => end(&mut self.products, told, |product| &mut product.lives),
            "offerDeleted" => end(&mut self.offers, told, |offer| &mut offer.lives),
            "strategyDeleted" => end(&mut self.strategies, told, |strategy| &mut strategy.lives),
            "orderCancelled" => {
                let order = told.as_str().and_then(uuid).expect("a ref");
                self.orders.get_mut(&order).expect("an order").open = false;
            }
            "subscriptionSuspended" | "subscriptionResumed" => {
                let subscription = told["subscription"].as_str().and_then(uuid).expect("a ref");
                self.plant(&told["reason"], Place::Reason(order_of(subscription)));
            }
            "usageReported" => {
                let key = (number(told, "subscriber"), number(told, "product"));
                self.used.insert(key, number(told, "used"));
            }
            "orderMatched" | "orderFound" | "quotasSet" | "tokenIssued" | "tokenRevoked" => {}
            other => panic!("teach the model and the oracle what {other} means: {told}"),
        }
    }

    fn plant(&mut self, value: &Value, place: Place) {
        for canary in canaries(value.as_str().unwrap_or_default()) {
            self.canaries.entry(canary.to_owned()).or_default().insert(place);
        }
    }

    fn plant_all(&mut self, value: &Value, names: &[&str], place: Place) {
        for name in names {
            self.plant(&value[*name], place);
        }
    }

    fn party(&mut self, told: &Value) {
        let party_ref = number(told, "ref");
        let vendor = told["vendor"].as_u64();
        let party = Party { kind: kind(told), id: string(told, "id"), vendor, lives: true };
        self.parties.insert(party_ref, party);
        self.plant_all(told, &["id", "name", "vendorId", "contactEmail", "organization"], Place::Party(party_ref));
    }

    fn user(&mut self, told: &Value) {
        let user_ref = number(told, "ref");
        let has_secret = told["secrets"][0].as_str().is_some_and(|digest| digest.bytes().any(|digit| digit != b'0'));
        self.users
            .insert(user_ref, User { grants: grants(told), login: string(told, "login"), has_secret, lives: true });
        self.plant_all(told, &["login", "firstName", "lastName", "organization"], Place::User(user_ref));
    }

    fn product(&mut self, told: &Value) {
        let product_ref = number(told, "ref");
        let is_plan = told["kind"] == "CONNECTIVITY_PLAN";
        let product = Product { is_plan, supplier: number(told, "supplier"), id: string(told, "id"), lives: true };
        self.products.insert(product_ref, product);
        self.plant_all(told, &["id", "name", "portalUrl"], Place::Product(product_ref));
        let addresses = ["subscribedUrl", "updatedUrl", "unsubscribedUrl"];
        self.plant_all(&told["notification"], &addresses, Place::Notification(product_ref));
    }

    fn offer(&mut self, told: &Value) {
        let offer_ref = number(told, "ref");
        let active = told["state"] == "ACTIVE";
        let offer = Offer { vendor: number(told, "vendor"), id: string(told, "id"), active, lives: true };
        self.offers.insert(offer_ref, offer);
        self.plant_all(told, &["id", "name"], Place::Offer(offer_ref));
        for item in told["items"].as_array().into_iter().flatten() {
            self.plant(&item["productId"], Place::Offer(offer_ref));
        }
        for strategy in told["strategies"].as_array().into_iter().flatten() {
            self.plant(strategy, Place::Offer(offer_ref));
        }
    }

    fn strategy(&mut self, told: &Value) {
        let strategy_ref = number(told, "ref");
        let strategy = Strategy { vendor: told["vendor"].as_u64(), id: string(told, "id"), lives: true };
        self.strategies.insert(strategy_ref, strategy);
        self.plant_all(told, &["id", "name", "description", "settings"], Place::Strategy(strategy_ref));
    }

    fn endpoint(&mut self, told: &Value) {
        let endpoint_ref = number(told, "ref");
        self.endpoints.insert(endpoint_ref, Endpoint { owner: owner(told), lives: true });
        self.plant_all(told, &["url", "description"], Place::Endpoint(endpoint_ref));
    }

    fn order(&mut self, told: &Value) {
        let order_ref = told["ref"].as_str().and_then(uuid).expect("a ref");
        let mut subscriptions = Vec::new();
        for subscription in told["subscriptions"].as_array().expect("subscriptions") {
            let (product, supplier) = (number(subscription, "product"), number(subscription, "supplier"));
            let granted = subscription["granted"].as_u64().unwrap_or_default();
            subscriptions.push(Subscription { product, supplier, granted });
            self.plant(&subscription["productId"], Place::OrderItem(order_ref, supplier));
        }
        let order = Order {
            offer: number(told, "offer"),
            vendor: number(told, "vendor"),
            subscriber: number(told, "subscriber"),
            open: true,
            subscriptions,
        };
        self.orders.insert(order_ref, order);
        self.plant(&told["externalId"], Place::Order(order_ref));
        self.plant_all(told, &["offerId", "strategy"], Place::OrderFacts(order_ref));
    }
}

fn end<T>(table: &mut BTreeMap<u64, T>, told: &Value, lives: impl Fn(&mut T) -> &mut bool) {
    let row = told.as_u64().and_then(|row_ref| table.get_mut(&row_ref)).expect("what is deleted was there");
    *lives(row) = false;
}
