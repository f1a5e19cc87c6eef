//! Publishers against the real brokers, `nats-server` and `mosquitto`: everything arrives, in order, as `/events` shows it,
//! through cuts, restarts and refusals.

#[path = "../harness/mod.rs"]
mod harness;

mod ground;
mod logins;
mod mqtt;
mod nats;
mod nodes;
mod relay;
