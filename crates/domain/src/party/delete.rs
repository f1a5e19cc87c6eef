//! Delete a party. Its history stays; its users with their tokens and its webhook endpoints die with it.

use super::closing::Rest;
use super::update::living;
use crate::world::Fact;
use crate::{Decision, Event, InUse, Intent, Needs, Outcome, Party, PartyKind, PartyRef, Refusal, Stamp, World};

/// Delete a party that nothing needs any more: at once where little is left of it, else by closing
/// it in pieces ([`super::ContinueClosing`]).
#[derive(Clone, Debug)]
pub struct DeleteParty {
    /// The kind that the path names.
    pub kind: PartyKind,
    /// The party.
    pub party: PartyRef,
    /// For a subscriber: cancel all its orders first (domain.md, "Resources").
    pub force: bool,
    /// How many parts are ended at once at most: [`super::PARTS_AT_ONCE`].
    pub parts_max: u16,
}

impl DeleteParty {
    pub(crate) fn needs(&self, intent: &Intent, world: &World, needs: &mut Needs) {
        needs.party(world, self.party);
        let is_seen = |party: &&Party| party.kind == self.kind && party.is_within(&intent.scope);
        let Some(party) = world.parties.get_known(&self.party).filter(is_seen) else { return };
        if party.closing_at.is_some() {
            return;
        }
        let hindrances = self.hindrances();
        for (fact, _) in &hindrances {
            needs.fact(world, *fact);
        }
        if hindrances.iter().all(|(fact, _)| world.known_fact(*fact) == Some(false)) {
            needs.fact(world, Fact::UsedBy(self.party));
            Rest::needs(party, self.parts_max, world, needs);
        }
    }

    /// The facts that refuse the deletion, in the order in which they are told.
    fn hindrances(&self) -> Vec<(Fact, InUse)> {
        match self.kind {
            PartyKind::Operator => Vec::new(),
            PartyKind::Supplier => vec![(Fact::ProductsOf(self.party), InUse::Products)],
            PartyKind::Vendor => vec![
                (Fact::SubscribersOf(self.party), InUse::Subscribers),
                (Fact::OffersOf(self.party), InUse::Offers),
                (Fact::StrategiesOf(self.party), InUse::Strategies),
            ],
            PartyKind::Subscriber if self.force => Vec::new(),
            PartyKind::Subscriber => vec![(Fact::OpenOrdersOf(self.party), InUse::Orders)],
        }
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
        let before = living(world, intent, self.kind, self.party)?;
        intent.if_match.check(before.revision)?;
        if self.kind == PartyKind::Operator {
            return Err(Refusal::NotFound);
        }
        if before.closing_at.is_some() {
            return Ok(Decision::nothing(Outcome::Party(Box::new(before.clone()), None)));
        }
        if let Some((_, in_use)) = self.hindrances().into_iter().find(|(fact, _)| world.fact(*fact)) {
            return Err(Refusal::InUse(in_use));
        }
        let rest = Rest::of(before, self.parts_max, world);
        if rest.is_one_piece() { self.end(&rest, before, stamp) } else { self.begin(world, before, stamp) }
    }

    /// Ends all of it at once.
    fn end(&self, rest: &Rest<'_>, before: &Party, stamp: Stamp) -> Result<Decision, Refusal> {
        if rest.waits_for_suppliers() {
            return Err(Refusal::OrderPending);
        }
        let mut events = rest.cancel_orders()?;
        events.extend(rest.end_users_and_endpoints());
        events.push(Event::PartyDeleted(self.party));
        let mut after = before.clone();
        after.end(stamp.at);
        let telling = events.len() - 1;
        Ok(Decision { events, outcome: Outcome::Party(Box::new(after), None), telling })
    }

    /// Begins to close it. No connection may be in use: that none comes into use meanwhile is what
    /// lets every order be cancelled later.
    fn begin(&self, world: &World, before: &Party, stamp: Stamp) -> Result<Decision, Refusal> {
        if world.fact(Fact::UsedBy(self.party)) {
            return Err(Refusal::SubscriberUsesConnections);
        }
        let mut after = before.clone();
        after.closing_at = Some(stamp.at);
        after.revision += 1;
        Ok(Decision::of(Event::PartyClosing(after.clone()), Outcome::Party(Box::new(after), None)))
    }
}
