//! Two nodes on one PostgreSQL are as one: what either has committed, both know, and a key that comes to both is one order.

mod harness;

use harness::{Chance, Deployment, Engine, Shop, cancel, everything, key, order_of, place, scope_of};
use orderpark_domain::balance::ReportUsage;
use orderpark_domain::offer::UpdateOffer;
use orderpark_domain::order::{PlaceOrder, SettleOrder};
use orderpark_domain::party::{ContinueClosing, DeleteParty};
use orderpark_domain::token::{IssueToken, RevokeToken};
use orderpark_domain::{
    Command, Grant, Instant, Intent, OfferState, Order, OrderRef, OrderState, Outcome, PartyKind, PartyRef, Refusal,
    SecretHash, Token,
};
use orderpark_store::{CommitError, Committed, OrderFilter, Slice, Store};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// A deployment that two stores have open; the first one belongs to the deployment itself.
struct Nodes {
    deployment: Deployment,
    second: Store,
}

impl Nodes {
    fn new() -> Nodes {
        let deployment = Deployment::on(Engine::Postgres);
        let mut options = harness::options(&deployment.clock);
        // The nodes draw by chance each for itself.
        options.chance = Arc::new(Chance::new(8));
        let second = Store::open(&deployment.database(), options).expect("a second node");
        Nodes { deployment, second }
    }

    fn node(&self, number: usize) -> &Store {
        if number.is_multiple_of(2) { &self.deployment.store } else { &self.second }
    }

    fn commit(&self, number: usize, command: Command) -> Result<Committed, CommitError> {
        self.node(number).commit_blocking(self.deployment.intent(command))
    }

    fn done(&self, number: usize, command: Command) -> Outcome {
        self.commit(number, command).expect("the command is carried out").outcome
    }

    fn all_orders(&self, number: usize) -> Vec<Order> {
        let all = OrderFilter { states: OrderState::ALL.to_vec(), ..OrderFilter::default() };
        harness::answer(self.node(number).page_orders(&everything(), &all, Slice::first(1_000))).rows
    }
}

/// P-01: twenty clients send a hundred keys to both nodes, each in its own order.
#[test]
fn a_hundred_keys_at_both_nodes_are_a_hundred_orders() {
    const KEYS: u8 = 100;
    const CLIENTS: usize = 20;
    let nodes = Nodes::new();
    let shop = nodes.deployment.shop("acme");
    let chance = Chance::seeded(1);
    let answers: Vec<(u8, Committed)> = std::thread::scope(|scope| {
        let clients = (0..CLIENTS).map(|client| {
            let (nodes, shop, chance) = (&nodes, &shop, chance.part());
            scope.spawn(move || {
                let mut keys: Vec<u8> = (0..KEYS).collect();
                chance.shuffle(&mut keys);
                let send = |name: u8| {
                    let request = Some(key(nodes.deployment.operator, name, name));
                    let intent = Intent { request, ..nodes.deployment.intent(place(shop)) };
                    (name, nodes.node(client).commit_blocking(intent).expect("an answer"))
                };
                keys.into_iter().map(send).collect::<Vec<_>>()
            })
        });
        let clients: Vec<_> = clients.collect();
        clients.into_iter().flat_map(|client| client.join().expect("no panic")).collect()
    });
    assert_eq!(answers.len(), usize::from(KEYS) * CLIENTS);
    let mut refs = BTreeSet::new();
    for name in 0..KEYS {
        let of_key: Vec<&Committed> = answers.iter().filter(|(key, _)| *key == name).map(|(_, it)| it).collect();
        let orders: BTreeSet<OrderRef> = of_key.iter().map(|it| order_of(it.outcome.clone()).order).collect();
        assert_eq!(orders.len(), 1, "key {name} has one order, whoever asks");
        assert_eq!(of_key.iter().filter(|it| !it.replayed).count(), 1, "key {name} was new once");
        refs.extend(orders);
    }
    assert_eq!(refs.len(), usize::from(KEYS));
    for number in 0..2 {
        let read: BTreeSet<OrderRef> = nodes.all_orders(number).iter().map(|order| order.order).collect();
        assert_eq!(read, refs, "node {number} lists them");
    }
    nodes.deployment.verified();
}

/// What one node keeps in memory from its last batch is never older than what the other has written since.
#[test]
fn nodes_that_take_turns_know_what_the_other_one_did() {
    let nodes = Nodes::new();
    let shop = nodes.deployment.asking_shop("acme");
    let chance = Chance::seeded(2);
    let mut model = Model { active: true, orders: Vec::new() };
    for _ in 0..400 {
        model.step(&nodes, &shop, &chance);
    }
    for number in 0..2 {
        let read = nodes.all_orders(number);
        assert_eq!(read.len(), model.orders.len());
        for (order, state) in &model.orders {
            let found = read.iter().find(|read| read.order == order.order).expect("it is listed");
            assert_eq!(found.state, *state, "node {number}");
        }
    }
    let count = |state| model.orders.iter().filter(|(_, it)| *it == state).count();
    assert!(count(OrderState::Cancelled) > 5 && count(OrderState::Active) > 5, "all of it happened");
    nodes.deployment.verified();
}

