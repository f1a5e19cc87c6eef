//! Applications and connectivity plans (domain.md, "Resources").

use crate::harness::{Deployment, No, Wish, cancel, invalid, plan, refused, shop::judge};
use ProductKind::{Application, ConnectivityPlan};
use orderpark_domain::offer::DeleteOffer;
use orderpark_domain::product::{CreateProduct, DeleteProduct, RotateNotificationSecret, UpdateProduct};
use orderpark_domain::{
    InUse, Instant, Notification, NotificationFormat, Outcome, Product, ProductKind, Refusal, SealedSecret,
};

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

/// A notification in this format that brings a secret.
fn told_in(format: NotificationFormat, secret: &str) -> Notification {
    let brought = SealedSecret { sealed: secret.to_owned(), made_at: Instant(0) };
    Notification { format, secrets: vec![brought], ..Notification::default() }
}

/// The sealed secrets of `net/app`, newest first.
fn secrets_of(s: &Deployment) -> Vec<String> {
    let product = s.whole.products.get(&s.product("net/app"));
    product
        .and_then(|product| product.notification.as_ref())
        .iter()
        .flat_map(|told| &told.secrets)
        .map(|secret| secret.sealed.clone())
        .collect()
}

fn tell(s: &mut Deployment, format: NotificationFormat, secret: &str) -> Vec<String> {
    let notification = Some(Some(told_in(format, secret)));
    s.must(s.by("net", UpdateProduct { notification, ..as_is(s, Application, "net/app") }));
    secrets_of(s)
}

fn rotate(s: &Deployment, who: &str, kind: ProductKind, id: &str, secret: &str) -> Wish {
    s.by(who, RotateNotificationSecret { kind, product: s.product(id), secret: secret.to_owned() })
}

#[test]
fn what_is_signed_has_a_secret_and_keeps_it() {
    let mut s = Deployment::shop();
    assert_eq!(tell(&mut s, NotificationFormat::Xml, "a"), [""; 0], "XML is not signed");
    assert_eq!(tell(&mut s, NotificationFormat::Json, "b"), ["b"]);
    assert_eq!(tell(&mut s, NotificationFormat::Json, "c"), ["b"], "only a rotation changes it");
    let made_at = s.whole.products.get(&s.product("net/app")).unwrap().notification.clone().unwrap().secrets[0].made_at;
    assert!(made_at > Instant(0), "it was made when it was decided");
    assert_eq!(tell(&mut s, NotificationFormat::Xml, "d"), [""; 0]);
    assert_eq!(tell(&mut s, NotificationFormat::Json, "e"), ["e"], "what was taken away does not come back");
}

#[test]
fn a_product_may_begin_signed() {
    let mut s = Deployment::shop();
    for (format, expected) in [(NotificationFormat::Json, 1), (NotificationFormat::Xml, 0)] {
        let id = format!("net/{expected}");
        let made = s.must(s.by("net", CreateProduct { notification: Some(told_in(format, "a")), ..plan(&id) }));
        assert_eq!(product_of(made.outcome).notification.unwrap().secrets.len(), expected, "{format:?}");
    }
}

#[test]
fn rotating_keeps_the_one_before() {
    let mut s = Deployment::shop();
    tell(&mut s, NotificationFormat::Json, "a");
    s.must(rotate(&s, "net", Application, "net/app", "b"));
    assert_eq!(secrets_of(&s), ["b", "a"]);
    s.must(rotate(&s, "operator", Application, "net/app", "c"));
    assert_eq!(secrets_of(&s), ["c", "b"]);
}

#[test]
fn rotating() {
    fn signed(s: &mut Deployment) {
        tell(s, NotificationFormat::Json, "a");
    }
    judge(&[
        ("one that is not signed", |s| rotate(s, "net", Application, "net/app", "b"), invalid("notification")),
        (
            "another's",
            |s| {
                signed(s);
                rotate(s, "far", Application, "net/app", "b")
            },
            refused(Refusal::NotFound),
        ),
        (
            "under another kind",
            |s| {
                signed(s);
                rotate(s, "net", ConnectivityPlan, "net/app", "b")
            },
            refused(Refusal::NotFound),
        ),
        (
            "another revision",
            |s| {
                signed(s);
                rotate(s, "net", Application, "net/app", "b").if_match(&[1])
            },
            refused(Refusal::Stale),
        ),
        ("a vendor never", |s| rotate(s, "acme", Application, "net/app", "b"), Err(No::Forbidden)),
    ]);
}
