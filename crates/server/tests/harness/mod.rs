//! A whole server in process: the real router, the real committer on a database of its own, a clock that the test moves.
//!
//! ```ignore
//! let world = World::on(engine).await;
//! let shop = world.shop("net", "acme").await;
//! let order = shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
//! let seen = shop.vendor.get(&format!("/orders/{}", text(&order, "ref"))).await;
//! assert_eq!(seen.status, 200);
//! ```
//!
//! A [`Caller`] is who asks; its token was got at the real token endpoint. Paths are below its base path, which is
//! `/core/latest/api` unless [`Caller::at`] says otherwise.
//!
//! What must hold for each engine is an `async fn` of an [`Engine`], and `on_each_engine!` makes tests of it.

#![allow(dead_code, reason = "each test binary uses what it needs")]

mod answer;
mod caller;
mod journal;
pub mod log;
mod raw;
mod world;

#[allow(unused_imports, reason = "each test binary uses what it needs")]
pub use self::{
    answer::{Answer, text},
    caller::Caller,
    journal::Journal,
    raw::Raw,
    world::{Member, Shop, World, started},
};
#[allow(unused_imports, reason = "each test binary uses what it needs")]
pub use orderpark_testbed::{Chance, Engine};

/// Makes two tests of each function: `sqlite::name` and `postgres::name`.
#[allow(unused_macros, reason = "each test binary uses what it needs")]
macro_rules! on_each_engine {
    ($($name:ident;)+) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                Box::pin(super::$name(super::harness::Engine::Sqlite)).await;
            })+
        }

        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                Box::pin(super::$name(super::harness::Engine::Postgres)).await;
            })+
        }
    };
}
#[allow(unused_imports, reason = "each test binary uses what it needs")]
pub(crate) use on_each_engine;
