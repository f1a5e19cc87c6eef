//! The words in which a line and whoever drives it talk.

use orderpark_domain::{Instant, Tenant};
use orderpark_store::EventPlace;

/// What differs between kinds of targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Whether the last step of the schedule repeats for ever, instead of the event being exhausted after it.
    pub endures: bool,
    /// Whether the target is disabled when it is gone, or has only failed for too long.
    pub gives_up: bool,
    /// Whether several tenants share the target, so that one that fills it is set apart.
    pub is_shared: bool,
}

/// An event that concerns the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// Where it is.
    pub place: EventPlace,
    /// The ordering key.
    pub lane: String,
    /// The tenant whose event it is.
    pub tenant: Tenant,
    /// How large it is.
    pub parts: u64,
    /// When it happened.
    pub at: Instant,
}

/// Where something to send comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The feed behind the cursor.
    News,
    /// What is behind the cursor and not done.
    Retry,
    /// A stretch that is sent again.
    Replay,
    /// The backlog of one tenant, between its own cursor and that of the news.
    Side(Tenant),
}

/// A part of the feed that the line wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// For whom.
    pub source: Source,
    /// Behind this place.
    pub after: EventPlace,
    /// Not behind this one, if given.
    pub until: Option<EventPlace>,
    /// So many events that concern the target.
    pub limit: usize,
}

/// Something to send now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sending {
    /// The event.
    pub place: EventPlace,
    /// Which attempt this is, from 1.
    pub number: u32,
    /// Where it comes from.
    pub source: Source,
}

/// What became of a sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The target took it, after so long.
    Delivered {
        /// Microseconds.
        took_us: u64,
    },
    /// It did not.
    Failed {
        /// For how many seconds the target asked to be left alone.
        pause_s: Option<u64>,
        /// Whether it said that it is gone for ever.
        is_gone: bool,
    },
    /// The target does not want it any more, so there is nothing to send.
    Skipped,
    /// It was not sent, because we may not at the moment.
    NotSent,
}

/// Why a target is to be disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenUp {
    /// It said so itself.
    Gone,
    /// It only failed, for too long.
    Failing,
}
