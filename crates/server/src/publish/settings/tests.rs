//! Addresses and prefixes, as they may be written.

use super::*;

#[test]
fn an_address_is_a_host_and_a_port() {
    let shown = |text| BrokerAddress::nats(text).map(|address| (address.to_string(), address.is_encrypted));
    assert_eq!(shown("nats://127.0.0.1"), Ok(("nats://127.0.0.1:4222".to_owned(), false)));
    assert_eq!(shown("tls://nats.example:14222/"), Ok(("tls://nats.example:14222".to_owned(), true)));
    assert_eq!(shown("nats://[::1]:4223"), Ok(("nats://[::1]:4223".to_owned(), false)));
    assert_eq!(BrokerAddress::mqtt("mqtt://localhost").map(|address| address.port), Ok(1883));
    assert_eq!(BrokerAddress::mqtt("mqtts://localhost").map(|address| address.port), Ok(8883));
}

#[test]
fn what_is_no_address_is_refused() {
    for wrong in [
        "",
        "127.0.0.1:4222",
        "nats://",
        "nats://:4222",
        "nats://host:",
        "nats://host:0",
        "nats://host:70000",
        "nats://host:+80",
        "nats://host:080",
        "mqtt://host",
        "ws://host",
        "NATS://host",
        "nats://host/path",
        "nats://host?tls=1",
        "nats://user:secret@host",
        "nats://token@host",
        "nats://a b",
        "nats://host:4222:4222",
    ] {
        assert!(BrokerAddress::nats(wrong).is_err(), "{wrong:?}");
    }
    assert!(BrokerAddress::mqtt("nats://host").is_err());
}

#[test]
fn plain_is_exposed_beyond_this_machine() {
    let exposed = |text| BrokerAddress::mqtt(text).expect("an address").is_exposed();
    assert!(exposed("mqtt://broker.example") && exposed("mqtt://10.0.0.1") && exposed("mqtt://localhost.example"));
    assert!(!exposed("mqtts://broker.example") && !exposed("mqtt://localhost"));
    assert!(!exposed("mqtt://127.0.0.1") && !exposed("mqtt://[::1]"));
}

#[test]
fn a_prefix_is_made_of_words() {
    assert!(is_prefix("orderpark", '.') && is_prefix("eu-1.order_park", '.') && is_prefix("eu/orders", '/'));
    for wrong in ["", ".", "a.", ".a", "a..b", "a b", "a.*", "a.>", "$SYS", "a/b"] {
        assert!(!is_prefix(wrong, '.'), "{wrong:?}");
    }
    for wrong in ["a/", "/a", "a/+", "#", "$SYS/a", "a.b"] {
        assert!(!is_prefix(wrong, '/'), "{wrong:?}");
    }
}
