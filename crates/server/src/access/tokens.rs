//! Issues, finds and revokes tokens.
//!
//! Nothing is stored of a token but its claims and its digest. A client that has a valid one is given it again by
//! signing the same claims again; should the key have been replaced since, that makes another text, and the client gets
//! a new token.

use super::secret::sha256;
use super::validity::{INFINITE_SECONDS, Validity};
use super::{ClientId, KeyError, Unproved, commit};
use crate::{App, Problem};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use orderpark_domain::token::{IssueToken, RevokeToken};
use orderpark_domain::{Command, Instant, Intent, Outcome, Refusal, Scope, SecretHash, Tenant, Token, User};
use orderpark_store::{Chance, CommitError};

/// A token as its client receives it.
pub struct Issued {
    /// What is sent as bearer token.
    pub text: String,
    /// Its claims.
    pub token: Token,
    /// Whose it is.
    pub user: User,
}

impl Issued {
    /// Whole seconds that it still lives; [`INFINITE_SECONDS`] if it never expires.
    pub fn expires_in(&self, now: Instant) -> i64 {
        self.token.expires_at.map_or(INFINITE_SECONDS, |end| end.0.saturating_sub(now.0).max(0) / 1_000_000)
    }
}

/// How often a token is made anew because its user changed, or its key, while it was made.
const TRIES: usize = 4;

/// Gives `user`, who has proved the secret with the digest `proved`, its valid token, or with `renew` a new one in its place.
pub async fn issue(
    app: &App,
    client: &ClientId,
    mut user: User,
    proved: SecretHash,
    validity: Validity,
    mut renew: bool,
) -> Result<Issued, Problem> {
    for _ in 0..TRIES {
        let made = sign(app, claims(app, client, &user, validity)).await?;
        match submit(app, Some(Tenant::alone(user.party)), made.1.clone(), proved, renew).await? {
            Submitted::Token(token) if token.hash == made.1.hash => {
                return Ok(Issued { text: made.0, token, user });
            }
            Submitted::Token(token) => {
                let again = sign(app, token.clone()).await?;
                if again.1.hash == token.hash {
                    return Ok(Issued { text: again.0, token, user });
                }
                renew = true;
            }
            Submitted::UserChanged => user = reread(app, &user).await?.ok_or_else(|| client.not_proved())?,
            Submitted::ClientGone => return Err(client.not_proved()),
        }
    }
    Err(Problem::internal("a token could not be issued: its user, or the key, kept changing"))
}

enum Submitted {
    /// The token that the client has now: the new one, or an older one that is still valid.
    Token(Token),
    /// The user has other scopes than the token.
    UserChanged,
    /// The user, or the secret that it proved, is gone.
    ClientGone,
}

async fn submit(
    app: &App,
    tenant: Option<Tenant>,
    token: Token,
    proved: SecretHash,
    renew: bool,
) -> Result<Submitted, Problem> {
    let validity_max_s = app.settings.token_validity_max_s;
    let command = Command::IssueToken(IssueToken { token, proved, renew, validity_max_s });
    let intent = Intent { tenant, ..Intent::system(command, "a client that proved its secret gets a token") };
    match commit(app, intent).await {
        Ok(committed) => match committed.outcome {
            Outcome::Token(token) => Ok(Submitted::Token(*token)),
            _ => Err(Problem::internal("issuing a token did not come to a token")),
        },
        Err(CommitError::Refused(Refusal::Stale)) => Ok(Submitted::UserChanged),
        Err(CommitError::Refused(Refusal::NotFound)) => Ok(Submitted::ClientGone),
        Err(error) => Err(error.into()),
    }
}

async fn reread(app: &App, user: &User) -> Result<Option<User>, Problem> {
    let scope = Scope::system("a client that proved its secret gets a token");
    Ok(app.store.get_user(&scope, user.user).await?)
}

/// A new token's claims; its digest is not known before it is signed.
fn claims(app: &App, client: &ClientId, user: &User, validity: Validity) -> Token {
    let issued_at = app.now();
    Token {
        user: user.user,
        hash: [0; 32],
        jti: name(app.chance.as_ref()),
        client_id: client.to_string(),
        grants: user.grants.clone(),
        issued_at,
        expires_at: validity.end(issued_at),
    }
}

/// A token's name: 256 random bits behind a prefix, so that people and scanners know it when they see it.
fn name(chance: &dyn Chance) -> String {
    let mut bytes = [0; 32];
    chance.fill(&mut bytes);
    format!("opt_{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// Signs on a thread that may block: signing takes a millisecond, and the first time the key is being made.
async fn sign(app: &App, token: Token) -> Result<(String, Token), Problem> {
    let signer = app.access.signer.clone();
    let made = tokio::task::spawn_blocking(move || {
        let text = signer.sign(&token)?;
        let hash = sha256(text.as_bytes());
        Ok::<_, KeyError>((text, Token { hash, ..token }))
    });
    let result = made.await.map_err(|error| Problem::internal(error.to_string()))?;
    result.map_err(|error| Problem::internal(error.to_string()))
}

/// The valid token with this text, or why there is none.
pub(crate) async fn find(app: &App, text: &str) -> Result<Result<Issued, Unproved>, Problem> {
    let found = app.access.token(&app.store, &sha256(text.as_bytes())).await?;
    let now = app.now();
    Ok(match found {
        Some((token, user, _)) if token.is_valid_at(now) => Ok(Issued { text: text.to_owned(), token, user }),
        found => Err(app.access.why_not(text, found.and_then(|(token, ..)| token.expires_at), now)),
    })
}

/// Revokes the token with this text; one that is not known is revoked already.
pub async fn revoke(app: &App, text: &str) -> Result<(), Problem> {
    let hash = sha256(text.as_bytes());
    let scope = Scope::system("who holds a token may revoke it");
    let Some((token, user, ..)) = app.store.get_token(&scope, &hash).await? else { return Ok(()) };
    let command = Command::RevokeToken(RevokeToken { user: token.user, hash });
    let tenant = Some(Tenant::alone(user.party));
    commit(app, Intent { tenant, ..Intent::system(command, "who holds a token may revoke it") }).await?;
    Ok(())
}
