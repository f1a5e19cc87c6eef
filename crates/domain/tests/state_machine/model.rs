//! The reference: plain lists, written from domain.md, without a look at how the domain decides.
//!
//! Everything is named by its index; an index past the end names what does not exist. Where several rules refuse, the
//! first of these counts: kind of scope, a caller that is gone, request key, object in the path, `If-Match`, attributes of the body, state.

use super::steps::{Step, World};
use std::collections::BTreeMap;

/// Who a grant acts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    Operator,
    Supplier(usize),
    Vendor(usize),
    Subscriber(usize),
}
use Right::{Operator, Subscriber, Supplier, Vendor};

/// What a step must come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    Done,
    Replayed,
    Forbidden,
    Refused(&'static str),
}
use Expected::{Done, Forbidden, Refused, Replayed};

/// An order, with the states of its subscriptions.
#[derive(Clone, Debug)]
pub struct Order {
    pub offer: usize,
    pub subscriber: usize,
    pub quantity: u32,
    pub external: Option<u8>,
    pub strategy: Option<usize>,
    pub state: &'static str,
    pub revision: u32,
    pub items: Vec<(usize, u64, &'static str)>,
}

impl Order {
    pub fn is_open(&self) -> bool {
        self.state == "ACTIVE" || self.state == "PENDING"
    }

    fn becomes(&mut self, state: &'static str) {
        self.state = state;
        self.revision += 1;
        self.items.iter_mut().for_each(|item| item.2 = state);
    }
}

/// A login, as it is now.
#[derive(Clone, Debug)]
pub struct Login {
    pub home: Right,
    pub rights: Vec<Right>,
    pub lives: bool,
}

impl Login {
    fn of(rights: &[Right]) -> Login {
        let home = if rights.contains(&Operator) { Operator } else { rights[0] };
        Login { home, rights: rights.to_vec(), lives: true }
    }
}

/// How many parts a piece has here; few, so that closing takes several.
pub const PARTS_MAX: u16 = 3;

/// How many things with so many parts are the first piece, and whether that is all of them.
fn first(parts: impl Iterator<Item = usize>) -> (usize, bool) {
    let parts: Vec<usize> = parts.collect();
    let max = usize::from(PARTS_MAX);
    let sums = (1..=parts.len()).map(|count| parts[..count].iter().sum::<usize>());
    let fitting = sums.take_while(|sum| *sum <= max).count();
    (fitting.max(parts.len().min(1)), fitting == parts.len())
}

/// All there is.
#[derive(Clone, Debug)]
pub struct Model {
    pub world: World,
    pub callers: Vec<Vec<Right>>,
    pub orders: Vec<Order>,
    pub offer_states: Vec<&'static str>,
    pub offers_alive: Vec<bool>,
    pub products_alive: Vec<bool>,
    pub subscribers_alive: Vec<bool>,
    pub subscribers_closing: Vec<bool>,
    pub logins: Vec<Login>,
    pub strategies_active: Vec<bool>,
    pub used: BTreeMap<(usize, usize), u64>,
    keys: BTreeMap<(usize, u8), String>,
    pub expected: Expected,
}

impl Model {
    pub fn of(world: World) -> Model {
        let mut callers = vec![vec![Operator], vec![Supplier(0)], vec![Supplier(1)], vec![Vendor(0)], vec![Vendor(1)]];
        callers.extend((0..world.subscribers.len()).map(|subscriber| vec![Subscriber(subscriber)]));
        callers.extend(world.mixed.clone());
        Model {
            logins: callers.iter().map(|rights| Login::of(rights)).collect(),
            callers,
            orders: Vec::new(),
            offer_states: world.offers.iter().map(|offer| offer.state).collect(),
            offers_alive: vec![true; world.offers.len()],
            products_alive: vec![true; world.products.len()],
            subscribers_alive: vec![true; world.subscribers.len()],
            subscribers_closing: vec![false; world.subscribers.len()],
            strategies_active: vec![true; 3],
            used: BTreeMap::new(),
            keys: BTreeMap::new(),
            expected: Done,
            world,
        }
    }

