use super::Configuration;
use orderpark_server::Settings;
use orderpark_server::delivery::HostRate;
use orderpark_server::wire::is_segment;
use orderpark_store::Limits;
use std::io::Write as _;
use std::time::Duration;

fn read(text: &str) -> Result<Settings, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let read = Configuration::read(Some(file.path())).and_then(|configuration| configuration.settings());
    read.map_err(|error| format!("{error:#}"))
}

#[test]
fn everything_is_optional() {
    assert_eq!(read("").unwrap(), Settings::default());
    assert_eq!(Configuration::read(None).unwrap().settings().unwrap(), Settings::default());
}

#[test]
fn the_example_of_the_documentation_is_right() {
    let lines = include_str!("../configuration.rs").lines();
    let example: Vec<&str> = lines
        .skip_while(|line| *line != "//! ```toml")
        .skip(1)
        .take_while(|line| *line != "//! ```")
        .map(|line| line.trim_start_matches("//!").trim_start())
        .collect();
    let settings = read(&example.join("\n")).unwrap();
    assert_eq!(settings.token_validity_max_s, Some(30 * 86_400));
    assert_eq!(settings.token_fresh_for_credentials_s, Some(600));
    let off = Settings { token_validity_max_s: None, token_fresh_for_credentials_s: None, ..settings };
    assert_eq!(off, Settings::default());
}

/// A password may stand in the line that is wrong.
#[test]
fn a_file_that_cannot_be_read_is_not_shown() {
    for text in ["database = \"postgres://u:hunter2@db/x\nlog = 1", "database = [\"hunter2\"]", "hunter2"] {
        let refused = read(text).unwrap_err();
        assert!(refused.contains("line 1") || refused.contains("database"), "{refused}");
        assert!(!refused.contains("hunter2") || text == "hunter2", "{refused}");
    }
}

#[test]
fn unknown_keys_are_refused_by_name() {
    for text in [
        "lisen = \"127.0.0.1:1\"",
        "[api]\nlisen = 1",
        "[tokens]\nlisen = 1",
        "[deliveries]\nlisen = 1",
        "[postgres]\nlisen = 1",
        "[[profiles]]\nid = \"a\"\nlisen = 1",
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains("lisen"), "{error}");
    }
}

#[test]
fn the_default_profile_is_one_of_the_profiles() {
    assert_eq!(read("default_profile = \"acme\"").unwrap().profiles.len(), 1);
    assert_eq!(read("[[profiles]]\nid = \"acme\"").unwrap().default_profile, "acme");
    assert!(read("default_profile = \"acme\"\n[[profiles]]\nid = \"other\"").is_err());
    assert!(read("[[profiles]]\nid = \"a\"\n[[profiles]]\nid = \"b\"").is_err());
}

#[test]
fn validity_is_said_as_clients_say_it() {
    let settings = read("[tokens]\ndefault_validity = \"90minutes\"\nvalidity_max = \"2days\"").unwrap();
    assert_eq!(settings.token_validity_default_s, 90 * 60);
    assert_eq!(settings.token_validity_max_s, Some(2 * 86_400));
    assert_eq!(read("[tokens]\nvalidity_max = \"infinite\"").unwrap().token_validity_max_s, None);
    assert!(read("[tokens]\ndefault_validity = \"infinite\"").is_err());
    assert!(read("[tokens]\nvalidity_max = \"2d\"").unwrap_err().contains("tokens.validity_max"));
}

