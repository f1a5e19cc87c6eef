//! Delete a party. Its history stays; its users with their tokens and its webhook endpoints die with it.

use super::update::living;
use crate::world::Fact;
use crate::{
    Decision, Event, InUse, Intent, Needs, Order, OrderState, Outcome, PartyKind, PartyRef, Refusal, Stamp, World,
    balance,
};

/// Delete a party that nothing needs any more.
#[derive(Clone, Debug)]
pub struct DeleteParty {
    /// The kind that the path names.
    pub kind: PartyKind,
    /// The party.
    pub party: PartyRef,
    /// For a subscriber: cancel all its orders first (domain.md, "Resources").
    pub force: bool,
}

impl DeleteParty {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.party(world, self.party);
        needs.users_of(world, self.party);
        needs.endpoints_of(world, self.party);
        match self.kind {
            PartyKind::Operator => {}
            PartyKind::Supplier => needs.fact(world, Fact::ProductsOf(self.party)),
            PartyKind::Vendor => {
                needs.fact(world, Fact::OffersOf(self.party));
                needs.fact(world, Fact::StrategiesOf(self.party));
                needs.fact(world, Fact::SubscribersOf(self.party));
            }
            PartyKind::Subscriber => self.needs_orders(world, needs),
        }
    }

    /// The subscriptions of the orders that it cancels.
    pub(crate) fn parts(&self, world: &World) -> usize {
        world.open_orders_of(self.party).into_iter().map(|order| world.parts_of_order(order)).sum()
    }

    fn needs_orders(&self, world: &World, needs: &mut Needs) {
        needs.open_orders_of(world, self.party);
        for order in world.open_orders_of(self.party) {
            needs.order(world, order);
            if let Some(order) = world.orders.get_known(&order) {
                needs.closing(world, order);
            }
        }
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
        let before = living(world, intent, self.kind, self.party)?;
        intent.if_match.check(before.revision)?;
        let mut events = match self.kind {
            PartyKind::Operator => return Err(Refusal::NotFound),
            PartyKind::Supplier => unless(world, Fact::ProductsOf(self.party), InUse::Products)?,
            PartyKind::Vendor => {
                unless(world, Fact::SubscribersOf(self.party), InUse::Subscribers)?;
                unless(world, Fact::OffersOf(self.party), InUse::Offers)?;
                unless(world, Fact::StrategiesOf(self.party), InUse::Strategies)?
            }
            PartyKind::Subscriber => self.cancel_orders(world)?,
        };
        events.extend(world.users_of(self.party).into_iter().map(Event::UserDeleted));
        events.extend(world.endpoints_of(self.party).into_iter().map(Event::EndpointDeleted));
        events.push(Event::PartyDeleted(self.party));
        let mut after = before.clone();
        after.revision += 1;
        after.deleted_at = Some(stamp.at);
        let telling = events.len() - 1;
        Ok(Decision { events, outcome: Outcome::Party(Box::new(after), None), telling })
    }

    fn cancel_orders(&self, world: &World) -> Result<Vec<Event>, Refusal> {
        let orders: Vec<&Order> =
            world.open_orders_of(self.party).iter().filter_map(|order| world.orders.get(order)).collect();
        if orders.is_empty() {
            return Ok(Vec::new());
        }
        if !self.force {
            return Err(Refusal::InUse(InUse::Orders));
        }
        if orders.iter().any(|order| order.state == OrderState::Pending) {
            return Err(Refusal::OrderPending);
        }
        balance::check_closing(world, &orders)?;
        Ok(orders.iter().map(|order| Event::OrderCancelled(order.order)).collect())
    }
}

fn unless(world: &World, fact: Fact, in_use: InUse) -> Result<Vec<Event>, Refusal> {
    if world.fact(fact) { Err(Refusal::InUse(in_use)) } else { Ok(Vec::new()) }
}
