//! How the demo acts: as a user, within what that user may.

use anyhow::{Context as _, anyhow, bail};
use orderpark_domain::{Action, Caller, Command, Intent, Order, Outcome, Scope, User};
use orderpark_server::problem::Reason;
use orderpark_server::{App, suppliers};
use std::sync::Arc;

/// Where the demo plays.
pub struct Stage<'a> {
    pub app: &'a Arc<App>,
}

impl Stage<'_> {
    /// Does something as this user.
    pub async fn act(&self, by: &User, action: Action, command: Command) -> anyhow::Result<Outcome> {
        let scope = Caller::of(by).may(action).map_err(|_| anyhow!("{} may not {}", by.login, action.name()))?;
        let intent = Intent::by(by.user, scope, command);
        self.commit(intent).await.with_context(|| format!("{} could not {}", by.login, action.name()))
    }

    /// Has the suppliers of a new order asked, and the order settled. They may say no.
    pub async fn settle(&self, order: Order) -> anyhow::Result<()> {
        let scope = Scope::system("the demo placed an order");
        match suppliers::answer(self.app, &scope, order, true).await {
            Err(problem) if problem.reason() != Reason::RejectedBySupplier => {
                bail!("suppliers cannot be asked: {problem:?}")
            }
            _ => Ok(()),
        }
    }

    /// Commits an intent.
    pub async fn commit(&self, intent: Intent) -> anyhow::Result<Outcome> {
        Ok(self.app.store.commit(intent).await?.outcome)
    }
}
