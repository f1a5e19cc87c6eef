//! A client proves that it is one: its id names a profile and a login, and its secret is one of the login's live ones.

use super::secret::{hash_secret, is_secret_of};
use super::throttle::Wait;
use crate::wire::shown::name;
use crate::wire::{is_hidden, quoted};
use crate::{App, Problem, Settings};
use orderpark_domain::{Scope, SecretHash, User};
use std::fmt;
use std::net::IpAddr;

/// A `client_id` in its two parts. Without a slash the default profile is meant (domain.md, "Tokens").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientId {
    /// The profile's id; not necessarily one that exists.
    pub profile: String,
    /// The login; not necessarily one that exists.
    pub login: String,
}

impl ClientId {
    /// Reads a `client_id`. Some clients encode its slash once more than the form asks for; that is undone.
    pub fn parse(text: &str, settings: &Settings) -> ClientId {
        let text = if text.contains('/') { text.to_owned() } else { text.replace("%2F", "/").replace("%2f", "/") };
        let (profile, login) = text.split_once('/').unwrap_or((&settings.default_profile, &text));
        ClientId { profile: profile.to_owned(), login: login.to_owned() }
    }

    /// The client is unknown, or sent a wrong secret: the same sentence for both.
    pub(crate) fn not_proved(&self) -> Problem {
        let name = self.to_string();
        let hint = match &name {
            name if name.contains(' ') => ". In a form + means a blank; write %2B for +",
            name if name.chars().any(is_hidden) => ". It holds a character that nobody can see; type it anew",
            _ => "",
        };
        let shown = quoted(&name);
        Problem::client_not_proved(format!(
            "no client {shown} has this secret: check client_id and client_secret{hint}"
        ))
    }

    fn has_profile(&self, settings: &Settings) -> bool {
        settings.profiles.iter().any(|profile| profile.id == self.profile)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.profile, self.login)
    }
}

/// A client that proved itself.
#[derive(Clone, Debug)]
pub struct Proved {
    /// Who it is.
    pub user: User,
    /// The digest of the secret that it proved.
    pub secret: SecretHash,
}

/// Why a proof did not succeed.
#[derive(Debug)]
pub enum NotProved {
    /// No such client, or not its secret; the two are never told apart.
    Wrong,
    /// As wrong, once more within a pause.
    Throttled(Wait),
    /// The store did not answer.
    Failed(Problem),
}

/// The user that this client is, if `secret` is one of its live secrets. A right secret is let in at any time.
pub async fn prove(app: &App, client: &ClientId, secret: &str, address: IpAddr) -> Result<Proved, NotProved> {
    let scope = Scope::system("a client proves itself by its secret");
    let user = app.store.get_user_by_login(&scope, &client.login).await;
    let user = user.map_err(|error| NotProved::Failed(error.into()))?;
    let right = is_secret_of(secret, user.as_ref());
    let name = client.to_string().to_ascii_lowercase();
    match user.filter(|_| right && client.has_profile(&app.settings)) {
        Some(user) => {
            app.access.throttle.succeed(&name, address);
            Ok(Proved { user, secret: hash_secret(secret) })
        }
        None => Err(not_proved(app, &name, address)),
    }
}

/// Counts a failure, and logs it.
fn not_proved(app: &App, client_id: &str, address: IpAddr) -> NotProved {
    let throttled = app.access.throttle.fail(client_id, address, app.now()).err();
    if app.log_limits.not_proved.allows() {
        let (client_id, wait_s) = (name(client_id), throttled.map_or(0, |wait| wait.seconds));
        tracing::warn!(client_id = &*client_id, %address, wait_s, "a client failed to authenticate");
    }
    throttled.map_or(NotProved::Wrong, NotProved::Throttled)
}

#[cfg(test)]
mod tests;
