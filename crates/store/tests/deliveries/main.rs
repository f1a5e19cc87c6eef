//! The bookkeeping of deliveries, on both engines: who is told, whose turn it is, and that nothing of it is lost.

#[path = "../harness/mod.rs"]
#[macro_use]
mod harness;

mod attempts;
mod crashes;
mod endpoints;
mod ground;
mod leases;
mod queue;
mod replays;
mod settling;
mod targets;
mod together;
