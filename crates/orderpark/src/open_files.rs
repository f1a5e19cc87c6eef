//! The limit of open files: raised as far as the system allows, and connections held below it.
//!
//! Shells and service managers start programs with a soft limit of 1,024, for the sake of programs
//! that use `select`. Each connection is a file. If connections take all, the database, deliveries
//! and the log fail with `EMFILE`, so a part is kept for them.

use orderpark_server::Settings;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are kept for others than connections, at least.
const RESERVE_MIN: usize = 64;
/// And of all, this part.
const RESERVE_PART: usize = 8;

/// Raises the soft limit of open files, and lowers [`Settings::connections_max`] to what fits in.
pub fn fit(settings: &mut Settings) {
    let files = raise();
    let max = connections(files);
    if settings.connections_max > max {
        tracing::warn!(
            configured = settings.connections_max,
            connections_max = max,
            open_files = files,
            "fewer connections are taken than configured: raise the limit of open files (ulimit -Hn, LimitNOFILE=)"
        );
        settings.connections_max = max;
    }
}

/// How many files may be open.
fn raise() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
    let limit = getrlimit(Resource::Nofile).current;
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

/// How many connections so many open files allow.
fn connections(files: usize) -> usize {
    files.saturating_sub(RESERVE_MIN.max(files / RESERVE_PART)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_a_reserve_of_files() {
        for (files, expected) in [(20_000, 17_500), (1024, 896), (256, 192), (65, 1), (0, 1)] {
            assert_eq!(connections(files), expected, "{files}");
        }
        assert!(connections(usize::MAX) > 1_000_000);
    }
}
