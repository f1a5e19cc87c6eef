//! What a line does, table by table; and the simulation of whole nodes (P-09).

mod health;
mod order;
mod replays;
mod schedule;
mod sides;
mod simulation;

use super::{GivenUp, Line, Met, Outcome, Rules, Sending, Source};
use orderpark_domain::{Instant, PartyRef, Tenant};
use orderpark_store::EventPlace;
use orderpark_store::deliveries::Retry;

const ENDPOINT: Rules = Rules { endures: false, gives_up: true, is_shared: true };
const SUPPLIER: Rules = Rules { endures: true, gives_up: false, is_shared: true };
const START: Instant = Instant(1_795_428_000_000_000);
const FAILED: Outcome = Outcome::Failed { pause_s: None, is_gone: false };
const DELIVERED: Outcome = Outcome::Delivered { took_us: 1000 };

/// Beyond the end of every feed here.
const FAR: EventPlace = EventPlace::after(1_000_000);

fn place(seq: u64) -> EventPlace {
    EventPlace { seq, number: 0 }
}

/// An event that happened just now.
fn met(seq: u64, lane: &str, tenant: u64) -> Met {
    let tenant = Tenant::alone(PartyRef(tenant));
    Met { place: place(seq), lane: lane.to_owned(), tenant, parts: 1, at: START }
}

/// A line with nothing to be tried again.
fn line(rules: Rules) -> Line {
    let mut line = Line::new(rules, EventPlace::BEGINNING, None);
    line.load_retries(Vec::new(), true, START);
    line
}

/// Takes in events by their entries and lanes.
fn take(line: &mut Line, events: &[(u64, &str)]) {
    let read = events.last().map_or(line.news_read(), |(seq, _)| EventPlace::after(*seq));
    line.take(Source::News, events.iter().map(|(seq, lane)| met(*seq, lane, 1)).collect(), read, START);
}

/// All that may be sent now.
fn sent(line: &mut Line, now: Instant) -> Vec<u64> {
    std::iter::from_fn(|| line.next(now)).map(|sending| sending.place.seq).collect()
}

fn finish(line: &mut Line, seq: u64, outcome: Outcome, now: Instant) -> Option<GivenUp> {
    line.finish(place(seq), outcome, None, now, 0)
}

/// Settles, and answers the cursor and the retries that were written.
fn settle(line: &mut Line) -> Option<(EventPlace, Vec<Retry>)> {
    let draft = line.settlement()?;
    line.settled(true);
    Some((draft.cursor, draft.retries))
}

fn next(line: &mut Line, now: Instant) -> Sending {
    line.next(now).expect("something to send")
}
