//! Who may see what, and who may change what: domain.md in a hundred lines, shared with nothing.

use super::model::{Grant, Model, Place, event, grants, order_of, owner, uuid};
use orderpark_domain::PartyKind::{Operator, Subscriber, Supplier, Vendor};
use serde_json::Value;
use std::collections::BTreeSet;

/// Somebody, by what it holds.
pub struct Eyes<'m> {
    pub model: &'m Model,
    pub grants: &'m [Grant],
}

impl Eyes<'_> {
    pub fn is_operator(&self) -> bool {
        self.grants.iter().any(|(kind, _)| *kind == Operator)
    }

    fn holds(&self, grant: Grant) -> bool {
        self.is_operator() || self.grants.contains(&grant)
    }

    fn holds_all(&self, grants: &[Grant]) -> bool {
        grants.iter().all(|grant| self.holds(*grant))
    }

    fn subscribers(&self) -> impl Iterator<Item = u64> {
        self.grants.iter().filter(|(kind, _)| *kind == Subscriber).map(|(_, party)| *party)
    }

    fn buys_from(&self, vendor: u64) -> bool {
        self.subscribers().any(|subscriber| self.model.parties[&subscriber].vendor == Some(vendor))
    }

    /// Whether a canary in this place may be read.
    pub fn see(&self, place: Place) -> bool {
        self.is_operator()
            || match place {
                Place::Party(party) => self.see_party(party),
                Place::User(user) => self.holds_all(&self.model.users[&user].grants),
                Place::Product(product) => self.see_product(product),
                Place::Notification(product) => self.holds((Supplier, self.model.products[&product].supplier)),
                Place::Offer(offer) => self.see_offer(offer, true) || self.see_offer(offer, false),
                Place::Strategy(strategy) => match self.model.strategies[&strategy].vendor {
                    None => true,
                    Some(vendor) => self.holds((Vendor, vendor)) || self.buys_from(vendor),
                },
                Place::Endpoint(endpoint) => self.holds(self.model.endpoints[&endpoint].owner),
                Place::Order(order) => self.see_order(order),
                Place::OrderFacts(order) => self.see_order(order) || self.supply(order),
                Place::OrderItem(order, supplier) => self.see_order(order) || self.holds((Supplier, supplier)),
                Place::Reason(order) => self.holds((Vendor, self.model.orders[&order].vendor)),
            }
    }

    fn see_party(&self, party_ref: u64) -> bool {
        let party = &self.model.parties[&party_ref];
        self.holds((party.kind, party_ref)) || party.vendor.is_some_and(|vendor| self.holds((Vendor, vendor)))
    }

    fn see_product(&self, product: u64) -> bool {
        let subscribed = |subscriber| {
            let mut orders = self.model.orders.values().filter(|order| order.open && order.subscriber == subscriber);
            orders.any(|order| order.subscriptions.iter().any(|subscription| subscription.product == product))
        };
        self.holds((Supplier, self.model.products[&product].supplier))
            || self.grants.iter().any(|(kind, _)| *kind == Vendor)
            || self.subscribers().any(subscribed)
    }

    /// Those that it has taken, or those that it may take.
    fn see_offer(&self, offer_ref: u64, orderable: bool) -> bool {
        let offer = &self.model.offers[&offer_ref];
        let taken = |order: &super::model::Order| {
            order.open && order.offer == offer_ref && self.grants.contains(&(Subscriber, order.subscriber))
        };
        if orderable {
            return offer.active && offer.lives && (self.holds((Vendor, offer.vendor)) || self.buys_from(offer.vendor));
        }
        self.holds((Vendor, offer.vendor)) || self.model.orders.values().any(taken)
    }

    fn see_order(&self, order: u128) -> bool {
        let order = &self.model.orders[&order];
        self.holds((Vendor, order.vendor)) || self.holds((Subscriber, order.subscriber))
    }

    fn supply(&self, order: u128) -> bool {
        self.model.orders[&order].subscriptions.iter().any(|item| self.holds((Supplier, item.supplier)))
    }

    /// Whether this UUID may be read: it names an order or a subscription that it may know, or none at all.
    pub fn see_uuid(&self, number: u128) -> bool {
        let Some(order) = self.model.orders.get(&order_of(number)) else { return true };
        let position = usize::try_from(number & 0x3FF).expect("ten bits");
        self.see_order(order_of(number))
            || match position.checked_sub(1).and_then(|index| order.subscriptions.get(index)) {
                None => self.supply(order_of(number)),
                Some(subscription) => self.holds((Supplier, subscription.supplier)),
            }
    }

    /// Whether the id of this subscriber may be read.
    pub fn see_subscriber(&self, party: u64) -> bool {
        let supplies = || self.model.orders.iter().any(|(order, row)| row.subscriber == party && self.supply(*order));
        self.see_party(party) || supplies()
    }

    /// Connections of a plan that are granted and used, as far as it may know of them.
    pub fn counts(&self, product: u64) -> [String; 2] {
        let all = self.holds((Supplier, self.model.products[&product].supplier));
        let orders = self.model.orders.iter().filter(|(at, order)| order.open && (all || self.see_order(**at)));
        let subscriptions = orders.flat_map(|(_, order)| &order.subscriptions).filter(|one| one.product == product);
        let granted: u64 = subscriptions.map(|subscription| subscription.granted).sum();
        let used = self.model.used.iter().filter(|((party, of), _)| *of == product && (all || self.see_party(*party)));
        let used: u64 = used.map(|(_, used)| used).sum();
        [granted.to_string(), used.to_string()]
    }

    /// The refs that an unfiltered list shows.
    pub fn listed(&self, collection: &str, query: &str) -> BTreeSet<String> {
        let model = self.model;
        let parties = |kind| {
            let living = move |party: &super::model::Party| party.lives && party.kind == kind;
            model.parties.iter().filter(move |(at, party)| living(party) && self.see_party(**at)).map(|(at, _)| *at)
        };
        let numbers: Vec<u64> = match collection {
            "/suppliers" => parties(Supplier).collect(),
            "/vendors" => parties(Vendor).collect(),
            "/subscribers" => parties(Subscriber).collect(),
            "/quotas" => {
                model.parties.iter().filter(|(at, row)| row.lives && self.see_party(**at)).map(|(at, _)| *at).collect()
            }
            "/users" => seen(&model.users, |at, row| row.lives && self.see(Place::User(at))),
            "/applications" => seen(&model.products, |at, row| row.lives && !row.is_plan && self.see_product(at)),
            "/connectivityPlans" => seen(&model.products, |at, row| row.lives && row.is_plan && self.see_product(at)),
            "/offers" => seen(&model.offers, |at, row| row.lives && self.see_offer(at, !query.is_empty())),
            "/processingStrategies" => seen(&model.strategies, |at, row| row.lives && self.see(Place::Strategy(at))),
            "/webhookEndpoints" => seen(&model.endpoints, |at, row| row.lives && self.see(Place::Endpoint(at))),
            _ => return self.listed_orders(collection, !query.is_empty()),
        };
        numbers.iter().map(ToString::to_string).collect()
    }

    fn listed_orders(&self, collection: &str, all: bool) -> BTreeSet<String> {
        let orders = self.model.orders.iter().filter(|(_, order)| all || order.open);
        let shown = |number: u128| uuid::Uuid::from_u128(number).to_string();
        if collection == "/orders" {
            return orders.filter(|(at, _)| self.see_order(**at)).map(|(at, _)| shown(*at)).collect();
        }
        let subscriptions =
            orders.flat_map(|(at, order)| (1..=order.subscriptions.len() as u128).map(move |n| *at | n));
        subscriptions.filter(|number| self.see_uuid(*number)).map(shown).collect()
    }

    /// Whether a GET of one object finds it.
    pub fn find(&self, collection: &str, path_ref: &str) -> bool {
        if let "/orders" | "/subscriptions" = collection {
            return self.listed_orders(collection, true).contains(path_ref);
        }
        self.listed(collection, "").contains(path_ref)
            || collection == "/offers" && self.listed(collection, "orderable=true").contains(path_ref)
    }

    /// Says what is wrong with it that this caller had this entry written. `all` were written by the same request.
    pub fn objection(&self, entry: &Value, all: &[Value]) -> Option<String> {
        let (name, told) = event(entry);
        (!self.may_have_written(name, told, all)).then(|| format!("{:?} had {name} {told} written", self.grants))
    }

    fn may_have_written(&self, name: &str, told: &Value, all: &[Value]) -> bool {
        let model = self.model;
        let at = told.as_u64().or_else(|| told["ref"].as_u64()).unwrap_or_default();
        let number = |name: &str| told[name].as_u64();
        match name {
            "partyCreated" => self.write_party(number("vendor")),
            "partyUpdated" | "partyClosing" | "partyDeleted" => self.write_party(model.parties[&at].vendor),
            "quotasSet" => self.is_operator(),
            "userCreated" => self.holds_all(&grants(told)) || first_user(told, all),
            "userUpdated" => {
                let (before, after) = (&model.users[&at].grants, grants(told));
                self.holds_all(&after) && self.holds_all(before) || after != *before && left_to(before, all) == after
            }
            "userDeleted" => {
                let before = &model.users[&at].grants;
                let left = left_to(before, all);
                let dead = |(_, party): &Grant| !model.parties[party].lives;
                self.holds_all(before) || left != *before && left.iter().all(dead)
            }
            "tokenRevoked" => self.holds_all(&model.users[&at].grants),
            "productCreated" => self.holds((Supplier, number("supplier").expect("a supplier"))),
            "productUpdated" | "productDeleted" => self.holds((Supplier, model.products[&at].supplier)),
            "offerCreated" => self.holds((Vendor, number("vendor").expect("a vendor"))),
            "offerUpdated" | "offerDeleted" => self.holds((Vendor, model.offers[&at].vendor)),
            "strategyCreated" => self.write_strategy(number("vendor")),
            "strategyUpdated" | "strategyDeleted" => self.write_strategy(model.strategies[&at].vendor),
            "endpointCreated" => self.holds(owner(told)),
            "endpointUpdated" => self.holds(owner(told)) && owner(told) == model.endpoints[&at].owner,
            "endpointDeleted" => {
                self.holds(model.endpoints[&at].owner) || all.iter().any(|entry| event(entry).0 == "partyDeleted")
            }
            "orderPlaced" => self.may_have_placed(told),
            "orderFound" => self.see_order(told["ref"].as_str().and_then(uuid).expect("a ref")),
            "orderCancelled" => self.see_order(told.as_str().and_then(uuid).expect("a ref")),
            "subscriptionSuspended" | "subscriptionResumed" => {
                let subscription = told["subscription"].as_str().and_then(uuid).expect("a ref");
                self.holds((Vendor, model.orders[&order_of(subscription)].vendor))
            }
            "usageReported" => {
                let (product, subscriber) = (number("product").expect("a ref"), number("subscriber").expect("a ref"));
                self.holds((Supplier, model.products[&product].supplier)) && self.see_subscriber(subscriber)
            }
            _ => false,
        }
    }

    /// Companies are the operator's to make and change, subscribers also their vendor's.
    fn write_party(&self, vendor: Option<u64>) -> bool {
        vendor.map_or(self.is_operator(), |vendor| self.holds((Vendor, vendor)))
    }

    fn write_strategy(&self, vendor: Option<u64>) -> bool {
        vendor.map_or(self.is_operator(), |vendor| self.holds((Vendor, vendor)))
    }

    fn may_have_placed(&self, told: &Value) -> bool {
        let [vendor, subscriber, offer] = ["vendor", "subscriber", "offer"].map(|name| told[name].as_u64());
        let (Some(vendor), Some(subscriber), Some(offer)) = (vendor, subscriber, offer) else { return false };
        let one_vendor =
            self.model.parties[&subscriber].vendor == Some(vendor) && self.model.offers[&offer].vendor == vendor;
        one_vendor && (self.holds((Vendor, vendor)) || self.holds((Subscriber, subscriber)))
    }
}

fn seen<T>(table: &std::collections::BTreeMap<u64, T>, is_seen: impl Fn(u64, &T) -> bool) -> Vec<u64> {
    table.iter().filter(|(at, row)| is_seen(**at, row)).map(|(at, _)| *at).collect()
}

/// What is left of what a user held when the parties that a request ended are gone.
fn left_to(held: &[Grant], all: &[Value]) -> Vec<Grant> {
    let ends = |party: u64| all.iter().any(|entry| event(entry) == ("partyDeleted", &Value::from(party)));
    held.iter().filter(|(_, party)| !ends(*party)).copied().collect()
}

/// The primary user of a party that was made by the same request, with the rights of that party and no others.
fn first_user(user: &Value, all: &[Value]) -> bool {
    let made = all.iter().map(event).find(|(name, _)| *name == "partyCreated").map(|(_, party)| party);
    made.is_some_and(|party| {
        grants(user).iter().all(|(kind, at)| party["kind"] == kind.as_str() && party["ref"] == *at)
    })
}
