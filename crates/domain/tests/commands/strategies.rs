//! Processing strategies (domain.md, "Resources").

use crate::harness::{Deployment, No, Wish, invalid, refused, shop::judge, strategy};
use orderpark_domain::offer::DeleteOffer;
use orderpark_domain::strategy::{DeleteStrategy, UpdateStrategy};
use orderpark_domain::{InUse, Outcome, Refusal, Strategy, StrategyState};

#[test]
fn creating() {
    judge(&[
        ("the operator one for all", |s| s.by("operator", strategy("NEW")), Ok(())),
        ("the operator one of a vendor", |s| s.by("operator", strategy("acme/new")), Ok(())),
        ("a vendor its own", |s| s.by("acme", strategy("acme/new")), Ok(())),
        ("a vendor one for all", |s| s.by("acme", strategy("NEW")), invalid("id")),
        ("a vendor another's", |s| s.by("acme", strategy("rival/new")), invalid("id")),
        ("one of no vendor", |s| s.by("operator", strategy("none/new")), invalid("id")),
        ("a supplier never", |s| s.by("net", strategy("net/new")), Err(No::Forbidden)),
        ("a subscriber never", |s| s.by("alice", strategy("acme/new")), Err(No::Forbidden)),
        ("an id that is taken", |s| s.by("operator", strategy("ROUTE")), refused(Refusal::IdTaken { attribute: "id" })),
        (
            "an id that was given back",
            |s| {
                s.must(delete(s, "acme", "acme/off"));
                s.by("acme", strategy("acme/off"))
            },
            Ok(()),
        ),
    ]);
}

fn as_is(s: &Deployment, id: &str) -> UpdateStrategy {
    UpdateStrategy { strategy: s.strategy(id), name: None, description: None, state: None, settings: None }
}

fn off(s: &Deployment, who: &str, id: &str) -> Wish {
    s.by(who, UpdateStrategy { state: Some(StrategyState::Deactivated), ..as_is(s, id) })
}

#[test]
fn changing() {
    judge(&[
        ("the operator its own", |s| off(s, "operator", "ROUTE"), Ok(())),
        ("the operator a vendor's", |s| off(s, "operator", "acme/own"), Ok(())),
        ("a vendor its own", |s| off(s, "acme", "acme/own"), Ok(())),
        ("a vendor the operator's", |s| off(s, "acme", "ROUTE"), refused(Refusal::NotFound)),
        ("a vendor another's", |s| off(s, "acme", "rival/own"), refused(Refusal::NotFound)),
        ("a supplier never", |s| off(s, "net", "ROUTE"), Err(No::Forbidden)),
        ("with another revision", |s| off(s, "acme", "acme/own").if_match(&[2]), refused(Refusal::Stale)),
    ]);
}

#[test]
fn what_is_absent_stays() {
    let mut shop = Deployment::shop();
    let nothing = as_is(&shop, "acme/own");
    let before = shop.whole.strategies.get(&nothing.strategy).unwrap().clone();
    assert_eq!(shop.must(shop.by("acme", nothing.clone())).events, []);
    let change = UpdateStrategy { settings: Some("{\"a\":1}".into()), description: Some("why".into()), ..nothing };
    let outcome = shop.must(shop.by("acme", change)).outcome;
    let after = Strategy { settings: "{\"a\":1}".into(), description: Some("why".into()), revision: 2, ..before };
    assert_eq!(outcome, Outcome::Strategy(Box::new(after)));
}

fn delete(s: &Deployment, who: &str, id: &str) -> Wish {
    s.by(who, DeleteStrategy { strategy: s.strategy(id) })
}

#[test]
fn deleting() {
    judge(&[
        ("the operator its own", |s| delete(s, "operator", "IOT_FLOW"), Ok(())),
        ("a vendor its own", |s| delete(s, "acme", "acme/off"), Ok(())),
        ("one that an offer names", |s| delete(s, "acme", "acme/own"), refused(Refusal::InUse(InUse::Offers))),
        (
            "one that only a deleted offer names",
            |s| {
                s.must(s.by("acme", DeleteOffer { offer: s.offer("acme/listed") }));
                delete(s, "operator", "ROUTE")
            },
            Ok(()),
        ),
        ("a vendor the operator's", |s| delete(s, "acme", "ROUTE"), refused(Refusal::NotFound)),
        (
            "twice",
            |s| {
                let wish = delete(s, "acme", "acme/off");
                s.must(wish.clone());
                wish
            },
            refused(Refusal::NotFound),
        ),
    ]);
}
