use super::{FORWARDED, HeaderMap, HeaderName, IpAddr, Network, SocketAddr, X_FORWARDED_FOR, client};

/// Who asks, as seen behind the proxies `127.0.0.1` and `10.0.0.0/8`.
fn seen(peer: &str, headers: &[(HeaderName, &str)]) -> String {
    let trusted: Vec<Network> = ["127.0.0.1/32", "10.0.0.0/8"].map(|text| text.parse().unwrap()).into();
    let mut sent = HeaderMap::new();
    for (name, value) in headers {
        sent.append(name, value.parse().unwrap());
    }
    let peer = SocketAddr::new(peer.parse::<IpAddr>().unwrap(), 4711);
    client(&trusted, peer, &sent).ip().to_string()
}

#[test]
fn a_trusted_proxy_names_the_client() {
    for (value, expected) in [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:80", "192.0.2.1"),
        ("203.0.113.9, 192.0.2.1", "192.0.2.1"),
        ("203.0.113.9, 192.0.2.1, 10.1.2.3", "192.0.2.1"),
        ("203.0.113.9,192.0.2.1 ,::ffff:10.1.2.3", "192.0.2.1"),
        ("10.9.9.9, 10.1.2.3", "10.9.9.9"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("unknown, 192.0.2.1", "192.0.2.1"),
        ("", "127.0.0.1"),
        ("unknown", "127.0.0.1"),
        ("192.0.2.1, 999.1.1.1", "127.0.0.1"),
        ("192.0.2.1, rubbish, 10.1.2.3", "127.0.0.1"),
    ] {
        assert_eq!(seen("127.0.0.1", &[(X_FORWARDED_FOR, value)]), expected, "{value}");
        assert_eq!(seen("::ffff:127.0.0.1", &[(X_FORWARDED_FOR, value)]).replace("::ffff:", ""), expected, "{value}");
    }
    let two = [(X_FORWARDED_FOR, "203.0.113.9"), (X_FORWARDED_FOR, "192.0.2.1")];
    assert_eq!(seen("10.0.0.1", &two), "192.0.2.1", "several headers are one list");
}

#[test]
fn forwarded_is_read_as_well() {
    for (value, expected) in [
        ("for=192.0.2.1;proto=https", "192.0.2.1"),
        ("proto=https; For=\"[2001:db8::7]:4711\"", "2001:db8::7"),
        ("for=203.0.113.9, for=192.0.2.1, for=10.1.2.3;by=_x", "192.0.2.1"),
        ("for=_hidden", "127.0.0.1"),
        ("proto=https", "127.0.0.1"),
    ] {
        assert_eq!(seen("127.0.0.1", &[(FORWARDED, value)]), expected, "{value}");
    }
}

#[test]
fn who_is_no_trusted_proxy_names_nobody() {
    let headers = [(X_FORWARDED_FOR, "192.0.2.1"), (FORWARDED, "for=192.0.2.1")];
    assert_eq!(seen("203.0.113.5", &headers), "203.0.113.5");
    let peer = "203.0.113.5:1".parse().unwrap();
    assert_eq!(client(&[], peer, &HeaderMap::new()), peer);
}

/// A proxy that sets one header lets the other one pass as the client sent it.
#[test]
fn two_headers_that_disagree_name_nobody() {
    let both = |one, other| seen("127.0.0.1", &[(X_FORWARDED_FOR, one), (FORWARDED, other)]);
    assert_eq!(both("192.0.2.1", "for=192.0.2.1"), "192.0.2.1");
    assert_eq!(both("192.0.2.1", "for=203.0.113.9"), "127.0.0.1");
    assert_eq!(both("192.0.2.1", "for=_hidden"), "127.0.0.1");
}
