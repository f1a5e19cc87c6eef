//! Operations that only this server has beside those of the DX API: the event feed, quotas, and
//! webhook endpoints.
//!
//! It lies below the same base paths as the resources, and goes through the same front.

pub(crate) mod events;
pub(crate) mod quotas;
pub(crate) mod webhooks;
