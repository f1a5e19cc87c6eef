//! Suspend or resume a subscription: the vendor's act (domain.md, "Resources").

use crate::{
    Decision, Event, Intent, Needs, Order, Outcome, Refusal, Stamp, SubscriptionRef, SubscriptionState, World,
};

/// Suspend or resume. Asking for the state that it has changes nothing.
#[derive(Clone, Debug)]
pub struct ChangeSubscription {
    /// The subscription.
    pub subscription: SubscriptionRef,
    /// `Active` or `Suspended`; absent: as it is.
    pub state: Option<SubscriptionState>,
    /// Why, for those who are told.
    pub reason: Option<String>,
}

impl ChangeSubscription {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.order(world, self.subscription.order());
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, _: Stamp) -> Result<Decision, Refusal> {
        let order = world
            .orders
            .get(&self.subscription.order())
            .filter(|order| intent.scope.has_vendor(order.vendor))
            .ok_or(Refusal::NotFound)?;
        let subscription = order.subscription(self.subscription).ok_or(Refusal::NotFound)?;
        intent.if_match.check(order.revision)?;
        let next = self.state.unwrap_or(subscription.state);
        if next == subscription.state {
            return Ok(Self::outcome_of(order.clone(), self.subscription, Vec::new()));
        }
        if !Self::is_asked_for_here(subscription.state, next) {
            return Err(Refusal::IllegalTransition { from: subscription.state.as_str(), to: next.as_str() });
        }
        let event = self.event(next);
        let mut after = order.clone();
        after.change_subscription(self.subscription, next, self.reason.clone());
        Ok(Self::outcome_of(after, self.subscription, vec![event]))
    }

    /// The table has more transitions, but those are made by settling and cancelling the order.
    fn is_asked_for_here(from: SubscriptionState, to: SubscriptionState) -> bool {
        use SubscriptionState::{Active, Suspended};
        matches!((from, to), (Active, Suspended) | (Suspended, Active)) && from.may_become(to)
    }

    fn event(&self, next: SubscriptionState) -> Event {
        let (subscription, reason) = (self.subscription, self.reason.clone());
        if next == SubscriptionState::Suspended {
            Event::SubscriptionSuspended { subscription, reason }
        } else {
            Event::SubscriptionResumed { subscription, reason }
        }
    }

    fn outcome_of(order: Order, subscription: SubscriptionRef, events: Vec<Event>) -> Decision {
        let outcome = match order.subscription(subscription).cloned() {
            Some(subscription) => Outcome::Subscription(Box::new(order), Box::new(subscription)),
            None => Outcome::Nothing,
        };
        Decision::first_of(events, outcome)
    }
}
