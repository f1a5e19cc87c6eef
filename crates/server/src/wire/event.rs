//! Events of the feed: what is told, around the object as its own resource shows it.

use super::time::Time;
use super::{Offer, Order, Subscriber, Subscription, as_text};
use orderpark_domain::feed::About;
use orderpark_store::{FeedEvent, FeedPosition};
use serde::Serialize;

/// An event.
#[derive(Debug, Serialize)]
pub struct Event<'a> {
    #[serde(serialize_with = "as_text")]
    id: FeedPosition,
    #[serde(serialize_with = "as_text")]
    sequence: u64,
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Time,
    data: Object<'a>,
}

/// The object, as it was right after the event.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Object<'a> {
    Order(Box<Order<'a>>),
    Subscription(Subscription<'a>),
    Offer(Offer<'a>),
    Subscriber(Subscriber<'a>),
}

impl<'a> Event<'a> {
    /// Shows an event.
    pub fn of(event: &'a FeedEvent) -> Event<'a> {
        Event {
            id: event.position(),
            sequence: event.notice.sequence,
            kind: event.notice.kind.as_str(),
            timestamp: Time(event.at),
            data: match &event.notice.about {
                About::Order(order) => Object::Order(Box::new(Order::of(order))),
                About::Subscription(told) => Object::Subscription(Subscription::told(told)),
                About::Offer(offer) => Object::Offer(Offer::of(offer)),
                About::Subscriber(party) => Object::Subscriber(Subscriber::of(party, None)),
            },
        }
    }
}
