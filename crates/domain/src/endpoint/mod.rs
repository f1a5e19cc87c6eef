//! Webhook endpoints: where a party wants to be told of what it may see in the feed. Ours; no public API has them in this form.
//!
//! An endpoint belongs to one party and hears what that party may see, never more (domain.md, invariant I6). What was
//! sent to it and what waits is not the domain's: it is bookkeeping of deliveries.

mod create;
mod delete;
mod disable;
mod rotate;
mod update;

pub use create::CreateEndpoint;
pub use delete::DeleteEndpoint;
pub use disable::DisableEndpoint;
pub use rotate::RotateEndpointSecret;
pub use update::UpdateEndpoint;

use crate::feed::{Kind, Notice};
use crate::{EndpointRef, Grant, Instant, Intent, Refusal, Scope, UserRef, World};
use serde::{Deserialize, Serialize};

/// How many secrets of one receiver may live at once: the new one and the one that it replaces.
pub const LIVE_SECRETS_MAX: usize = 2;

/// How long the secret before the newest one still signs after a rotation, in seconds: one day.
pub const ROTATION_SECONDS: i64 = 24 * 60 * 60;

/// Whether an endpoint is delivered to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EndpointState {
    /// It is.
    #[default]
    Enabled,
    /// It is not; what happens meanwhile is kept for it.
    Disabled,
}

impl EndpointState {
    /// Every state.
    pub const ALL: [EndpointState; 2] = [EndpointState::Enabled, EndpointState::Disabled];

    /// The word in capitals, as in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            EndpointState::Enabled => "ENABLED",
            EndpointState::Disabled => "DISABLED",
        }
    }

    /// Reads the word in capitals.
    pub fn parse(text: &str) -> Option<EndpointState> {
        EndpointState::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// Why an endpoint is disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DisabledWhy {
    /// Its owner wanted it.
    Asked,
    /// It answered 410: it is gone for good.
    Gone,
    /// For days it answered nothing but failures.
    Failing,
}

impl DisabledWhy {
    /// Every reason.
    pub const ALL: [DisabledWhy; 3] = [DisabledWhy::Asked, DisabledWhy::Gone, DisabledWhy::Failing];

    /// The word, as in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            DisabledWhy::Asked => "asked",
            DisabledWhy::Gone => "gone",
            DisabledWhy::Failing => "failing",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<DisabledWhy> {
        DisabledWhy::ALL.into_iter().find(|why| why.as_str() == text)
    }
}

/// Since when an endpoint is disabled, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disabled {
    /// Why.
    pub why: DisabledWhy,
    /// Since when.
    pub at: Instant,
}

/// A signing secret as it is kept: sealed, so that neither table nor journal tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedSecret {
    /// The sealed secret, which names the key that opens it.
    pub sealed: String,
    /// When it became the newest one.
    pub made_at: Instant,
}

/// The secrets after a new one has taken its place in front.
pub(crate) fn rotated(secrets: &[SealedSecret], sealed: &str, at: Instant) -> Vec<SealedSecret> {
    let newest = SealedSecret { sealed: sealed.to_owned(), made_at: at };
    std::iter::once(newest).chain(secrets.iter().cloned()).take(LIVE_SECRETS_MAX).collect()
}

/// The secrets that sign at an instant, newest first: the one before the newest only for [`ROTATION_SECONDS`].
pub fn live_secrets(secrets: &[SealedSecret], now: Instant) -> &[SealedSecret] {
    let rotating = secrets.first().is_some_and(|newest| now < newest.made_at.plus_seconds(ROTATION_SECONDS));
    let live = if rotating { LIVE_SECRETS_MAX } else { 1 };
    &secrets[..secrets.len().min(live)]
}

/// A webhook endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// Its ref.
    #[serde(rename = "ref")]
    pub endpoint: EndpointRef,
    /// Whose it is: it hears what this party may see.
    pub owner: Grant,
    /// Where it is told.
    pub url: String,
    /// What it is for, in its owner's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Which kinds of events it wants; absent: all, also those of later versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<Kind>>,
    /// What it is signed with, newest first, at most [`LIVE_SECRETS_MAX`].
    pub secrets: Vec<SealedSecret>,
    /// Whether it is delivered to.
    pub state: EndpointState,
    /// Since when and why it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Disabled>,
    /// When it was made.
    pub created_at: Instant,
    /// The user that made it; absent: a version that did not note it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<UserRef>,
    /// Grows with every change.
    pub revision: u32,
    /// When it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Instant>,
}

impl Endpoint {
    /// What it may hear: what its owner may see.
    pub fn hears(&self) -> Scope {
        Scope::of_owner(self.owner)
    }

    /// Whether it is to be told of a notice: one that its owner may see, of a kind that it wants.
    pub fn wants(&self, notice: &Notice) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&notice.kind)) && notice.is_for(&self.hears())
    }

    /// Whether it is delivered to.
    pub fn is_active(&self) -> bool {
        self.state == EndpointState::Enabled && self.deleted_at.is_none()
    }

    /// The endpoint after it was deleted: nothing is signed with its secrets any more.
    pub(crate) fn end(&mut self, at: Instant) {
        self.revision += 1;
        self.deleted_at = Some(at);
        self.secrets.clear();
    }

    /// Whether it lies, or lay, within `scope`: its owner's alone, and the operator's.
    pub(crate) fn is_of(&self, scope: &Scope) -> bool {
        scope.holds(self.owner)
    }
}

/// The living endpoint, if it is within the intent's scope.
fn living<'w>(world: &'w World, intent: &Intent, endpoint: EndpointRef) -> Result<&'w Endpoint, Refusal> {
    let found = world.endpoints.get(&endpoint).filter(|found| found.deleted_at.is_none());
    found.filter(|found| found.is_of(&intent.scope)).ok_or(Refusal::NotFound)
}
