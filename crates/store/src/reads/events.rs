//! The event feed: the journal read forward, as those who listen may hear it.
//!
//! Its order is the journal's. Whoever commits holds the journal's head until its entries can be seen, on every node, so
//! an entry is never seen before the one in front of it: a reader that has come to the end of what it sees has missed
//! nothing, and goes on from there.
//!
//! **This read filters in the program and not in the SQL**, as the only one. The journal has no columns for parties; it
//! holds what was decided, and who may hear of it often stands only in the row that an entry names. So entries are read as
//! they come, the rows that they need are looked up for a whole slice at once, and [`Notice::is_for`] compares each notice
//! with the scope: in one place, below, and still in the store. Nothing unscoped leaves this file.
//!
//! Much of a journal may be nobody's business, or not this caller's. A call looks at [`ENTRIES_MAX`] entries at most, of
//! which it holds one slice at a time, and says where to go on, also if it found nothing.

use super::Read;
use crate::query::{Query, sql_number};
use crate::row::{Row, number, text};
use crate::{Epoch, FeedPosition, ReadError, Store, epochs, rows};
use orderpark_domain::feed::{self, Notice};
use orderpark_domain::{Entry, Instant, Need, Scope, World};
use std::collections::BTreeSet;

/// How many entries one call looks at.
const ENTRIES_MAX: usize = 2048;
/// Entries of the first slice of a call; the ones after are as long as entries such as those let expect.
const FIRST_SLICE: usize = 64;
/// The most entries of a slice.
const SLICE_MAX: usize = 512;
/// What the text of a slice shall be at most, if its entries are like those before.
const SLICE_BYTES: usize = 512 * 1024;
/// Entries whose rows are looked up at once, at first: an order that is named may have 1,000
/// subscriptions.
const LOOK_UP_FIRST: usize = 16;
/// How large the events of a page may be together, in [`Notice::parts`]; the last one may reach beyond.
const PARTS_MAX: usize = 1024;

/// A place in the feed: right after one notice of an entry, or after the whole entry. For use
/// inside: others are told a [`FeedPosition`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventPlace {
    /// The journal's entry.
    pub seq: u64,
    /// The last notice of the entry that lies before this place; `u32::MAX`: all of them.
    pub number: u32,
}

/// An event of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedEvent {
    /// Right after it.
    pub place: EventPlace,
    /// The epoch of its entry.
    pub epoch: Epoch,
    /// When it was decided.
    pub at: Instant,
    /// What it tells.
    pub notice: Notice,
}

/// A part of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// Oldest first.
    pub events: Vec<FeedEvent>,
    /// Where to go on.
    pub next: EventPlace,
    /// The epoch of the entry at `next`; none: no entry was looked at.
    pub epoch: Option<Epoch>,
    /// Whether the journal ended there when it was read.
    pub is_end: bool,
}

impl EventPlace {
    /// Before everything.
    pub const BEGINNING: EventPlace = EventPlace::after(0);

    /// Behind the whole entry.
    pub const fn after(seq: u64) -> EventPlace {
        EventPlace { seq, number: u32::MAX }
    }

    /// Reads the two numbers of a position, also from other ways to write them.
    pub(crate) fn parse(text: &str) -> Option<EventPlace> {
        let place = match text.split_once('.') {
            Some((seq, number)) => EventPlace { seq: seq.parse().ok()?, number: number.parse().ok()? },
            None => EventPlace::after(text.parse().ok()?),
        };
        i64::try_from(place.seq).is_ok_and(|seq| seq < i64::MAX).then_some(place)
    }

    /// Right before the event at this place: what lies behind begins with it.
    #[must_use]
    pub const fn before(self) -> EventPlace {
        match self.number.checked_sub(1) {
            Some(number) => EventPlace { seq: self.seq, number },
            None => EventPlace::after(self.seq.saturating_sub(1)),
        }
    }

    /// As the database holds it.
    pub(crate) fn values(self) -> (i64, i64) {
        (sql_number(self.seq), i64::from(self.number))
    }

    /// The first entry of which something may lie behind this place.
    fn first(self) -> u64 {
        if self.number == u32::MAX { self.seq + 1 } else { self.seq }
    }
}