#[test]
fn networks_that_are_opened_are_named_exactly() {
    let text =
        "[deliveries]\nallow_networks = [\"10.0.0.0/8\", \"fd00:1::/32\"]\nattempt_max_ms = 5000\nca_file = \"ca.pem\"";
    let outside = read(text).unwrap().outside;
    let networks: Vec<_> = outside.allow_networks.iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["10.0.0.0/8", "fd00:1::/32"]);
    assert_eq!((outside.attempt_max_ms, outside.ca_file), (5000, Some("ca.pem".into())));
    for wrong in [
        "10.0.0.1/8",
        "10.0.0.1",
        "10/8",
        "0x0a.0.0.0/8",
        "fd00::1/32",
        "10.0.0.0/33",
        "example.com",
        "",
        "10.0.0.0/255.0.0.0",
    ] {
        let refused = read(&format!("[deliveries]\nallow_networks = [\"{wrong}\"]")).unwrap_err();
        assert!(refused.contains("deliveries.allow_networks"), "{wrong}: {refused}");
    }
    for wrong in [0, 20_001] {
        assert!(read(&format!("[deliveries]\nattempt_max_ms = {wrong}")).unwrap_err().contains("attempt_max_ms"));
    }
}

#[test]
fn networks_are_opened_for_ports_and_kinds_and_closed() {
    let table = "{ network = \"10.0.0.0/8\", ports = [443, \"8000-8100\"], for = [\"SUPPLIER\"] }";
    let text = "\"fd00::/8:80@vendor\"";
    let deny = "deny_networks = [\"10.9.0.0/16\"]";
    let outside = read(&format!("[deliveries]\nallow_networks = [{table}, {text}]\n{deny}")).unwrap().outside;
    let allowed: Vec<_> = outside.allow_networks.iter().map(ToString::to_string).collect();
    assert_eq!(allowed, ["10.0.0.0/8:443-443,8000-8100@SUPPLIER", "fd00::/8:80-80@VENDOR"]);
    assert_eq!(outside.deny_networks, ["10.9.0.0/16".parse().unwrap()]);
    for wrong in ["ports = [0]", "ports = [\"9-8\"]", "for = [\"BUYER\"]", "port = 443"] {
        let text = format!("[deliveries]\nallow_networks = [{{ network = \"10.0.0.0/8\", {wrong} }}]");
        assert!(read(&text).unwrap_err().contains("allow_networks"), "{wrong}");
    }
    assert!(read("[deliveries]\ndeny_networks = [\"10.0.0.1/8\"]").unwrap_err().contains("deny_networks"));
}

#[test]
fn receivers_have_rates() {
    let text =
        "[deliveries]\nhost_rate = 10\nhost_burst = 20\n[[deliveries.hosts]]\nhost = \"Fast.example\"\nrate = 900";
    let deliveries = read(text).unwrap().deliveries;
    let of = |per_second, burst| HostRate { per_second, burst };
    assert_eq!((deliveries.host_rate, deliveries.hosts["fast.example"]), (of(10, 20), of(900, 900)));
    for wrong in ["host_rate = 0", "host_burst = 0", "hosts = [{ host = \"a\", rate = 0 }]", "hosts = [{ rate = 1 }]"] {
        assert!(read(&format!("[deliveries]\n{wrong}")).unwrap_err().contains("host"), "{wrong}");
    }
}

#[test]
fn proxies_and_origins_are_named_exactly() {
    let settings =
        read("trusted_proxies = [\"127.0.0.1/32\"]\n[api]\ncors_origins = [\"https://shop.example\", \"*\"]").unwrap();
    assert_eq!((settings.trusted_proxies.len(), settings.cors_origins.len()), (1, 2));
    for wrong in ["127.0.0.1", "proxy.example", "10.0.0.1/8"] {
        let refused = read(&format!("trusted_proxies = [\"{wrong}\"]")).unwrap_err();
        assert!(refused.contains("trusted_proxies") && refused.contains(wrong), "{refused}");
    }
    for wrong in
        ["https://shop.example/", "shop.example", "HTTPS://shop.example", "null", "", "https://shop.example:443"]
    {
        let refused = read(&format!("[api]\ncors_origins = [\"{wrong}\"]")).unwrap_err();
        assert!(refused.contains("api.cors_origins"), "{wrong}: {refused}");
    }
}

