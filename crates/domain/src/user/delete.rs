//! Delete a user; its token dies with it.

use super::living;
use crate::world::Fact;
use crate::{Decision, Event, InUse, Intent, Needs, Outcome, Refusal, Stamp, User, UserRef, World};

/// Delete a user, but never the last one that acts for the operator.
#[derive(Clone, Debug)]
pub struct DeleteUser {
    /// The user.
    pub user: UserRef,
}

impl DeleteUser {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.user(world, self.user);
        if world.users.get_known(&self.user).is_some_and(User::acts_for_operator) {
            needs.fact(world, Fact::OperatorBesides(self.user));
        }
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
        let before = living(world, intent, self.user)?;
        intent.if_match.check(before.revision)?;
        if before.can_act_for_operator() && !world.fact(Fact::OperatorBesides(self.user)) {
            return Err(Refusal::InUse(InUse::LastOperator));
        }
        let mut after = before.clone();
        after.revision += 1;
        after.deleted_at = Some(stamp.at);
        Ok(Decision::of(Event::UserDeleted(self.user), Outcome::User(Box::new(after))))
    }
}
