//! Callers, grants and scopes.

use super::{Action, MemberMay, Membership, Tenant};
use crate::party::OPERATOR;
use crate::{Instant, PartyKind, PartyRef, Role, Token, User, UserRef};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One element of a user's `scopes`: the right to act for one party, written `VENDOR:12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// What kind of party.
    pub kind: PartyKind,
    /// Which party.
    pub party: PartyRef,
}

impl Grant {
    /// Reads `KIND:ref`, kind in capitals (domain.md, "Tokens").
    pub fn parse(text: &str) -> Option<Grant> {
        let (kind, party) = text.split_once(':')?;
        Some(Grant { kind: PartyKind::parse(kind)?, party: PartyRef::parse(party)? })
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.party)
    }
}

/// Who asks: an authenticated user with what it may touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    user: UserRef,
    tenant: Tenant,
    membership: Membership,
    grants: Vec<Grant>,
    role: Role,
    proved_at: Option<Instant>,
}

/// The kind of the caller's grants may never do this action, or its role may not: 403.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forbidden {
    /// The refused action.
    pub action: Action,
    /// The kinds of the caller's grants, each once.
    pub kinds: Vec<PartyKind>,
    /// Whether the kinds may, and only the role of the caller stands in the way.
    pub by_role: bool,
}

impl Caller {
    /// The caller that a valid token of `user` stands for.
    pub fn new(user: &User, membership: Membership) -> Caller {
        let (tenant, role) = (Tenant::new(user.party, membership.vendor), user.role());
        Caller { user: user.user, tenant, membership, grants: user.grants.clone(), role, proved_at: None }
    }

    /// As [`Caller::new`], for a user of a party that has no vendor and no quotas.
    pub fn of(user: &User) -> Caller {
        Caller::new(user, Membership::of(user))
    }

    /// The same caller, by a token.
    #[must_use]
    pub fn with(self, token: &Token) -> Caller {
        Caller { proved_at: Some(token.issued_at), ..self }
    }

    /// When it proved its secret, where it came with a token.
    pub fn proved_at(&self) -> Option<Instant> {
        self.proved_at
    }

    /// The user; also "the client" that request keys belong to.
    pub fn user(&self) -> UserRef {
        self.user
    }

    /// The party whose login this is.
    pub fn party(&self) -> PartyRef {
        self.tenant.party
    }

    /// Its party and vendor, with the quotas that are set for them.
    pub fn membership(&self) -> &Membership {
        &self.membership
    }

    /// The tenant that its requests count for.
    pub fn tenant(&self) -> Tenant {
        self.tenant
    }

    /// What its tokens may touch.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// The rows that this caller may touch with `action`, or [`Forbidden`] if none of its grants is
    /// of a kind that ever may, or its role may not.
    pub fn may(&self, action: Action) -> Result<Scope, Forbidden> {
        let mut scope = Scope::nothing();
        for grant in self.grants.iter().filter(|grant| action.is_open_to(grant.kind)) {
            scope.add(*grant);
        }
        if scope == Scope::nothing() {
            let mut kinds: Vec<PartyKind> = self.grants.iter().map(|grant| grant.kind).collect();
            kinds.dedup();
            return Err(Forbidden { action, kinds, by_role: false });
        }
        match (self.role, action.of_member()) {
            (Role::Admin, _) | (Role::Member, MemberMay::All) => Ok(scope),
            (Role::Member, MemberMay::Own) => Ok(Scope { only_user: Some(self.user), ..scope }),
            (Role::Member, MemberMay::Nothing) => Err(Forbidden { action, kinds: Vec::new(), by_role: true }),
        }
    }
}

/// Which parties' rows may be touched. Private fields: only [`Caller::may`], [`Scope::system`] and, for what
/// an endpoint hears, its owner make one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    everything: bool,
    suppliers: Vec<PartyRef>,
    vendors: Vec<PartyRef>,
    subscribers: Vec<PartyRef>,
    /// Of users, this one alone.
    only_user: Option<UserRef>,
}