/// What a script of steps means, for one shop whose supplier is asked.
struct Model {
    /// Whether the offer can be ordered.
    active: bool,
    orders: Vec<(Order, OrderState)>,
}

impl Model {
    fn step(&mut self, nodes: &Nodes, shop: &Shop, chance: &Chance) {
        let node = chance.index(2);
        match chance.below(10) {
            0..=3 => self.place(nodes.commit(node, place(shop))),
            4 | 5 => self.settle(nodes, node, chance),
            6 => self.cancel(nodes, node, chance),
            7 => {
                self.active = !self.active;
                let state = if self.active { OfferState::Active } else { OfferState::Suspended };
                let update = UpdateOffer { offer: shop.offer.offer, name: None, state: Some(state) };
                nodes.done(node, Command::UpdateOffer(update));
            }
            _ => self.report(nodes, node, shop),
        }
    }

    fn place(&mut self, placed: Result<Committed, CommitError>) {
        match placed {
            Ok(committed) => {
                assert!(self.active, "the offer was suspended");
                self.orders.push((order_of(committed.outcome), OrderState::Pending));
            }
            Err(error) => assert!(!self.active && matches!(error, CommitError::Refused(_)), "{error:?}"),
        }
    }

    fn one(&mut self, chance: &Chance, state: OrderState) -> Option<&mut (Order, OrderState)> {
        let mut those: Vec<_> = self.orders.iter_mut().filter(|(_, it)| *it == state).collect();
        (!those.is_empty()).then(|| those.swap_remove(chance.index(those.len())))
    }

    fn settle(&mut self, nodes: &Nodes, node: usize, chance: &Chance) {
        let Some((order, state)) = self.one(chance, OrderState::Pending) else { return };
        nodes.done(node, Command::SettleOrder(SettleOrder { order: order.order, refused: None, declined: Vec::new() }));
        *state = OrderState::Active;
        let again = nodes.commit(
            node + 1,
            Command::SettleOrder(SettleOrder { order: order.order, refused: None, declined: Vec::new() }),
        );
        assert!(matches!(again, Err(CommitError::Refused(_))), "the other node knows: {again:?}");
    }

    fn cancel(&mut self, nodes: &Nodes, node: usize, chance: &Chance) {
        let Some((order, state)) = self.one(chance, OrderState::Active) else { return };
        let cancelled = order_of(nodes.done(node, cancel(order.order)));
        *state = OrderState::Cancelled;
        assert_eq!(order_of(nodes.done(node + 1, cancel(order.order))), cancelled, "the other node knows");
    }

    /// All that is granted may be used, and not one connection more.
    fn report(&self, nodes: &Nodes, node: usize, shop: &Shop) {
        let active = self.orders.iter().filter(|(_, state)| *state == OrderState::Active);
        let granted: u64 = active.filter_map(|(order, _)| order.subscriptions[0].granted).sum();
        let (subscriber, product) = (shop.subscriber.party, shop.product.product);
        let report = |used| Command::ReportUsage(ReportUsage { subscriber, product, used });
        assert!(nodes.commit(node, report(granted + 1)).is_err(), "{granted} are granted");
        if granted > 0 {
            nodes.done(node, report(granted));
            nodes.done(node + 1, report(0));
        }
    }
}

/// P-08 over both nodes: of racers that settle, refuse and cancel one order, one settles, and all agree on the end.
#[test]
fn of_racers_at_both_nodes_one_settles() {
    const RACERS: usize = 12;
    let nodes = Nodes::new();
    let shop = nodes.deployment.asking_shop("acme");
    for race in 0..40 {
        let order = nodes.deployment.order(&shop).order;
        let results: Vec<(usize, Result<Committed, CommitError>)> = std::thread::scope(|scope| {
            let started = (0..RACERS).map(|racer| {
                let (nodes, kind) = (&nodes, (racer / 2 + race) % 3);
                let refused = (kind == 1).then_some(shop.product.product);
                let command = if kind == 2 { cancel(order) } else { harness::settle(order, refused) };
                scope.spawn(move || (kind, nodes.commit(racer, command)))
            });
            let started: Vec<_> = started.collect();
            started.into_iter().map(|racer| racer.join().expect("no panic")).collect()
        });
        let settled: Vec<_> = results.iter().filter(|(kind, result)| *kind < 2 && result.is_ok()).collect();
        assert_eq!(settled.len(), 1, "race {race}: {results:?}");
        let cancelled = results.iter().any(|(kind, result)| *kind == 2 && result.is_ok());
        let expected = match (settled[0].0 == 0, cancelled) {
            (true, true) => OrderState::Cancelled,
            (true, false) => OrderState::Active,
            (false, _) => OrderState::Rejected,
        };
        for number in 0..2 {
            let read = harness::answer(nodes.node(number).get_order(&everything(), order)).expect("the order");
            assert_eq!(read.state, expected, "race {race}, node {number}");
        }
    }
    nodes.deployment.verified();
}