#[test]
fn attempts_are_kept_for_as_many_days_as_is_said() {
    assert_eq!(read("").unwrap().deliveries.attempts_days, 30);
    assert_eq!(read("[deliveries]\nattempts_days = 7").unwrap().deliveries.attempts_days, 7);
    assert!(read("[deliveries]\nattempts_days = 0").unwrap_err().contains("deliveries.attempts_days"));
}

#[test]
fn ids_are_those_of_the_api() {
    for id in ["a", "A1._~@+-", &"a".repeat(128)] {
        assert!(is_segment(id), "{id}");
    }
    for id in ["", "-a", "a/b", "a b", "ä", &"a".repeat(129)] {
        assert!(!is_segment(id), "{id}");
    }
}

fn limits(text: &str) -> Result<Limits, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let read = Configuration::read(Some(file.path())).and_then(|configuration| configuration.limits());
    read.map_err(|error| format!("{error:#}"))
}

/// Each key sets its own limit, and only that one.
#[test]
fn every_limit_of_postgres_can_be_set() {
    let second = |limit: fn(&mut Limits) -> &mut Duration| {
        let mut limits = Limits::default();
        *limit(&mut limits) = Duration::from_secs(1);
        limits
    };
    for (key, expected) in [
        ("connect_max_ms", second(|limits| &mut limits.connect_max)),
        ("idle_in_transaction_max_ms", second(|limits| &mut limits.idle_in_transaction_max)),
        ("silence_max_ms", second(|limits| &mut limits.silence_max)),
        ("pool_wait_max_ms", second(|limits| &mut limits.pool_wait_max)),
        ("resolve_max_ms", second(|limits| &mut limits.resolve_max)),
        ("reconnect_after_ms", second(|limits| &mut limits.reconnect_after)),
    ] {
        assert_eq!(limits(&format!("[postgres]\n{key} = 1000")).unwrap(), expected, "{key}");
        assert!(limits(&format!("[postgres]\n{key} = 0")).unwrap_err().contains(key));
        assert!(limits(&format!("[postgres]\n{key} = -1")).is_err());
    }
    assert_eq!(limits("[postgres]\nreads_max = 3\nlists_max = 2").unwrap().reads_max, 3);
    assert_eq!(limits("[postgres]\nreads_max = 3\nlists_max = 2").unwrap().lists_max, 2);
    assert!(limits("[postgres]\nlists_max = 0").unwrap_err().contains("lists_max"));
    assert_eq!(limits("").unwrap(), Limits::default());
}

/// A stalled node is cut off first, then whoever waits for its lock is told, and then the statement ends.
#[test]
fn limits_of_postgres_agree_with_each_other() {
    let set = |idle, lock, statement| {
        limits(&format!(
            "[postgres]\nidle_in_transaction_max_ms = {idle}\nlock_max_ms = {lock}\nstatement_max_ms = {statement}"
        ))
    };
    let set_all = set(100, 200, 300).unwrap();
    assert_eq!((set_all.lock_max.as_millis(), set_all.statement_max.as_millis()), (200, 300));
    assert!(set(200, 200, 300).unwrap_err().contains("lock_max_ms"));
    assert!(set(100, 300, 300).unwrap_err().contains("statement_max_ms"));
}

#[test]
fn lenient_token_requests_and_the_page_of_errors_can_be_chosen() {
    let settings =
        read("[api]\ndocs_url = \"https://docs.example/errors\"\n[tokens]\nlenient_requests = true").unwrap();
    assert!(settings.lenient_token_requests);
    assert_eq!(settings.docs_url, "https://docs.example/errors");
}

#[test]
fn the_items_of_an_offer_have_a_limit() {
    let max = |max: usize| read(&format!("[orders]\noffer_items_max = {max}")).map(|settings| settings.offer_items_max);
    assert_eq!((read("").unwrap().offer_items_max, max(1), max(1000)), (50, Ok(1), Ok(1000)));
    for wrong in [0, 1001] {
        assert!(max(wrong).unwrap_err().contains("orders.offer_items_max: it must be between 1 and 1000"));
    }
}
