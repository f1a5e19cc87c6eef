//! Replays: what was sent is sent once more, because somebody asked for it.

use super::Target;
use super::books::Books;
use super::targets::{of_target, place_at};
use crate::query::Query;
use crate::reads::EventPlace;
use crate::row::{self, Row, number, small};
use crate::{ReadError, Store};
use orderpark_domain::{EndpointRef, Scope};

/// A part of the feed that is sent once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// Its number among the target's replays.
    pub id: u64,
    /// Where to go on: everything up to here is sent, or among the retries.
    pub after: EventPlace,
    /// Its last event, or the place behind it.
    pub until: EventPlace,
}

/// What is to be sent once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayAsk {
    /// One event, now. One that waits behind another of its lane goes on waiting.
    One(EventPlace),
    /// What lies between two places, in its order.
    Range {
        /// Behind this place.
        after: EventPlace,
        /// Up to this one.
        until: EventPlace,
    },
    /// All that was given up, now.
    Exhausted,
}

impl Store {
    /// Asks for something to be sent once more, and has the worker look. `false`: there is no such endpoint within the scope,
    /// and nothing was written.
    ///
    /// One event becomes a retry that is due, in a lane of its own (`replay:17.0`) unless it has one; what was exhausted
    /// becomes due with its schedule begun anew, by place within each lane.
    pub async fn ask_replay(&self, scope: &Scope, endpoint: EndpointRef, what: ReplayAsk) -> Result<bool, ReadError> {
        if self.get_endpoint(scope, endpoint).await?.is_none() {
            return Ok(false);
        }
        self.ask(Target::Endpoint(endpoint), what).await
    }

    pub(super) async fn ask(&self, target: Target, what: ReplayAsk) -> Result<bool, ReadError> {
        let mut asked = Query::new(self.dialect(), "update delivery_targets set asked = asked + 1 where");
        of_target(&mut asked, target).text(" returning asked");
        let what = match what {
            ReplayAsk::One(place) => self.one(target, place),
            // What is not there yet is delivered when it comes.
            ReplayAsk::Range { after, until } => self.range(target, after, until.min(self.events_end().await?.place)),
            ReplayAsk::Exhausted => self.exhausted(target),
        };
        let kept = self.keep(Books(vec![asked, what])).await?;
        Ok(kept.first().is_some_and(|rows| !rows.is_empty()))
    }

    fn one(&self, target: Target, place: EventPlace) -> Query {
        let (seq, of_entry) = place.values();
        let mut query = Query::new(
            self.dialect(),
            "insert into delivery_retries (kind, ref, seq, number, lane, attempts, state, at)",
        );
        query
            .bind(" select kind, ref, ?", seq)
            .bind(", ?", of_entry)
            .bind(", ?", format!("replay:{}.{of_entry}", place.seq));
        query.bind(", 0, 'DUE', ? from delivery_targets where", self.now().0);
        of_target(&mut query, target).text(
            " on conflict (kind, ref, seq, number) do update set at = excluded.at, state = excluded.state, \
             attempts = case when delivery_retries.state = 'EXHAUSTED' then 0 else delivery_retries.attempts end \
             where delivery_retries.state <> 'HELD'",
        );
        query
    }

    /// Its number is the count of what was asked for, which the statement before has moved.
    fn range(&self, target: Target, after: EventPlace, until: EventPlace) -> Query {
        let ((after, of_after), (until, of_until)) = (after.values(), until.values());
        let mut query = Query::new(
            self.dialect(),
            "insert into delivery_replays (kind, ref, id, cursor_seq, cursor_number, until_seq, until_number, asked_at)",
        );
        query.bind(" select kind, ref, asked, ?", after).bind(", ?", of_after);
        query.bind(", ?", until).bind(", ?", of_until).bind(", ? from delivery_targets where", self.now().0);
        of_target(&mut query, target);
        query
    }

    fn exhausted(&self, target: Target) -> Query {
        let mut query = Query::new(self.dialect(), "update delivery_retries set state = 'DUE', attempts = 0,");
        of_target(query.bind(" at = ? where", self.now().0), target).text(" and state = 'EXHAUSTED'");
        query
    }

    /// The oldest replay of a target that is not done.
    pub async fn next_replay(&self, target: Target) -> Result<Option<Replay>, ReadError> {
        let mut query = Query::new(
            self.dialect(),
            "select id, cursor_seq, cursor_number, until_seq, until_number from delivery_replays where",
        );
        of_target(&mut query, target).text(" order by id limit 1");
        self.get(query, replay).await
    }
}

fn replay(row: &dyn Row) -> row::Read<Replay> {
    let until = EventPlace { seq: number(row, 3)?, number: small(row, 4)? };
    Ok(Replay { id: number(row, 0)?, after: place_at(row, 1)?, until })
}
