//! Attempts are listed to whom they concern, and forgotten in time.

use super::ground::{ONE, attempt, place, scope_of};
use super::harness::{Deployment, Engine, answer, everything};
use orderpark_domain::{Instant, PartyKind, ProductRef};
use orderpark_store::FeedPosition;
use orderpark_store::Slice;
use orderpark_store::deliveries::{Attempt, AttemptFilter, Settlement, Target};
use uuid::Uuid;

on_each_engine!(
    attempts_are_listed_newest_first,
    whatever_a_receiver_answers_is_kept,
    attempts_are_forgotten_oldest_first_in_pieces,
    only_the_newest_attempts_at_a_target_are_kept,
);

fn attempts_are_listed_newest_first(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    let hook = deployment.endpoint(PartyKind::Vendor, shop.vendor.party).endpoint;
    let (end, lease) = (deployment.end(), deployment.lease(ONE));
    let all = [
        attempt(1, Some(place(5, 0)), Some("timeout: it did not answer in time")),
        attempt(2, Some(place(5, 1)), None),
        attempt(3, Some(place(5, 0)), None),
        attempt(4, None, None),
    ];
    let epoch = answer(deployment.store.events_end()).epoch;
    let of_now = |event: FeedPosition| FeedPosition { epoch, ..event };
    let all = all.map(|attempt| Attempt { event: attempt.event.map(of_now), ..attempt });
    let attempts = all[..3].to_vec();
    assert!(deployment.settled(&lease, Settlement { attempts, ..Settlement::at(end) }));
    answer(deployment.store.log_attempt(Target::Endpoint(hook), all[3].clone()));
    let page = |filter: AttemptFilter, slice: Slice<Uuid>| -> Vec<Attempt> {
        answer(deployment.store.page_attempts(&everything(), Target::Endpoint(hook), &filter, slice)).rows
    };
    let everywhere = AttemptFilter::default();
    let newest: Vec<Attempt> = all.iter().rev().cloned().collect();
    assert_eq!(page(everywhere, Slice::first(9)), newest);
    assert_eq!(page(everywhere, Slice::first(2)), newest[..2]);
    assert_eq!(page(everywhere, Slice::after(newest[1].id, 9)), newest[2..]);
    assert_eq!(page(AttemptFilter { failed: true, ..everywhere }, Slice::first(9)), all[..1]);
    let of_event = AttemptFilter { event: all[0].event, ..everywhere };
    assert_eq!(page(of_event, Slice::first(9)), [all[2].clone(), all[0].clone()]);
    assert_eq!(page(AttemptFilter { failed: true, ..of_event }, Slice::first(9)), all[..1]);
    let of_other_epoch = AttemptFilter { event: FeedPosition::parse("5.0"), ..everywhere };
    assert_eq!(page(of_other_epoch, Slice::first(9)), []);

    let filter = AttemptFilter::default();
    let at_target_as_seen_by = |target, kind, party| {
        answer(deployment.store.page_attempts(&scope_of(kind, party), target, &filter, Slice::first(9))).len()
    };
    let as_seen_by = |kind, party| at_target_as_seen_by(Target::Endpoint(hook), kind, party);
    assert_eq!(as_seen_by(PartyKind::Vendor, shop.vendor.party), 4);
    assert_eq!(as_seen_by(PartyKind::Subscriber, shop.subscriber.party), 0);
    assert_eq!(as_seen_by(PartyKind::Supplier, shop.supplier.party), 0);
}

fn whatever_a_receiver_answers_is_kept(engine: Engine) {
    let deployment = Deployment::on(engine);
    let hook = deployment.hook();
    let long = "é".repeat(5_000);
    let texts = ["", "a\0b", "\u{202e}\u{7}\\\"'{}[],NULL$1?", "\u{10FFFF}\u{FFFD}", "\\u0000", &long];
    for (number, text) in (1..).zip(texts) {
        let hostile = Attempt { response: Some(text.into()), url: text.into(), ..attempt(number, None, Some(text)) };
        answer(deployment.store.log_attempt(Target::Endpoint(hook), hostile));
    }
    let filter = AttemptFilter::default();
    let kept = answer(deployment.store.page_attempts(&everything(), Target::Endpoint(hook), &filter, Slice::first(99)));
    let kept: Vec<String> = kept.into_iter().rev().map(|attempt| attempt.response.expect("a response")).collect();
    assert_eq!(kept[..5], ["", "a\u{FFFD}b", texts[2], texts[3], texts[4]]);
    assert_eq!(kept[5], "é".repeat(512), "one KiB of it");
}

fn attempts_are_forgotten_oldest_first_in_pieces(engine: Engine) {
    let deployment = Deployment::on(engine);
    let hook = deployment.hook();
    // Whoever has no attempts to forget writes nothing.
    assert_eq!(answer(deployment.store.forget_attempts(Instant(1_000), 10)), 0);
    for number in 1..=25 {
        answer(deployment.store.log_attempt(Target::Endpoint(hook), attempt(number, None, None)));
    }
    let forget = |max| answer(deployment.store.forget_attempts(Instant(21), max));
    assert_eq!([forget(8), forget(8), forget(8), forget(8)], [8, 8, 4, 0]);
    let filter = AttemptFilter::default();
    let kept = answer(deployment.store.page_attempts(&everything(), Target::Endpoint(hook), &filter, Slice::first(99)));
    assert_eq!(kept.iter().map(|attempt| attempt.at.0).collect::<Vec<_>>(), [25, 24, 23, 22, 21]);
}

fn only_the_newest_attempts_at_a_target_are_kept(engine: Engine) {
    let deployment = Deployment::on(engine);
    let (hook, other) = (deployment.hook(), Target::Supplier(ProductRef(9)));
    for number in 1..=25 {
        for target in [Target::Endpoint(hook), other] {
            answer(deployment.store.log_attempt(target, attempt(number, None, None)));
        }
    }
    let keep = |keep, max| answer(deployment.store.keep_newest_attempts(Target::Endpoint(hook), keep, max));
    assert_eq!([keep(25, 9), keep(5, 8), keep(5, 8), keep(5, 8), keep(5, 8)], [0, 8, 8, 4, 0]);
    let filter = AttemptFilter::default();
    let kept = |target| answer(deployment.store.page_attempts_at(target, &filter, Slice::first(99)));
    let of_hook: Vec<i64> = kept(Target::Endpoint(hook)).iter().map(|attempt| attempt.at.0).collect();
    assert_eq!((of_hook, kept(other).len()), (vec![25, 24, 23, 22, 21], 25), "nobody else's go");
}
