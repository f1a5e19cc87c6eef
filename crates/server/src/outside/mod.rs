//! Outbound HTTP behind an SSRF guard: the only room from which requests leave the process.
//!
//! Whoever may register a webhook or a product chooses an address that this server will send requests to, from inside the
//! network that it stands in. So nothing is sent to an address that was not vetted, and nothing that a receiver does may cost more than
//! a bounded part of this server:
//!
//! - **Where to** ([`address`], `policy`, `networks`, `names`). An address is `http` or `https`, without user and fragment, and
//!   spelled so that two parsers read the same host in it. A name is resolved anew for each connection; when any of its addresses is
//!   closed, none is connected to; and the connection goes to an address of that very answer, which prevents DNS rebinding. What
//!   the operator allows (`--allow-network`) is opened, exactly that, for the ports and kinds of party that are named; this
//!   machine's own addresses and listeners are closed (`own`).
//! - **What is told of it** ([`Reply::inside`]). What a receiver inside an allowed network answers is for the operator alone.
//! - **What** ([`Message`], `signature`). HTTP/1.1 POST with the headers of Standard Webhooks 1.0. No redirect is followed, no proxy
//!   asked, no cookie kept, no password taken from the address.
//! - **How long and how much** ([`Outside::send`]). One attempt with all that belongs to it, the name, the connection, the handshake,
//!   the answer, ends within the span that it is given. Of an answer at most 16 KiB are read, and at most
//!   1 KiB is kept, without control characters.
//!
//! The secrets that messages are signed with are made here and kept sealed ([`Sealer`]).

pub mod address;
mod answer;
mod body;
mod failure;
mod message;
mod names;
mod networks;
mod own;
mod policy;
mod sealer;
mod secret;
mod seen;
mod sender;
mod settings;
mod signature;
mod trouble;
mod trust;

pub use address::AddressFault;
pub use failure::{Failure, Stage};
pub use message::{CloudEvent, Message, Reply};
pub use names::{Names, Resolving, SystemNames};
pub use sealer::{SealError, Sealer};
pub(crate) use secret::NewSecret;
pub use seen::Destination;
pub use sender::{Outside, OutsideError};
pub use settings::{Allowance, Network, OutsideSettings, network};
