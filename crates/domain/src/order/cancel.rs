//! Cancel an order, and with it every subscription that it made.

use super::OrderState;
use crate::{Decision, Event, Intent, Needs, OrderRef, Outcome, Refusal, Stamp, World, balance};

/// Cancel an order. Where nothing is left to cancel (`CANCELLED` already, or `REJECTED`), the
/// answer is the order as it is, and nothing is written.
#[derive(Clone, Debug)]
pub struct CancelOrder {
    /// The order.
    pub order: OrderRef,
}

impl CancelOrder {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.order(world, self.order);
        if let Some(order) = world.orders.get_known(&self.order) {
            needs.closing(world, order);
        }
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
        let order =
            world.orders.get(&self.order).filter(|order| order.is_within(&intent.scope)).ok_or(Refusal::NotFound)?;
        intent.if_match.check(order.revision)?;
        match order.state {
            OrderState::Pending => Err(Refusal::OrderPending),
            OrderState::Cancelled | OrderState::Rejected => {
                Ok(Decision::nothing(Outcome::Order(Box::new(order.clone()))))
            }
            OrderState::Active => {
                balance::check_closing(world, &[order])?;
                let mut after = order.clone();
                after.cancel(stamp.at);
                Ok(Decision::of(Event::OrderCancelled(self.order), Outcome::Order(Box::new(after))))
            }
        }
    }
}
