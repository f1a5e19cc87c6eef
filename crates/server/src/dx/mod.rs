//! The DX API: Core (products, offers, orders and their parties) and Admin (tokens, profiles).

pub mod admin;
mod base;
pub(crate) mod call;
pub(crate) mod core;
mod explain;
pub(crate) mod list;
pub(crate) mod smp;

pub(crate) use base::below;
pub use base::{ADMIN_BASES, BASES, Base, Version};
pub(crate) use call::{Call, unexpected};
pub(crate) use list::PAGE_BYTES;
