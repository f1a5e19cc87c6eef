//! Commits, and makes the change effective at once on this node.
//!
//! A change of a user or its token leaves the token cache with an answer of yesterday. Every commit
//! of the faces comes by here, so that no handler can forget to forget. What takes more than one
//! step runs as a task of its own, because a client that hangs up ends its request between them.

use super::cache::TokenCache;
use crate::App;
use crate::limits::FairLimiter;
use orderpark_domain::{Command, Intent, UserRef};
use orderpark_store::{CommitError, Committed, Store};
use std::sync::Arc;
use std::time::Duration;

/// How long a command may wait for its trial.
const TRIAL_WAIT_MAX: Duration = Duration::from_secs(2);

/// Whose tokens may mean something else after a command.
enum Touched {
    Nobody,
    One(UserRef),
    /// Users that are not at hand.
    Everyone,
}

/// Commits an intent, unless a read shows already what it comes to, and that it changes nothing.
pub(crate) async fn commit(app: &App, intent: Intent) -> Result<Committed, CommitError> {
    let touched = if intent.dry_run { Touched::Nobody } else { touched(&intent.command) };
    if matches!(touched, Touched::Nobody) && !intent.is_tried_first() {
        return app.store.commit(intent).await;
    }
    let (store, cache, trials) = (app.store.clone(), Arc::clone(&app.access.cache), app.limits.trials().clone());
    let work = tokio::spawn(async move {
        if let Some(foreseen) = try_out(&store, &trials, &intent).await {
            return foreseen;
        }
        let result = store.commit(intent).await;
        // Whatever came of it: an outcome may also be unknown.
        forget(&cache, &touched);
        result
    });
    work.await.unwrap_or_else(|panic| Err(CommitError::OutcomeUnknown(panic.to_string())))
}

/// The outcome of an intent that changes nothing. `None`: the committer has to decide; also where
/// the read fails or would have to wait for long.
async fn try_out(store: &Store, trials: &FairLimiter, intent: &Intent) -> Option<Result<Committed, CommitError>> {
    let tenant = intent.tenant.filter(|_| intent.is_tried_first())?;
    let _permit = trials.acquire(tenant, 1, TRIAL_WAIT_MAX).await.ok()?;
    store.try_out(intent.clone()).await.ok()?
}

fn forget(cache: &TokenCache, touched: &Touched) {
    match touched {
        Touched::Nobody => {}
        Touched::One(user) => cache.forget(*user),
        Touched::Everyone => cache.forget_all(),
    }
}

fn touched(command: &Command) -> Touched {
    match command {
        Command::UpdateUser(command) => Touched::One(command.user),
        Command::DeleteUser(command) => Touched::One(command.user),
        Command::RotateSecret(command) => Touched::One(command.user),
        Command::IssueToken(command) => Touched::One(command.token.user),
        Command::RevokeToken(command) => Touched::One(command.user),
        // Its users die with it, whoever they are; where it is closed in pieces, with the
        // beginning.
        Command::DeleteParty(_) | Command::ContainUser(_) => Touched::Everyone,
        _ => Touched::Nobody,
    }
}
