//! How the demo acts: as a user, within what that user may.

use anyhow::{Context as _, anyhow};
use orderpark_domain::{Action, Caller, Command, IfMatch, Intent, Outcome, User};
use orderpark_server::App;

/// Where the demo plays.
pub struct Stage<'a> {
    pub app: &'a App,
}

impl Stage<'_> {
    /// Does something as this user.
    pub async fn act(&self, by: &User, action: Action, command: Command) -> anyhow::Result<Outcome> {
        let scope = Caller::of(by).may(action).map_err(|_| anyhow!("{} may not {}", by.login, action.name()))?;
        let intent = Intent { command, scope, by: Some(by.user), request: None, if_match: IfMatch::Anything };
        self.commit(intent).await.with_context(|| format!("{} could not {}", by.login, action.name()))
    }

    /// Commits an intent.
    pub async fn commit(&self, intent: Intent) -> anyhow::Result<Outcome> {
        Ok(self.app.store.commit(intent).await?.outcome)
    }
}
