use super::super::settings::network;
use super::Standing::{Closed, Inside, Public};
use super::*;
use PartyKind::{Operator, Subscriber, Supplier, Vendor};
use std::net::{Ipv4Addr, Ipv6Addr};

/// A machine with a public and a private address of its own.
static MACHINE: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(45, 33, 32, 156)),
    IpAddr::V4(Ipv4Addr::new(10, 1, 2, 3)),
    IpAddr::V6(Ipv6Addr::new(0x2600, 0, 0, 0, 0, 0, 0, 1)),
];
const LISTENER: u16 = 8080;

fn policy(allowed: &[&str], denied: &[&str]) -> Policy {
    let allowed: Vec<Allowance> = allowed.iter().map(|text| text.parse().expect("an allowance")).collect();
    let denied: Vec<Network> = denied.iter().map(|text| network(text).expect("a network")).collect();
    let policy = Policy::new(&allowed, &denied, Own::These(&MACHINE));
    policy.listens_on(LISTENER);
    policy
}

#[test]
fn where_a_message_of_whom_may_go() {
    type Row<'r> = (&'r [&'r str], &'r [&'r str], PartyKind, &'r str, u16, Standing);
    let none: &[&str] = &[];
    let table: [Row<'_>; 32] = [
        (none, none, Subscriber, "8.8.8.8", 443, Public),
        (none, none, Subscriber, "10.9.9.9", 443, Closed),
        // The machine's own addresses, in every spelling.
        (none, none, Subscriber, "45.33.32.156", 443, Closed),
        (none, none, Operator, "45.33.32.156", 443, Closed),
        (none, none, Subscriber, "::ffff:45.33.32.156", 443, Closed),
        (none, none, Subscriber, "2600::1", 443, Closed),
        (none, none, Subscriber, "2600::2", 443, Public),
        (none, none, Subscriber, "0.0.0.0", 443, Closed),
        (none, none, Subscriber, "::", 443, Closed),
        (&["45.33.32.156/32"], none, Subscriber, "45.33.32.156", 443, Inside),
        // Its own listener, on each of them.
        (&["45.33.32.156/32"], none, Operator, "45.33.32.156", LISTENER, Closed),
        (&["127.0.0.0/8"], none, Operator, "127.0.0.1", LISTENER, Closed),
        (&["127.0.0.0/8"], none, Operator, "127.9.9.9", LISTENER, Closed),
        (&["0.0.0.0/0"], none, Operator, "0.0.0.0", LISTENER, Closed),
        (&["10.0.0.0/8"], none, Supplier, "10.1.2.3", LISTENER, Closed),
        (&["10.0.0.0/8"], none, Supplier, "10.9.9.9", LISTENER, Inside),
        // The form of before: every port, every kind.
        (&["10.0.0.0/8"], none, Subscriber, "10.9.9.9", 22, Inside),
        (&["10.0.0.0/8"], none, Operator, "10.9.9.9", 65535, Inside),
        (&["127.0.0.0/8"], none, Vendor, "127.0.0.1", 9999, Inside),
        (&["8.8.8.0/24"], none, Vendor, "8.8.8.8", 443, Public),
        // Ports and kinds.
        (&["10.0.0.0/8:443,8000-8100@supplier"], none, Supplier, "10.9.9.9", 443, Inside),
        (&["10.0.0.0/8:443,8000-8100@supplier"], none, Supplier, "10.9.9.9", 8100, Inside),
        (&["10.0.0.0/8:443,8000-8100@supplier"], none, Supplier, "10.9.9.9", 8101, Closed),
        (&["10.0.0.0/8:443,8000-8100@supplier"], none, Subscriber, "10.9.9.9", 443, Closed),
        (&["10.0.0.0/8:443,8000-8100@supplier"], none, Operator, "10.9.9.9", 443, Closed),
        (&["fd00::/8:443@supplier,OPERATOR"], none, Operator, "fd00::1", 443, Inside),
        (&["fd00::/8:443@supplier,OPERATOR"], none, Operator, "fd00::1", 80, Closed),
        (&["10.0.0.0/8:443@supplier", "10.9.0.0/16@vendor"], none, Vendor, "10.9.9.9", 80, Inside),
        // What is denied is closed, whatever else is said.
        (&["10.0.0.0/8"], &["10.9.0.0/16"], Operator, "10.9.9.9", 443, Closed),
        (&["10.0.0.0/8"], &["10.9.0.0/16"], Operator, "10.8.9.9", 443, Inside),
        (none, &["8.8.8.0/24"], Subscriber, "8.8.8.8", 443, Closed),
        (&["::ffff:0:0/96"], &["10.9.0.0/16"], Subscriber, "::ffff:10.9.9.9", 443, Closed),
    ];
    for (allowed, denied, kind, address, port, standing) in table {
        let gate = policy(allowed, denied).gate(kind, port);
        let found = gate.judge(address.parse().expect("an address"));
        assert_eq!(found, standing, "{allowed:?} {denied:?} {kind:?} {address} {port}");
    }
}

#[test]
fn whose_addresses_they_are_is_not_told_to_those_who_register_them() {
    let gate = policy(&["127.0.0.0/8"], &[]).gate(Subscriber, LISTENER);
    for (address, configured, now) in [
        ("45.33.32.156", Public, Closed),
        ("127.0.0.1", Inside, Closed),
        ("8.8.8.8", Public, Public),
        ("10.1.2.3", Closed, Closed),
    ] {
        let address = address.parse().expect("an address");
        assert_eq!((gate.judge_as_configured(address), gate.judge(address)), (configured, now), "{address}");
    }
}

#[test]
fn the_strictest_address_of_a_name_decides() {
    let gate = policy(&["10.0.0.0/8"], &[]).gate(Subscriber, 443);
    let all = |texts: &[&str]| {
        gate.judge_all(&texts.iter().map(|text| text.parse().expect("an address")).collect::<Vec<_>>())
    };
    assert_eq!(all(&["8.8.8.8", "1.1.1.1"]), Public);
    assert_eq!(all(&["8.8.8.8", "10.9.9.9"]), Inside);
    assert_eq!(all(&["8.8.8.8", "10.9.9.9", "192.168.0.1"]), Closed);
}

#[test]
fn parties_share_connections_only_where_they_may_go_to_the_same_places() {
    let policy = policy(&["10.0.0.0/8:443@supplier"], &[]);
    assert_eq!(policy.gate(Subscriber, 443), policy.gate(Vendor, 80));
    assert_ne!(policy.gate(Subscriber, 443), policy.gate(Supplier, 443));
    assert_ne!(policy.gate(Subscriber, 443), policy.gate(Subscriber, LISTENER));
    assert_eq!(policy.gate(Supplier, 443).to_public(), policy.gate(Vendor, 443));
}

#[test]
fn an_allowance_is_read_as_it_is_written() {
    for (text, shown) in [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.0/8:443", "10.0.0.0/8:443-443"),
        ("10.0.0.0/8@supplier", "10.0.0.0/8@SUPPLIER"),
        ("fd00::/8:443,8000-8100@vendor,subscriber", "fd00::/8:443-443,8000-8100@VENDOR,SUBSCRIBER"),
    ] {
        assert_eq!(text.parse::<Allowance>().expect("an allowance").to_string(), shown);
    }
    for wrong in
        ["", "10.0.0.1/8", "10.0.0.0", "10.0.0.0:443", "10.0.0.0/8:", "10.0.0.0/8:0", "10.0.0.0/8:9-8", "10.0.0.0/8:+1"]
    {
        assert!(wrong.parse::<Allowance>().is_err(), "{wrong}");
    }
    for wrong in ["10.0.0.0/8@", "10.0.0.0/8@buyer", "10.0.0.0/8:65536", "fd00::/8:443@supplier,"] {
        assert!(wrong.parse::<Allowance>().is_err(), "{wrong}");
    }
}
