//! Idempotency keys (domain.md, "Orders").

use crate::harness::{Deployment, No, cancel, not_orderable, order_of, party, place};
use orderpark_domain::order::PlaceOrder;
use orderpark_domain::party::{DeleteParty, PARTS_AT_ONCE};
use orderpark_domain::{Action, Command, Entry, Event, Intent, Outcome, PartyKind, Refusal, RequestKey};

/// The entry that a replay points to.
fn replayed(shop: &Deployment, outcome: &Outcome) -> Entry {
    let Outcome::Replay { seq } = outcome else { panic!("not a replay: {outcome:?}") };
    shop.journal.iter().find(|entry| entry.seq == *seq).expect("the entry is in the journal").clone()
}

#[test]
fn the_same_key_and_body_is_the_same_order() {
    let mut shop = Deployment::shop();
    let wish = shop.by("alice", place("acme/sensor", shop.party("alice"))).key("k");
    let order = order_of(&shop.must(wish.clone()).outcome);
    shop.wait_seconds(400 * 24 * 3600);
    for _ in 0..4 {
        let again = shop.must(wish.clone());
        assert!(again.events.is_empty());
        assert_eq!(replayed(&shop, &again.outcome).event, Event::OrderPlaced(order.clone()));
    }
    assert_eq!(shop.whole.orders.count(), 1);
}

#[test]
fn a_replay_answers_whatever_became_of_the_order_and_of_the_scope() {
    let mut shop = Deployment::shop();
    let wish = shop.by("alice", place("acme/sensor", shop.party("alice"))).key("k");
    let order = order_of(&shop.must(wish.clone()).outcome);
    shop.must(shop.by("acme", cancel(&order)));
    let offer = order.offer;
    shop.must(shop.by("acme", orderpark_domain::offer::DeleteOffer { offer }));
    let again = shop.must(wish);
    assert_eq!(replayed(&shop, &again.outcome).event, Event::OrderPlaced(order));
}

#[test]
fn the_same_key_with_another_body_is_refused() {
    let mut shop = Deployment::shop();
    let one = place("acme/sensor", shop.party("alice"));
    shop.must(shop.by("alice", one.clone()).key("k"));
    let two = PlaceOrder { quantity: 2, ..one };
    assert_eq!(shop.asks(shop.by("alice", two).key("k")), Err(No::Refused(Refusal::KeyReused)));
    assert_eq!(shop.whole.orders.count(), 1);
}

#[test]
fn a_key_belongs_to_a_client_and_an_operation() {
    let mut shop = Deployment::shop();
    let one = place("acme/sensor", shop.party("alice"));
    let first = order_of(&shop.must(shop.by("alice", one.clone()).key("k")).outcome);
    let second = order_of(&shop.must(shop.by("acme", one).key("k")).outcome);
    assert_ne!(first.order, second.order, "another client");
    let cancelled = shop.must(shop.by("alice", cancel(&first)).key("k"));
    assert_eq!(cancelled.events, [Event::OrderCancelled(first.order)], "another operation");
}

#[test]
fn a_key_is_also_compared_with_the_request_as_it_was_sent() {
    let mut shop = Deployment::shop();
    let scope = shop.caller("alice").may(Action::PlaceOrder).expect("a subscriber may");
    let command = Command::PlaceOrder(place("acme/sensor", shop.party("alice")));
    let user = shop.caller("alice").user();
    let asked = |fingerprint, sent: Option<u8>| Intent {
        request: Some(RequestKey { client: user, key: [1; 16], fingerprint: [fingerprint; 16] }),
        sent_fingerprint: sent.map(|sent| [sent; 16]),
        ..Intent::by(user, scope.clone(), command.clone())
    };
    let (first, again, other) = (asked(1, None), asked(2, Some(1)), asked(2, Some(3)));
    shop.commit(&first).expect("an order");
    assert!(matches!(shop.commit(&again).map(|it| it.outcome), Ok(Outcome::Replay { .. })));
    assert_eq!(shop.commit(&other), Err(Refusal::KeyReused));
}

#[test]
fn a_refused_request_keeps_no_key() {
    let mut shop = Deployment::shop();
    let paused = place("acme/paused", shop.party("alice"));
    let wish = shop.by("alice", paused).key("k");
    assert_eq!(shop.asks(wish.clone()), Err(No::Refused(not_orderable(None))));
    let offer = shop.offer("acme/paused");
    let state = Some(orderpark_domain::OfferState::Active);
    shop.must(shop.by("acme", orderpark_domain::offer::UpdateOffer { offer, name: None, state }));
    assert_eq!(order_of(&shop.must(wish).outcome).offer, offer, "it is judged anew");
}

#[test]
fn a_key_of_an_order_found_by_external_id_is_kept() {
    let mut shop = Deployment::shop();
    let named = PlaceOrder { external_id: Some("PO-1".into()), ..place("acme/sensor", shop.party("alice")) };
    let order = order_of(&shop.must(shop.by("alice", named.clone())).outcome);
    shop.must(shop.by("alice", named.clone()).key("k"));
    let again = shop.must(shop.by("alice", named.clone()).key("k"));
    let Event::OrderFound(found) = replayed(&shop, &again.outcome).event else { panic!("a reference to the order") };
    assert_eq!(found.order, order.order);
    let other = PlaceOrder { quantity: 2, ..named };
    assert_eq!(shop.asks(shop.by("alice", other).key("k")), Err(No::Refused(Refusal::KeyReused)));
}

#[test]
fn the_entry_that_tells_the_outcome_keeps_the_key() {
    let mut shop = Deployment::shop();
    let wish = shop.by("operator", party(PartyKind::Vendor, "third")).key("create");
    let Outcome::Party(third, _) = shop.must(wish.clone()).outcome else { panic!("a party") };
    let again = shop.must(wish);
    assert_eq!(replayed(&shop, &again.outcome).event, Event::PartyCreated((*third).clone()));

    shop.ordered("acme/sensor", "alice");
    let delete =
        DeleteParty { kind: PartyKind::Subscriber, party: shop.party("alice"), force: true, parts_max: PARTS_AT_ONCE };
    let wish = shop.by("operator", delete.clone()).key("delete");
    shop.must(wish.clone());
    let again = shop.must(wish);
    assert_eq!(replayed(&shop, &again.outcome).event, Event::PartyDeleted(delete.party));
}
