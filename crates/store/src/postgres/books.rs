//! Connections for the bookkeeping of deliveries, which never touch the journal's head.
//!
//! Each has a transaction to itself, sent at once: one round trip, however many statements. They do not wait for standbys:
//! what a failover loses of it is delivered once more. When a connection is lost in a commit, nobody asks how it ended:
//! whoever keeps books does it again, and finds out.

use super::ask::ask;
use super::connect::{Connector, Role};
use super::pool::{self, Object, Pool};
use super::session::SessionError;
use crate::deliveries::books::{Books, Kept, KeptRow};
use crate::query::Value;
use crate::row::{Read, Row as _};
use crate::{OpenError, ReadError};
use futures_util::future::join_all;
use std::time::Duration;
use tokio::time::timeout;
use tokio_postgres::Row;

/// Connections of a node, made when they are needed.
const CONNECTIONS: usize = 4;

/// Connections for bookkeeping.
pub(super) struct Keepers {
    pool: Pool,
    answer_max: Duration,
}

impl Keepers {
    pub(super) fn new(connector: &Connector) -> Result<Keepers, OpenError> {
        let pool = pool::pool(connector, Role::Keeper, CONNECTIONS)?;
        Ok(Keepers { pool, answer_max: connector.limits().answer_max() })
    }

    /// Carries out statements, all or none.
    pub(super) async fn keep(&self, books: &Books) -> Result<Kept, ReadError> {
        let connection = self.pool.get().await.map_err(pool::error)?;
        connection.asking();
        let kept = timeout(self.answer_max, carry_out(&connection, books)).await;
        let kept = kept.unwrap_or(Err(SessionError::SILENT));
        if kept.as_ref().is_err_and(SessionError::is_lost) {
            self.pool.manager().suspect_all();
            // Not back into the pool.
            drop(Object::take(connection));
        } else {
            connection.answered();
        }
        Ok(kept?)
    }
}

async fn carry_out(connection: &Object, books: &Books) -> Result<Kept, SessionError> {
    let mut statements = Vec::with_capacity(books.0.len());
    for query in &books.0 {
        statements.push(connection.prepare_cached(query.sql()).await?);
    }
    let asked = join_all(books.0.iter().zip(&statements).map(|(query, statement)| ask(connection, statement, query)));
    if books.0.len() == 1 {
        // One statement is a transaction.
        return asked.await.into_iter().map(|rows| kept(&rows?)).collect();
    }
    // In this order. If any of it fails, PostgreSQL makes the commit a rollback.
    let (begun, asked, committed) =
        tokio::join!(biased; connection.batch_execute("begin"), asked, connection.batch_execute("commit"));
    begun?;
    let answered = asked.into_iter().collect::<Result<Vec<_>, _>>()?;
    committed?;
    answered.iter().map(|rows| kept(rows)).collect()
}

fn kept(rows: &[Row]) -> Result<Vec<KeptRow>, SessionError> {
    let row = |row: &Row| {
        let values = (0..row.len()).map(|column| Ok(row.cell(column)?.to_value())).collect::<Read<Vec<Value>>>();
        Ok(KeptRow(values?))
    };
    rows.iter().map(row).collect()
}