#[test]
fn a_party_that_one_node_deleted_is_gone_at_the_other() {
    let nodes = Nodes::new();
    let shop = nodes.deployment.shop("acme");
    nodes.done(0, place(&shop));
    nodes.done(1, place(&shop));
    let force = DeleteParty {
        kind: PartyKind::Subscriber,
        party: shop.subscriber.party,
        force: true,
        parts_max: orderpark_domain::party::PARTS_AT_ONCE,
    };
    nodes.done(0, Command::DeleteParty(force));
    assert!(matches!(nodes.commit(1, place(&shop)), Err(CommitError::Refused(_))));
    assert!(nodes.all_orders(1).iter().all(|order| order.state == OrderState::Cancelled));
    nodes.deployment.verified();
}

/// Both find the same order by its external id, and neither shows it to somebody else.
#[test]
fn an_external_id_is_one_order_at_both_nodes() {
    let nodes = Nodes::new();
    let (shop, rival) = (nodes.deployment.shop("acme"), nodes.deployment.shop("rival"));
    let Command::PlaceOrder(plain) = place(&shop) else { unreachable!() };
    let named = || Command::PlaceOrder(PlaceOrder { external_id: Some("PO-1".into()), ..plain.clone() });
    let first = order_of(nodes.done(0, named()));
    assert_eq!(order_of(nodes.done(1, named())), first);
    let scope = scope_of(PartyKind::Vendor, rival.vendor.party);
    let foreign = Intent { scope, ..nodes.deployment.intent(cancel(first.order)) };
    assert_eq!(nodes.second.commit_blocking(foreign), Err(CommitError::Refused(Refusal::NotFound)));
    nodes.deployment.verified();
}

/// A node that remembers a token is told that it may have ended, without asking.
#[test]
fn a_token_that_one_node_ends_is_told_to_the_other() {
    let nodes = Nodes::new();
    let token = Token {
        user: nodes.deployment.operator,
        hash: [4; 32],
        jti: "jti".into(),
        client_id: "default/ops".into(),
        grants: vec![Grant { kind: PartyKind::Operator, party: PartyRef(1) }],
        issued_at: Instant(0),
        expires_at: None,
    };
    let issue = IssueToken { token: token.clone(), proved: SecretHash([1; 32]), renew: false, validity_max_s: None };
    nodes.done(0, Command::IssueToken(issue));
    let found = harness::answer(nodes.second.get_token(&everything(), &token.hash));
    assert_eq!(found.map(|(token, ..)| token), Some(token.clone()));
    let mut told = nodes.second.revocations();
    let before = *told.borrow_and_update();
    nodes.done(0, Command::RevokeToken(RevokeToken { user: token.user, hash: token.hash }));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let now = runtime.block_on(async {
        let told = tokio::time::timeout(Duration::from_secs(10), told.wait_for(|now| *now > before));
        *told.await.expect("it is told in time").expect("the store lives")
    });
    assert!(now > before);
    assert_eq!(harness::answer(nodes.second.get_token(&everything(), &token.hash)), None);
    assert!(nodes.deployment.store.is_shared());
}

/// Both nodes close one subscriber at once, piece by piece, while another one orders: each order is
/// cancelled once.
#[test]
fn both_nodes_close_a_subscriber_and_others_order_meanwhile() {
    const ORDERS: usize = 40;
    let nodes = Nodes::new();
    let shop = nodes.deployment.shop("acme");
    let closed = nodes.deployment.party(PartyKind::Subscriber, "closed", Some("acme")).party;
    let orders: Vec<Order> =
        (0..ORDERS).map(|at| order_of(nodes.done(at, harness::place_for(shop.offer.offer, closed)))).collect();
    let (kind, force) = (PartyKind::Subscriber, true);
    let begin = DeleteParty { kind, party: closed, force, parts_max: 3 };
    nodes.done(0, Command::DeleteParty(begin));
    std::thread::scope(|scope| {
        for node in 0..2 {
            let go_on = || Command::ContinueClosing(ContinueClosing { party: closed, parts_max: 3 });
            let nodes = &nodes;
            scope.spawn(move || while nodes.done(node, go_on()) != Outcome::Nothing {});
        }
        scope.spawn(|| (0..ORDERS).for_each(|at| drop(nodes.done(at, place(&shop)))));
    });
    for number in 0..2 {
        let read = nodes.all_orders(number);
        let is_cancelled = |order: &Order| {
            let found = read.iter().find(|read| read.order == order.order).expect("it is listed");
            (found.state, found.revision) == (OrderState::Cancelled, 2)
        };
        assert!(orders.iter().all(is_cancelled), "node {number}");
        assert_eq!(read.iter().filter(|order| order.state == OrderState::Active).count(), ORDERS);
        let gone = harness::answer(nodes.node(number).get_party(&everything(), kind, closed));
        assert_eq!(gone, None, "node {number}");
    }
    nodes.deployment.verified();
}
