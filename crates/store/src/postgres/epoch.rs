//! When a new epoch of the feed begins in PostgreSQL: where the database lives is compared with
//! where the last epoch began, and the end of the journal with what this node knows of it
//! (docs/decisions/0032).

use super::flush::Write;
use super::session::{Session, SessionError};
use crate::journal::{Hash, Line};
use crate::query::sql_number;
use crate::row::{Unreadable, blob, number};
use crate::{Chance, Epoch, epochs};
use orderpark_domain::Head;
use std::sync::Arc;
use tokio_postgres::Row;

/// Where the last epoch began, and its place for one that is of before that was kept.
pub(super) const LAST_ORIGIN: &str = "select origin from feed_epochs order by first_seq desc limit 1";
const ADOPT: &str = "update feed_epochs set origin = $1 where first_seq = (select max(first_seq) from feed_epochs)";

/// The cluster, its timeline, the database, the file of the journal, and since when the server
/// runs. A restored or promoted server differs in the second or the last, a restored database in
/// the third, a restored table in the fourth.
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
        // A managed server may refuse them with any code.
        Err(error) if error.code().is_some() && session.is_alive() => {
            session.client.query_one(ORIGIN_OF_PLAIN_ROLE, &[]).await
        }
        answered => answered,
    };
    Ok(row?.get(0))
}

/// When the feed's next epoch begins, as this node sees it.
pub(super) struct NextEpoch {
    chance: Arc<dyn Chance>,
    /// The next epoch; none: not drawn yet.
    drawn: Option<Epoch>,
    /// Where the session's database lives; none: not asked yet.
    pub origin: Option<String>,
    /// Whether the last epoch was found to have begun there.
    pub is_checked: bool,
    /// The last end of the journal that this node has seen while it held the head.
    pub seen: Option<(u64, Hash)>,
    due: Option<Due>,
}

/// The epoch work of the next write transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// Say where the last one lives: it is of before that was kept.
    Origin,
    /// Begin a new one.
    Epoch,
}

impl NextEpoch {
    pub(super) fn new(chance: Arc<dyn Chance>) -> NextEpoch {
        // The first one here, as with a file: with the same chance both engines do the same.
        let drawn = Some(Epoch::draw(&*chance));
        NextEpoch { chance, drawn, origin: None, is_checked: false, seen: None, due: None }
    }

    /// Compares the journal's last entry with the one that this node saw last.
    pub(super) fn look_at(&mut self, written: &[Row]) -> Result<(), Unreadable> {
        let Some((seq, hash)) = self.seen.filter(|(seq, _)| *seq > 0) else { return Ok(()) };
        let ours =
            written.first().map(|row| Ok::<_, Unreadable>((number(row, 0)?, blob(row, 3)? == hash))).transpose()?;
        if ours != Some((seq, true)) {
            tracing::error!(
                seq,
                "the last entries of the journal are gone (restore or failover): a new epoch of the feed begins \
                 (docs/restore.md)"
            );
            self.due = Some(Due::Epoch);
        }
        Ok(())
    }

    /// Compares where the last epoch began with where the database lives.
    pub(super) fn compare(&mut self, last: Option<&str>, head: &Head) {
        let due = match last {
            Some(origin) if self.origin.as_deref() == Some(origin) => None,
            // A node of the version before may be at work: both give the same ids until something
            // changes.
            None if head.seq > 0 => Some(Due::Origin),
            _ => Some(Due::Epoch),
        };
        self.due = self.due.filter(|due| *due == Due::Epoch).or(due);
        self.is_checked = true;
    }

    pub(super) fn write(&mut self, first: &Line) -> Option<Write<'static>> {
        let origin = self.origin.clone();
        Some(match self.due? {
            Due::Origin => Write { sql: ADOPT, values: vec![Box::new(origin)] },
            Due::Epoch => {
                let drawn = self.drawn.get_or_insert_with(|| Epoch::draw(&*self.chance));
                let (seq, epoch) = (sql_number(first.seq), drawn.as_str().to_owned());
                Write { sql: epochs::BEGIN.postgres, values: vec![Box::new(seq), Box::new(epoch), Box::new(origin)] }
            }
        })
    }

    /// The journal ends with this line now, and with it what was due is done.
    pub(super) fn written(&mut self, last: &Line) {
        if self.due.take() == Some(Due::Epoch) {
            self.drawn = None;
        }
        self.seen = Some((last.seq, last.hash));
    }
}