    /// The connections that a subscriber was granted: the sum over what is active or suspended.
    pub fn granted(&self, subscriber: usize, product: usize) -> u64 {
        let orders = self.orders.iter().filter(|order| order.subscriber == subscriber);
        let items = orders.flat_map(|order| &order.items).filter(|item| item.0 == product);
        items.filter(|item| item.2 == "ACTIVE" || item.2 == "SUSPENDED").map(|item| item.1).sum()
    }

    fn subscriptions(&self, subscriber: usize, product: usize) -> usize {
        let orders = self.orders.iter().filter(|order| order.subscriber == subscriber);
        let items = orders.flat_map(|order| &order.items).filter(|item| item.0 == product);
        items.filter(|item| item.2 == "ACTIVE" || item.2 == "SUSPENDED").count()
    }

    pub fn take(&mut self, step: &Step) {
        self.expected = match self.judge(step) {
            Ok(()) => Done,
            Err(expected) => expected,
        };
    }

    fn judge(&mut self, step: &Step) -> Result<(), Expected> {
        match step.clone() {
            Step::Place { .. } => self.place(step),
            Step::Cancel { caller, order, dry_run, revision } => self.cancel(caller, order, dry_run, revision),
            Step::Settle { order, agreed } => self.settle(order, agreed),
            Step::Change { caller, order, position, suspend } => self.change(caller, order, position, suspend),
            Step::Report { caller, subscriber, product, used } => self.report(caller, subscriber, product, used),
            Step::SetOffer { caller, offer, state } => self.set_offer(caller, offer, state),
            Step::DeleteOffer { caller, offer } => self.delete_offer(caller, offer),
            Step::DeleteProduct { caller, product } => self.delete_product(caller, product),
            Step::DeleteSubscriber { caller, subscriber, force } => self.delete_subscriber(caller, subscriber, force),
            Step::Continue { subscriber } => {
                self.go_on(subscriber);
                Ok(())
            }
            Step::SetStrategy { caller, strategy, active } => self.set_strategy(caller, strategy, active),
        }
    }

    /// The rights of a caller that are of a kind that may do this.
    fn rights(&self, caller: usize, kinds: &str) -> Result<Vec<Right>, Expected> {
        let open = |right: &Right| match right {
            Operator => kinds.contains('o'),
            Supplier(_) => kinds.contains('s'),
            Vendor(_) => kinds.contains('v'),
            Subscriber(_) => kinds.contains('b'),
        };
        let rights: Vec<Right> = self.callers[caller].iter().copied().filter(open).collect();
        match rights.as_slice() {
            [] => Err(Forbidden),
            _ if self.is_gone(caller) => Err(Refused("CallerGone")),
            _ => Ok(rights),
        }
    }

    fn is_gone(&self, caller: usize) -> bool {
        !self.logins[caller].lives
    }

    fn sees_subscriber(&self, rights: &[Right], subscriber: usize) -> bool {
        let vendor = self.world.subscribers[subscriber];
        [Operator, Vendor(vendor), Subscriber(subscriber)].iter().any(|right| rights.contains(right))
    }

    fn place(&mut self, step: &Step) -> Result<(), Expected> {
        let Step::Place { caller, offer, subscriber, quantity, external, strategy, can_ask, key } = step.clone() else {
            return Ok(());
        };
        let rights = self.rights(caller, "ovb")?;
        let body = format!("{step:?}");
        if let Some(kept) = key.and_then(|key| self.keys.get(&(caller, key))) {
            return Err(if *kept == body { Replayed } else { Refused("KeyReused") });
        }
        let subscriber = self.named_subscriber(&rights, subscriber)?;
        let same_name = |order: &&Order| external.is_some() && order.external == external && order.state != "REJECTED";
        if let Some(order) = self.orders.iter().filter(|it| it.subscriber == subscriber).find(same_name) {
            let same = (order.offer, order.quantity, order.strategy) == (offer, quantity, strategy);
            if !same {
                return Err(Refused("ExternalIdTaken"));
            }
        } else {
            if self.subscribers_closing[subscriber] {
                return Err(Refused("PartyClosing"));
            }
            let order = self.new_order(offer, subscriber, strategy, can_ask)?;
            self.orders.push(Order { quantity, external, ..order });
            let order = self.orders.last_mut().expect("it was pushed");
            order.items.iter_mut().for_each(|item| item.1 *= u64::from(quantity));
        }
        if let Some(key) = key {
            self.keys.insert((caller, key), body);
        }
        Ok(())
    }

