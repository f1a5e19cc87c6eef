//! The committer writes who is delivered to, and nothing else of deliveries.

use super::ground::{ONE, OTHER, place, retry, supplier};
use super::harness::{Deployment, Engine, answer, cancel, everything};
use orderpark_domain::product::{DeleteProduct, UpdateProduct};
use orderpark_domain::{Command, EndpointState, Instant, Notification, Product, ProductRef};
use orderpark_store::EventPlace;
use orderpark_store::deliveries::{ReplayAsk, RetryState, Settlement, Target};

on_each_engine!(
    an_endpoint_hears_what_comes_after_it,
    a_disabled_endpoint_rests_and_goes_on_where_it_was,
    a_product_is_told_from_its_notification_on,
    orders_write_no_bookkeeping,
    what_is_kept_of_deleted_targets_is_removed,
    a_product_of_a_node_before_is_told_from_the_beginning,
);

fn an_endpoint_hears_what_comes_after_it(engine: Engine) {
    let deployment = Deployment::on(engine);
    deployment.shop("acme");
    let hook = deployment.hook();
    let end = deployment.end();
    let claims = deployment.claim(ONE);
    assert_eq!(claims.len(), 1, "the product of the shop has no notification: {claims:?}");
    assert_eq!((claims[0].lease.target, claims[0].cursor), (Target::Endpoint(hook), end));
    assert_eq!((claims[0].failing_since, claims[0].lease.epoch), (None, 1));
    deployment.verified();
}

fn a_disabled_endpoint_rests_and_goes_on_where_it_was(engine: Engine) {
    let deployment = Deployment::on(engine);
    let hook = deployment.hook();
    let began = deployment.end();
    let lease = deployment.lease(ONE);
    let failing = Settlement { failing_since: Some(Instant(5)), ..Settlement::at(began) };
    assert!(deployment.settled(&lease, failing));
    deployment.set_state(hook, EndpointState::Disabled);
    assert_eq!(answer(deployment.store.renew_leases(ONE, 1000)), [], "it is not active");
    answer(deployment.store.release_leases(ONE));
    assert_eq!(deployment.claim(OTHER), []);
    deployment.verified();

    deployment.set_state(hook, EndpointState::Enabled);
    let claim = deployment.claim(OTHER).pop().expect("it is active again");
    assert_eq!(claim.cursor, began, "what happened meanwhile was kept for it");
    assert_eq!(claim.failing_since, None, "and it has a new chance");
    assert_eq!(claim.asked, 2, "there was reason to look anew, twice");
    deployment.verified();
}

fn notify(deployment: &Deployment, product: &Product, notification: Option<Notification>) -> EventPlace {
    let current =
        answer(deployment.store.get_product(&everything(), product.kind, product.product)).expect("a product");
    let update = UpdateProduct {
        product: product.product,
        kind: product.kind,
        name: Some(current.name),
        portal_url: None,
        notification: Some(notification),
    };
    deployment.done(Command::UpdateProduct(update));
    deployment.end()
}

fn some_notification() -> Notification {
    Notification { subscribed_url: Some("https://supplier.example.com/".into()), ..Notification::default() }
}

fn a_product_is_told_from_its_notification_on(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    deployment.order(&shop);
    assert_eq!(answer(deployment.store.get_supplier_target(shop.product.product)), None);
    let first = notify(&deployment, &shop.product, Some(some_notification()));
    let claim = deployment.claim(ONE).pop().expect("a target");
    assert_eq!((claim.lease.target, claim.cursor), (supplier(shop.product.product), first));
    let told = answer(deployment.store.get_supplier_target(shop.product.product)).expect("it is notified");
    assert_eq!(told.product, shop.product.product);

    notify(&deployment, &shop.product, None);
    assert_eq!(answer(deployment.store.renew_leases(ONE, 1000)), []);
    deployment.verified();
    deployment.order(&shop);
    answer(deployment.store.release_leases(ONE));
    let again = notify(&deployment, &shop.product, Some(some_notification()));
    let claim = deployment.claim(ONE).pop().expect("a target");
    assert_eq!(claim.cursor, again, "what was not to be told is not told later");
    deployment.verified();
}

fn orders_write_no_bookkeeping(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.asking_shop("acme");
    deployment.hook();
    let before = deployment.books();
    let orders: Vec<_> = (0..5).map(|_| deployment.order(&shop)).collect();
    for order in &orders {
        deployment.done(super::harness::settle(order.order, None));
    }
    deployment.done(cancel(orders[0].order));
    assert_eq!(deployment.books(), before);
}

fn what_is_kept_of_deleted_targets_is_removed(engine: Engine) {
    let deployment = Deployment::on(engine);
    let hook = deployment.hook();
    let product = deployment_product(&deployment);
    let end = deployment.end();
    for claim in deployment.claim(ONE) {
        let retries = (1..4).map(|seq| retry(seq, RetryState::Held)).collect();
        assert!(deployment.settled(&claim.lease, Settlement { retries, ..Settlement::at(end) }));
    }
    let range = ReplayAsk::Range { after: EventPlace::BEGINNING, until: end };
    assert!(answer(deployment.store.ask_replay(&everything(), hook, range)));
    deployment.delete_endpoint(hook);
    deployment.done(Command::DeleteProduct(DeleteProduct { product: product.product, kind: product.kind }));
    assert_eq!(deployment.claim(OTHER), []);
    deployment.verified();
    answer(deployment.store.repair_targets());
    assert_eq!(deployment.books(), Vec::<Vec<String>>::new());
    deployment.verified();
}

fn deployment_product(deployment: &Deployment) -> Product {
    let shop = deployment.asking_shop("acme");
    deployment.done(Command::DeleteOffer(orderpark_domain::offer::DeleteOffer { offer: shop.offer.offer }));
    shop.product
}

/// It knows nothing of targets, so what it wrote has none.
fn a_product_of_a_node_before_is_told_from_the_beginning(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.asking_shop("acme");
    let other = deployment.product("acme-net/other", Some(some_notification())).product;
    deployment.home.execute(&format!(
        "delete from delivery_targets where ref = {}; update delivery_targets set active = 0, cursor_seq = 5 where ref = {other}",
        shop.product.product
    ));
    assert_eq!(deployment.verify().violations.len(), 2, "{:?}", deployment.verify().violations);
    answer(deployment.store.repair_targets());
    deployment.verified();
    let cursor = |product: ProductRef| {
        let claims = deployment.claim(ONE);
        answer(deployment.store.release_leases(ONE));
        claims.iter().find(|claim| claim.lease.target == supplier(product)).map(|claim| claim.cursor)
    };
    assert_eq!(cursor(shop.product.product), Some(EventPlace::BEGINNING));
    assert_eq!(cursor(other), Some(place(5, u32::MAX)), "one that was known goes on where it was");
    let before = deployment.books();
    answer(deployment.store.repair_targets());
    assert_eq!(deployment.books(), before, "there is nothing more to do");
}
