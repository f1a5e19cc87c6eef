//! Who may do what, and to whose rows.
//!
//! A [`Caller`] is who asks. [`Caller::may`] answers whether the *kind* of its grants may ever do an [`Action`], and if
//! so hands out the [`Scope`]: which parties' rows. A scope cannot be made otherwise, and every read and every intent
//! takes one, so there is no unscoped access to forget a check on.

mod policy;
mod scope;
mod tenant;

pub use policy::{Action, MemberMay};
pub use scope::{Caller, Forbidden, Grant, Scope};
pub use tenant::{Membership, Tenant};