    fn named_subscriber(&self, rights: &[Right], named: Option<usize>) -> Result<usize, Expected> {
        let own: Vec<usize> =
            rights.iter().filter_map(|right| if let Subscriber(it) = right { Some(*it) } else { None }).collect();
        let only = if let [only] = own.as_slice() { Some(*only) } else { None };
        let subscriber = named.or(only).ok_or(Refused("Invalid subscriberId"))?;
        let lives = self.subscribers_alive.get(subscriber).is_some_and(|lives| *lives);
        let seen = lives && self.sees_subscriber(rights, subscriber);
        if seen { Ok(subscriber) } else { Err(Refused("Unknown subscriberId")) }
    }

    fn new_order(
        &self,
        offer: usize,
        subscriber: usize,
        strategy: Option<usize>,
        can_ask: bool,
    ) -> Result<Order, Expected> {
        let published = self.world.offers.get(offer).ok_or(Refused("Unknown offerId"))?;
        if !self.offers_alive[offer] || published.vendor != self.world.subscribers[subscriber] {
            return Err(Refused("Unknown offerId"));
        }
        if self.offer_states[offer] != "ACTIVE" {
            return Err(Refused("OfferNotOrderable"));
        }
        if let Some(strategy) = strategy {
            let whose = [None, Some(0), Some(1)];
            let usable = strategy < 3
                && self.strategies_active[strategy]
                && whose[strategy].is_none_or(|vendor| vendor == published.vendor)
                && published.listed.as_ref().is_none_or(|listed| listed.contains(&strategy));
            if !usable {
                return Err(Refused("UnknownStrategy"));
            }
        }
        let asks = published.items.iter().any(|(product, _)| self.world.products[*product].1);
        if asks && !can_ask {
            return Err(Refused("SupplierCannotBeAsked"));
        }
        let state = if asks { "PENDING" } else { "ACTIVE" };
        let items = published.items.iter().map(|(product, granted)| (*product, *granted, state)).collect();
        Ok(Order { offer, subscriber, quantity: 1, external: None, strategy, state, revision: 1, items })
    }

    fn cancel(&mut self, caller: usize, order: usize, dry: bool, revision: Option<u32>) -> Result<(), Expected> {
        let rights = self.rights(caller, "ovb")?;
        let it = self.orders.get(order).ok_or(Refused("NotFound"))?;
        if !self.sees_subscriber(&rights, it.subscriber) {
            return Err(Refused("NotFound"));
        }
        if revision.is_some_and(|revision| revision != it.revision) {
            return Err(Refused("Stale"));
        }
        match it.state {
            "PENDING" => return Err(Refused("OrderPending")),
            "REJECTED" | "CANCELLED" => return Ok(()),
            _ => self.may_close(&[order])?,
        }
        if !dry {
            self.orders[order].becomes("CANCELLED");
        }
        Ok(())
    }

    /// What would remain granted must cover what is in use.
    fn may_close(&self, closing: &[usize]) -> Result<(), Expected> {
        let mut after = self.clone();
        for order in closing {
            after.orders[*order].becomes("CANCELLED");
        }
        let fits = |(of, used): (&(usize, usize), &u64)| *used <= after.granted(of.0, of.1);
        if self.used.iter().all(fits) { Ok(()) } else { Err(Refused("ConnectionsInUse")) }
    }

