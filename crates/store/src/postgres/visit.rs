//! What takes one connection once: looking at the schema, migrating, and schemas that somebody makes for a while.

use super::connect::{Connector, Role};
use super::session::{Session, SessionError};
use super::{Address, Limits, elsewhere, migrate};
use crate::{OpenError, Schema};
use tokio::runtime::Builder;

/// Connects, does something, and hangs up.
fn visit<T: Send>(
    address: &Address,
    work: impl AsyncFnOnce(&mut Session) -> Result<T, OpenError> + Send,
) -> Result<T, OpenError> {
    elsewhere(|| {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| OpenError::Database(error.to_string()))?;
        let connector = Connector::new(address, &Limits::default())?;
        runtime.block_on(async { work(&mut Session::open(&connector, Role::Migrator).await?).await })
    })
}

/// What a database and this program know of the schema. Changes nothing.
pub(crate) fn schema(address: &Address) -> Result<Schema, OpenError> {
    visit(address, async |session| migrate::status(&session.client).await)
}

/// Brings the schema up to date.
pub(crate) fn bring_up_to_date(address: &Address) -> Result<(), OpenError> {
    visit(address, async |session| migrate::migrate(&mut session.client).await)
}

fn run(address: &Address, sql: &str) -> Result<(), OpenError> {
    visit(address, async |session| {
        session.client.batch_execute(sql).await.map_err(SessionError::from)?;
        Ok(())
    })
}

/// A schema that is made for a while, with whatever is in it: the tables of a demonstration, say.
#[derive(Debug)]
pub struct OwnSchema {
    /// The database without it.
    outside: Address,
    inside: Address,
    name: String,
}

impl OwnSchema {
    /// Makes a schema, whose name must be free: small letters, digits and `_`.
    pub fn make(database: &Address, name: &str) -> Result<OwnSchema, OpenError> {
        let inside = database.clone().with_schema(name).map_err(OpenError::Database)?;
        run(database, &format!("create schema {name}"))?;
        Ok(OwnSchema { outside: database.clone(), inside, name: name.to_owned() })
    }

    /// The database as it is seen from within the schema.
    pub fn address(&self) -> &Address {
        &self.inside
    }

    /// Drops the schema with everything in it.
    pub fn remove(self) -> Result<(), OpenError> {
        run(&self.outside, &format!("drop schema {} cascade", self.name))
    }
}