impl FeedEvent {
    /// Its id, and where to go on after it.
    pub fn position(&self) -> FeedPosition {
        FeedPosition { place: self.place, epoch: self.epoch }
    }
}

impl Store {
    /// At most `limit` events behind `after`, or from the beginning, that this scope may hear of.
    pub async fn page_events(&self, scope: &Scope, after: Option<EventPlace>, limit: u32) -> Read<EventPage> {
        let next = after.unwrap_or(EventPlace::BEGINNING);
        Ok(self.read_page(scope, next, limit).await?.0)
    }

    /// [`Store::page_events`] behind a position that somebody named, and where to go on. `None`:
    /// the position was never given out by the history that the database holds now.
    pub async fn follow_events(
        &self,
        scope: &Scope,
        after: FeedPosition,
        limit: u32,
    ) -> Read<Option<(EventPage, FeedPosition)>> {
        let (page, is_there) = self.read_page(scope, after.place, limit).await?;
        // Asked after the page was read: what is known now was known then.
        if !is_there || !self.knows_position(after).await? {
            return Ok(None);
        }
        let next = FeedPosition { place: page.next, epoch: page.epoch.unwrap_or(after.epoch) };
        Ok(Some((page, next)))
    }

    /// Whether the history that the database holds now has this entry, in this epoch.
    pub async fn knows_position(&self, position: FeedPosition) -> Read<bool> {
        let FeedPosition { place, epoch } = position;
        if place.seq == 0 {
            return Ok(position == FeedPosition::BEGINNING);
        }
        let mut query = Query::new(self.dialect(), "select seq, ");
        query.bind(&epochs::of_entry("?"), sql_number(place.seq)).text(" from head");
        let known = self.get(query, move |row| Ok(place.seq <= number(row, 0)? && Epoch::at(row, 1)? == epoch)).await?;
        Ok(known.unwrap_or(false))
    }

    /// A page, and whether the entry has the notice that `next` names, as far as this scope may
    /// know.
    async fn read_page(&self, scope: &Scope, next: EventPlace, limit: u32) -> Read<(EventPage, bool)> {
        let mut draft = Draft::new(scope, limit, next);
        let (mut looked_at, mut size) = (0, FIRST_SLICE);
        loop {
            let size_now = size.min(ENTRIES_MAX - looked_at);
            let ((entries, bytes), is_cut) = self.entries_from(draft.next.first(), size_now).await?;
            let is_end = !is_cut && entries.len() < size_now;
            looked_at += entries.len();
            size = entries_like(entries.len(), bytes);
            if self.take_each(&mut draft, &entries).await? || is_end || looked_at >= ENTRIES_MAX {
                let Draft { events, next, epoch, is_there, .. } = draft;
                let is_end = is_end && entries.last().is_none_or(|(last, _)| next == EventPlace::after(last.seq));
                return Ok((EventPage { events, next, epoch, is_end }, is_there));
            }
        }
    }

    /// The event at a place, if this scope may hear of it.
    pub async fn get_event(&self, scope: &Scope, place: EventPlace) -> Read<Option<FeedEvent>> {
        let ((entries, _), _) = self.entries_from(place.seq, 1).await?;
        let rows = self.look_up(needs(&entries)).await?;
        let mut draft = Draft::new(scope, 1, place.before());
        draft.take(&entries, &rows)?;
        Ok(draft.events.pop().filter(|event| event.place == place))
    }

    /// Takes entries, and looks up the rows of a few at a time: an entry is short, and the order
    /// that it names may be large. True: the page is full.
    async fn take_each(&self, draft: &mut Draft<'_>, entries: &[Dated]) -> Read<bool> {
        let (mut rest, mut size) = (entries, LOOK_UP_FIRST);
        while !rest.is_empty() {
            let (few, behind) = rest.split_at(size.min(rest.len()));
            let needs = needs(few);
            let rows = self.look_up(needs.clone()).await?;
            if draft.take(few, &rows)? {
                return Ok(true);
            }
            let is_large = needs.iter().map(|need| parts(need, &rows)).sum::<usize>() > PARTS_MAX / 2;
            (rest, size) = (behind, if is_large { LOOK_UP_FIRST } else { size * 2 });
        }
        Ok(false)
    }