    fn settle(&mut self, order: usize, agreed: bool) -> Result<(), Expected> {
        let order = self.orders.get_mut(order).ok_or(Refused("NotFound"))?;
        if order.state != "PENDING" {
            return Err(Refused("OrderNotPending"));
        }
        order.becomes(if agreed { "ACTIVE" } else { "REJECTED" });
        Ok(())
    }

    fn change(&mut self, caller: usize, order: usize, position: usize, suspend: bool) -> Result<(), Expected> {
        let rights = self.rights(caller, "ov")?;
        let vendor = |order: &Order| Vendor(self.world.offers[order.offer].vendor);
        let seen = self.orders.get(order).is_some_and(|it| rights.contains(&Operator) || rights.contains(&vendor(it)));
        if !seen || position >= self.orders[order].items.len() {
            return Err(Refused("NotFound"));
        }
        let order = &mut self.orders[order];
        let (from, to) = (order.items[position].2, if suspend { "SUSPENDED" } else { "ACTIVE" });
        if from != to {
            if from != "ACTIVE" && from != "SUSPENDED" {
                return Err(Refused("IllegalTransition"));
            }
            order.items[position].2 = to;
            order.revision += 1;
        }
        Ok(())
    }

    fn report(&mut self, caller: usize, subscriber: usize, product: usize, used: u64) -> Result<(), Expected> {
        let rights = self.rights(caller, "os")?;
        self.own_product(&rights, product)?;
        let operator = rights.contains(&Operator);
        let known = subscriber < self.subscribers_alive.len()
            && self.subscribers_alive[subscriber]
            && (operator || self.subscriptions(subscriber, product) > 0);
        if !known {
            return Err(Refused("Unknown subscriberId"));
        }
        if used > self.granted(subscriber, product) {
            return Err(Refused("ConnectionsNotGranted"));
        }
        let before = self.used.get(&(subscriber, product)).copied().unwrap_or(0);
        if self.subscribers_closing[subscriber] && used > before {
            return Err(Refused("PartyClosing"));
        }
        self.used.insert((subscriber, product), used);
        Ok(())
    }

    fn own_product(&self, rights: &[Right], product: usize) -> Result<(), Expected> {
        let it = self.world.products.get(product).ok_or(Refused("NotFound"))?;
        let own = rights.contains(&Operator) || rights.contains(&Supplier(it.0));
        if own && self.products_alive[product] { Ok(()) } else { Err(Refused("NotFound")) }
    }

    fn own_offer(&self, caller: usize, offer: usize) -> Result<(), Expected> {
        let rights = self.rights(caller, "ov")?;
        let it = self.world.offers.get(offer).ok_or(Refused("NotFound"))?;
        let own = rights.contains(&Operator) || rights.contains(&Vendor(it.vendor));
        if own && self.offers_alive[offer] { Ok(()) } else { Err(Refused("NotFound")) }
    }

    fn set_offer(&mut self, caller: usize, offer: usize, state: &'static str) -> Result<(), Expected> {
        self.own_offer(caller, offer)?;
        self.offer_states[offer] = state;
        Ok(())
    }

    fn delete_offer(&mut self, caller: usize, offer: usize) -> Result<(), Expected> {
        self.own_offer(caller, offer)?;
        if self.orders.iter().any(|order| order.offer == offer && order.is_open()) {
            return Err(Refused("InUse Orders"));
        }
        self.offers_alive[offer] = false;
        Ok(())
    }

    fn delete_product(&mut self, caller: usize, product: usize) -> Result<(), Expected> {
        let rights = self.rights(caller, "os")?;
        self.own_product(&rights, product)?;
        let contains = |offer: &super::steps::Offer| offer.items.iter().any(|item| item.0 == product);
        if self.world.offers.iter().zip(&self.offers_alive).any(|(offer, lives)| *lives && contains(offer)) {
            return Err(Refused("InUse Offers"));
        }
        self.products_alive[product] = false;
        Ok(())
    }

