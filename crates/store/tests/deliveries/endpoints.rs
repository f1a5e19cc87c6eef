//! An endpoint is its owner's alone; and what workers look up for suppliers.

use super::ground::scope_of;
use super::harness::{Deployment, Engine, answer, everything, settle};
use orderpark_domain::{EndpointRef, OrderRef, OrderState, PartyKind, PartyRef, Scope};
use orderpark_store::{EndpointFilter, EventPlace, Slice};

on_each_engine!(
    an_endpoint_is_its_owners_alone,
    orders_that_wait_for_suppliers_are_found,
    a_subscription_is_found_by_its_number,
    an_event_is_found_by_its_place,
);

fn an_endpoint_is_its_owners_alone(engine: Engine) {
    let deployment = Deployment::on(engine);
    let (shop, other) = (deployment.shop("acme"), deployment.shop("bolt"));
    let owners = [
        (PartyKind::Operator, PartyRef(1)),
        (PartyKind::Supplier, shop.supplier.party),
        (PartyKind::Vendor, shop.vendor.party),
        (PartyKind::Vendor, other.vendor.party),
        (PartyKind::Subscriber, shop.subscriber.party),
    ];
    let made: Vec<_> = owners.iter().map(|(kind, party)| deployment.endpoint(*kind, *party)).collect();
    let listed = |scope: &Scope, owner: Option<PartyRef>| -> Vec<EndpointRef> {
        let found = answer(deployment.store.page_endpoints(scope, &EndpointFilter { owner }, Slice::first(99)));
        found.into_iter().map(|endpoint| endpoint.endpoint).collect()
    };
    let all: Vec<EndpointRef> = made.iter().map(|endpoint| endpoint.endpoint).collect();
    assert_eq!(listed(&everything(), None), all);
    assert_eq!(listed(&everything(), Some(shop.vendor.party)), all[2..3]);
    for (kind, party) in &owners[1..] {
        let scope = scope_of(*kind, *party);
        for endpoint in &made {
            let found = answer(deployment.store.get_endpoint(&scope, endpoint.endpoint));
            let own = endpoint.owner.party == *party;
            assert_eq!(found, own.then(|| endpoint.clone()), "{kind}:{party} looks at {}", endpoint.endpoint);
        }
        assert_eq!(listed(&scope, None).len(), 1);
        assert_eq!(listed(&scope, Some(PartyRef(1))), []);
    }
    let wrong_kind = scope_of(PartyKind::Vendor, shop.subscriber.party);
    assert_eq!(listed(&wrong_kind, None), []);
    deployment.delete_endpoint(all[0]);
    assert_eq!(answer(deployment.store.get_endpoint(&everything(), all[0])), None);
    assert_eq!(listed(&everything(), None), all[1..]);
    deployment.verified();
}

fn orders_that_wait_for_suppliers_are_found(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.asking_shop("acme");
    let orders: Vec<_> = (0..4).map(|_| deployment.order(&shop)).collect();
    assert!(orders.iter().all(|order| order.state == OrderState::Pending));
    deployment.done(settle(orders[1].order, None));
    let pending = |scope: &Scope, after: Option<OrderRef>, limit| -> Vec<OrderRef> {
        let found = answer(deployment.store.page_pending(scope, after, limit));
        assert!(found.iter().all(|(order, at)| orders.iter().any(|it| it.order == *order && it.created_at == *at)));
        found.into_iter().map(|(order, _)| order).collect()
    };
    let waiting = [orders[0].order, orders[2].order, orders[3].order];
    assert_eq!(pending(&everything(), None, 9), waiting, "oldest first");
    assert_eq!(pending(&everything(), None, 1), waiting[..1]);
    assert_eq!(pending(&everything(), Some(waiting[0]), 9), waiting[1..]);
    assert_eq!(pending(&everything(), Some(waiting[2]), 9), []);
    assert_eq!(pending(&scope_of(PartyKind::Vendor, shop.vendor.party), None, 9).len(), 3);
    assert_eq!(pending(&scope_of(PartyKind::Vendor, PartyRef(99)), None, 9), []);
}

fn a_subscription_is_found_by_its_number(engine: Engine) {
    let deployment = Deployment::on(engine);
    let (shop, other) = (deployment.shop("acme"), deployment.shop("bolt"));
    let order = deployment.order(&shop);
    deployment.order(&other);
    let number = order.subscriptions[0].number;
    let find = |scope: &Scope, product, number| {
        let found = answer(deployment.store.get_subscription_numbered(scope, product, number));
        found.map(|found| found.subscription.number)
    };
    assert_eq!(find(&everything(), shop.product.product, number), Some(number));
    assert_eq!(find(&scope_of(PartyKind::Supplier, shop.supplier.party), shop.product.product, number), Some(number));
    assert_eq!(find(&scope_of(PartyKind::Supplier, other.supplier.party), shop.product.product, number), None);
    assert_eq!(find(&everything(), other.product.product, number), None);
    assert_eq!(find(&everything(), shop.product.product, number + 10), None);
}

fn an_event_is_found_by_its_place(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    deployment.order(&shop);
    let events = answer(deployment.store.page_events(&everything(), None, 100)).events;
    assert!(events.len() > 3, "{events:?}");
    for event in &events {
        assert_eq!(answer(deployment.store.get_event(&everything(), event.place)).as_ref(), Some(event));
        let behind = answer(deployment.store.page_events(&everything(), Some(event.place.before()), 1)).events;
        assert_eq!(behind.first(), Some(event), "{:?}", event.place);
    }
    let last = events.last().expect("an event").place;
    for absent in [EventPlace { number: last.number + 1, ..last }, EventPlace::after(last.seq), EventPlace::after(999)]
    {
        assert_eq!(answer(deployment.store.get_event(&everything(), absent)), None, "{absent:?}");
    }
    let stranger = scope_of(PartyKind::Vendor, PartyRef(99));
    assert_eq!(answer(deployment.store.get_event(&stranger, last)), None);
}
