//! Revoke a token. Who holds a token may revoke it; a token that is not valid is revoked already.

use crate::{Decision, Event, Intent, Needs, Outcome, Refusal, Stamp, UserRef, World};

/// Revoke the token with this digest.
#[derive(Clone, Debug)]
pub struct RevokeToken {
    /// Whose it is.
    pub user: UserRef,
    /// SHA-256 of the token; another one of the same client stays.
    pub hash: [u8; 32],
}

impl RevokeToken {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.token(world, self.user);
    }

    #[allow(clippy::unnecessary_wraps, reason = "every command has the same two functions")]
    pub(crate) fn decide(&self, _: &Intent, world: &World, _: Stamp) -> Result<Decision, Refusal> {
        let lives = world.tokens.get(&self.user).is_some_and(|token| token.hash == self.hash);
        if lives {
            Ok(Decision::of(Event::TokenRevoked(self.user), Outcome::Nothing))
        } else {
            Ok(Decision::nothing(Outcome::Nothing))
        }
    }
}