    fn delete_subscriber(&mut self, caller: usize, subscriber: usize, force: bool) -> Result<(), Expected> {
        let rights = self.rights(caller, "ov")?;
        let lives = self.subscribers_alive.get(subscriber).copied().unwrap_or(false);
        if !lives || !self.sees_subscriber(&rights, subscriber) {
            return Err(Refused("NotFound"));
        }
        if self.subscribers_closing[subscriber] {
            return Ok(());
        }
        let open = self.open_orders(subscriber);
        if !open.is_empty() && !force {
            return Err(Refused("InUse Orders"));
        }
        let (home, users) = (Subscriber(subscriber), self.logins_of(subscriber));
        if !(self.first_orders(&open).1 && self.first_logins(&users).1) {
            if self.used.iter().any(|((of, _), used)| *of == subscriber && *used > 0) {
                return Err(Refused("ConnectionsInUse"));
            }
            self.subscribers_closing[subscriber] = true;
            return Ok(());
        }
        if open.iter().any(|order| self.orders[*order].state == "PENDING") {
            return Err(Refused("OrderPending"));
        }
        self.may_close(&open)?;
        for order in open {
            self.orders[order].becomes("CANCELLED");
        }
        for user in users {
            self.leave(user, home);
        }
        self.subscribers_alive[subscriber] = false;
        Ok(())
    }

    fn open_orders(&self, subscriber: usize) -> Vec<usize> {
        let of_it = |order: &Order| order.subscriber == subscriber && order.is_open();
        (0..self.orders.len()).filter(|order| of_it(&self.orders[*order])).collect()
    }

    /// The living logins of a subscriber, in the order in which they were made.
    fn logins_of(&self, subscriber: usize) -> Vec<usize> {
        let is_at_home = |login: &Login| login.lives && login.home == Subscriber(subscriber);
        (0..self.logins.len()).filter(|login| is_at_home(&self.logins[*login])).collect()
    }

    fn first_orders(&self, orders: &[usize]) -> (usize, bool) {
        first(orders.iter().map(|order| self.orders[*order].items.len()))
    }

    fn first_logins(&self, logins: &[usize]) -> (usize, bool) {
        first(logins.iter().map(|login| self.logins[*login].rights.len()))
    }

    /// The next piece of closing: orders first, and logins when no order is open any more.
    fn go_on(&mut self, subscriber: usize) {
        if !self
            .subscribers_closing
            .get(subscriber)
            .is_some_and(|closing| *closing && self.subscribers_alive[subscriber])
        {
            return;
        }
        let open = self.open_orders(subscriber);
        for order in open.iter().take(self.first_orders(&open).0) {
            if self.orders[*order].state == "ACTIVE" {
                self.orders[*order].becomes("CANCELLED");
            }
        }
        if !self.open_orders(subscriber).is_empty() || !self.first_orders(&open).1 {
            return;
        }
        let users = self.logins_of(subscriber);
        let (count, all) = self.first_logins(&users);
        for user in users.into_iter().take(count) {
            self.leave(user, Subscriber(subscriber));
        }
        self.subscribers_alive[subscriber] = !all;
    }

    /// A login whose party ends keeps what else it holds, and moves to the first of that which
    /// lives.
    fn leave(&mut self, login: usize, home: Right) {
        let lives = |right: &Right| !matches!(right, Subscriber(it) if !self.subscribers_alive[*it]);
        let others: Vec<Right> = self.logins[login].rights.iter().copied().filter(|right| *right != home).collect();
        match others.iter().copied().find(lives) {
            Some(home) => self.logins[login] = Login { home, rights: others, lives: true },
            None => self.logins[login].lives = false,
        }
    }

    fn set_strategy(&mut self, caller: usize, strategy: usize, active: bool) -> Result<(), Expected> {
        let rights = self.rights(caller, "ov")?;
        let owner = [Operator, Vendor(0), Vendor(1)].get(strategy).copied().ok_or(Refused("NotFound"))?;
        if !rights.contains(&Operator) && !rights.contains(&owner) {
            return Err(Refused("NotFound"));
        }
        self.strategies_active[strategy] = active;
        Ok(())
    }
}
