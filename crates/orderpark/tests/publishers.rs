//! The whole program with brokers: what it is told in its configuration, what it says in its log, and what a kill leaves.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod harness;

use harness::http::get;
use harness::world::World;
use harness::{Deployment, program};
use orderpark_testbed::{BrokerKind, BrokerServer};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const PASSWORDS: [&str; 3] = ["nats-hunter2-password", "mqtt-hunter3-password", "a-wrong-hunter4-password"];
const PATIENCE: Duration = Duration::from_mins(1);

/// NATS' own protocol, as far as a test needs it to make a stream and to look at it.
struct Nats(BufReader<TcpStream>);

impl Nats {
    fn open(port: u16) -> Nats {
        let mut nats = Nats(BufReader::new(TcpStream::connect(("127.0.0.1", port)).unwrap()));
        let hello = json!({"verbose": false, "user": "park", "pass": PASSWORDS[0]});
        nats.say(&format!("CONNECT {hello}\r\nSUB _INBOX.test 1\r\n"));
        nats
    }

    fn say(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// Asks JetStream something.
    fn ask(&mut self, subject: &str, body: &str) -> Value {
        self.say(&format!("PUB $JS.API.{subject} _INBOX.test {}\r\n{body}\r\n", body.len()));
        loop {
            let (mut line, mut answer) = (String::new(), String::new());
            assert!(self.0.read_line(&mut line).unwrap() > 0, "NATS has closed the connection");
            assert!(!line.starts_with("-ERR"), "{line}");
            if line.starts_with("MSG ") {
                self.0.read_line(&mut answer).unwrap();
                return serde_json::from_str(&answer).unwrap();
            }
        }
    }

    fn messages(&mut self) -> u64 {
        self.ask("STREAM.INFO.ORDERPARK", "")["state"]["messages"].as_u64().unwrap()
    }
}

fn brokers() -> (BrokerServer, BrokerServer) {
    let login = format!("authorization {{ user: \"park\", password: \"{}\" }}\n", PASSWORDS[0]);
    let nats = BrokerServer::configured(BrokerKind::Nats, |_| login.clone());
    let mosquitto = BrokerServer::configured(BrokerKind::Mosquitto, |folder| {
        let users = folder.join("users");
        fs::write(&users, format!("park:{}\n", PASSWORDS[1])).unwrap();
        assert!(std::process::Command::new("mosquitto_passwd").arg("-U").arg(&users).status().unwrap().success());
        format!("allow_anonymous false\npassword_file {}\n", users.display())
    });
    let stream = json!({"name": "ORDERPARK", "subjects": ["orderpark.>"], "retention": "limits", "storage": "file"});
    let made = Nats::open(nats.port()).ask("STREAM.CREATE.ORDERPARK", &stream.to_string());
    assert!(made["error"].is_null(), "{made}");
    (nats, mosquitto)
}

/// A configuration file; the passwords stand in files beside it.
fn configuration(folder: &Path, nats: u16, mqtt: u16) -> PathBuf {
    let at = |name: &str| folder.join(name).display().to_string();
    fs::write(at("nats.password"), PASSWORDS[0]).unwrap();
    fs::write(at("mqtt.password"), PASSWORDS[2]).unwrap();
    let text = format!(
        "[publish.nats]\nservers = [\"nats://127.0.0.1:{nats}\"]\nuser = \"park\"\npassword_file = \"{}\"\n\
         begin = \"beginning\"\n\n[publish.mqtt]\nserver = \"mqtt://127.0.0.1:{mqtt}\"\nuser = \"park\"\n\
         password_file = \"{}\"\nbegin = \"beginning\"\n",
        at("nats.password"),
        at("mqtt.password")
    );
    let path = folder.join("orderpark.toml");
    fs::write(&path, text).unwrap();
    path
}

/// Waits until both publishers stand at the end of the journal, as the database says.
fn settled(deployment: &Deployment) {
    let begun = Instant::now();
    let database = rusqlite::Connection::open(deployment.data().join("orderpark.db")).unwrap();
    let behind = "select 2 - count(*) from delivery_targets where kind = 'PUBLISHER' \
        and cursor_seq >= (select max(seq) from journal where entry like '%order%')";
    while database.query_row(behind, [], |row| row.get::<_, i64>(0)).unwrap() > 0 {
        assert!(begun.elapsed() < PATIENCE, "not everything is published:\n{}", deployment.running().stderr());
        std::thread::yield_now();
    }
}

fn place(deployment: &Deployment, world: &World, orders: usize) {
    let mut connection = deployment.connect();
    for _ in 0..orders {
        connection.exchange(&world.place(&world.subscribers[0], 1, None).bytes()).unwrap().done();
    }
}

fn events(deployment: &Deployment, world: &World) -> u64 {
    let (mut connection, mut after, mut count) = (deployment.connect(), String::new(), 0);
    loop {
        let page = get(&format!("/core/latest/api/events?limit=200{after}")).bearer(&world.operator);
        let page = connection.exchange(&page.bytes()).unwrap().json();
        let Some(last) = page.as_array().unwrap().last() else { return count };
        count += page.as_array().unwrap().len() as u64;
        after = format!("&after={}", last["id"].as_str().unwrap());
    }
}

#[test]
fn no_password_of_a_broker_is_in_the_log() {
    let (nats, mosquitto) = brokers();
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), nats.port(), mosquitto.port());
    let mut deployment = Deployment::start(&["--config", file.to_str().unwrap(), "--log", "trace"]);
    let world = World::make(&deployment, 1);
    place(&deployment, &world, 3);
    // The password for MQTT was wrong until now.
    let begun = Instant::now();
    while !deployment.running().stderr().contains("nothing is published for now") {
        assert!(begun.elapsed() < PATIENCE, "{}", deployment.running().stderr());
        std::thread::yield_now();
    }
    fs::write(folder.path().join("mqtt.password"), PASSWORDS[1]).unwrap();
    settled(&deployment);
    let log = deployment.running().stderr();
    assert_eq!(Nats::open(nats.port()).messages(), events(&deployment, &world));
    assert_eq!(deployment.stop().0, Some(0));
    deployment.verify();
    assert!(log.contains("TRACE") && log.contains("publishing again"), "{log}");
    for password in PASSWORDS {
        assert!(!log.contains(password), "{password} is in the log");
    }
}

#[test]
fn a_program_that_is_killed_goes_on_where_it_was() {
    let (nats, mosquitto) = brokers();
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), nats.port(), mosquitto.port());
    fs::write(folder.path().join("mqtt.password"), PASSWORDS[1]).unwrap();
    let configured = ["--config", file.to_str().unwrap()];
    let mut deployment = Deployment::start(&configured);
    let world = World::make(&deployment, 1);
    for round in 0..6 {
        place(&deployment, &world, 20 + round);
        deployment.kill();
        deployment.serve(&configured);
    }
    settled(&deployment);
    assert_eq!(Nats::open(nats.port()).messages(), events(&deployment, &world));
    assert_eq!(deployment.stop().0, Some(0));
    deployment.verify();
}

#[test]
fn a_configuration_that_cannot_be_meant_is_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("orderpark.toml"), folder.path().join("data"));
    fs::write(&file, "[publish.mqtt]\nserver = \"mqtt://broker.example\"\n").unwrap();
    let output = program::run(&["serve", "--config", file.to_str().unwrap(), "--data", data.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let said = program::stderr(&output);
    assert!(said.contains("publish.mqtt") && said.contains("allow_plain"), "{said}");
    assert!(!data.exists());
}
