//! The beginning of the journal, for the start of the program.

use super::Read;
use crate::query::{Query, sql_number};
use crate::{Store, rows};
use orderpark_domain::{Event, Instant};

/// Entries that are looked at: the first start writes six, and each start that nobody makes use of
/// one more.
const ENTRIES_MAX: usize = 100;

impl Store {
    /// When the newest entry was written, where no token was ever issued: so nobody has proved a
    /// secret yet, and nobody but the program itself can have written anything.
    pub async fn untouched_since(&self) -> Read<Option<Instant>> {
        let mut query = Query::new(self.dialect(), "select seq, at, entry from journal order by seq");
        query.bind(" limit ?", sql_number(ENTRIES_MAX as u64));
        let entries = self.list(query, rows::entry).await?;
        let is_touched = entries.iter().any(|entry| matches!(entry.event, Event::TokenIssued(_)));
        Ok(entries.last().filter(|_| !is_touched && entries.len() < ENTRIES_MAX).map(|entry| entry.at))
    }
}
