//! The way out, against receivers and name servers that mean harm.

mod harness;
mod hostile;
mod names;
mod plain;
mod tls;
mod verifiers;
