//! Base paths and versions. All versions are one API; they differ only in the success of a POST.

/// A version of the Core API as paths name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// The version of the contract: a POST answers 200, because the contract names no other.
    V141,
    /// What newer clients use: a POST answers 201 with `Location`.
    V155,
    /// As the newest one.
    Latest,
}

impl Version {
    /// Whether a successful POST is answered with 201 and `Location`: the one place that decides this.
    pub fn answers_created(self) -> bool {
        match self {
            Version::V141 => false,
            Version::V155 | Version::Latest => true,
        }
    }
}

/// A base path of the Core API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// The version that it names.
    pub version: Version,
    /// Itself, without a slash at the end.
    pub path: &'static str,
}

/// Every base path of the Core API.
pub const BASES: [Base; 6] = [
    Base { version: Version::V141, path: "/core/v141/api" },
    Base { version: Version::V155, path: "/core/v155/api" },
    Base { version: Version::Latest, path: "/core/latest/api" },
    Base { version: Version::V141, path: "/thingpark/dx/core/v141/api" },
    Base { version: Version::V155, path: "/thingpark/dx/core/v155/api" },
    Base { version: Version::Latest, path: "/thingpark/dx/core/latest/api" },
];

/// Every base path of the Admin API.
pub const ADMIN_BASES: [&str; 6] = [
    "/admin/v140/api",
    "/admin/v141/api",
    "/admin/latest/api",
    "/thingpark/dx/admin/v140/api",
    "/thingpark/dx/admin/v141/api",
    "/thingpark/dx/admin/latest/api",
];

impl Base {
    /// Splits a path into its base and what follows: empty, or beginning with a slash.
    pub fn split(path: &str) -> Option<(Base, &str)> {
        BASES.iter().find_map(|base| Some((*base, below(path, base.path)?)))
    }
}

/// What follows `base` in `path`: empty, or beginning with a slash.
pub(crate) fn below<'p>(path: &'p str, base: &str) -> Option<&'p str> {
    path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}
