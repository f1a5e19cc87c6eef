//! Settle a pending order: its suppliers were asked, and all agreed or one did not.

use super::OrderState;
use crate::{Decision, Event, Intent, Needs, OrderRef, Outcome, ProductRef, Refusal, Stamp, World};

/// Make a pending order `ACTIVE` or `REJECTED`. Only the first settlement counts.
#[derive(Clone, Debug)]
pub struct SettleOrder {
    /// The order.
    pub order: OrderRef,
    /// The first product whose supplier refused; none: all agreed.
    pub refused: Option<ProductRef>,
    /// The products whose suppliers need not be told: they said no themselves, or were never asked. Of those that gave no answer nobody
    /// knows what they did, so they are not among them.
    pub declined: Vec<ProductRef>,
}

impl SettleOrder {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.order(world, self.order);
        if let Some(order) = world.orders.get_known(&self.order) {
            needs.closing(world, order);
        }
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
        let order =
            world.orders.get(&self.order).filter(|order| order.is_within(&intent.scope)).ok_or(Refusal::NotFound)?;
        if order.state != OrderState::Pending {
            return Err(Refusal::OrderNotPending);
        }
        let mut after = order.clone();
        after.settle(self.refused.is_none(), stamp.at);
        let event = Event::OrderSettled { order: self.order, refused: self.refused, declined: self.declined.clone() };
        Ok(Decision::of(event, Outcome::Order(Box::new(after))))
    }
}
