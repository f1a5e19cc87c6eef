//! The first start: the operator and its first client, with a secret that is shown once or was given.
//!
//! Of several nodes that are started on an empty database at once, one makes the operator; the others find it.
//!
//! A secret that is made here is written to stderr before it is committed: where that fails, there
//! is no operator. That it was written does not mean that somebody saw it, so a start that finds
//! that no token was ever issued shows another one.

use crate::{announce, folder, log};
use anyhow::{Context as _, bail, ensure};
use orderpark_domain::party::{Bootstrap, OPERATOR};
use orderpark_domain::user::RotateSecret;
use orderpark_domain::{Command, IfMatch, Intent, Party, PartyKind, Refusal, Scope};
use orderpark_server::Settings;
use orderpark_server::access::{ClientId, new_secret, secret};
use orderpark_server::wire::is_segment;
use orderpark_store::private::Kind;
use orderpark_store::{Chance, CommitError, Store};
use std::path::Path;

/// The login of the first client, where none is given.
const FIRST_LOGIN: &str = "operator";

/// How long a node leaves a secret alone that another one may be showing.
const SHOWN_FOR_S: i64 = 60;

/// The first client as the options name it, checked before anything is written.
#[derive(Debug)]
pub struct Given {
    client: ClientId,
    secret: String,
}

impl Given {
    /// Reads the secret from its file, of which one newline at the end is not part.
    pub fn read(client_id: &str, secret_file: &Path, settings: &Settings) -> anyhow::Result<Given> {
        let text = folder::read(Kind::Given, secret_file)
            .with_context(|| format!("the secret file {} cannot be read", secret_file.display()))?;
        let secret = text.strip_suffix('\n').unwrap_or(&text);
        let secret = secret.strip_suffix('\r').unwrap_or(secret);
        ensure!(
            secret.chars().count() >= secret::SECRET_MIN,
            "the secret in {} has fewer than {} characters",
            secret_file.display(),
            secret::SECRET_MIN
        );
        ensure!(
            !secret.chars().any(char::is_control),
            "the secret in {} has more than one line",
            secret_file.display()
        );
        let client = ClientId::parse(client_id, settings);
        let known = settings.profiles.iter().any(|profile| profile.id == client.profile);
        ensure!(known, "--bootstrap-client-id: there is no profile '{}'", client.profile);
        ensure!(is_segment(&client.login), "--bootstrap-client-id: '{}' is not a login", client.login);
        Ok(Given { client, secret: secret.to_owned() })
    }
}

/// Makes the operator, unless the database has one. `settings.operator_id` becomes what the
/// database says. True: the first client was made by an earlier start, which may have made its
/// secret as well.
pub async fn operator(
    store: &Store,
    settings: &mut Settings,
    given: Option<Given>,
    chance: &dyn Chance,
) -> anyhow::Result<bool> {
    match existing(store).await? {
        Some(operator) => {
            accept(operator, settings, given.is_some());
            Ok(given.is_none())
        }
        None => make(store, settings, given, chance).await.map(|()| false),
    }
}

/// Whether the database has its operator.
pub async fn is_done(store: &Store) -> anyhow::Result<bool> {
    Ok(existing(store).await?.is_some())
}

async fn existing(store: &Store) -> anyhow::Result<Option<Party>> {
    let scope = Scope::system("whether this is the first start");
    Ok(store.get_party(&scope, PartyKind::Operator, OPERATOR).await?)
}

/// Goes on with the operator that is there.
fn accept(operator: Party, settings: &mut Settings, client_was_given: bool) {
    if client_was_given {
        tracing::warn!("the database has an operator already: the --bootstrap options are ignored");
    }
    if operator.id != settings.operator_id {
        tracing::warn!(operator_id = operator.id, "the operator keeps the id that it was made with");
        settings.operator_id = operator.id;
    }
}

async fn make(store: &Store, settings: &mut Settings, given: Option<Given>, chance: &dyn Chance) -> anyhow::Result<()> {
    let was_given = given.is_some();
    let (client, hash) = if let Some(given) = given {
        (given.client, secret::hash_secret(&given.secret))
    } else {
        let client = ClientId { profile: settings.default_profile.clone(), login: FIRST_LOGIN.to_owned() };
        let (text, hash) = new_secret(chance);
        // Said before it is done: a crash in between must not leave a client whose secret nobody has seen.
        say("This is the first start. The operator's client, shown this once:", &client, &text)
            .context("the secret of the operator's client cannot be written to stderr, so no operator was created")?;
        (client, hash)
    };
    let command = Bootstrap { operator_id: settings.operator_id.clone(), login: client.login.clone(), secret: hash };
    match store.commit(Intent::system(Command::Bootstrap(command), "the first start")).await {
        Ok(_) => {
            tracing::info!(client_id = %client, "the operator and its first client were made");
            Ok(())
        }
        Err(CommitError::Refused(Refusal::AlreadyBootstrapped)) => {
            if !was_given {
                unsay(&client);
            }
            let operator = existing(store).await?.context("the operator that another node made is not there")?;
            accept(operator, settings, was_given);
            Ok(())
        }
        Err(error) => bail!("the operator could not be made: {error}"),
    }
}

/// Makes another secret for the first client, beside the one before, as long as nobody has used
/// any.
pub async fn show_again(store: &Store, settings: &Settings, chance: &dyn Chance) -> anyhow::Result<()> {
    let scope = Scope::system("whether somebody has seen the first secret");
    let Some(since) = store.untouched_since().await? else { return Ok(()) };
    let shown_now = store.is_shared() && store.clock().now() < since.plus_seconds(SHOWN_FOR_S);
    let Some(user) = store.get_user_by_login(&scope, FIRST_LOGIN).await?.filter(|_| !shown_now) else { return Ok(()) };
    let client = ClientId { profile: settings.default_profile.clone(), login: FIRST_LOGIN.to_owned() };
    let (text, secret) = new_secret(chance);
    let why =
        "The first secret of the operator's client has not been used. Here is another one, in case it was not seen:";
    if let Err(error) = say(why, &client, &text) {
        tracing::warn!(%error, "another secret of the operator's client was not made: stderr does not take it");
        return Ok(());
    }
    let command = Command::RotateSecret(RotateSecret { user: user.user, secret, keep_previous: true });
    let intent = Intent { if_match: IfMatch::Revisions(vec![user.revision]), ..Intent::system(command, "a start") };
    match store.commit(intent).await {
        Ok(_) => tracing::info!(client_id = %client, "the operator's client was given another secret"),
        Err(error) => {
            tracing::warn!(%error, "the operator's client was not given another secret");
            announce::err(&format!("  The secret of {client} above was not saved and is not valid."));
        }
    }
    Ok(())
}

/// Shows a secret; `Err` if it cannot have been seen.
fn say(why: &str, client: &ClientId, secret: &str) -> std::io::Result<()> {
    log::show(&format!("{why}\n  client_id:     {client}\n  client_secret: {secret}\n"))
}

/// What was said before it was done, and then was not.
fn unsay(client: &ClientId) {
    announce::err("Another node made the operator meanwhile, and has shown the secret of its client.");
    announce::err(&format!("  The secret of {client} above was never valid: forget it."));
}

#[cfg(test)]
mod tests;
