//! The query parameters of an operation: a part of its line in the table of routes.

use super::shown;
use crate::Problem;
use crate::problem::{FieldError, Reason};

/// The parameter that every operation has that changes something.
pub(crate) const DRY_RUN: &str = "dryRun";

/// How a parameter counts when a request under an `Idempotency-Key` is compared with the first one
/// (its fingerprint).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counts {
    /// Not at all.
    No,
    /// By its value.
    Value,
    /// As true or false; false is the default.
    Flag,
}

/// One parameter of an operation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    pub name: &'static str,
    pub counts: Counts,
}

/// The parameters of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    method: &'static str,
    path: &'static str,
    own: &'static [Parameter],
}

/// The parameter `dryRun`, which is not in the fingerprint.
static OF_WRITES: Parameter = Parameter { name: DRY_RUN, counts: Counts::No };

impl Parameters {
    pub(crate) fn new(method: &'static str, path: &'static str, own: &'static [Parameter]) -> Parameters {
        Parameters { method, path, own }
    }

    /// Those of a GET without parameters.
    pub(crate) fn none_of(path: &'static str) -> Parameters {
        Parameters::new("GET", path, &[])
    }

    fn all(self) -> impl Iterator<Item = &'static Parameter> + Clone {
        self.own.iter().chain(self.is_write().then_some(&OF_WRITES))
    }

    /// Their names.
    pub fn names(self) -> impl Iterator<Item = &'static str> + Clone {
        self.all().map(|parameter| parameter.name)
    }

    /// Whether the operation changes something.
    pub(crate) fn is_write(self) -> bool {
        self.method != "GET"
    }

    pub(super) fn find(self, name: &str) -> Option<&'static Parameter> {
        self.all().find(|parameter| parameter.name == name)
    }

    /// The parameter that was meant by an attribute of a body: one with this name, or one whose
    /// name contains it.
    pub(super) fn meant_by(self, attribute: &str) -> Option<&'static str> {
        let folded = shown::folded(attribute);
        self.names().find(|name| folded.len() > 4 && shown::folded(name).contains(&folded))
    }

    /// How this operation is called with this parameter.
    pub(crate) fn example(self, name: &str) -> String {
        format!("{} {}?{name}=…", self.method, self.path)
    }

    /// The refusal of parameters that the operation does not have.
    pub(super) fn unknown(self, names: &[String]) -> Problem {
        let known: Vec<&str> = self.names().collect();
        let has = if known.is_empty() { "no parameters".to_owned() } else { known.join(", ") };
        let field = |name: &String| {
            let (sent, hint) = (shown::name(name), shown::did_you_mean(name, self.names()));
            let message = format!("unknown parameter '{sent}'{hint}; {} {} has: {has}", self.method, self.path);
            FieldError { path: shown::path(name), message: message.into() }
        };
        Problem::fields(Reason::UnknownParameter, names.iter().map(field).collect())
    }
}
