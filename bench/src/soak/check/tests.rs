//! A small history that is right, and every way of making it wrong.

use super::{Judge, Kind};
use crate::log::{Action, Entry, Outcome};
use crate::plant::Plant;
use crate::wish::Wishes;
use serde_json::{Value, json};
use std::time::Duration;

fn wishes() -> Wishes {
    let subscribers = ["a", "b"].map(str::to_owned).to_vec();
    Wishes { run: "r".to_owned(), offer: "acme/o".to_owned(), subscribers }
}

fn order(number: u64) -> Value {
    let wish = wishes().wish(number);
    let mut order = json!({
        "ref": format!("ref-{number}"), "offerRef": "1", "offerId": "acme/o", "vendorId": "acme", "subscriberRef": "9",
        "subscriberId": wish.subscriber, "quantity": wish.quantity, "state": "ACTIVE", "creationDate": "then",
        "cancellationDate": null, "subscriptions": [{"ref": "s", "state": "ACTIVE", "grantedConnections": "100"}],
    });
    if let Some(id) = wish.external_id {
        order["externalId"] = json!(id);
    }
    order
}

fn cancelled(number: u64) -> Value {
    let mut order = order(number);
    order["state"] = json!("CANCELLED");
    order["cancellationDate"] = json!("now");
    order
}

fn entry(number: u64, action: Action, outcome: Outcome) -> Entry {
    Entry { from: Duration::ZERO, until: Duration::ZERO, number, node: 0, action, outcome }
}

fn done(number: u64, action: Action, order: &Value) -> Entry {
    entry(number, action, Outcome::Done(order.to_string()))
}

fn nothing(number: u64, action: Action) -> Entry {
    entry(number, action, Outcome::Nothing("timeout".to_owned()))
}

/// Placed; placed at the second attempt and cancelled; cancelled without an answer; placed without an answer; cancelled
/// without an answer, and seen cancelled.
fn history() -> Vec<Entry> {
    vec![
        done(0, Action::Place, &order(0)),
        done(0, Action::Read, &order(0)),
        nothing(1, Action::Place),
        done(1, Action::Place, &order(1)),
        done(1, Action::Cancel, &cancelled(1)),
        done(1, Action::Read, &cancelled(1)),
        done(1, Action::Place, &order(1)),
        done(2, Action::Place, &order(2)),
        nothing(2, Action::Cancel),
        nothing(3, Action::Place),
        done(4, Action::Place, &order(4)),
        nothing(4, Action::Cancel),
        done(4, Action::Read, &order(4)),
        done(4, Action::Read, &cancelled(4)),
    ]
}

fn listing() -> Vec<Value> {
    vec![order(0), cancelled(1), order(2), cancelled(4)]
}

fn judge(entries: &[Entry], listings: &[Vec<Value>]) -> Vec<Kind> {
    let wishes = wishes();
    let mut judge = Judge::new(&wishes, entries);
    for (node, listing) in listings.iter().enumerate() {
        for order in listing {
            judge.order(node, order);
        }
        judge.listed(node);
    }
    judge.violations().into_iter().map(|violation| violation.kind).collect()
}

#[test]
fn what_is_right_is_right_with_unanswered_wishes_there_or_not() {
    assert_eq!(judge(&history(), &[listing(), listing()]), []);
    let with_three = [listing(), vec![order(3)]].concat();
    assert_eq!(judge(&history(), &[with_three]), []);
    let two_cancelled = vec![order(0), cancelled(1), cancelled(2), cancelled(4)];
    assert_eq!(judge(&history(), &[two_cancelled]), []);
    let wishes = wishes();
    assert_eq!(Judge::new(&wishes, &history()).unanswered(), 1);
}

#[test]
fn every_lie_is_found_at_the_node_that_tells_it() {
    for (plant, kind) in [
        (Plant::Lost, Kind::Lost),
        (Plant::Doubled, Kind::Doubled),
        (Plant::Changed, Kind::Changed),
        (Plant::Unknown, Kind::Unknown),
    ] {
        let mut lie = listing();
        plant.into_list(&mut lie);
        assert_eq!(judge(&history(), &[listing(), lie]), [kind], "{plant:?}");
    }
}

#[test]
fn any_attribute_that_differs_is_found() {
    for (name, value) in [
        ("creationDate", json!("later")),
        ("ref", json!("other")),
        ("externalId", Value::Null),
        ("vendorId", json!("foreign")),
        ("subscriptions", json!([])),
        ("state", json!("CANCELLED")),
        ("cancellationDate", json!("now")),
    ] {
        let mut lie = listing();
        lie[0][name] = value;
        assert_eq!(judge(&history(), &[lie]), [Kind::Changed], "{name}");
    }
}

#[test]
fn a_cancellation_that_was_acknowledged_or_seen_stays() {
    for number in [1, 4] {
        let lie: Vec<Value> = (0..3).chain([4]).map(|at| if at == number { order(at) } else { truth(at) }).collect();
        assert_eq!(judge(&history(), &[lie]), [Kind::Changed], "order {number}");
    }
}

fn truth(number: u64) -> Value {
    if matches!(number, 1 | 4) { cancelled(number) } else { order(number) }
}

#[test]
fn a_key_with_two_answers_is_found() {
    let mut other = order(0);
    other["ref"] = json!("another");
    let entries = [history(), vec![done(0, Action::Place, &other)]].concat();
    assert_eq!(judge(&entries, &[listing()]), [Kind::TwoAnswers]);
    let mut other = cancelled(1);
    other["cancellationDate"] = json!("later");
    let entries = [history(), vec![done(1, Action::Cancel, &other)]].concat();
    assert_eq!(judge(&entries, &[listing()]), [Kind::TwoAnswers]);
}

#[test]
fn a_read_that_goes_back_is_found() {
    for (last, kind) in [
        (done(1, Action::Read, &order(1)), Kind::WentBack),
        (done(4, Action::Read, &order(4)), Kind::WentBack),
        (entry(0, Action::Read, Outcome::Refused(404, "not_found".to_owned())), Kind::WentBack),
        (done(0, Action::Read, &cancelled(0)), Kind::Changed),
        (done(0, Action::Read, &order(2)), Kind::Changed),
    ] {
        let entries = [history(), vec![last]].concat();
        assert_eq!(judge(&entries, &[]), [kind]);
    }
}

#[test]
fn a_refusal_or_a_fault_is_found_and_a_please_again_is_none() {
    let of = |outcome| judge(&[history(), vec![entry(0, Action::Place, outcome)]].concat(), &[listing()]);
    assert_eq!(of(Outcome::Refused(409, "external_id_taken".to_owned())), [Kind::Refused]);
    assert_eq!(of(Outcome::Again(500, "internal".to_owned())), [Kind::Refused]);
    assert_eq!(of(Outcome::Again(503, "outcome_unknown".to_owned())), []);
}
