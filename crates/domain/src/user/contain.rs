//! Contain a user whose credentials are in wrong hands: end its secrets and its token, and what it
//! made with them.

use super::living;
use crate::world::{Fact, MadeBy};
use crate::{
    Decision, Endpoint, Event, InUse, Instant, Intent, Needs, Outcome, Refusal, SecretHash, Stamp, User, UserRef, World,
};

/// How many things one containment ends at most; the next one goes on.
pub const CONTAINED_AT_ONCE_MAX: usize = 100;

/// End the secrets and the token of a user; list what it made, and what the users that it made have
/// made, and end that too where it is asked for.
#[derive(Clone, Debug)]
pub struct ContainUser {
    /// The user.
    pub user: UserRef,
    /// The beginning of the time in which it made them itself.
    pub since: Instant,
    /// Whether what it made ends too: users are deleted, webhook endpoints are deleted.
    pub end_created: bool,
}

/// A contained user, with what it made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contained {
    /// The user as it is afterwards: without a secret and without a token.
    pub user: User,
    /// The users that it made, directly or not.
    pub users: Vec<CreatedUser>,
    /// The webhook endpoints that it made, directly or not.
    pub endpoints: Vec<Endpoint>,
    /// Whether what it made was ended.
    pub ended: bool,
    /// Whether there is, or may be, more than is listed: contain it again.
    pub more: bool,
}

/// A user that a contained user made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedUser {
    /// The user, as it was.
    pub user: User,
    /// Whether it had a token.
    pub had_token: bool,
}

impl ContainUser {
    pub(crate) fn needs(&self, intent: &Intent, world: &World, needs: &mut Needs) {
        needs.user(world, self.user);
        needs.token(world, self.user);
        if world.users.get_known(&self.user).is_some_and(User::acts_for_operator) {
            needs.fact(world, Fact::OperatorBesides(self.user));
        }
        needs.made_by(world, &self.asked(intent));
    }

    /// The user and what it made, as far as it is known.
    pub(crate) fn parts(&self, intent: &Intent, world: &World) -> usize {
        let made = world.made_by(&self.asked(intent));
        1 + made.users.len() + made.endpoints.len()
    }

    fn asked(&self, intent: &Intent) -> MadeBy {
        MadeBy { user: self.user, since: self.since, scope: intent.scope.clone(), max: CONTAINED_AT_ONCE_MAX }
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, _: Stamp) -> Result<Decision, Refusal> {
        let before = living(world, intent, self.user)?;
        intent.if_match.check(before.revision)?;
        // The program itself can give a new secret; through the API nobody could any more.
        let is_last = before.can_act_for_operator() && !world.fact(Fact::OperatorBesides(self.user));
        if is_last && intent.by.is_some() {
            return Err(Refusal::InUse(InUse::LastOperator));
        }
        let mut events = Vec::new();
        let after = self.end_credentials(before, intent, world, &mut events);
        let contained = self.contained(after, intent, world);
        if self.end_created {
            events.extend(contained.users.iter().map(|made| Event::UserDeleted(made.user.user)));
            events.extend(contained.endpoints.iter().map(|endpoint| Event::EndpointDeleted(endpoint.endpoint)));
        }
        Ok(Decision::first_of(events, Outcome::Contained(Box::new(contained))))
    }

    fn end_credentials(&self, before: &User, intent: &Intent, world: &World, events: &mut Vec<Event>) -> User {
        let mut after = before.clone();
        if before.has_secret() {
            after.revision += 1;
            after.secrets = vec![SecretHash::NONE];
            events.push(Event::UserUpdated(intent.told(&after, before)));
        }
        if world.tokens.get(&self.user).is_some() {
            events.push(Event::TokenRevoked(self.user));
        }
        after
    }

    /// What it made, as far as the caller may touch it. The caller itself stays, and so do
    /// operators where the contained user is the caller: one of them must be left.
    fn contained(&self, user: User, intent: &Intent, world: &World) -> Contained {
        let made = world.made_by(&self.asked(intent));
        let stays =
            |made: &User| intent.by == Some(made.user) || intent.by == Some(self.user) && made.can_act_for_operator();
        let users = made.users.iter().filter_map(|user| world.users.get(user));
        let users = users.filter(|made| made.is_within(&intent.scope) && !stays(made));
        let created =
            |user: &User| CreatedUser { had_token: world.tokens.get(&user.user).is_some(), user: user.clone() };
        // A member may do nothing about endpoints, its own of before included.
        let may_end = |endpoint: &Endpoint| intent.scope.only_user().is_none() && endpoint.is_of(&intent.scope);
        let endpoints = made.endpoints.iter().filter_map(|endpoint| world.endpoints.get(endpoint));
        Contained {
            user,
            users: users.map(created).collect(),
            endpoints: endpoints.filter(|endpoint| may_end(endpoint)).cloned().collect(),
            ended: self.end_created,
            more: made.more,
        }
    }
}