impl Scope {
    fn nothing() -> Scope {
        Scope {
            everything: false,
            suppliers: Vec::new(),
            vendors: Vec::new(),
            subscribers: Vec::new(),
            only_user: None,
        }
    }

    fn add(&mut self, grant: Grant) {
        let parties = match grant.kind {
            PartyKind::Operator => {
                self.everything = true;
                return;
            }
            PartyKind::Supplier => &mut self.suppliers,
            PartyKind::Vendor => &mut self.vendors,
            PartyKind::Subscriber => &mut self.subscribers,
        };
        if !parties.contains(&grant.party) {
            parties.push(grant.party);
        }
    }

    /// Everything, for work that no caller asked for. `why` says which work, to whoever reads the code.
    pub fn system(why: &'static str) -> Scope {
        debug_assert!(!why.is_empty());
        Scope { everything: true, ..Scope::nothing() }
    }

    /// What the owner of a webhook endpoint may see, for what is sent to it.
    pub(crate) fn of_owner(owner: Grant) -> Scope {
        let mut scope = Scope::nothing();
        scope.add(owner);
        scope
    }

    /// Whether this is the operator's view: all rows.
    pub fn is_everything(&self) -> bool {
        self.everything
    }

    /// The suppliers in this scope; empty also where [`Scope::is_everything`].
    pub fn suppliers(&self) -> &[PartyRef] {
        &self.suppliers
    }

    /// The vendors in this scope; empty also where [`Scope::is_everything`].
    pub fn vendors(&self) -> &[PartyRef] {
        &self.vendors
    }

    /// The subscribers in this scope; empty also where [`Scope::is_everything`].
    pub fn subscribers(&self) -> &[PartyRef] {
        &self.subscribers
    }

    /// The one user that is inside, where the others of its parties are not.
    pub fn only_user(&self) -> Option<UserRef> {
        self.only_user
    }

    /// Whether rows of this supplier are inside.
    pub fn has_supplier(&self, party: PartyRef) -> bool {
        self.everything || self.suppliers.contains(&party)
    }

    /// Whether rows of this vendor are inside.
    pub fn has_vendor(&self, party: PartyRef) -> bool {
        self.everything || self.vendors.contains(&party)
    }

    /// Whether rows of this subscriber, who buys from `vendor`, are inside.
    pub fn has_subscriber(&self, subscriber: PartyRef, vendor: PartyRef) -> bool {
        self.has_vendor(vendor) || self.subscribers.contains(&subscriber)
    }

    /// Whether whoever holds this scope holds this grant.
    pub fn holds(&self, grant: Grant) -> bool {
        self.everything
            || match grant.kind {
                PartyKind::Operator => false,
                PartyKind::Supplier => self.suppliers.contains(&grant.party),
                PartyKind::Vendor => self.vendors.contains(&grant.party),
                PartyKind::Subscriber => self.subscribers.contains(&grant.party),
            }
    }

    /// The one party of this scope, where it holds exactly one; the operator's view is the operator's.
    pub fn only_grant(&self) -> Option<Grant> {
        if self.everything {
            return Some(Grant { kind: PartyKind::Operator, party: OPERATOR });
        }
        match (&self.suppliers[..], &self.vendors[..], &self.subscribers[..]) {
            ([party], [], []) => Some(Grant { kind: PartyKind::Supplier, party: *party }),
            ([], [party], []) => Some(Grant { kind: PartyKind::Vendor, party: *party }),
            ([], [], [party]) => Some(Grant { kind: PartyKind::Subscriber, party: *party }),
            _ => None,
        }
    }

    /// The one vendor of this scope, where it holds exactly one and nothing else decides.
    pub fn only_vendor(&self) -> Option<PartyRef> {
        only(&self.vendors)
    }

    /// The one subscriber of this scope, where it holds exactly one (domain.md, "Orders").
    pub fn only_subscriber(&self) -> Option<PartyRef> {
        only(&self.subscribers)
    }
}

fn only(parties: &[PartyRef]) -> Option<PartyRef> {
    match parties {
        [party] => Some(*party),
        _ => None,
    }
}
