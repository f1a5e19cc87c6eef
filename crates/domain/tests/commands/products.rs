//! Applications and connectivity plans (domain.md, "Resources").

use crate::harness::{Deployment, No, Wish, cancel, invalid, plan, refused, shop::judge};
use ProductKind::{Application, ConnectivityPlan};
use orderpark_domain::offer::DeleteOffer;
use orderpark_domain::product::{CreateProduct, DeleteProduct, UpdateProduct};
use orderpark_domain::{InUse, Notification, Outcome, Product, ProductKind, Refusal};

#[test]
fn creating() {
    judge(&[
        ("a supplier its own", |s| s.by("net", plan("net/new")), Ok(())),
        ("the operator any", |s| s.by("operator", plan("net/new")), Ok(())),
        ("a supplier another's", |s| s.by("net", plan("far/new")), invalid("id")),
        ("of no supplier", |s| s.by("operator", plan("none/new")), invalid("id")),
        ("of a vendor", |s| s.by("operator", plan("acme/new")), invalid("id")),
        ("without a slash", |s| s.by("net", plan("net")), invalid("id")),
        ("a vendor never", |s| s.by("acme", plan("acme/new")), Err(No::Forbidden)),
        ("a subscriber never", |s| s.by("alice", plan("net/new")), Err(No::Forbidden)),
        ("an id that is taken", |s| s.by("net", plan("net/plan")), refused(Refusal::IdTaken { attribute: "id" })),
        (
            "an id that is taken by another kind",
            |s| s.by("net", CreateProduct { kind: Application, ..plan("net/plan") }),
            refused(Refusal::IdTaken { attribute: "id" }),
        ),
        (
            "an id that was given back",
            |s| {
                s.must(s.by("net", plan("net/new")));
                s.must(delete(s, "net", ConnectivityPlan, "net/new"));
                s.by("net", plan("net/new"))
            },
            Ok(()),
        ),
    ]);
}

fn as_is(s: &Deployment, kind: ProductKind, id: &str) -> UpdateProduct {
    UpdateProduct { kind, product: s.product(id), name: None, portal_url: None, notification: None }
}

fn rename(s: &Deployment, who: &str, kind: ProductKind, id: &str) -> Wish {
    s.by(who, UpdateProduct { name: Some("New".into()), ..as_is(s, kind, id) })
}

#[test]
fn changing() {
    judge(&[
        ("a supplier its own", |s| rename(s, "net", ConnectivityPlan, "net/plan"), Ok(())),
        ("the operator any", |s| rename(s, "operator", Application, "net/app"), Ok(())),
        ("a supplier another's", |s| rename(s, "far", Application, "net/app"), refused(Refusal::NotFound)),
        ("under another kind", |s| rename(s, "net", ConnectivityPlan, "net/app"), refused(Refusal::NotFound)),
        ("a vendor never", |s| rename(s, "acme", Application, "net/app"), Err(No::Forbidden)),
        ("its revision", |s| rename(s, "net", Application, "net/app").if_match(&[1]), Ok(())),
        ("another revision", |s| rename(s, "net", Application, "net/app").if_match(&[2]), refused(Refusal::Stale)),
    ]);
}

fn product_of(outcome: Outcome) -> Product {
    match outcome {
        Outcome::Product(product) => *product,
        other => panic!("not a product: {other:?}"),
    }
}

#[test]
fn what_is_absent_stays_and_null_takes_away() {
    let mut shop = Deployment::shop();
    let nothing = as_is(&shop, Application, "net/app");
    let before = shop.whole.products.get(&nothing.product).unwrap().clone();
    assert_eq!(shop.must(shop.by("net", nothing.clone())).events, []);
    let (portal_url, notification) = (Some("https://net.test/".to_owned()), Some(Notification::default()));
    let both = UpdateProduct {
        portal_url: Some(portal_url.clone()),
        notification: Some(notification.clone()),
        ..nothing.clone()
    };
    let set = product_of(shop.must(shop.by("net", both)).outcome);
    assert_eq!(set, Product { portal_url, notification, revision: 2, ..before.clone() });
    let neither = UpdateProduct { portal_url: Some(None), notification: Some(None), ..nothing };
    let gone = product_of(shop.must(shop.by("net", neither)).outcome);
    assert_eq!(gone, Product { revision: 3, ..before });
}

fn delete(s: &Deployment, who: &str, kind: ProductKind, id: &str) -> Wish {
    s.by(who, DeleteProduct { kind, product: s.product(id) })
}

#[test]
fn deleting() {
    judge(&[
        ("one in an offer", |s| delete(s, "net", Application, "net/app"), refused(Refusal::InUse(InUse::Offers))),
        (
            "one in an offer that is gone",
            |s| {
                s.must(s.by("acme", DeleteOffer { offer: s.offer("acme/sensor") }));
                delete(s, "net", Application, "net/app")
            },
            Ok(()),
        ),
        (
            "one that was ordered and cancelled",
            |s| {
                let order = s.ordered("acme/sensor", "alice");
                s.must(s.by("alice", cancel(&order)));
                s.must(s.by("acme", DeleteOffer { offer: order.offer }));
                delete(s, "net", Application, "net/app")
            },
            Ok(()),
        ),
        (
            "another's",
            |s| {
                s.must(s.by("net", plan("net/new")));
                delete(s, "far", ConnectivityPlan, "net/new")
            },
            refused(Refusal::NotFound),
        ),
        (
            "under another kind",
            |s| {
                s.must(s.by("net", plan("net/new")));
                delete(s, "net", Application, "net/new")
            },
            refused(Refusal::NotFound),
        ),
        (
            "twice",
            |s| {
                s.must(s.by("net", plan("net/new")));
                let wish = delete(s, "net", ConnectivityPlan, "net/new");
                s.must(wish.clone());
                wish
            },
            refused(Refusal::NotFound),
        ),
    ]);
}
