//! stub
use orderpark_domain::Outcome;
/// What an intent came to, on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The object that it was about, as it is afterwards. Never [`Outcome::Replay`].
    pub outcome: Outcome,
    /// Whether a kept request key answered: this is the first answer again.
    pub replayed: bool,
}
