//! The common end of all streams of events when the server stops.

use crate::Problem;
use crate::problem::Reason;
use std::sync::Arc;
use tokio::sync::watch;

/// The streams of a server.
#[derive(Clone)]
pub(crate) struct Streams {
    closing: Arc<watch::Sender<bool>>,
}

impl Streams {
    /// None is open.
    pub(crate) fn new() -> Streams {
        Streams { closing: Arc::new(watch::Sender::new(false)) }
    }

    /// Ends every stream at once; no more begin.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }

    /// The end, for a stream that begins.
    pub(super) fn begin(&self) -> Result<watch::Receiver<bool>, Problem> {
        if *self.closing.borrow() {
            return Err(Problem::new(Reason::Overloaded, "the server is stopping").retry_after(1));
        }
        Ok(self.closing.subscribe())
    }
}