    /// Where the feed ends now.
    pub async fn events_end(&self) -> Read<FeedPosition> {
        let query = Query::new(self.dialect(), &format!("select seq, {} from head", epochs::of_entry("head.seq")));
        let position =
            |row: &dyn Row| Ok(FeedPosition { place: EventPlace::after(number(row, 0)?), epoch: Epoch::at(row, 1)? });
        Ok(self.get(query, position).await?.unwrap_or(FeedPosition::BEGINNING))
    }

    /// Entries of the journal with their epochs, and the bytes of their texts; and whether there
    /// are more than a slice holds.
    async fn entries_from(&self, seq: u64, limit: usize) -> Read<((Vec<Dated>, usize), bool)> {
        let epoch = epochs::of_entry("journal.seq");
        let mut query = Query::new(self.dialect(), &format!("select seq, at, entry, {epoch} from journal where"));
        query.bind(" seq >= ?", sql_number(seq)).bind(" order by seq limit ?", sql_number(limit as u64));
        let push = |(entries, bytes): &mut (Vec<Dated>, usize), row: &dyn Row| {
            *bytes += text(row, 2)?.len();
            entries.push((rows::entry(row)?, Epoch::at(row, 3)?));
            Ok(())
        };
        self.read_slice(query, (Vec::new(), 0), push).await
    }
}

/// An entry and its epoch.
type Dated = (Entry, Epoch);

fn needs(entries: &[Dated]) -> BTreeSet<Need> {
    entries.iter().filter_map(|(entry, _)| feed::needs(&entry.event)).collect()
}

/// How large a row is that was looked up, in parts.
fn parts(need: &Need, rows: &World) -> usize {
    if let Need::Order(order) = need {
        rows.orders.get_known(order).map_or(0, |order| order.subscriptions.len())
    } else if let Need::Offer(offer) = need {
        rows.offers.get_known(offer).map_or(0, |offer| offer.items.len())
    } else {
        1
    }
}

/// How many entries such as these make one slice.
fn entries_like(entries: usize, bytes: usize) -> usize {
    (entries.max(1) * SLICE_BYTES / bytes.max(1)).clamp(1, SLICE_MAX)
}

/// A page in the making.
struct Draft<'s> {
    scope: &'s Scope,
    limit: usize,
    events: Vec<FeedEvent>,
    parts: usize,
    next: EventPlace,
    epoch: Option<Epoch>,
    is_there: bool,
}

impl Draft<'_> {
    fn new(scope: &Scope, limit: u32, next: EventPlace) -> Draft<'_> {
        let limit = limit.max(1) as usize;
        Draft { scope, limit, events: Vec::new(), parts: 0, next, epoch: None, is_there: true }
    }

    /// Takes what the scope may hear of; true: the page is full.
    fn take(&mut self, entries: &[Dated], rows: &World) -> Read<bool> {
        for (entry, epoch) in entries {
            let missing = |_| ReadError::Corrupt(format!("entry {} names a row that is missing", entry.seq));
            let notices = feed::notices(entry, rows).map_err(missing)?;
            if entry.seq == self.next.seq {
                // By what the scope may hear alone: how many others there are is nobody else's
                // business.
                let last = notices.iter().filter(|notice| notice.is_for(self.scope)).map(|notice| notice.number).max();
                self.is_there = last.is_none_or(|last| self.next.number <= last);
            }
            for notice in notices {
                let place = EventPlace { seq: entry.seq, number: notice.number };
                if place <= self.next || !notice.is_for(self.scope) {
                    continue;
                }
                if self.is_full() {
                    return Ok(true);
                }
                self.parts += notice.parts();
                self.next = place;
                self.epoch = Some(*epoch);
                self.events.push(FeedEvent { place, epoch: *epoch, at: entry.at, notice });
            }
            self.next = EventPlace::after(entry.seq);
            self.epoch = Some(*epoch);
        }
        Ok(self.is_full())
    }

    fn is_full(&self) -> bool {
        self.events.len() >= self.limit || self.parts >= PARTS_MAX
    }
}
