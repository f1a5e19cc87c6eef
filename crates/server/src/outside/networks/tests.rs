use super::super::OutsideSettings;
use super::super::own::Own;
use super::super::policy::{Policy, Standing};
use super::*;
use orderpark_domain::PartyKind;

/// First and last of each block that is not public, written out a second time as people write them.
const NOT_PUBLIC: [&str; 63] = [
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "127.0.0.0",
    "127.0.0.1",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.0.0",
    "169.254.169.254",
    "169.254.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.0",
    "192.0.0.255",
    "192.0.2.0",
    "192.0.2.255",
    "192.31.196.0",
    "192.31.196.255",
    "192.52.193.0",
    "192.52.193.255",
    "192.88.99.0",
    "192.88.99.255",
    "192.168.0.0",
    "192.168.255.255",
    "192.175.48.0",
    "192.175.48.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.0",
    "198.51.100.255",
    "203.0.113.0",
    "203.0.113.255",
    "224.0.0.0",
    "233.252.0.1",
    "239.255.255.255",
    "240.0.0.0",
    "255.255.255.254",
    "255.255.255.255",
    "::",
    "::1",
    "::8.8.8.8",
    "::ffff:8.8.8.8",
    "::ffff:10.0.0.1",
    "64:ff9b::808:808",
    "64:ff9b:1::a00:1",
    "100::1",
    "100:0:0:1::1",
    "1fff:ffff::1",
    "2001::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:1ff:ffff::1",
    "2001:db8::1",
    "2002:a00:1::",
    "2002:808:808::1",
    "2620:4f:8000::1",
    "3fff::1",
    "3fff:fff:ffff::1",
    "5f00::1",
    "fd00:ec2::254",
    "fe80::1",
];

/// The neighbours of those blocks, and some that everybody knows.
const PUBLIC: [&str; 50] = [
    "1.0.0.0",
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "192.0.1.0",
    "192.0.1.255",
    "192.0.3.0",
    "192.31.195.255",
    "192.31.197.0",
    "192.52.192.255",
    "192.52.194.0",
    "192.88.98.255",
    "192.88.100.0",
    "192.167.255.255",
    "192.169.0.0",
    "192.175.47.255",
    "192.175.49.0",
    "198.17.255.255",
    "198.20.0.0",
    "198.51.99.255",
    "198.51.101.0",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "2000::1",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2001:db7:ffff::1",
    "2001:db9::1",
    "2003::1",
    "2606:4700::1111",
    "2620:4f:7fff::1",
    "2620:4f:8001::1",
    "2a00:1450::1",
    "3ffe:ffff::1",
    "3fff:1000::1",
    "3000::1",
    "2400::1",
];

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn what_stands_in_a_registry_of_special_purposes_is_not_public() {
    for text in NOT_PUBLIC {
        assert!(!is_public(ip(text)), "{text}");
    }
    for text in
        ["fe80::1", "febf::1", "fec0::1", "fc00::1", "fdff::1", "ff02::1", "ff0e::1", "4000::1", "8000::", "e000::"]
    {
        assert!(!is_public(ip(text)), "{text}");
    }
    for text in PUBLIC {
        assert!(is_public(ip(text)), "{text}");
    }
}

/// An independent judge: what the standard library knows of the same blocks, for every second byte.
#[test]
fn nothing_that_the_standard_library_calls_special_is_public() {
    for (first, second) in (0..=255).flat_map(|first| (0..=255).map(move |second| (first, second))) {
        for (third, fourth) in [(0, 0), (0, 1), (2, 1), (100, 7), (113, 9), (255, 255)] {
            let address = Ipv4Addr::new(first, second, third, fourth);
            let special = address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_documentation()
                || address.is_unspecified()
                || address.is_broadcast();
            assert!(!special || !is_public(address.into()), "{address}");
        }
    }
    for first in 0..=u16::MAX {
        let address = Ipv6Addr::new(first, 0xdb8, 0, 0, 0, 0, 0, 1);
        let special = address.is_multicast() || address.is_unique_local() || address.is_unicast_link_local();
        assert!(!special || !is_public(address.into()), "{address}");
    }
}

#[test]
fn an_allowed_network_opens_exactly_itself() {
    let allowed = ["10.1.2.0/24", "fd00:1::/32", "127.0.0.1/32"].map(|text| text.parse().expect("a network"));
    let gate = Policy::new(&allowed, &[], Own::These(&[])).gate(PartyKind::Vendor, 443);
    for text in ["10.1.2.0", "10.1.2.255", "fd00:1::1", "fd00:1:ffff::1", "127.0.0.1", "8.8.8.8", "2606:4700::1111"] {
        assert_ne!(gate.judge(ip(text)), Standing::Closed, "{text}");
    }
    for text in [
        "10.1.1.255",
        "10.1.3.0",
        "127.0.0.2",
        "fd00:2::1",
        "::1",
        "::ffff:10.1.2.3",
        "::ffff:127.0.0.1",
        "64:ff9b::a01:203",
        "2002:a01:203::1",
        "::10.1.2.3",
        "169.254.169.254",
    ] {
        assert_eq!(gate.judge(ip(text)), Standing::Closed, "{text}");
    }
}

#[test]
fn nothing_is_allowed_unless_somebody_says_so() {
    assert!(OutsideSettings::default().allow_networks.is_empty());
}
