//! Why a deployment was not copied. Sentences here are for the operator who wants it copied.

use crate::OpenError;

/// Why a deployment was not copied, or not wholly.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The source cannot be used; a server may have it.
    #[error("the source: {0}")]
    SourceOpen(OpenError),
    /// The target cannot be used.
    #[error("the target: {0}")]
    TargetOpen(OpenError),
    /// There is nothing to copy to.
    #[error("the source and the target are the same database")]
    SameDatabase,
    /// Rows are copied as they are, so both must have the schema that this program knows.
    #[error("the {side} has schema version {found}, and this program copies version {known}: {advice}")]
    Schema {
        /// `source` or `target`.
        side: &'static str,
        /// The version that was found.
        found: u32,
        /// The version that this program knows.
        known: u32,
        /// What to do about it.
        advice: &'static str,
    },
    /// Nobody has ever started on it.
    #[error("the source has no entry in its journal, so there is nothing to copy")]
    SourceEmpty,
    /// It is itself a copy that was not finished.
    #[error("the source is itself an unfinished copy: finish that one first")]
    SourceUnfinished,
    /// It has a deployment of its own.
    #[error("the target is not empty: {0}. Name an empty database")]
    TargetNotEmpty(String),
    /// It was finished before.
    #[error("the target ends with the same entry as the source, number {0}: it is a finished copy already")]
    TargetIsCopy(u64),
    /// What it holds was begun from elsewhere, or before the source went on.
    #[error(
        "the target holds an unfinished copy of another source, or of this one before it was written to again \
         (up to entry {found}; the source has {wanted}): begin with an empty database"
    )]
    OtherSource {
        /// The last entry of the source that it was begun from.
        found: u64,
        /// The last entry of this source.
        wanted: u64,
    },
    /// Another program copies into it.
    #[error("the target: another copy into it is under way")]
    TargetBusy,
    /// Reading failed in the middle.
    #[error("the source, while it was read: {0}")]
    Source(String),
    /// Writing failed in the middle.
    #[error("the target, while it was written: {0}")]
    Target(String),
    /// Rows were lost or made on the way.
    #[error("{table}: {found} rows were copied, the source has {wanted}")]
    Rows {
        /// The table.
        table: &'static str,
        /// Rows in the target.
        found: u64,
        /// Rows in the source.
        wanted: u64,
    },
    /// All rows are there, and they do not keep what a deployment promises.
    #[error(
        "the copy breaks {violations} promises, the first of them: {first}. It is not served. \
         See whether `orderpark verify` finds the same in the source"
    )]
    Broken {
        /// How many violations were found.
        violations: usize,
        /// The first one.
        first: String,
    },
}

impl CopyError {
    /// Whether it was refused before a row was copied; otherwise the same copy can be gone on with.
    pub fn is_refusal(&self) -> bool {
        match self {
            CopyError::Source(_) | CopyError::Target(_) | CopyError::Rows { .. } | CopyError::Broken { .. } => false,
            CopyError::SourceOpen(_)
            | CopyError::TargetOpen(_)
            | CopyError::SameDatabase
            | CopyError::Schema { .. }
            | CopyError::SourceEmpty
            | CopyError::SourceUnfinished
            | CopyError::TargetNotEmpty(_)
            | CopyError::TargetIsCopy(_)
            | CopyError::OtherSource { .. }
            | CopyError::TargetBusy => true,
        }
    }
}
