//! A database as `copy` reads or writes it: wholly, and alone.

use super::connect::{Connector, Role};
use super::session::{Session, SessionError};
use super::{Address, Limits, migrate};
use crate::OpenError;
use crate::copy::{Rows, Side, size};
use crate::query::{Dialect, Query, Value};
use crate::row::{Read, Row as _};
use futures_util::TryStreamExt as _;
use std::pin::pin;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

/// Writers wait for a row of `head`, and get none while this lasts; reads go on. The view of the transaction begins only
/// with its first query, so there is nothing that it could have missed.
const HOLD: &str = "begin isolation level repeatable read; lock table head in exclusive mode";

/// Two copies into one database keep out of each other's way. A killed one may take a moment to let go.
const ALONE: &str = "begin; set local lock_timeout = '3s'; \
    select pg_advisory_lock(1869770855, hashtext(current_schema())); commit";

/// A connection with a runtime of its own.
pub(crate) struct Bulk {
    runtime: Runtime,
    session: Session,
}

impl Bulk {
    /// Holds a database, to read from it: nobody writes to it as long as this lives.
    pub(crate) fn read(address: &Address) -> Result<Bulk, OpenError> {
        let bulk = Bulk::connect(address)?;
        bulk.run_all(&[HOLD])?;
        Ok(bulk)
    }

    /// Holds a database to write to, and makes its tables if they are missing; nothing if another copy holds it.
    pub(crate) fn write(address: &Address) -> Result<Option<Bulk>, OpenError> {
        let mut bulk = Bulk::connect(address)?;
        bulk.runtime.block_on(migrate::migrate(&mut bulk.session.client))?;
        match bulk.run_all(&[ALONE]) {
            Ok(()) => Ok(Some(bulk)),
            Err(SessionError::Server(error)) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn connect(address: &Address) -> Result<Bulk, OpenError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| OpenError::Database(error.to_string()))?;
        let limits = Limits::of_a_walk();
        let connector = Connector::new(address, &limits)?;
        let session = runtime.block_on(Session::open(&connector, Role::Copier))?;
        Ok(Bulk { runtime, session })
    }

    fn run_all(&self, texts: &[&str]) -> Result<(), SessionError> {
        self.runtime.block_on(async {
            for text in texts {
                self.session.client.batch_execute(text).await?;
            }
            Ok(())
        })
    }
}

async fn rows(session: &mut Session, query: &Query, bytes_max: usize) -> Result<Rows, SessionError> {
    let statement = session.prepare(query.sql()).await?;
    let width = statement.columns().len();
    let values = query.values().iter().map(|value| value as &(dyn ToSql + Sync));
    let mut answer = pin!(session.client.query_raw(&statement, values).await?);
    let (mut all, mut bytes) = (Rows::new(), 0);
    while let Some(row) = answer.try_next().await? {
        let row = (0..width).map(|column| Ok(row.cell(column)?.to_value())).collect::<Read<Vec<Value>>>()?;
        bytes += size(&row);
        all.push(row);
        if bytes > bytes_max {
            // What is still on its way is thrown away by the driver.
            break;
        }
    }
    Ok(all)
}

async fn append(session: &mut Session, table: &str, columns: &str, rows: &[Vec<Value>]) -> Result<(), SessionError> {
    let statement = session.prepare(&format!("select {columns} from {table}")).await?;
    let kinds: Vec<Type> = statement.columns().iter().map(|column| column.type_().clone()).collect();
    let sink = session.client.copy_in(&format!("copy {table} ({columns}) from stdin binary")).await?;
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &kinds));
    for row in rows {
        let values: Vec<&(dyn ToSql + Sync)> = row.iter().map(|value| value as _).collect();
        writer.as_mut().write(&values).await?;
    }
    writer.finish().await?;
    Ok(())
}

impl Side for Bulk {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn run(&mut self, sql: &str) -> Result<(), String> {
        self.run_all(&[sql]).map_err(|error| error.to_string())
    }

    fn ask(&mut self, query: &Query, bytes_max: usize) -> Result<Rows, String> {
        let asked = self.runtime.block_on(rows(&mut self.session, query, bytes_max));
        asked.map_err(|error| error.to_string())
    }

    fn columns(&mut self, table: &str) -> Result<Vec<String>, String> {
        let prepared = self.runtime.block_on(self.session.prepare(&format!("select * from {table}")));
        let statement = prepared.map_err(|error| error.to_string())?;
        Ok(statement.columns().iter().map(|column| column.name().to_owned()).collect())
    }

    fn append(&mut self, table: &str, columns: &[String], rows: &[Vec<Value>]) -> Result<(), String> {
        let appended = self.runtime.block_on(append(&mut self.session, table, &columns.join(", "), rows));
        appended.map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests;
