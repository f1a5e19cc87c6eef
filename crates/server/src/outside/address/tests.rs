//! More than two hundred addresses, each with what is to be said of it.

use super::super::own::Own;
use super::super::settings::Allowance;
use super::AddressFault as Fault;
use super::*;

/// Addresses that can be sent to.
const GOOD: [&str; 42] = [
    "http://example.com",
    "http://example.com/",
    "https://example.com/hooks",
    "HTTPS://Example.COM/hooks",
    "HtTp://example.com/",
    "https://example.com:8443/hooks?tenant=1&x=%20",
    "https://example.com?query",
    "https://example.com/?url=http://169.254.169.254/@x",
    "https://example.com/a@b",
    "https://example.com/a:b//c",
    "https://example.com:443/",
    "http://example.com:80/",
    "http://example.com:65535/",
    "http://example.com:00080/",
    "https://example.com./hooks",
    "https://sub.domain.example.co.uk/x",
    "https://under_score.example.com/",
    "https://xn--bcher-kva.example/",
    "https://a.b.c.d.e.f.g.example/",
    "https://1st.example/",
    "https://0x7f.example/",
    "https://127.0.0.1.example/",
    "https://example1.com/",
    "https://a-b.example/",
    "https://localhost/",
    "https://intern/",
    "https://metadata.google.internal/computeMetadata/v1/",
    "https://127.0.0.1.nip.io/",
    "http://8.8.8.8/",
    "http://1.1.1.1:8080/hook",
    "https://93.184.216.34/",
    "http://192.0.1.1/",
    "http://223.255.255.254/",
    "http://172.32.0.1/",
    "http://[2606:4700::1111]/",
    "http://[2606:4700:0:0:0:0:0:1111]/",
    "http://[2606:4700:0000::1111]:8080/hook",
    "http://[2A00:1450::1]/",
    "http://[2003::1]/?x",
    "http://[2001:4860:4860::8888]:443/",
    "https://example.com/%2e%2e/x",
    "https://example.com/~user/!$&'()*+,;=",
];

/// Addresses with a host that is an address, and not a public one.
const NOT_PUBLIC: [&str; 69] = [
    "http://0.0.0.0/",
    "http://0.1.2.3/",
    "http://10.0.0.1/",
    "http://10.255.255.255:8080/",
    "http://100.64.0.1/",
    "http://100.127.255.254/",
    "http://127.0.0.1/",
    "http://127.0.0.1:8080/thingpark",
    "https://127.0.0.1/",
    "http://127.1.2.3/",
    "http://127.255.255.255/",
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.0.1/",
    "http://169.254.170.2/v2/credentials",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.0.0.1/",
    "http://192.0.0.170/",
    "http://192.0.2.1/",
    "http://192.31.196.1/",
    "http://192.52.193.1/",
    "http://192.88.99.1/",
    "http://192.168.0.1/",
    "http://192.168.255.254:631/",
    "http://192.175.48.1/",
    "http://198.18.0.1/",
    "http://198.19.255.255/",
    "http://198.51.100.7/",
    "http://203.0.113.7/",
    "http://224.0.0.1/",
    "http://239.1.1.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://100.100.100.200/latest/meta-data/",
    "http://[::]/",
    "http://[::1]/",
    "http://[::1]:8080/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[0000:0000:0000:0000:0000:0000:0000:0001]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::FFFF:7F00:1]/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[::ffff:8.8.8.8]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::a00:1]/",
    "http://[100::1]/",
    "http://[2001::1]/",
    "http://[2001:0:7f00:1::]/",
    "http://[2001:10::1]/",
    "http://[2001:20::1]/",
    "http://[2001:db8::1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[2620:4f:8000::1]/",
    "http://[3fff::1]/",
    "http://[5f00::1]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[ff0e::1]/",
];

