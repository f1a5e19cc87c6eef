use crate::configuration::Configuration;
use orderpark_server::publish::PublishSettings;
#[cfg(feature = "nats")]
use orderpark_server::publish::settings::Begin;
#[cfg(any(feature = "nats", feature = "mqtt"))]
use orderpark_server::publish::settings::Login;
use std::io::Write as _;

fn read(text: &str) -> Result<PublishSettings, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let read = Configuration::read(Some(file.path())).and_then(|configuration| configuration.publish());
    read.map_err(|error| format!("{error:#}"))
}

#[test]
fn nothing_is_published_unless_it_is_asked_for() {
    assert_eq!(read("").unwrap(), PublishSettings::default());
    assert_eq!(read("[publish]").unwrap(), PublishSettings::default());
}

#[cfg(not(feature = "nats"))]
#[test]
fn a_program_without_nats_says_so() {
    let refused = read("[publish.nats]\nservers = [\"nats://localhost\"]").unwrap_err();
    assert!(refused.contains("built without nats"), "{refused}");
}

#[cfg(not(feature = "mqtt"))]
#[test]
fn a_program_without_mqtt_says_so() {
    let refused = read("[publish.mqtt]\nserver = \"mqtt://localhost\"").unwrap_err();
    assert!(refused.contains("built without mqtt"), "{refused}");
}

#[cfg(feature = "nats")]
#[test]
fn nats_as_it_may_be_configured() {
    let least = read("[publish.nats]\nservers = [\"nats://localhost\"]").unwrap().nats.unwrap();
    assert_eq!((least.prefix.as_str(), least.common.in_flight, least.common.begin), ("orderpark", 256, Begin::Now));
    let most = "[publish.nats]\nservers = [\"tls://a.example\", \"tls://b.example:4223\"]\nsubject_prefix = \"eu.orders\"\n\
        stream = \"ORDERS\"\ncredentials_file = \"park.creds\"\nca_file = \"ca.pem\"\ncertificate_file = \"c.pem\"\n\
        key_file = \"k.pem\"\nin_flight = 1\nbegin = \"beginning\"";
    let most = read(most).unwrap().nats.unwrap();
    assert_eq!((most.servers.len(), most.prefix.as_str()), (2, "eu.orders"));
    assert_eq!((most.common.in_flight, most.common.begin), (1, Begin::Beginning));
    assert_eq!(most.common.login, Login::Credentials("park.creds".into()));
}

#[cfg(feature = "mqtt")]
#[test]
fn mqtt_as_it_may_be_configured() {
    let least = read("[publish.mqtt]\nserver = \"mqtts://broker.example\"").unwrap().mqtt.unwrap();
    assert_eq!((least.prefix.as_str(), least.client_id.as_str()), ("orderpark", "orderpark"));
    let plain = "[publish.mqtt]\nserver = \"mqtt://10.0.0.7\"\nallow_plain = true\nuser = \"u\"\npassword_file = \"p\"";
    let plain = read(plain).unwrap().mqtt.unwrap();
    assert_eq!(plain.common.login, Login::Password("u".to_owned(), "p".into()));
}

#[test]
fn what_cannot_be_meant_is_refused_by_its_key() {
    let nats = "[publish.nats]\nservers = [\"nats://localhost\"]\n";
    let mqtt = "[publish.mqtt]\nserver = \"mqtt://localhost\"\n";
    for (text, key) in [
        ("[publish.nats]".to_owned(), "servers"),
        ("[publish.nats]\nservers = []".to_owned(), "servers"),
        ("[publish.nats]\nservers = [\"nats://user:hunter2@host\"]".to_owned(), "servers"),
        ("[publish.nats]\nservers = [\"nats://10.0.0.7\"]".to_owned(), "allow_plain"),
        ("[publish.nats]\nservers = [\"nats://localhost\", \"tls://b\"]".to_owned(), "servers"),
        ("[publish.mqtt]\nserver = \"mqtt://broker.example\"".to_owned(), "allow_plain"),
        (format!("{nats}subject_prefix = \"a.*\""), "subject_prefix"),
        (format!("{nats}user = \"u\""), "password_file"),
        (format!("{nats}token_file = \"t\"\ncredentials_file = \"c\""), "exclude"),
        (format!("{nats}key_file = \"k\""), "certificate_file"),
        (format!("{nats}in_flight = 0"), "in_flight"),
        (format!("{nats}in_flight = 1025"), "in_flight"),
        (format!("{nats}begin = \"later\""), "later"),
        (format!("{nats}password = \"hunter2\""), "password"),
        (format!("{mqtt}topic_prefix = \"#\""), "topic_prefix"),
        (format!("{mqtt}client_id = \"\""), "client_id"),
        (format!("{mqtt}token_file = \"t\""), "token_file"),
    ] {
        let refused = read(&text).unwrap_err();
        assert!(refused.contains(key) && !refused.contains("hunter2"), "{text}: {refused}");
    }
}
