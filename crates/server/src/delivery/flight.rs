//! One request of a worker, from waiting for its place to what came of it.

use super::bodies::Bodies;
use super::dispatch::Ground;
use super::line::{Outcome, Sending, TAKEN_MAX};
use super::message::webhook_id;
use super::post::Post;
use super::whom::{Known, Unsayable, Whom};
use crate::outage::Sent;
use crate::outside::{Failure, Message, Reply};
use orderpark_domain::{Instant, Scope, Tenant};
use orderpark_store::deliveries::Attempt;
use orderpark_store::{EventPlace, FeedEvent, ReadError, faults};
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedSender;

/// What a receiver answers that is gone for ever.
const GONE: u16 = 410;
/// Answers with which `Retry-After` is obeyed.
const ASKS_FOR_REST: [u16; 2] = [429, 503];

/// What a worker is told.
pub(super) enum Note {
    /// A request has ended.
    Ended(Box<Ended>),
    /// A settlement under this epoch has: whether it was written, or the lease was another one's.
    Settled(u64, Result<bool, ReadError>),
}

/// How a request has ended.
pub(super) struct Ended {
    pub place: EventPlace,
    pub outcome: Outcome,
    pub attempt: Option<Attempt>,
    /// The revision of the endpoint that was tried.
    pub revision: u32,
    /// There is nobody to deliver to any more.
    pub is_nobody: bool,
}

/// A request that is to be made.
pub(super) struct Flight {
    pub ground: Arc<Ground>,
    pub post: Arc<Post>,
    pub known: Arc<Known>,
    pub sending: Sending,
    /// The worker's events in memory.
    pub bodies: Arc<Bodies>,
    /// Among whose places it takes one.
    pub owner: Tenant,
    /// Whether it takes a place among those of failing targets.
    pub is_failing: bool,
}

/// Tells the worker, also if the request's task dies: a line must not wait for ever.
struct Teller {
    notes: UnboundedSender<Note>,
    ended: Option<Ended>,
}

impl Drop for Teller {
    fn drop(&mut self) {
        if let Some(ended) = self.ended.take() {
            // An error means that the worker is gone, and the line with it.
            let _ = self.notes.send(Note::Ended(Box::new(ended)));
        }
    }
}

impl Flight {
    /// Makes the request, and tells the worker what came of it.
    pub(super) async fn run(self, notes: UnboundedSender<Note>) {
        let died = Outcome::Failed { pause_s: None, is_gone: false };
        let mut teller = Teller { notes, ended: Some(self.ended(died, None, 0)) };
        let ended = match self.go().await {
            Ok(ended) => ended,
            Err(error) => {
                tracing::warn!(%error, "an event could not be read to be delivered");
                self.ended(Outcome::NotSent, None, 0)
            }
        };
        teller.ended = Some(ended);
    }

    fn ended(&self, outcome: Outcome, attempt: Option<Attempt>, revision: u32) -> Ended {
        Ended { place: self.sending.place, outcome, attempt, revision, is_nobody: false }
    }

    async fn go(&self) -> Result<Ended, ReadError> {
        let app = &self.ground.app;
        let places = if self.is_failing { &self.ground.failing_places } else { &self.ground.places };
        let _place = places.wait(self.owner, 1).await;
        let Some(whom) = self.known.now(app).await? else {
            return Ok(Ended { is_nobody: true, ..self.ended(Outcome::NotSent, None, 0) });
        };
        // Not before there is a place: what waits for one holds nothing.
        let event = match self.bodies.take(self.sending.place) {
            Some(event) => event,
            None => match self.read(&whom).await? {
                Some(event) => event,
                None => return Ok(self.ended(Outcome::Skipped, None, 0)),
            },
        };
        let mut whom = whom;
        let mut message = self.message(&whom, &event).await?;
        if message.is_none() {
            // Before it is passed over, who the target is has to be known as of now.
            let Some(now) = self.known.anew(app).await? else {
                return Ok(Ended { is_nobody: true, ..self.ended(Outcome::NotSent, None, 0) });
            };
            whom = now;
            message = self.message(&whom, &event).await?;
        }
        let Some(message) = message else { return Ok(self.ended(Outcome::Skipped, None, 0)) };
        // All that may take long is done: from here to the end of the request, the lease must be ours.
        let span = app.outside.attempt_max();
        if self.post.is_stopping() || self.post.is_lost() || !self.post.has_time_for(span) {
            return Ok(self.ended(Outcome::NotSent, None, 0));
        }
        let at = app.now();
        let (url, reply) = match message {
            Ok(message) => {
                let reply = app.outside.send(&message, span).await;
                faults::point("COMMIT sent before mark");
                if reply.failure == Some(Failure::Ours) {
                    return Ok(self.ended(Outcome::NotSent, None, 0));
                }
                (message.url, reply)
            }
            Err(failure) => (whom.url().to_owned(), Reply::unsaid(failure)),
        };
        Ok(self.judged(&whom, &event, at, url, reply))
    }

