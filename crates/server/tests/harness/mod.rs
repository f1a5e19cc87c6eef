//! A whole server in process: the real router, the real committer on a file of its own, a clock that the test moves.
//!
//! ```ignore
//! let world = World::new().await;
//! let shop = world.shop("net", "acme").await;
//! let order = shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
//! let seen = shop.vendor.get(&format!("/orders/{}", text(&order, "ref"))).await;
//! assert_eq!(seen.status, 200);
//! ```
//!
//! A [`Caller`] is who asks; its token was got at the real token endpoint. Paths are below its base path, which is
//! `/core/latest/api` unless [`Caller::at`] says otherwise.

#![allow(dead_code, reason = "each test binary uses what it needs")]

mod answer;
mod caller;
mod chance;
mod journal;
mod raw;
mod world;

#[allow(unused_imports, reason = "each test binary uses what it needs")]
pub use self::{
    answer::{Answer, text},
    caller::Caller,
    chance::Chance,
    journal::Journal,
    raw::Raw,
    world::{Member, Shop, World},
};
