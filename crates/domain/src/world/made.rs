//! Provenance: what a user made, directly and through the users that it made.

use super::{MadeBy, World};
use crate::{EndpointRef, UserRef};
use std::collections::BTreeSet;

/// The living users and endpoints that a user made, by ref; at most as much as was asked for, of
/// users and endpoints together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Users.
    pub users: Vec<UserRef>,
    /// Webhook endpoints.
    pub endpoints: Vec<EndpointRef>,
    /// Whether there is, or may be, more.
    pub more: bool,
}

impl World {
    /// The things that a user made. In a working set, nothing where it is not loaded yet.
    pub(crate) fn made_by(&self, asked: &MadeBy) -> Made {
        if !self.is_whole() {
            return self.made.get(asked).cloned().unwrap_or_default();
        }
        let makers = self.makers(asked);
        let of_makers = |by: Option<UserRef>, at| {
            by.is_some_and(|by| makers.contains(&by) && (by != asked.user || at >= asked.since))
        };
        let users =
            makers.iter().filter(|maker| self.users.get(maker).is_some_and(|user| user.is_within(&asked.scope)));
        let mut users: Vec<UserRef> = users.copied().filter(|maker| *maker != asked.user).collect();
        let endpoints = self.endpoints.values().filter(|it| it.deleted_at.is_none() && it.is_of(&asked.scope));
        let endpoints = endpoints.filter(|it| of_makers(it.created_by, it.created_at));
        let mut endpoints: Vec<EndpointRef> = endpoints.map(|it| it.endpoint).collect();
        endpoints.sort_unstable();
        let more = users.len() + endpoints.len() > asked.max;
        users.truncate(asked.max);
        endpoints.truncate(asked.max - users.len());
        Made { users, endpoints, more }
    }

    /// The user, and all that it and they made, deleted ones too. A user is made after its maker,
    /// and has a larger ref.
    fn makers(&self, asked: &MadeBy) -> BTreeSet<UserRef> {
        let mut users: Vec<_> = self.users.values().collect();
        users.sort_unstable_by_key(|user| user.user);
        let mut makers = BTreeSet::from([asked.user]);
        for user in users {
            let is_since = user.created_by != Some(asked.user) || user.created_at >= Some(asked.since);
            if is_since && user.created_by.is_some_and(|by| makers.contains(&by)) {
                makers.insert(user.user);
            }
        }
        makers
    }

    /// Loads what a user made.
    pub fn load_made_by(&mut self, asked: MadeBy, made: Made) {
        self.made.insert(asked, made);
    }
}
