//! The closing of a party in pieces, as a background task: its open orders are cancelled, its users
//! end or move, its webhook endpoints are deleted, and at the end the party is.
//!
//! Nothing new can be made for a party that is being closed, and its use of connections cannot
//! grow, so that each piece leaves less. An order that is `PENDING` is waited for. A piece that two
//! nodes ask for, or one again after a crash, finds less to do, or nothing.

use crate::world::Piece;
use crate::{
    Decision, EndpointRef, Event, Intent, Needs, Order, OrderRef, OrderState, Outcome, Party, PartyKind, PartyRef,
    Refusal, Stamp, User, UserRef, World, balance,
};

/// How many parts (subscriptions of open orders, scopes of users, webhook endpoints) of a party one
/// decision ends at most.
pub const PARTS_AT_ONCE: u16 = 100;

/// Do the next piece of closing a party; nothing, where there is nothing to do now.
#[derive(Clone, Debug)]
pub struct ContinueClosing {
    /// The party.
    pub party: PartyRef,
    /// How many parts a piece has at most: [`PARTS_AT_ONCE`].
    pub parts_max: u16,
}

impl ContinueClosing {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.party(world, self.party);
        if let Some(party) = world.parties.get_known(&self.party).filter(|party| is_being_closed(party)) {
            Rest::needs(party, self.parts_max, world, needs);
        }
    }

    pub(crate) fn decide(&self, _: &Intent, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
        let Some(before) = world.parties.get(&self.party).filter(|party| is_being_closed(party)) else {
            return Ok(Decision::nothing(Outcome::Nothing));
        };
        let rest = Rest::of(before, self.parts_max, world);
        let mut events = rest.cancel_orders()?;
        let mut after = before.clone();
        if rest.has_no_other_orders(&events) {
            events.extend(rest.end_users_and_endpoints());
            if rest.is_one_piece() {
                events.push(Event::PartyDeleted(self.party));
                after.end(stamp.at);
            }
        }
        let outcome = if events.is_empty() { Outcome::Nothing } else { Outcome::Party(Box::new(after), None) };
        Ok(Decision::first_of(events, outcome))
    }
}

fn is_being_closed(party: &Party) -> bool {
    party.deleted_at.is_none() && party.closing_at.is_some()
}

/// The next piece of a party that is left.
pub(super) struct Rest<'w> {
    world: &'w World,
    party: &'w Party,
    orders: Piece<OrderRef>,
    users: Piece<UserRef>,
    endpoints: Piece<EndpointRef>,
}

impl<'w> Rest<'w> {
    pub(super) fn needs(party: &Party, parts_max: u16, world: &World, needs: &mut Needs) {
        if party.kind == PartyKind::Subscriber {
            needs.open_orders_of(world, party.party, parts_max);
        }
        needs.endpoints_of(world, party.party, parts_max);
        needs.users_of(world, party.party, parts_max);
        for user in world.users_of(party.party, parts_max).refs() {
            for grant in world.users.get_known(user).iter().flat_map(|user| &user.grants) {
                needs.party(world, grant.party);
            }
        }
    }

    pub(super) fn of(party: &'w Party, parts_max: u16, world: &'w World) -> Rest<'w> {
        let orders = match party.kind {
            PartyKind::Subscriber => world.open_orders_of(party.party, parts_max),
            PartyKind::Operator | PartyKind::Supplier | PartyKind::Vendor => Piece::of([], parts_max),
        };
        let users = world.users_of(party.party, parts_max);
        let endpoints = world.endpoints_of(party.party, parts_max);
        Rest { world, party, orders, users, endpoints }
    }

    /// Whether this piece is all that is left.
    pub(super) fn is_one_piece(&self) -> bool {
        !(self.orders.has_more() || self.users.has_more() || self.endpoints.has_more())
    }

    pub(super) fn waits_for_suppliers(&self) -> bool {
        self.orders().any(|order| order.state == OrderState::Pending)
    }

    /// Cancels those orders that can be cancelled now.
    pub(super) fn cancel_orders(&self) -> Result<Vec<Event>, Refusal> {
        let active: Vec<&Order> = self.orders().filter(|order| order.state == OrderState::Active).collect();
        balance::check_closing(self.world, &active)?;
        Ok(active.iter().map(|order| Event::OrderCancelled(order.order)).collect())
    }

    fn has_no_other_orders(&self, cancelled: &[Event]) -> bool {
        !self.orders.has_more() && self.orders.refs().len() == cancelled.len()
    }

    pub(super) fn end_users_and_endpoints(&self) -> Vec<Event> {
        let users = self.users.refs().iter().filter_map(|user| self.world.users.get(user));
        let users = users.map(|user| self.end_or_move(user));
        users.chain(self.endpoints.refs().iter().copied().map(Event::EndpointDeleted)).collect()
    }

    /// A user that acts for other parties too keeps that, and moves to the first of them that
    /// lives: a party ends nobody's login but its own.
    fn end_or_move(&self, user: &User) -> Event {
        let others = || user.grants.iter().filter(|grant| grant.party != self.party.party);
        let lives = |party: &PartyRef| self.world.parties.get(party).is_some_and(|party| party.deleted_at.is_none());
        let Some(home) = others().map(|grant| grant.party).find(lives) else { return Event::UserDeleted(user.user) };
        let grants = others().copied().collect();
        Event::UserUpdated(User { party: home, grants, revision: user.revision + 1, ..user.clone() })
    }

    fn orders(&self) -> impl Iterator<Item = &'w Order> {
        self.orders.refs().iter().filter_map(|order| self.world.orders.get(order))
    }
}
