//! How many streams there may be, of each client and in all; and their common end when the server stops.

use crate::problem::Reason;
use crate::{Problem, Settings};
use orderpark_domain::UserRef;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The streams of a server.
#[derive(Clone)]
pub(crate) struct Streams(Arc<Inner>);

struct Inner {
    open: Mutex<Open>,
    closing: watch::Sender<bool>,
}

#[derive(Default)]
struct Open {
    all: usize,
    of_client: HashMap<UserRef, usize>,
}

/// The right to one stream; given back when it is dropped.
pub(super) struct Place {
    streams: Streams,
    client: UserRef,
}

impl Streams {
    /// None is open.
    pub(crate) fn new() -> Streams {
        Streams(Arc::new(Inner { open: Mutex::default(), closing: watch::Sender::new(false) }))
    }

    /// Ends every stream at once; no more begin.
    pub(crate) fn close(&self) {
        self.0.closing.send_replace(true);
    }

    pub(super) fn closing(&self) -> watch::Receiver<bool> {
        self.0.closing.subscribe()
    }

    /// Takes a place for a client.
    pub(super) fn begin(&self, client: UserRef, settings: &Settings) -> Result<Place, Problem> {
        if *self.0.closing.borrow() {
            return Err(Problem::new(Reason::Overloaded, "the server is stopping").retry_after(1));
        }
        let mut open = self.open();
        let own = open.of_client.get(&client).copied().unwrap_or_default();
        if own >= settings.streams_of_client_max {
            return Err(
                Problem::new(Reason::TooManyRequests, "this client has as many streams as it may").retry_after(5)
            );
        }
        if open.all >= settings.streams_max {
            return Err(Problem::new(Reason::Overloaded, "too many streams are open").retry_after(5));
        }
        open.all += 1;
        open.of_client.insert(client, own + 1);
        Ok(Place { streams: self.clone(), client })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Nothing panics while it is held.
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.open();
        open.all -= 1;
        if let Some(own) = open.of_client.get_mut(&self.client) {
            *own -= 1;
            if *own == 0 {
                open.of_client.remove(&self.client);
            }
        }
    }
}