    /// The message, or why there is none although there should be; nothing, where the target does not want to be told.
    async fn message(&self, whom: &Whom, event: &FeedEvent) -> Result<Option<Result<Message, Failure>>, ReadError> {
        if !whom.wants(event) {
            return Ok(None);
        }
        match whom.message(&self.ground.app, event).await {
            Ok(message) => Ok(message.map(Ok)),
            Err(Unsayable::Secret) => Ok(Some(Err(Failure::Secret))),
            Err(Unsayable::Database(error)) => Err(error),
        }
    }

    /// The event, from the store, with some that come after it: an entry may have a thousand, and
    /// is read as a whole.
    async fn read(&self, whom: &Whom) -> Result<Option<Arc<FeedEvent>>, ReadError> {
        let place = self.sending.place;
        let _one = self.bodies.one_reads().await;
        if let Some(event) = self.bodies.take(place) {
            return Ok(Some(event));
        }
        let _turn = self.ground.reads.wait(self.owner, 1).await;
        let scope = Scope::system("an event is delivered again");
        let page = self
            .ground
            .app
            .store
            .page_events(&scope, Some(place.before()), u32::try_from(TAKEN_MAX).unwrap_or(u32::MAX))
            .await?;
        let mut events = page.events.into_iter().map(Arc::new).peekable();
        let found = events.next_if(|event| event.place == place);
        if found.is_none() {
            tracing::error!(seq = place.seq, number = place.number, "an event to deliver again is not in the feed");
        }
        // Those of other entries are read when it is their turn.
        self.bodies.hold(events.filter(|event| event.place.seq == place.seq && whom.wants(event)).collect(), |_| true);
        Ok(found)
    }

    /// Tells the operator of an outage that begins, goes on or ends with this attempt.
    fn alert(&self, whom: &Whom, url: &str, reply: &Reply) {
        let (app, what) = (&self.ground.app, (self.known.target(), Sent::Deliveries));
        match &reply.failure {
            Some(failure) => app.outages.failed(what, app.now(), &whom.name(), url, &failure.in_log()),
            None => app.outages.succeeded(what, app.now(), || whom.name()),
        }
    }

    fn judged(&self, whom: &Whom, event: &FeedEvent, at: Instant, url: String, reply: Reply) -> Ended {
        let app = &self.ground.app;
        self.alert(whom, &url, &reply);
        let asks_for_rest = reply.status.is_some_and(|status| ASKS_FOR_REST.contains(&status));
        let outcome = if reply.is_success() {
            Outcome::Delivered { took_us: reply.took_us }
        } else {
            Outcome::Failed {
                pause_s: reply.retry_after_s.filter(|_| asks_for_rest),
                is_gone: reply.status == Some(GONE),
            }
        };
        let (position, kind) = (event.position(), event.notice.kind.as_str());
        let attempt = Attempt {
            event: Some(position),
            number: self.sending.number,
            ..reply.attempt(app.ordered_uuid(at), at, webhook_id(position), kind, url)
        };
        self.ended(outcome, Some(attempt), whom.revision())
    }
}
