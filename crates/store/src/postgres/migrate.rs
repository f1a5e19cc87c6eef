//! The schema: brought up to date by one program at a time, and judged by all.
//!
//! A migration is one transaction with all that are pending, so a program that dies in the middle leaves the schema as it
//! was. While it runs, programs of the version before may be at work on the same tables: it waits for their locks only
//! as long as a statement of theirs may wait for its own.

use super::connect::sentence;
use crate::schema::tell_migrations;
use crate::{OpenError, Schema, faults};
use tokio_postgres::Client;

mod embedded {
    refinery::embed_migrations!("migrations/postgres");
}

/// The first half of the key under which programs wait for each other; the second half stands for the schema.
const LOCK: i32 = 0x6f72_6465;

/// Another migration is waited for as long as it takes, unlike the locks of tables that others use.
const WAIT: &str = "begin; set local lock_timeout = 0";

/// Looks at the schema and changes nothing.
pub(super) async fn status(client: &Client) -> Result<Schema, OpenError> {
    let found =
        look(client, "refinery_schema_history", "select max(version)::bigint from refinery_schema_history").await?;
    let oldest = look(client, "schema_promise", "select oldest from schema_promise").await?;
    Ok(Schema::new(found.unwrap_or(0), oldest, embedded::migrations::runner().get_migrations()))
}

/// Whether there is such a table.
pub(super) async fn exists(client: &Client, table: &str) -> Result<bool, OpenError> {
    let exists = client.query_one("select to_regclass($1::text) is not null", &[&table]).await.map_err(failed)?;
    Ok(exists.get(0))
}

/// The number in a table's only row, where there is such a table.
async fn look(client: &Client, table: &str, sql: &str) -> Result<Option<u32>, OpenError> {
    if !exists(client, table).await? {
        return Ok(None);
    }
    let row = client.query_opt(sql, &[]).await.map_err(failed)?;
    let number = row.and_then(|row| row.get::<_, Option<i64>>(0));
    number.map(|number| u32::try_from(number).map_err(|_| corrupt(table))).transpose()
}

/// Brings the schema up to date, one program at a time.
pub(super) async fn migrate(client: &mut Client) -> Result<(), OpenError> {
    let schema: Option<String> = client.query_one("select current_schema()::text", &[]).await.map_err(failed)?.get(0);
    let Some(schema) = schema else {
        return Err(OpenError::Database("the schema for the tables does not exist: create it first".into()));
    };
    let before = status(client).await?;
    before.check()?;
    if before.pending.is_empty() {
        return Ok(());
    }
    client.batch_execute(WAIT).await.map_err(failed)?;
    client.execute("select pg_advisory_lock($1, hashtext($2))", &[&LOCK, &schema]).await.map_err(failed)?;
    // The lock is the session's.
    client.batch_execute("commit").await.map_err(failed)?;
    let done = alone(client).await;
    let unlocked = client.execute("select pg_advisory_unlock($1, hashtext($2))", &[&LOCK, &schema]).await;
    done.and(unlocked.map(drop).map_err(failed))
}

/// What another program has done meanwhile is not done again.
async fn alone(client: &mut Client) -> Result<(), OpenError> {
    let status = status(client).await?;
    status.check()?;
    if status.pending.is_empty() {
        return Ok(());
    }
    faults::point("migration step");
    let runner = embedded::migrations::runner().set_grouped(true);
    let report = runner.run_async(client).await.map_err(|error| OpenError::Database(sentence(&error)))?;
    tell_migrations(report.applied_migrations());
    Ok(())
}

#[allow(clippy::needless_pass_by_value, reason = "as map_err gives it")]
fn failed(error: tokio_postgres::Error) -> OpenError {
    OpenError::Database(sentence(&error))
}

fn corrupt(table: &str) -> OpenError {
    OpenError::Database(format!("the table {table} holds no version"))
}

#[cfg(test)]
mod tests;
