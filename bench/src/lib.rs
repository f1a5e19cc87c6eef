//! What the load generator and the soak have in common: HTTP, the programs that they start, and a world of parties.

pub mod fair;
pub mod http;
pub mod program;
pub mod world;
