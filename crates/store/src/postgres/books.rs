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

/// For this transaction alone, so that a connection is never lent with it to others.
const BEGIN: &str = "begin; set local synchronous_commit = local";

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
    // In this order. If any of it fails, PostgreSQL makes the commit a rollback.
    let (begun, asked, committed) =
        tokio::join!(biased; connection.batch_execute(BEGIN), asked, connection.batch_execute("commit"));
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

#[cfg(test)]
mod tests {
    use super::super::scratch::Scratch;
    use super::{Books, Keepers};
    use crate::query::{Dialect, Query, Value};

    /// Bookkeeping that a failover loses is delivered once more, so it waits for no standby.
    /// Nothing else may do that, also where the same connection does it.
    #[tokio::test]
    async fn only_bookkeeping_waits_for_no_standby() {
        let scratch = Scratch::new().await;
        let keepers = Keepers::new(&scratch.connector()).unwrap();
        let ask = || Query::new(Dialect::Postgres, "select current_setting('synchronous_commit')");
        for books in [vec![ask()], vec![ask(), ask()]] {
            let kept = keepers.keep(&Books(books)).await.unwrap();
            assert!(kept.iter().flatten().all(|row| row.0 == [Value::Text("local".into())]), "{kept:?}");
        }
        let lent = keepers.pool.get().await.unwrap();
        assert_eq!(lent.query_one("show synchronous_commit", &[]).await.unwrap().get::<_, &str>(0), "on");
    }
}
