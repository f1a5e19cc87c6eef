//! Says when the journal has moved.
//!
//! The value is the number of the newest entry that this process knows of. It grows: the committer tells it as soon
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

    /// A look found the journal to end at `seq`. If that is before what was `known` when the look began, the journal has lost
    /// its end, as it may in a failover to a standby that lacked it.
    pub(crate) fn found(&self, seq: u64, known: u64) {
        if seq >= known {
            return self.reached(seq);
        }
        tracing::error!(known, seq, "the last entries of the journal are gone (restore or failover)");
        self.0.send_if_modified(|now| {
            let is_old = *now == known;
            if is_old {
                *now = seq;
            }
            is_old
        });
    }

    pub(crate) fn known(&self) -> u64 {
        *self.0.borrow()
    }

    pub(crate) fn follow(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::Moves;

    #[test]
    fn what_is_known_grows_and_shrinks_only_where_the_journal_has_lost_its_end() {
        let moves = Moves::new();
        moves.reached(100);
        moves.reached(90);
        assert_eq!(moves.known(), 100);
        moves.found(97, 100);
        assert_eq!(moves.known(), 97, "the end is lost");
        moves.reached(98);
        moves.found(97, 97);
        assert_eq!(moves.known(), 98, "the look began before the entry");
        moves.found(96, 97);
        assert_eq!(moves.known(), 98, "somebody went on from there meanwhile");
    }
}
