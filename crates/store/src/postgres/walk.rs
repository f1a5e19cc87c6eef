//! A walk over whole tables in one unchanging view, for `verify` and for copying.

use super::connect::{Connector, Role};
use super::session::{Session, SessionError};
use super::{Address, Limits};
use crate::OpenError;
use crate::row::Step;
use futures_util::TryStreamExt as _;
use std::pin::pin;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::types::ToSql;

/// A connection inside a transaction that sees one moment.
pub(crate) struct Walk {
    runtime: Runtime,
    session: Session,
}

impl Walk {
    /// Connects and begins.
    pub(crate) fn begin(address: &Address) -> Result<Walk, OpenError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| OpenError::Database(error.to_string()))?;
        let session = runtime.block_on(async {
            let session = Session::open(&Connector::new(address, &Limits::of_a_walk())?, Role::Verify).await?;
            session.client.batch_execute("begin isolation level repeatable read read only").await?;
            Ok::<_, SessionError>(session)
        })?;
        Ok(Walk { runtime, session })
    }

    /// Takes a step with every row of a query, as they come: never are more in memory than the network holds.
    pub(crate) fn each(&self, sql: &str, step: Step<'_>) -> Result<(), OpenError> {
        let walked: Result<(), SessionError> = self.runtime.block_on(async {
            let none: [&(dyn ToSql + Sync); 0] = [];
            let mut rows = pin!(self.session.client.query_raw(sql, none).await?);
            while let Some(row) = rows.try_next().await? {
                step(&row)?;
            }
            Ok(())
        });
        Ok(walked?)
    }
}

impl From<SessionError> for OpenError {
    fn from(error: SessionError) -> OpenError {
        OpenError::Database(error.to_string())
    }
}