/// Addresses whose host is not what it seems.
const HOST: [&str; 61] = [
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0X7F000001/",
    "http://0x7f.1/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0177.0.0.1/",
    "http://0177.0000.0000.0001/",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.0x1/",
    "http://127.0.0.01/",
    "http://127.0.0.001/",
    "http://127.0.0.0x1/",
    "http://127.0.0.1./",
    "http://0/",
    "http://0x0/",
    "http://00/",
    "http://1/",
    "http://0x/",
    "http://134744072/",
    "http://8.8.2056/",
    "http://8.526344/",
    "http://010.0.0.1/",
    "http://0xa.0.0.1/",
    "http://10.1/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://169.16689662/",
    "http://256.256.256.256/",
    "http://127.0.0.256/",
    "http://1.2.3.4.5/",
    "http://4294967296/",
    "http://1.2.3.08/",
    "http://999999999999/",
    "http://0.0.0.0.0/",
    "http://example.1/",
    "http://example.0x1/",
    "http://08.08.08.08/",
    "http://[::1/",
    "http://[::1]x/",
    "http://[1::2::3]/",
    "http://[12345::1]/",
    "http://[::127.0.0.256]/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[v1.fe80::a]/",
    "http://[]/",
    "http://.example.com/",
    "http://example..com/",
    "http://./",
    "http://exa!mple.com/",
    "http://exa$mple.com/",
    "http://exa'mple.com/",
    "http://exa,mple.com/",
    "http://exa;mple.com/",
    "http://a(b).example/",
    "http://xn--a-.example/",
    "http://::1/",
];

/// Addresses that are none, or not for every parser.
const NOT_AN_ADDRESS: [&str; 32] = [
    "http://example.com/\\@10.0.0.1",
    "http://example.com\\@127.0.0.1/",
    "http:\\\\127.0.0.1\\",
    "\\\\127.0.0.1\\share",
    "http://127.0.0.1\\.example.com/",
    " http://example.com/",
    "http://example.com/ ",
    "http://exam ple.com/",
    "http://example.com/a b",
    "http://exam\tple.com/",
    "http://exam\nple.com/",
    "http://exam\rple.com/",
    "http://example.com/\r\nX: y",
    "http://example.com/\0",
    "http://127.0.0.1\0.example/",
    "\u{feff}http://example.com/",
    "http://ex\u{e4}mple.com/",
    "http://\u{ff11}\u{ff12}\u{ff17}.0.0.1/",
    "http://127\u{3002}0\u{3002}0\u{3002}1/",
    "http://\u{2460}\u{2461}\u{2466}.0.0.1/",
    "http://loc\u{430}lhost/",
    "http://ex\u{ad}ample.com/",
    "http://example.com/\u{202e}x",
    "http://\u{2488}example/",
    "http://example.com:99999/",
    "http://example.com:65536/",
    "http://example.com:-1/",
    "http://example.com:80x/",
    "http://example.com:0x50/",
    "http://example.com:+80/",
    "http://127.0.0.1:80:90/",
    "http://[::1]:x/",
];

/// Addresses of other schemes, or of none.
const SCHEME: [&str; 28] = [
    "",
    "x",
    "/",
    "//example.com/",
    "example.com",
    "example.com/hook",
    "example.com:80/hook",
    "http:example.com",
    "http:/example.com/",
    "https:/169.254.169.254/",
    "http",
    "http:",
    "http:/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "file://example.com/x",
    "gopher://127.0.0.1:6379/_SET",
    "ldap://example.com/",
    "dict://127.0.0.1:11211/",
    "javascript:alert(1)",
    "data:text/plain,x",
    "ws://example.com/",
    "wss://example.com/",
    "httpss://example.com/",
    "xhttp://example.com/",
    "unix:///run/x.sock",
    "http+unix://x/",
    "jar:http://example.com!/",
];

/// Addresses with a user in them, or what a parser may take for one.
const USER: [&str; 14] = [
    "http://user@example.com/",
    "http://user:password@example.com/",
    "http://:password@example.com/",
    "http://@example.com/",
    "http://:@example.com/",
    "http://example.com@127.0.0.1/",
    "http://example.com:80@127.0.0.1/",
    "http://127.0.0.1@example.com/",
    "http://a@b@c/",
    "http://user%40x@example.com/",
    "http://example.com:@10.0.0.1/",
    "https://user@[::1]/",
    "http://a%3ab@example.com/",
    "http://@@/",
];

