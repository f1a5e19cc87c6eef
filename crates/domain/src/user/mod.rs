//! Users: logins of a party. A user is also "the client" of RFC 6749 and of request keys.

mod create;
mod delete;
mod rotate;
mod update;

pub use create::CreateUser;
pub use delete::DeleteUser;
pub use rotate::RotateSecret;
pub use update::UpdateUser;

use crate::{Grant, Instant, Intent, Party, PartyKind, PartyRef, Refusal, Scope, UserRef, World};
use serde::{Deserialize, Serialize};

/// SHA-256 of a client secret. Secrets have 256 random bits, so a plain digest cannot be guessed back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretHash(#[serde(with = "crate::event::hex32")] pub [u8; 32]);

/// How many secrets of one client may live at once: the new one and the one that it replaces.
pub const LIVE_SECRETS_MAX: usize = 2;

/// A login as it is compared: without letter case. Logins are ASCII.
pub fn folded(login: &str) -> String {
    login.to_ascii_lowercase()
}

/// A login of one party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Its ref.
    #[serde(rename = "ref")]
    pub user: UserRef,
    /// The party that it belongs to.
    pub party: PartyRef,
    /// Its email, and the part of its `client_id` after the profile; unique among the living,
    /// without letter case.
    pub login: String,
    /// Its first name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Its last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Its organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// What its tokens may touch (`scopes` in the API).
    pub grants: Vec<Grant>,
    /// Digests of its live secrets, newest first.
    pub secrets: Vec<SecretHash>,
    /// Grows with every change.
    pub revision: u32,
    /// When it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Instant>,
}

impl User {
    /// Whether it lives and the scope holds all that it holds: nobody touches a login that may do more than they may.
    pub(crate) fn is_within(&self, scope: &Scope) -> bool {
        self.deleted_at.is_none() && self.is_of(scope)
    }

    /// Whether the scope holds all that it holds, or held.
    pub(crate) fn is_of(&self, scope: &Scope) -> bool {
        self.grants.iter().all(|grant| scope.holds(*grant))
    }

    /// Whether the closing of its party ends its tokens: it acts for no other party.
    pub(crate) fn is_ended_by_closing(&self, home: &Party) -> bool {
        home.closing_at.is_some() && self.grants.iter().all(|grant| grant.party == home.party)
    }

    pub(crate) fn acts_for_operator(&self) -> bool {
        acts_for_operator(&self.grants)
    }
}

/// Users who act for the operator belong to it, so that no deletion of another party takes the last of them along.
fn acts_for_operator(grants: &[Grant]) -> bool {
    grants.iter().any(|grant| grant.kind == PartyKind::Operator)
}

/// The living user within the intent's scope.
fn living<'w>(world: &'w World, intent: &Intent, user: UserRef) -> Result<&'w User, Refusal> {
    world.users.get(&user).filter(|user| user.is_within(&intent.scope)).ok_or(Refusal::NotFound)
}

/// Checks that the caller may hand out `grants`, and that each names a living party of its kind.
fn check_grants(world: &World, intent: &Intent, grants: &[Grant]) -> Result<(), Refusal> {
    for grant in grants {
        if !intent.scope.holds(*grant) {
            return Err(Refusal::GrantNotHeld);
        }
        world
            .parties
            .get(&grant.party)
            .filter(|party| party.kind == grant.kind && party.deleted_at.is_none())
            .ok_or(Refusal::Unknown { attribute: "scopes" })?
            .check_open()?;
    }
    Ok(())
}
