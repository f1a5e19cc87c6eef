//! Where an instant lies in the feed.
//!
//! The journal has no index on time, and needs none: its entries are numbered without gaps, and none is earlier than the one
//! before, so that an instant is found by halving.

use super::{EventPlace, Read};
use crate::Store;
use crate::query::{Query, sql_number};
use crate::row::integer;
use orderpark_domain::Instant;

impl Store {
    /// The place behind everything that was decided before this instant.
    pub async fn event_place_before(&self, at: Instant) -> Read<EventPlace> {
        // What was decided before it: everything up to `earlier`, and nothing from `later` on.
        let (mut earlier, mut later) = (0, self.events_end().await?.place.seq + 1);
        while earlier + 1 < later {
            let middle = earlier + (later - earlier) / 2;
            let mut query = Query::new(self.dialect(), "select at from journal where");
            query.bind(" seq = ?", sql_number(middle));
            match self.get(query, |row| integer(row, 0)).await? {
                Some(decided) if decided < at.0 => earlier = middle,
                _ => later = middle,
            }
        }
        Ok(EventPlace::after(earlier))
    }
}
