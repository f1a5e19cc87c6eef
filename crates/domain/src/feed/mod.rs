//! The event feed: what a journal entry tells those who listen. Ours; no public API has it in this form.
//!
//! An entry makes no, one or several [`Notice`]s: an order that begins tells of itself and of each of its subscriptions. A
//! notice shows its object *as it was right after its entry*, never as it is now, so that who reads the feed later reads the
//! same. What is created or changed is told whole by its entry. Where an entry names only a ref, [`needs`] says which row
//! completes it, and `history` what of the row may be shown: what never changes, and what the event itself says.
//!
//! Who hears of it is its [`Audience`]. It is decided here alone; the store only compares it with a scope.

mod history;
mod kind;
mod notice;

pub use kind::Kind;
pub use notice::{About, Audience, Notice, ToldSubscription};

use crate::world::Need;
use crate::{
    Abridge, Entry, Event, Instant, Order, OrderState, Party, PartyKind, ProductRef, SubscriptionRef,
    SubscriptionState, World,
};

/// The row that completes what an event tells, where the event names only a ref.
pub fn needs(event: &Event) -> Option<Need> {
    match event {
        Event::PartyDeleted(party) => Some(Need::Party(*party)),
        Event::OfferUpdated(offer) if offer.is_abridged() => Some(Need::Offer(offer.offer)),
        Event::OfferDeleted(offer) => Some(Need::Offer(*offer)),
        Event::OrderSettled { order, .. } | Event::OrderCancelled(order) => Some(Need::Order(*order)),
        Event::SubscriptionSuspended { subscription, .. } | Event::SubscriptionResumed { subscription, .. } => {
            Some(Need::Order(subscription.order()))
        }
        _ => None,
    }
}

/// The row that an entry needs is not there, which no journal of ours leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing;

/// What an entry tells, in the order of its numbers; nothing, where it is nobody's business. `rows` holds what [`needs`]
/// named, as it is now or was at any time after the entry.
pub fn notices(entry: &Entry, rows: &World) -> Result<Vec<Notice>, Missing> {
    let at = entry.at;
    let order = |order| rows.orders.get_known(order).ok_or(Missing);
    let told = match &entry.event {
        Event::PartyCreated(party) => of_subscriber(Kind::SubscriberCreated, party),
        Event::PartyUpdated(party) => of_subscriber(Kind::SubscriberUpdated, party),
        Event::PartyDeleted(party) => {
            of_subscriber(Kind::SubscriberDeleted, rows.parties.get_known(party).ok_or(Missing)?)
        }
        Event::OfferCreated(offer) => vec![(Kind::OfferCreated, About::Offer(Box::new(offer.clone())))],
        Event::OfferUpdated(offer) => {
            let whole = match needs(&entry.event) {
                Some(_) => offer.clone().completed(rows.offers.get_known(&offer.offer).ok_or(Missing)?),
                None => offer.clone(),
            };
            vec![(Kind::OfferUpdated, About::Offer(Box::new(whole)))]
        }
        Event::OfferDeleted(offer) => {
            let offer = rows.offers.get_known(offer).ok_or(Missing)?;
            vec![(Kind::OfferDeleted, About::Offer(Box::new(offer.clone())))]
        }
        Event::OrderPlaced(order) => of_order(order.clone()),
        Event::OrderSettled { order: settled, refused, declined, .. } => {
            of_settled(order(settled)?, refused.is_none(), declined, at)
        }
        Event::OrderCancelled(cancelled) => of_order(order(cancelled)?.clone()),
        Event::SubscriptionSuspended { subscription, reason } => {
            let after = (SubscriptionState::Suspended, reason.as_deref());
            of_changed(Kind::SubscriptionSuspended, order(&subscription.order())?, *subscription, after)?
        }
        Event::SubscriptionResumed { subscription, reason } => {
            let after = (SubscriptionState::Active, reason.as_deref());
            of_changed(Kind::SubscriptionResumed, order(&subscription.order())?, *subscription, after)?
        }
        _ => Vec::new(),
    };
    let numbered = (0..).zip(told);
    Ok(numbered.map(|(number, (kind, about))| Notice { sequence: entry.seq, number, kind, about }).collect())
}

type Told = Vec<(Kind, About)>;

/// Of parties, only subscribers are told.
fn of_subscriber(kind: Kind, party: &Party) -> Told {
    let is_subscriber = party.kind == PartyKind::Subscriber;
    is_subscriber.then(|| (kind, About::Subscriber(Box::new(party.clone())))).into_iter().collect()
}

/// An order in its state, before those of its subscriptions that begin or end with it.
fn of_order(order: Order) -> Told {
    let (kind, of_each) = Kind::of_order(order.state);
    let subscriptions: Vec<_> = of_each
        .into_iter()
        .flat_map(|kind| {
            let each = order.subscriptions_with_refs();
            each.map(move |(at, of_it)| (kind, at, of_it)).collect::<Vec<_>>()
        })
        .map(|(kind, at, of_it)| (kind, About::Subscription(Box::new(ToldSubscription::of(&order, at, of_it.clone())))))
        .collect();
    let mut told = vec![(kind, About::Order(Box::new(order)))];
    told.extend(subscriptions);
    told
}

fn of_settled(row: &Order, agreed: bool, declined: &[ProductRef], at: Instant) -> Told {
    let mut told = of_order(history::settled(row, agreed, at));
    for (_, about) in &mut told {
        if let About::Subscription(told) = about {
            told.declined = declined.contains(&told.subscription.product);
        }
    }
    told
}

/// An order as it was right after its suppliers were asked, whatever became of it since; nothing while they are being asked.
pub fn settled(row: &Order) -> Option<Order> {
    match row.state {
        OrderState::Pending => None,
        OrderState::Active | OrderState::Cancelled => Some(history::settled(row, true, row.created_at)),
        // Nothing changes any more after that.
        OrderState::Rejected => Some(row.clone()),
    }
}

fn of_changed(
    kind: Kind,
    row: &Order,
    subscription: SubscriptionRef,
    (state, reason): (SubscriptionState, Option<&str>),
) -> Result<Told, Missing> {
    let now = row.subscription(subscription).ok_or(Missing)?;
    let then = history::changed(now, state, reason);
    Ok(vec![(kind, About::Subscription(Box::new(ToldSubscription::of(row, subscription, then))))])
}
