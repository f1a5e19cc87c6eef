//! What the ring holds, and what it says when it does not.

use super::{EVENTS_MAX, Ring};
use orderpark_domain::feed::{About, Kind, Notice};
use orderpark_domain::{Instant, Party, PartyKind, PartyRef};
use orderpark_store::{Epoch, EventPlace, FeedEvent};
use std::sync::Arc;

pub(in crate::delivery) fn event(seq: u64) -> Arc<FeedEvent> {
    let party = Party {
        party: PartyRef(seq),
        kind: PartyKind::Subscriber,
        id: seq.to_string(),
        name: "Somebody".to_owned(),
        contact_email: None,
        organization: None,
        quotas: orderpark_domain::Quotas::default(),
        vendor: Some(PartyRef(1)),
        vendor_id: None,
        revision: 1,
        closing_at: None,
        deleted_at: None,
    };
    let about = About::Subscriber(Box::new(party));
    let notice = Notice { sequence: seq, number: 0, kind: Kind::SubscriberCreated, about };
    Arc::new(FeedEvent { place: EventPlace { seq, number: 0 }, epoch: Epoch::FIRST, at: Instant(0), notice })
}

fn seqs(events: &[Arc<FeedEvent>]) -> Vec<u64> {
    events.iter().map(|event| event.place.seq).collect()
}

#[test]
fn it_shows_what_is_wanted_behind_a_place_and_how_far_it_looked() {
    let ring = Ring::new(EventPlace::after(10));
    ring.push(&[event(11), event(13), event(14)], EventPlace::after(20));
    let until = EventPlace::after(20);
    let behind = |after: EventPlace, limit: usize, odd: bool| {
        let stretch = ring.behind(after, limit, until, |event| !odd || event.place.seq % 2 == 1)?;
        Some((seqs(&stretch.events), stretch.read))
    };
    assert_eq!(behind(EventPlace::after(10), 9, false), Some((vec![11, 13, 14], EventPlace::after(20))));
    assert_eq!(behind(EventPlace::after(10), 9, true), Some((vec![11, 13], EventPlace::after(20))));
    assert_eq!(behind(EventPlace::after(10), 2, false), Some((vec![11, 13], event(13).place)));
    assert_eq!(behind(event(13).place, 2, false), Some((vec![14], EventPlace::after(20))));
    assert_eq!(behind(EventPlace::after(20), 2, false), Some((vec![], EventPlace::after(20))));
    assert_eq!(behind(EventPlace::after(30), 2, false), Some((vec![], EventPlace::after(30))), "never back");
    let until = ring.behind(EventPlace::after(10), 9, event(13).place, |_| true).expect("a stretch");
    assert_eq!(
        (seqs(&until.events), until.read),
        (vec![11, 13], event(13).place),
        "what came since is for the next time"
    );
    assert_eq!(behind(EventPlace::after(9), 2, false), None, "it does not reach back so far");
}

#[test]
fn it_forgets_the_oldest_and_says_so() {
    let ring = Ring::new(EventPlace::BEGINNING);
    let many = EVENTS_MAX as u64 + 5;
    ring.push(&(1..=many).map(event).collect::<Vec<_>>(), EventPlace::after(many));
    assert!(ring.behind(event(4).place, 1, EventPlace::after(many), |_| true).is_none(), "the fifth one is gone");
    let stretch = ring.behind(event(5).place, 1, EventPlace::after(many), |_| true).expect("the sixth one is there");
    assert_eq!(seqs(&stretch.events), [6]);
    ring.reset(EventPlace::after(3));
    assert_eq!(ring.end(), EventPlace::after(3));
}
