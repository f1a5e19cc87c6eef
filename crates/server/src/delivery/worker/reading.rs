//! Reading of the feed by a worker: the events that it was handed, else from the ring, or, where it
//! is further behind, from the store.

use super::Worker;
use crate::delivery::line::{Source, Wish};
use crate::delivery::whom::met;
use crate::limits::Permit;
use orderpark_store::{EventPlace, FeedEvent, ReadError};
use std::sync::Arc;

/// How much of the feed is read at once for the backlog of one tenant, in events.
const SIDE_PAGE: usize = 512;

impl Worker {
    /// Reads a part of the feed; whether there may be more. Who the target is has to be known as of the events that are passed
    /// over, or one would be lost that it has just come to want.
    pub(super) async fn read(&mut self, wish: Wish) -> Result<bool, ReadError> {
        if wish.source == Source::News {
            let end = self.ground.ring.end();
            if wish.after >= end {
                return Ok(false);
            }
            if self.post.is_past_all(wish.after) {
                self.line.take(Source::News, Vec::new(), end, self.ground.app.now());
                return Ok(true);
            }
            let whom = match self.known.as_of(&self.ground.app, self.ground.ring.read_at()).await? {
                Ok(Some(whom)) => whom,
                Ok(None) => return Ok(false),
                Err(soon) => {
                    self.reads_from = Some(soon);
                    return Ok(false);
                }
            };
            let wants = |event: &FeedEvent| whom.wants(event);
            if let Some(mut stretch) = self.post.behind(wish.after, wish.limit, end) {
                stretch.events.retain(|event| wants(event));
                self.take(wish, stretch.events, stretch.read);
                return Ok(true);
            }
            if let Some(stretch) = self.ground.ring.behind(wish.after, wish.limit, end, wants) {
                self.take(wish, stretch.events, stretch.read);
                return Ok(true);
            }
        }
        self.read_store(wish).await
    }

    /// Reads a part of the feed that is not in the ring.
    async fn read_store(&mut self, wish: Wish) -> Result<bool, ReadError> {
        let app = Arc::clone(&self.ground.app);
        let Some(whom) = self.known.now(&app).await? else { return Ok(false) };
        let page = {
            let _turn = self.turn().await;
            // Of a backlog, most is others' or some tenant's alone.
            let wanted = if matches!(wish.source, Source::Side(_)) { SIDE_PAGE } else { wish.limit };
            let limit = u32::try_from(wanted).unwrap_or(u32::MAX);
            app.store.page_events(&whom.scope(), Some(wish.after), limit).await?
        };
        let Some(whom) = self.known.anew(&app).await? else { return Ok(false) };
        let until = wish.until.unwrap_or(page.next).min(page.next);
        let is_of = |event: &FeedEvent| match wish.source {
            Source::Side(tenant) => met(event).tenant == tenant,
            Source::News | Source::Retry | Source::Replay => true,
        };
        let events = page.events.into_iter().filter(|event| event.place <= until && is_of(event) && whom.wants(event));
        let events: Vec<_> = events.take(wish.limit).map(Arc::new).collect();
        let full = events.last().filter(|_| events.len() >= wish.limit).map(|last| last.place);
        self.take(wish, events, full.unwrap_or(until));
        Ok(true)
    }

    /// A turn at reading, among those of other tenants.
    pub(super) async fn turn(&self) -> Option<Permit> {
        Some(self.ground.reads.wait(self.owner?, 1).await)
    }

    fn take(&mut self, wish: Wish, events: Vec<Arc<FeedEvent>>, read: EventPlace) {
        let met = events.iter().map(|event| met(event)).collect();
        self.line.take(wish.source, met, read, self.ground.app.now());
        let line = &self.line;
        self.bodies.hold(events, |place| line.has_open(place));
    }
}
