//! The DX API: Core (products, offers, orders and their parties) and Admin (tokens, profiles).

pub mod admin;
mod base;
mod call;
pub(crate) mod core;
mod list;

pub(crate) use base::below;
pub use base::{ADMIN_BASES, BASES, Base, Version};
pub(crate) use call::Call;
pub(crate) use list::Turns;
