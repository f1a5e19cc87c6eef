//! Says when the journal has moved.
//!
//! The value is the number of the newest entry that this process knows of. It only grows: the committer tells it as soon
//! as a batch is on the disk, and with PostgreSQL the watch tells what other nodes have committed.

use tokio::sync::watch;

/// The newest entry that is known of; 0 until one is.
#[derive(Clone, Debug)]
pub(crate) struct Moves(watch::Sender<u64>);

impl Moves {
    pub(crate) fn new() -> Moves {
        Moves(watch::Sender::new(0))
    }

    /// There is an entry `seq`.
    pub(crate) fn reached(&self, seq: u64) {
        self.0.send_if_modified(|known| {
            let is_news = seq > *known;
            *known = seq.max(*known);
            is_news
        });
    }

    pub(crate) fn known(&self) -> u64 {
        *self.0.borrow()
    }

    pub(crate) fn follow(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}
