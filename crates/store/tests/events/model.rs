//! What there is to hear, from the text of the journal.

use super::harness::Deployment;
use orderpark_domain::PartyKind;
use serde_json::Value;
use std::collections::BTreeMap;

/// Kind of party and its ref, as the journal has them.
pub type Who = (PartyKind, u64);

/// One event as the model expects it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    pub id: String,
    pub kind: &'static str,
    audience: Vec<Who>,
}

/// What the model remembers.
#[derive(Default)]
pub struct Model {
    orders: BTreeMap<String, (Vec<Who>, Vec<Who>)>,
    offers: BTreeMap<u64, u64>,
    /// Subscribers with their vendors; no other parties.
    subscribers: BTreeMap<u64, u64>,
    pub expected: Vec<Expected>,
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no number: {value}"))
}

impl Model {
    pub fn of(deployment: &Deployment) -> Model {
        let mut model = Model::default();
        for row in deployment.home.rows("select seq, entry from journal order by seq") {
            let entry: Value = serde_json::from_str(&row[1]).expect("JSON");
            let (name, told) = entry["event"].as_object().and_then(|event| event.iter().next()).expect("an event");
            model.hear(&row[0], name, told);
        }
        model
    }

    fn hear(&mut self, seq: &str, name: &str, told: &Value) {
        match name {
            "orderPlaced" => {
                let who = vec![
                    (PartyKind::Vendor, number(&told["vendor"])),
                    (PartyKind::Subscriber, number(&told["subscriber"])),
                ];
                let subscriptions = told["subscriptions"].as_array().expect("subscriptions");
                let suppliers = subscriptions.iter().map(|it| (PartyKind::Supplier, number(&it["supplier"]))).collect();
                let key = told["ref"].as_str().expect("a ref").to_owned();
                self.orders.insert(key.clone(), (who, suppliers));
                self.order(seq, &key, if told["state"] == "PENDING" { "pending" } else { "activated" });
            }
            "orderSettled" => {
                let what = if told.get("refused").is_none() { "activated" } else { "rejected" };
                self.order(seq, told["order"].as_str().expect("a ref"), what);
            }
            "orderCancelled" => self.order(seq, told.as_str().expect("a ref"), "cancelled"),
            "subscriptionSuspended" => self.subscription(seq, told, "subscription.suspended"),
            "subscriptionResumed" => self.subscription(seq, told, "subscription.resumed"),
            "offerCreated" | "offerUpdated" => {
                self.offers.insert(number(&told["ref"]), number(&told["vendor"]));
                let kind = if name == "offerCreated" { "offer.created" } else { "offer.updated" };
                self.tell(seq, 0, kind, vec![(PartyKind::Vendor, number(&told["vendor"]))]);
            }
            "offerDeleted" => self.tell(seq, 0, "offer.deleted", vec![(PartyKind::Vendor, self.offers[&number(told)])]),
            "partyCreated" | "partyUpdated" if told["kind"] == "SUBSCRIBER" => {
                self.subscribers.insert(number(&told["ref"]), number(&told["vendor"]));
                let kind = if name == "partyCreated" { "subscriber.created" } else { "subscriber.updated" };
                self.subscriber(seq, kind, number(&told["ref"]));
            }
            "partyDeleted" if self.subscribers.contains_key(&number(told)) => {
                self.subscriber(seq, "subscriber.deleted", number(told));
            }
            _ => {}
        }
    }

    fn tell(&mut self, seq: &str, number: usize, kind: &'static str, audience: Vec<Who>) {
        self.expected.push(Expected { id: format!("{seq}.{number}"), kind, audience });
    }

    fn subscriber(&mut self, seq: &str, kind: &'static str, party: u64) {
        let vendor = self.subscribers[&party];
        self.tell(seq, 0, kind, vec![(PartyKind::Subscriber, party), (PartyKind::Vendor, vendor)]);
    }

    fn order(&mut self, seq: &str, key: &str, what: &str) {
        let (who, suppliers) = self.orders[key].clone();
        let (kind, each) = match what {
            "pending" => ("order.pending", None),
            "activated" => ("order.activated", Some("subscription.activated")),
            "rejected" => ("order.rejected", Some("subscription.rejected")),
            _ => ("order.cancelled", Some("subscription.cancelled")),
        };
        self.tell(seq, 0, kind, who.clone());
        for (place, supplier) in suppliers.into_iter().enumerate() {
            if let Some(kind) = each {
                self.tell(seq, place + 1, kind, [who.clone(), vec![supplier]].concat());
            }
        }
    }

    fn subscription(&mut self, seq: &str, told: &Value, kind: &'static str) {
        let subscription = told["subscription"].as_str().expect("a ref");
        let order = orderpark_domain::SubscriptionRef::parse(subscription).expect("a ref");
        let (who, suppliers) = self.orders[&order.order().to_string()].clone();
        let supplier = suppliers[usize::from(order.position()) - 1];
        self.tell(seq, 0, kind, [who, vec![supplier]].concat());
    }

    /// What whoever holds these grants has to hear.
    pub fn heard_by(&self, grants: &[Who]) -> Vec<(String, &'static str)> {
        let concerns = |audience: &[Who]| grants.iter().any(|it| it.0 == PartyKind::Operator || audience.contains(it));
        let heard = self.expected.iter().filter(|event| concerns(&event.audience));
        heard.map(|event| (event.id.clone(), event.kind)).collect()
    }
}
