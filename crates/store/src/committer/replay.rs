//! The answer that a request key got before, from the journal entry that keeps it.
//!
//! What was created is told whole by its entry, so the first answer comes back as it was, whatever became of the object
//! since. What was ended does not change any more, so its row is the first answer. Secrets are in neither.

use super::batch::missing;
use super::writer::{Failure, Writer};
use orderpark_domain::{Entry, Event, Need, Outcome, User, World};
use std::collections::BTreeSet;

/// The outcome that entry `seq` told, from this batch's own `entries` or from the journal.
pub(super) fn outcome(
    writer: &mut dyn Writer,
    world: &mut World,
    entries: &[Entry],
    seq: u64,
) -> Result<Outcome, Failure> {
    let entry = find(writer, entries, seq)?.ok_or_else(|| missing(seq))?;
    match entry.event {
        Event::PartyCreated(party) => {
            let user = primary_user(find(writer, entries, seq + 1)?, party.party);
            Ok(Outcome::Party(Box::new(party), user.map(Box::new)))
        }
        Event::PartyUpdated(party) | Event::PartyClosing(party) => Ok(Outcome::Party(Box::new(party), None)),
        Event::UserCreated(user) | Event::UserUpdated(user) => Ok(Outcome::User(Box::new(user))),
        Event::ProductCreated(product) | Event::ProductUpdated(product) => Ok(Outcome::Product(Box::new(product))),
        Event::OfferCreated(offer) | Event::OfferUpdated(offer) => Ok(Outcome::Offer(Box::new(offer))),
        Event::StrategyCreated(strategy) | Event::StrategyUpdated(strategy) => {
            Ok(Outcome::Strategy(Box::new(strategy)))
        }
        Event::EndpointCreated(endpoint) | Event::EndpointUpdated(endpoint) => {
            Ok(Outcome::Endpoint(Box::new(endpoint)))
        }
        Event::OrderPlaced(order) | Event::OrderMatched(order) => Ok(Outcome::Order(Box::new(order))),
        Event::OrderFound(found) => match ended(writer, world, &Event::OrderCancelled(found.order))? {
            Some(Outcome::Order(row)) => Ok(Outcome::Order(Box::new(found.restore(&row)))),
            _ => Err(missing(seq)),
        },
        event => ended(writer, world, &event).transpose().ok_or_else(|| missing(seq))?,
    }
}

fn find(writer: &mut dyn Writer, entries: &[Entry], seq: u64) -> Result<Option<Entry>, Failure> {
    match entries.iter().find(|entry| entry.seq == seq) {
        Some(entry) => Ok(Some(entry.clone())),
        None => writer.entry_at(seq),
    }
}

/// A primary user is created right after its party.
fn primary_user(next: Option<Entry>, party: orderpark_domain::PartyRef) -> Option<User> {
    match next?.event {
        Event::UserCreated(user) if user.party == party => Some(user),
        _ => None,
    }
}

/// The row of what an event ended.
fn ended(writer: &mut dyn Writer, world: &mut World, event: &Event) -> Result<Option<Outcome>, Failure> {
    macro_rules! row {
        ($table:ident, $need:ident, $key:expr, $outcome:expr) => {{
            // A row that this batch has changed is not in the database yet: load only what is not here.
            if world.$table.get_known($key).is_none() {
                writer.load(world, BTreeSet::from([Need::$need(*$key)]))?;
            }
            world.$table.get_known($key).cloned().map(Box::new).map($outcome)
        }};
    }
    Ok(match event {
        Event::QuotasSet { party, .. } | Event::PartyDeleted(party) => {
            row!(parties, Party, party, |party| Outcome::Party(party, None))
        }
        Event::UserDeleted(user) => row!(users, User, user, Outcome::User),
        Event::ProductDeleted(product) => row!(products, Product, product, Outcome::Product),
        Event::OfferDeleted(offer) => row!(offers, Offer, offer, Outcome::Offer),
        Event::StrategyDeleted(strategy) => row!(strategies, Strategy, strategy, Outcome::Strategy),
        Event::EndpointDeleted(endpoint) => row!(endpoints, Endpoint, endpoint, Outcome::Endpoint),
        Event::OrderCancelled(order) | Event::OrderSettled { order, .. } => {
            row!(orders, Order, order, Outcome::Order)
        }
        _ => None,
    })
}
