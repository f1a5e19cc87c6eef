//! Where a database lives: what differs after a restore or a failover.

use super::session::{Session, SessionError};
use tokio_postgres::error::SqlState;

/// The cluster, its timeline, the database, the file of the journal, and since when the server runs. A restored or promoted
/// server differs in the second or the last, a restored database in the third, a restored table in the fourth.
const ORIGIN: &str = "select concat_ws('/', (select system_identifier from pg_control_system()), \
    left(pg_walfile_name(pg_current_wal_lsn()), 8), \
    (select oid from pg_database where datname = current_database()), pg_relation_filenode('journal'), \
    (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint)";

/// The same for a role that may not ask for the first two: they do not change without the last one.
const ORIGIN_OF_PLAIN_ROLE: &str = "select concat_ws('/', \
    (select oid from pg_database where datname = current_database()), pg_relation_filenode('journal'), \
    (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint)";

/// Asks a session, outside of a transaction.
pub(super) async fn origin(session: &Session) -> Result<String, SessionError> {
    let row = match session.client.query_one(ORIGIN, &[]).await {
        Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            session.client.query_one(ORIGIN_OF_PLAIN_ROLE, &[]).await
        }
        answered => answered,
    };
    Ok(row?.get(0))
}
