//! What is ours alone, beside what other servers of this API have: the event feed.
//!
//! It lies below the same base paths as the resources, and goes through the same front.

pub(crate) mod events;
