//! A pool of connections for lists: each has one to itself, because it may take long.

use super::ask::{ask, ask_within};
use super::connect::{Connector, Role};
use super::pool::{self, Lent, Object, Pool};
use super::session::SessionError;
use crate::query::Query;
use crate::reads::Bound;
use crate::trial::{Foreseen, Trial};
use crate::{OpenError, ReadError, rows};
use futures_util::future::try_join_all;
use std::time::{Duration, Instant};
use tokio::time::timeout;
use tokio_postgres::Row;

/// Connections for lists, or for trials, made when they are needed.
pub(super) struct Readers {
    pool: Pool,
    answer_max: Duration,
    /// Who has waited for this long is not made to wait once more.
    patience: Duration,
}

impl Readers {
    pub(super) fn new(connector: &Connector, connections: usize) -> Result<Readers, OpenError> {
        let limits = connector.limits();
        let pool = pool::pool(connector, Role::List, connections)?;
        Ok(Readers { pool, answer_max: limits.answer_max(), patience: limits.pool_wait_max })
    }

    /// The rows of the answer up to a bound, and whether it was reached. If a connection turns out
    /// soon to be dead, another one is asked.
    pub(super) async fn read(&self, query: &Query, bound: Bound) -> Result<(Vec<Row>, bool), ReadError> {
        let began = Instant::now();
        match self.ask(query, bound).await {
            Err(error) if error.is_lost() && began.elapsed() < self.patience => Ok(self.ask(query, bound).await?),
            answer => Ok(answer?),
        }
    }

    async fn ask(&self, query: &Query, bound: Bound) -> Result<(Vec<Row>, bool), SessionError> {
        let asked = self.with(async |connection| {
            let statement = connection.prepare_cached(query.sql()).await?;
            Ok(ask_within(connection, &statement, query, bound).await?)
        });
        asked.await
    }

    /// Carries out a trial on one snapshot.
    pub(super) async fn try_out(&self, trial: Trial) -> Result<Foreseen, ReadError> {
        let tried = self.with(async |connection| {
            connection.batch_execute("begin isolation level repeatable read read only").await?;
            let foreseen = try_on(connection, trial).await;
            connection.batch_execute("rollback").await?;
            foreseen
        });
        Ok(Box::pin(tried).await?)
    }

    /// Works with a connection.
    async fn with<T>(&self, work: impl AsyncFnOnce(&Lent) -> Result<T, SessionError>) -> Result<T, SessionError> {
        let connection = self.pool.get().await.map_err(pool::error)?;
        connection.asking();
        let answer = timeout(self.answer_max, work(&connection)).await;
        let answer = answer.unwrap_or(Err(SessionError::SILENT));
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

async fn rows_of(connection: &Lent, query: &Query) -> Result<Vec<Row>, SessionError> {
    let statement = connection.prepare_cached(query.sql()).await?;
    Ok(ask(connection, &statement, query).await?)
}

async fn try_on(connection: &Lent, mut trial: Trial) -> Result<Foreseen, SessionError> {
    let head = rows_of(connection, &trial.head()).await?;
    let head = head.first().ok_or(SessionError::Unreachable("the head of the journal is missing"))?;
    trial.begin(rows::head(head)?.0);
    loop {
        let mut lookups = match trial.next() {
            Ok(lookups) => lookups,
            Err(foreseen) => return Ok(foreseen),
        };
        let answers = try_join_all(lookups.iter().map(|lookup| rows_of(connection, &lookup.query))).await?;
        for (lookup, answer) in lookups.iter_mut().zip(answers) {
            lookup.begin(trial.world());
            answer.iter().try_for_each(|row| lookup.file(trial.world(), row))?;
        }
        for lookup in lookups {
            lookup.end(trial.world());
        }
    }
}
