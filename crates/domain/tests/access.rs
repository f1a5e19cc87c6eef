//! The access policy against an independent model: the table of domain.md as it can be read there.
//!
//! A million random callers with one to four random grants ask for random actions. Wherever the policy and the model
//! differ, in 403 or in a single row that is seen or not, the case prints its seed.

#[path = "harness/chance.rs"]
#[allow(dead_code, reason = "shared with the other test programs")]
mod chance;

use chance::Chance;
use orderpark_domain::{Action, Caller, Forbidden, Grant, PartyKind, PartyRef, Role, User, UserRef};
use std::collections::BTreeMap;

const CASES: u64 = 1_000_000;

const TABLE: &str = "
    action               OPERATOR  SUPPLIER  VENDOR  SUBSCRIBER  MEMBER
    ReadSuppliers        yes       yes       -       -           yes
    WriteSuppliers       yes       -         -       -           -
    ReadVendors          yes       -         yes     -           yes
    WriteVendors         yes       -         -       -           -
    ReadSubscribers      yes       -         yes     yes         yes
    WriteSubscribers     yes       -         yes     -           -
    ReadQuotas           yes       yes       yes     yes         yes
    WriteQuotas          yes       -         -       -           -
    ReadUsers            yes       yes       yes     yes         own
    WriteUsers           yes       yes       yes     yes         -
    ContainUser          yes       yes       yes     yes         own
    ReadProducts         yes       yes       yes     yes         yes
    WriteProducts        yes       yes       -       -           -
    ReadSupplierAttempts yes       yes       -       -           yes
    ReadOffers           yes       -         yes     yes         yes
    WriteOffers          yes       -         yes     -           -
    ReadStrategies       yes       yes       yes     yes         yes
    WriteStrategies      yes       -         yes     -           -
    ReadOrders           yes       -         yes     yes         yes
    PlaceOrder           yes       -         yes     yes         yes
    CancelOrder          yes       -         yes     yes         yes
    ReadSubscriptions    yes       yes       yes     yes         yes
    WriteSubscriptions   yes       -         yes     -           -
    ReadEvents           yes       yes       yes     yes         yes
    ReadEndpoints        yes       yes       yes     yes         yes
    WriteEndpoints       yes       yes       yes     yes         -
";

type Table = BTreeMap<&'static str, Vec<&'static str>>;

/// The cells that say yes, and of the members' also the own, of each action.
fn table() -> Table {
    let mut lines = TABLE.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|row| !row.is_empty());
    let kinds = lines.next().expect("the table has a head");
    let open = |row: Vec<&'static str>| {
        let word = |(kind, cell): (&&'static str, &&'static str)| match *cell {
            "yes" => Some(*kind),
            "own" => Some("OWN"),
            _ => None,
        };
        let kinds = kinds.iter().zip(&row).filter_map(word).collect();
        (row[0], kinds)
    };
    lines.map(open).collect()
}

/// What may be seen, as pairs of kind and party; none: forbidden.
fn usable(table: &Table, action: &str, grants: &[(&'static str, u64)]) -> Vec<(&'static str, u64)> {
    grants.iter().copied().filter(|(kind, _)| table[action].contains(kind)).collect()
}

fn sees(usable: &[(&'static str, u64)], row: &[(&'static str, u64)]) -> bool {
    usable.iter().any(|right| right.0 == "OPERATOR" || row.contains(right))
}

/// Parties of all kinds share these numbers, so that a mix-up of kinds shows.
const PARTIES: std::ops::Range<u64> = 1..5;

fn check(user: &mut User, table: &Table, seed: u64) {
    let mut chance = Chance::seeded(seed);
    let mut grants = Vec::new();
    user.grants.clear();
    for _ in 0..=chance.below(4) {
        let (kind, party) = (chance.pick(&PartyKind::ALL), 1 + chance.below(4));
        grants.push((kind.as_str(), party));
        user.grants.push(Grant { kind, party: PartyRef(party) });
    }
    let action = chance.pick(Action::ALL);
    user.role = chance.pick(&[None, Some(Role::Admin), Some(Role::Member)]);
    let is_member = user.role == Some(Role::Member);
    let own = table[action.name()].contains(&"OWN");
    let mut usable = usable(table, action.name(), &grants);
    if is_member && !own && !table[action.name()].contains(&"MEMBER") {
        usable.clear();
    }
    let scope = match Caller::of(user).may(action) {
        Ok(scope) => scope,
        Err(Forbidden { .. }) => return assert_eq!(usable, [], "forbidden in seed {seed}: {action:?} by {grants:?}"),
    };
    let wrong = |row: &str, party| format!("{row} {party} in seed {seed}: {action:?} by {grants:?}");
    assert_ne!(usable, [], "allowed in seed {seed}: {action:?} by {grants:?}");
    assert_eq!(scope.only_user(), (is_member && own).then_some(user.user), "seed {seed}: {action:?}");
    let other = 1 + chance.below(4);
    for number in PARTIES {
        let (party, owner) = (PartyRef(number), PartyRef(other));
        assert_eq!(scope.has_supplier(party), sees(&usable, &[("SUPPLIER", number)]), "{}", wrong("supplier", number));
        assert_eq!(scope.has_vendor(party), sees(&usable, &[("VENDOR", number)]), "{}", wrong("vendor", number));
        let row = [("SUBSCRIBER", number), ("VENDOR", other)];
        assert_eq!(scope.has_subscriber(party, owner), sees(&usable, &row), "{}", wrong("subscriber", number));
        for kind in PartyKind::ALL {
            let held = sees(&usable, &[(kind.as_str(), number)]);
            assert_eq!(scope.holds(Grant { kind, party }), held, "{}", wrong(kind.as_str(), number));
        }
    }
}

fn nobody() -> User {
    User {
        user: UserRef(9),
        party: PartyRef(1),
        login: String::new(),
        first_name: None,
        last_name: None,
        organization: None,
        grants: Vec::new(),
        secrets: Vec::new(),
        role: None,
        created_by: None,
        created_at: None,
        revision: 1,
        deleted_at: None,
    }
}

#[test]
fn the_policy_does_what_the_table_says() {
    let table = table();
    let mut user = nobody();
    for seed in 0..CASES {
        check(&mut user, &table, seed);
    }
}

#[test]
fn the_table_has_a_row_for_every_action() {
    let named: Vec<&str> = table().into_keys().collect();
    let mut actions: Vec<&str> = Action::ALL.iter().map(|action| action.name()).collect();
    actions.sort_unstable();
    assert_eq!(named, actions);
}

#[test]
fn a_caller_without_grants_may_nothing() {
    let user = nobody();
    for action in Action::ALL {
        assert_eq!(
            Caller::of(&user).may(*action),
            Err(Forbidden { action: *action, kinds: Vec::new(), by_role: false })
        );
    }
}
