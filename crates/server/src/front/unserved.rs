//! The sentences of 404 `no_such_operation`.
//!
//! A missing object is 404 `not_found`, which depends on what the caller may see. The table of
//! routes is public, so this answer needs no token, and says where the operation is that was
//! probably meant.

use super::others::TOKEN_ALIAS;
use crate::Problem;
use crate::dx::smp::{SMP_BASE, SUBSCRIPTION};
use crate::dx::{ADMIN_BASES, BASES, Base, admin, below};
use crate::problem::Reason;
use crate::router::operations;
use crate::wire::shown;

/// Resources that clients of ThingPark DX ask for and that have nothing to do with ordering.
const OUT_OF_SCOPE: &[&str] = &[
    "/alarms",
    "/appServers",
    "/appServersRoutingProfiles",
    "/asKeys",
    "/baseStationProfiles",
    "/baseStations",
    "/deviceProfiles",
    "/devices",
    "/multicastGroups",
    "/networkPartners",
    "/routingProfiles",
];

/// Nothing is served at this path.
pub(super) fn problem(path: &str) -> Problem {
    Problem::new(Reason::NoSuchOperation, sentence(below(path, "/thingpark/dx").unwrap_or(path)))
}

fn sentence(path: &str) -> String {
    if below(path, SMP_BASE).is_some() {
        return format!("below {SMP_BASE} only subscriptions are served: {SUBSCRIPTION}");
    }
    if let Some((_, rest)) = Base::split(path) {
        return in_core(rest);
    }
    if let Some(rest) = ADMIN_BASES.iter().find_map(|base| below(path, base)) {
        return in_admin(rest);
    }
    match path.split('/').nth(1) {
        Some("core") => other_base(path, "Core", &BASES.map(|base| base.path)),
        Some("admin") => other_base(path, "Admin", &ADMIN_BASES),
        _ => without_base(path),
    }
}

fn in_core(rest: &str) -> String {
    let name = first_segment(rest);
    if rest.is_empty() {
        format!("this is the base of the Core API; served below it are {}", list(collections()))
    } else if let Some(operation) = admin_operation(rest) {
        format!("{operation} belongs to the Admin API: {}", at_admin(operation))
    } else if OUT_OF_SCOPE.contains(&name) {
        format!("{name} is no part of ordering: of ThingPark DX, this server serves the order API and what it needs")
    } else if collections().any(|known| known == name) {
        let paths = operations().iter().map(|operation| operation.path).filter(|path| first_segment(path) == name);
        format!("there is no operation at {}; served are {}", shown::quoted(rest), list(distinct(paths)))
    } else if let Some(meant) = shown::nearest(name, collections()) {
        format!("there is no {} (did you mean {meant}?)", shown::quoted(name))
    } else {
        format!("there is no {}; served are {}", shown::quoted(name), list(collections()))
    }
}

fn in_admin(rest: &str) -> String {
    match collections().find(|known| *known == first_segment(rest)) {
        Some(known) => format!("{known} belongs to the Core API: {}", at_core(known)),
        None => {
            format!(
                "there is no {} in the Admin API; served are {}",
                shown::quoted(rest),
                list(admin::PATHS.iter().copied())
            )
        }
    }
}

/// A path that begins with no base at all.
fn without_base(path: &str) -> String {
    let meant = path.match_indices('/').find_map(|(at, _)| {
        let name = first_segment(&path[at..]);
        collections().find(|known| *known == name)
    });
    if let Some(operation) = admin_operation(path) {
        format!("{operation} is served below the bases of the Admin API: {}", at_admin(operation))
    } else if let Some(known) = meant {
        format!("{known} is served below the bases of the Core API: {}", at_core(known))
    } else {
        format!("nothing is served at {}; GET / shows what is", shown::quoted(path))
    }
}

/// The operation of the Admin API that a path ends with.
fn admin_operation(path: &str) -> Option<&'static str> {
    admin::PATHS.iter().copied().chain([TOKEN_ALIAS]).find(|operation| path.ends_with(operation))
}

fn at_admin(operation: &str) -> String {
    format!("/admin/latest/api{operation}")
}

fn at_core(operation: &str) -> String {
    format!("/core/latest/api{operation}")
}

/// Every first segment of the Core API.
fn collections() -> impl Iterator<Item = &'static str> + Clone {
    distinct(operations().iter().map(|operation| first_segment(operation.path)))
}

/// Without repetitions of what came just before.
fn distinct<'p>(names: impl Iterator<Item = &'p str> + Clone) -> impl Iterator<Item = &'p str> + Clone {
    let mut before = "";
    names.filter(move |name| std::mem::replace(&mut before, name) != *name)
}

fn first_segment(path: &str) -> &str {
    let end = path.get(1..).and_then(|rest| rest.find('/')).map_or(path.len(), |at| at + 1);
    &path[..end]
}

/// A path below a version that there is not.
fn other_base(path: &str, api: &str, bases: &[&'static str]) -> String {
    let served = list(bases.iter().copied().filter(|base| !base.starts_with("/thingpark")));
    format!("nothing is served at {}; the {api} API is served below {served}", shown::quoted(path))
}

fn list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
