//! Users: logins of a party. A user is also "the client" of RFC 6749 and of request keys.

mod contain;
mod create;
mod delete;
mod rotate;
mod update;

pub use contain::{CONTAINED_AT_ONCE_MAX, ContainUser, Contained, CreatedUser};
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

impl SecretHash {
    /// Stands where a user has no secret any more: no text is known that has this digest, and none
    /// is accepted. An older program that reads it finds a secret that nobody knows.
    pub const NONE: SecretHash = SecretHash([0; 32]);
}

/// How many secrets of one client may live at once: the new one and the one that it replaces.
pub const LIVE_SECRETS_MAX: usize = 2;

/// The role of a user within its scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Everything.
    #[default]
    Admin,
    /// Order and read; nothing about users, secrets and endpoints.
    Member,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 2] = [Role::Admin, Role::Member];

    /// The word in capitals, as in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Admin => "ADMIN",
            Role::Member => "MEMBER",
        }
    }

    /// Reads the word in capitals.
    pub fn parse(text: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

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
    /// Its role within its scopes; absent: as before there were roles ([`User::role`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The user that made it; absent: the system, or a version that did not note it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<UserRef>,
    /// When it was made; absent: by a version that did not note it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Instant>,
    /// Grows with every change.
    pub revision: u32,
    /// When it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Instant>,
}

impl User {
    /// Its role within its scopes.
    pub fn role(&self) -> Role {
        self.role.unwrap_or_default()
    }

    /// Whether it has a secret with which it can get a token.
    pub fn has_secret(&self) -> bool {
        self.secrets.iter().any(|secret| *secret != SecretHash::NONE)
    }

    /// Whether it lives and the scope holds all that it holds: nobody touches a login that may do more than they may.
    pub(crate) fn is_within(&self, scope: &Scope) -> bool {
        self.deleted_at.is_none() && self.is_of(scope)
    }

    /// Whether the scope holds all that it holds, or held.
    pub(crate) fn is_of(&self, scope: &Scope) -> bool {
        scope.only_user().is_none_or(|only| only == self.user) && self.grants.iter().all(|grant| scope.holds(*grant))
    }

    /// Whether it can do all that the operator can: of such users there must be one.
    pub(crate) fn can_act_for_operator(&self) -> bool {
        self.deleted_at.is_none() && self.acts_for_operator() && self.role() == Role::Admin && self.has_secret()
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
