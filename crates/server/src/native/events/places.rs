//! How many streams there may be, of each client and in all; and their common end when the server stops.

use crate::native::places::{Full, Place, Places};
use crate::problem::Reason;
use crate::{Problem, Settings};
use orderpark_domain::UserRef;
use std::sync::Arc;
use tokio::sync::watch;

/// The streams of a server.
#[derive(Clone)]
pub(crate) struct Streams {
    places: Places<UserRef>,
    closing: Arc<watch::Sender<bool>>,
}

impl Streams {
    /// None is open.
    pub(crate) fn new() -> Streams {
        Streams { places: Places::default(), closing: Arc::new(watch::Sender::new(false)) }
    }

    /// Ends every stream at once; no more begin.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }

    pub(super) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Takes a place for a client.
    pub(super) fn begin(&self, client: UserRef, settings: &Settings) -> Result<Place<UserRef>, Problem> {
        if *self.closing.borrow() {
            return Err(Problem::new(Reason::Overloaded, "the server is stopping").retry_after(1));
        }
        let place = self.places.take(client, settings.streams_of_client_max, settings.streams_max);
        place.map_err(|full| {
            let (reason, message) = match full {
                Full::OfOne => (
                    Reason::TooManyRequests,
                    "this client has the most streams that it may have open; close one, or try again after \
                     Retry-After seconds",
                ),
                Full::All => (Reason::Overloaded, "too many streams are open"),
            };
            Problem::new(reason, message).retry_after(5)
        })
    }
}
