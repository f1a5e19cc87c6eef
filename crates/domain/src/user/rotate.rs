//! Give a user a new secret (`PUT ?resetPassword=true`).

use super::{LIVE_SECRETS_MAX, living};
use crate::{Decision, Event, Intent, Needs, Outcome, Refusal, SecretHash, Stamp, UserRef, World};

/// Put a new secret in front of the old one.
#[derive(Clone, Debug)]
pub struct RotateSecret {
    /// The user.
    pub user: UserRef,
    /// The digest of the new secret.
    pub secret: SecretHash,
    /// Whether the secret before stays valid, so that programs can be moved over one by one.
    pub keep_previous: bool,
}

impl RotateSecret {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.user(world, self.user);
        needs.token(world, self.user);
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, _: Stamp) -> Result<Decision, Refusal> {
        let before = living(world, intent, self.user)?;
        intent.if_match.check(before.revision)?;
        let mut after = before.clone();
        after.revision += 1;
        after.secrets.retain(|secret| *secret != SecretHash::NONE);
        after.secrets.insert(0, self.secret);
        after.secrets.truncate(if self.keep_previous { LIVE_SECRETS_MAX } else { 1 });
        let mut events = vec![Event::UserUpdated(intent.told(&after, before))];
        if !self.keep_previous && world.tokens.get(&self.user).is_some() {
            events.push(Event::TokenRevoked(self.user));
        }
        Ok(Decision::first_of(events, Outcome::User(Box::new(after))))
    }
}
