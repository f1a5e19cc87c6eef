//! Settle a pending order: its suppliers were asked, and all agreed or one did not.

use super::OrderState;
use crate::{Decision, Event, Intent, Needs, OrderRef, Outcome, ProductRef, Refusal, Stamp, World};

/// The product whose supplier did not agree to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The product.
    pub product: ProductRef,
    /// Whether its supplier gave no answer, so that the same order may go well later.
    pub unreachable: bool,
}

impl Refused {
    /// Its supplier said no.
    pub fn by(product: ProductRef) -> Refused {
        Refused { product, unreachable: false }
    }

    /// Its supplier gave no answer.
    pub fn unreachable(product: ProductRef) -> Refused {
        Refused { product, unreachable: true }
    }
}

/// Make a pending order `ACTIVE` or `REJECTED`. Only the first settlement counts.
#[derive(Clone, Debug)]
pub struct SettleOrder {
    /// The order.
    pub order: OrderRef,
    /// The refusal that decides; none: all agreed.
    pub refused: Option<Refused>,
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
        let event = Event::OrderSettled {
            order: self.order,
            refused: self.refused.map(|refused| refused.product),
            unreachable: self.refused.is_some_and(|refused| refused.unreachable),
            declined: self.declined.clone(),
        };
        Ok(Decision::of(event, Outcome::Order(Box::new(after))))
    }
}