/// Addresses with a fragment, which no server is ever told.
const FRAGMENT: [&str; 6] = [
    "http://example.com/#",
    "http://example.com/#x",
    "http://example.com#@127.0.0.1/",
    "http://example.com/?a#b",
    "http://127.0.0.1#.example.com/",
    "http://#/",
];

fn policy(allowed: &[Allowance]) -> Policy {
    Policy::new(allowed, &[], Own::These(&[]))
}

fn read_without_allowance(text: &str) -> Result<Url, Fault> {
    super::read(text, &policy(&[]), PartyKind::Subscriber).map(|read| read.url)
}

#[test]
fn addresses_of_public_receivers_and_names_are_taken() {
    for text in GOOD {
        let url = read_without_allowance(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
        assert!(!url.cannot_be_a_base(), "{text}");
    }
}

#[test]
fn more_than_two_hundred_addresses_that_lead_elsewhere_are_refused() {
    let tables: [(Fault, &[&str]); 6] = [
        (Fault::NotPublic, &NOT_PUBLIC),
        (Fault::Host, &HOST),
        (Fault::NotAnAddress, &NOT_AN_ADDRESS),
        (Fault::Scheme, &SCHEME),
        (Fault::UserInfo, &USER),
        (Fault::Fragment, &FRAGMENT),
    ];
    assert!(tables.iter().map(|(_, cases)| cases.len()).sum::<usize>() >= 200);
    let mut wrong = Vec::new();
    for (fault, text) in tables.iter().flat_map(|(fault, cases)| cases.iter().map(move |text| (fault, text))) {
        let found = read_without_allowance(text);
        if found.as_ref().err() != Some(fault) {
            wrong.push(format!("{text:?}: {fault:?} expected, found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The same host, percent-encoded a little, is never sent to: some programs decode hosts, and some do not.
#[test]
fn a_host_in_disguise_is_refused() {
    for host in ["127.0.0.1", "169.254.169.254", "localhost", "example.com"] {
        for (place, byte) in host.bytes().enumerate() {
            let disguised = format!("http://{}%{byte:02x}{}/", &host[..place], &host[place + 1..]);
            assert!(read_without_allowance(&disguised).is_err(), "{disguised}");
        }
    }
}

#[test]
fn port_0_is_refused_and_a_port_means_the_same_to_all() {
    assert_eq!(read_without_allowance("http://example.com:0/"), Err(Fault::Port));
    assert_eq!(read_without_allowance("https://8.8.8.8:0000/"), Err(Fault::Port));
}

#[test]
fn an_address_has_2048_bytes_at_most() {
    let longest = format!("http://example.com/{}", "a".repeat(URL_MAX - "http://example.com/".len()));
    assert_eq!(longest.len(), URL_MAX);
    assert!(read_without_allowance(&longest).is_ok());
    assert_eq!(read_without_allowance(&format!("{longest}a")), Err(Fault::TooLong));
    let label = "a".repeat(64);
    assert_eq!(read_without_allowance(&format!("http://{label}.example/")), Err(Fault::Host));
    let name = format!("{}example", "abc.".repeat(64));
    assert_eq!(read_without_allowance(&format!("http://{name}/")), Err(Fault::Host));
}

#[test]
fn what_the_operator_allows_is_taken_and_its_disguises_are_not() {
    let policy = policy(&["127.0.0.0/8".parse().expect("a network")]);
    let read = |text| super::read(text, &policy, PartyKind::Subscriber).map(|read| read.literal);
    assert_eq!(read("http://127.0.0.1:9999/hook"), Ok(Some(IpAddr::from([127, 0, 0, 1]))));
    for text in ["http://127.1/", "http://2130706433/", "http://0x7f.1/"] {
        assert_eq!(read(text), Err(Fault::Host), "{text}");
    }
    assert_eq!(read("http://[::ffff:127.0.0.1]/"), Err(Fault::NotPublic));
    assert_eq!(read("http://10.0.0.1/"), Err(Fault::NotPublic));
}
