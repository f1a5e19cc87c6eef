//! A pool of connections for lists: each has one to itself, because it may take long.

use super::ask::ask_within;
use super::connect::{Connector, Role};
use super::pool::{self, Object, Pool};
use super::session::SessionError;
use crate::query::Query;
use crate::reads::Bound;
use crate::{OpenError, ReadError};
use std::time::{Duration, Instant};
use tokio::time::timeout;
use tokio_postgres::Row;

/// Connections for lists, made when they are needed.
pub(super) struct Readers {
    pool: Pool,
    answer_max: Duration,
    /// Who has waited for this long is not made to wait once more.
    patience: Duration,
}

impl Readers {
    pub(super) fn new(connector: &Connector) -> Result<Readers, OpenError> {
        let limits = connector.limits();
        let pool = pool::pool(connector, Role::List, limits.lists_max)?;
        Ok(Readers { pool, answer_max: limits.answer_max(), patience: limits.pool_wait_max })
    }

    /// The rows of the answer up to a bound, and whether it was reached. If a connection turns out soon to be dead, another
    /// one is asked.
    pub(super) async fn read(&self, query: &Query, bound: Bound) -> Result<(Vec<Row>, bool), ReadError> {
        let began = Instant::now();
        match self.ask(query, bound).await {
            Err(error) if error.is_lost() && began.elapsed() < self.patience => Ok(self.ask(query, bound).await?),
            answer => Ok(answer?),
        }
    }

    async fn ask(&self, query: &Query, bound: Bound) -> Result<(Vec<Row>, bool), SessionError> {
        let connection = self.pool.get().await.map_err(pool::error)?;
        connection.asking();
        let answer = timeout(self.answer_max, async {
            let statement = connection.prepare_cached(query.sql()).await?;
            ask_within(&connection, &statement, query, bound).await
        });
        let answer = answer.await.map_err(|_| SessionError::SILENT);
        let answer = answer.and_then(|answer| Ok(answer?));
        if answer.as_ref().is_err_and(SessionError::is_lost) {
            self.pool.manager().suspect_all();
            // Not back into the pool.
            drop(Object::take(connection));
        } else {
            connection.answered();
        }
        answer
    }
}
