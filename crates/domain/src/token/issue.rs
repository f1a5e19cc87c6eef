//! Issue a token to a client that has proved its secret, or find the valid one.

use crate::{Abridge, Decision, Event, Intent, Needs, Outcome, Refusal, SecretHash, Stamp, Token, World};

/// Issue this token, unless the client has a valid one with some life left and does not ask to
/// renew it.
#[derive(Clone, Debug)]
pub struct IssueToken {
    /// The token, made and signed.
    pub token: Token,
    /// The secret that the client proved; it must still be one of its live ones.
    pub proved: SecretHash,
    /// Whether the token that the client has shall die for a new one.
    pub renew: bool,
    /// How many seconds a token lives at most; one that says it lives longer is not handed out
    /// again.
    pub validity_max_s: Option<i64>,
}

impl IssueToken {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.user(world, self.token.user);
        if let Some(user) = world.users.get_known(&self.token.user) {
            needs.party(world, user.party);
        }
        needs.token(world, self.token.user);
    }

    pub(crate) fn decide(&self, _: &Intent, world: &World, _: Stamp) -> Result<Decision, Refusal> {
        let user = world
            .users
            .get(&self.token.user)
            .filter(|user| user.deleted_at.is_none() && user.secrets.contains(&self.proved))
            .filter(|user| !world.parties.get(&user.party).is_some_and(|home| user.is_ended_by_closing(home)))
            .ok_or(Refusal::NotFound)?;
        if user.grants != self.token.grants {
            return Err(Refusal::Stale);
        }
        // On the clock that made the new token, which is the one that judges the old one when it is used.
        let fit = |token: &&Token| {
            let is_short = (*token).clone().capped(self.validity_max_s).expires_at == token.expires_at;
            is_short && token.is_worth_handing_out_at(self.token.issued_at)
        };
        match world.tokens.get(&self.token.user).filter(fit) {
            Some(token) if !self.renew => Ok(Decision::nothing(Outcome::Token(Box::new(token.clone())))),
            _ => {
                let told = Token { grants: self.token.grants.clone().abridged(&user.grants), ..self.token.clone() };
                Ok(Decision::of(Event::TokenIssued(told), Outcome::Token(Box::new(self.token.clone()))))
            }
        }
    }
}
