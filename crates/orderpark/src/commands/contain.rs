//! `orderpark contain`: ends the credentials of a user where no caller of the API can, and what was
//! made with them.

use super::{database, password};
use crate::{announce, log, wiring};
use anyhow::{Context as _, bail};
use clap::Args;
use orderpark_domain::user::{ContainUser, Contained, RotateSecret};
use orderpark_domain::{Command, Instant, Intent, Outcome, Scope, User, UserRef};
use orderpark_server::access::new_secret;
use orderpark_server::wire::{Time, parse_time};
use orderpark_store::{Chance, Database, Options, Store};
use std::path::PathBuf;
use std::sync::Arc;

/// End the credentials of a user, and what was made with them
///
/// For a leaked secret or token when no administrator can call the API. Ends the secrets and the
/// token of the user, and lists the users and webhook endpoints that it made, and those that they
/// made; with --end-created they are deleted. An SQLite database must not be in use: stop the
/// server first. A PostgreSQL database may be; its nodes refuse the ended tokens at once.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Contain {
    /// The database, `sqlite:PATH` or `postgres://USER@HOST/NAME`
    #[arg(long, value_name = "DATABASE", value_parser = database::Parser, default_value = "sqlite:orderpark-data/orderpark.db")]
    database: Database,
    /// A file with the password for PostgreSQL
    #[arg(long, value_name = "FILE")]
    database_password_file: Option<PathBuf>,
    /// The user, by its login or its ref
    #[arg(long, value_name = "LOGIN|REF")]
    user: String,
    /// List only what the user made from then on, such as 2026-11-23T10:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Instant>,
    /// Delete the users and webhook endpoints that are listed
    #[arg(long)]
    end_created: bool,
    /// Only list what would be ended
    #[arg(long)]
    dry_run: bool,
    /// Give the user a new secret, and show it once
    #[arg(long, conflicts_with = "dry_run")]
    new_secret: bool,
}

fn time(text: &str) -> Result<Instant, String> {
    parse_time(text).ok_or_else(|| "is no time such as 2026-11-23T10:00:00Z".to_owned())
}

impl Contain {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let database = password::from_file(self.database.clone(), self.database_password_file.as_deref())?;
        if let Database::Sqlite(path) = &database
            && !path.exists()
        {
            bail!("there is no database {}", path.display());
        }
        let options = Options::default();
        let chance = Arc::clone(&options.chance);
        let runtime = wiring::runtime()?;
        let store = {
            let _guard = runtime.enter();
            Store::open(&database, options)?
        };
        runtime.block_on(self.contain(&store, chance.as_ref()))
    }

    async fn contain(&self, store: &Store, chance: &dyn Chance) -> anyhow::Result<()> {
        let user = self.find(store).await?.with_context(|| format!("there is no user '{}'", self.user))?;
        loop {
            let contained = self.once(store, user.user).await?;
            self.tell(&contained);
            let ended = contained.users.len() + contained.endpoints.len();
            if !contained.more || !self.end_created || self.dry_run || ended == 0 {
                break;
            }
        }
        if self.new_secret { give_secret(store, chance, &user).await } else { Ok(()) }
    }

    async fn find(&self, store: &Store) -> anyhow::Result<Option<User>> {
        let scope = Scope::system("a user is contained from the command line");
        let user = store.get_user_by_login(&scope, &self.user).await?;
        match (user, UserRef::parse(&self.user)) {
            (None, Some(by_ref)) => Ok(store.get_user(&scope, by_ref).await?),
            (user, _) => Ok(user),
        }
    }

    async fn once(&self, store: &Store, user: UserRef) -> anyhow::Result<Contained> {
        let since = self.since.unwrap_or(Instant(0));
        let command = Command::ContainUser(ContainUser { user, since, end_created: self.end_created });
        let intent = Intent::system(command, "a user is contained from the command line");
        let committed = store.commit(Intent { dry_run: self.dry_run, ..intent }).await?;
        match committed.outcome {
            Outcome::Contained(contained) => Ok(*contained),
            other => bail!("containing a user came to something else: {other:?}"),
        }
    }

    fn tell(&self, contained: &Contained) {
        let would = if self.dry_run { "would be " } else { "" };
        let user = &contained.user;
        announce::out(&format!("user {} ({}): secrets and token {would}ended", user.user, user.login));
        let fate = if self.end_created { format!("{would}deleted") } else { "not deleted".to_owned() };
        for made in &contained.users {
            let (user, token) = (&made.user, if made.had_token { ", had a token" } else { "" });
            let at = user.created_at.map_or_else(String::new, |at| format!(" at {}", Time(at)));
            announce::out(&format!("  user {} ({}), made{at}{token}: {fate}", user.user, user.login));
        }
        for endpoint in &contained.endpoints {
            let (at, number, url) = (Time(endpoint.created_at), endpoint.endpoint, &endpoint.url);
            announce::out(&format!("  webhook endpoint {number} ({url}), made at {at}: {fate}"));
        }
        if contained.more {
            announce::out("  there is more than is listed here");
        }
    }
}

async fn give_secret(store: &Store, chance: &dyn Chance, user: &User) -> anyhow::Result<()> {
    let (text, secret) = new_secret(chance);
    let command = Command::RotateSecret(RotateSecret { user: user.user, secret, keep_previous: false });
    store.commit(Intent::system(command, "a contained user gets a new secret")).await?;
    let shown = log::show(&format!("The new secret of {}, shown this once:\n  client_secret: {text}\n", user.login));
    shown.context("the new secret cannot be written to stderr; run the command again for another one")
}
