//! Every rule of every command, one readable row each (domain.md).

#[path = "../harness/mod.rs"]
mod harness;

mod cancel;
mod closing;
mod contain;
mod endpoints;
mod keys;
mod offers;
mod parties;
mod place;
mod products;
mod quotas;
mod settle;
mod strategies;
mod subscriptions;
mod tokens;
mod usage;
mod users;
