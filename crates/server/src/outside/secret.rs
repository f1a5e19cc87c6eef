//! Signing secrets: made here, shown once, kept sealed (Standard Webhooks 1.0, "Signature scheme").
//!
//! Unlike the secrets of clients they have to be read again, for each signature, so they are sealed and not digested.

use crate::{App, Problem};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// What every signing secret starts with.
const PREFIX: &str = "whsec_";
/// How many random bytes it has.
const BYTES: usize = 32;

/// A new secret.
pub(crate) struct NewSecret {
    /// As its owner is shown it.
    pub text: Zeroizing<String>,
    /// As it is kept.
    pub sealed: String,
}

impl NewSecret {
    pub(crate) fn make(app: &App) -> Result<NewSecret, Problem> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        app.chance.fill(&mut *bytes);
        let sealed = app.sealer.seal(&*bytes).map_err(|error| Problem::internal(error.to_string()))?;
        Ok(NewSecret { text: Zeroizing::new(format!("{PREFIX}{}", STANDARD.encode(*bytes))), sealed })
    }
}
