//! W-03: the program is killed while it delivers, again and again.
//!
//! A receiver outside of it notes everything that comes, refuses some of it, and is what is believed in the end: every event
//! that the feed shows has come, whatever came twice came with the same id and the same body, and of each order
//! everything was first taken in its order.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests may fail, and tell their figures")]

mod harness;

use harness::Deployment;
use harness::http::{Connection, delete, get, post};
use harness::world::{BASE, ORDERS, World, text};
use orderpark_testbed::{Chance, Engine};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

const KILLS: usize = 10;
/// Events that one batch of orders makes: each order begins and ends, with three subscriptions.
const ORDERS_OF_CYCLE: usize = 25;
/// Longer than a lease, and than what is refused waits: only so that a test that hangs ends.
const END_MAX: Duration = Duration::from_secs(90);
/// Of a hundred, so many are refused the first time.
const REFUSED_PERCENT: u64 = 3;

/// One request that came.
#[derive(Clone, Debug)]
struct Arrival {
    id: String,
    body: Vec<u8>,
    is_taken: bool,
}

#[derive(Clone)]
struct Receiver {
    url: String,
    came: Arc<(Mutex<Vec<Arrival>>, Condvar)>,
}

impl Receiver {
    fn start(seed: u64) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let receiver = Receiver { url, came: Arc::default() };
        let (shared, chance) = (receiver.clone(), Arc::new(Chance::new(seed)));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (receiver, chance) = (shared.clone(), Arc::clone(&chance));
                std::thread::spawn(move || receiver.serve(stream, &chance));
            }
        });
        receiver
    }

    /// Until the connection ends, as it does with the program.
    fn serve(&self, stream: TcpStream, chance: &Chance) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut stream = stream;
        while let Some((id, body)) = read(&mut reader) {
            let (came, news) = &*self.came;
            let mut all = came.lock().unwrap();
            let is_known = all.iter().any(|arrival| arrival.id == id);
            let is_taken = is_known || !chance.percent(REFUSED_PERCENT);
            all.push(Arrival { id, body, is_taken });
            drop(all);
            news.notify_all();
            let status = if is_taken { "200 OK" } else { "500 No" };
            if stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes()).is_err() {
                return;
            }
        }
    }

    /// Waits until what came is as it should be.
    fn until(&self, is_good: impl Fn(&[Arrival]) -> bool) {
        let (came, news) = &*self.came;
        let end = Instant::now() + END_MAX;
        let mut all = came.lock().unwrap();
        while !is_good(&all) {
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "that never came; {} did", all.len());
            all = news.wait_timeout(all, left).unwrap().0;
        }
    }

    fn all(&self) -> Vec<Arrival> {
        self.came.0.lock().unwrap().clone()
    }
}

/// The next request's id and body; none: the connection has ended.
fn read(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut head = BTreeMap::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => {
                if let Some((name, value)) = line.split_once(": ") {
                    head.insert(name.to_lowercase(), value.to_owned());
                }
            }
        }
    }
    let mut body = vec![0; head.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some((head.remove("webhook-id")?, body))
}

/// Places orders and cancels them; ends early if the program does.
fn trade(connection: &mut Connection, world: &World, cycle: usize) {
    for number in 0..ORDERS_OF_CYCLE {
        let key = format!("{cycle}-{number}");
        let Ok(placed) = connection.exchange(&world.place(&world.subscribers[0], 1, Some(&key)).bytes()) else {
            return;
        };
        let order = text(&placed.done(), "ref");
        let request = delete(&format!("{ORDERS}/{order}")).bearer(&world.vendor);
        if connection.exchange(&request.bytes()).is_err() {
            return;
        }
    }
}

/// Every event from a place on that the vendor may see.
fn feed(deployment: &Deployment, world: &World, after: &str) -> Vec<Value> {
    let (mut connection, mut events, mut after) = (deployment.connect(), Vec::new(), after.to_owned());
    loop {
        let request = get(&format!("{BASE}/events?limit=200&after={after}")).bearer(&world.vendor);
        let Value::Array(page) = connection.exchange(&request.bytes()).unwrap().done() else { panic!("not a list") };
        let Some(last) = page.last() else { return events };
        after = text(last, "id");
        events.extend(page);
    }
}

/// Opens loopback to deliveries.
fn configuration(folder: &Path) -> String {
    let file = folder.join("orderpark.toml");
    std::fs::write(&file, "[deliveries]\nallow_networks = [\"127.0.0.0/8\"]\n").unwrap();
    file.to_str().unwrap().to_owned()
}

fn listen(deployment: &Deployment, world: &World, receiver: &Receiver) -> String {
    let request = post(&format!("{BASE}/webhookEndpoints")).bearer(&world.vendor).json(&json!({"url": receiver.url}));
    let mut connection = deployment.connect();
    connection.exchange(&request.bytes()).unwrap().done();
    let events = feed(deployment, world, "0");
    text(events.last().unwrap(), "id")
}

fn name(event: &Value) -> String {
    format!("evt_{}", text(event, "id").replace(['.', '-'], "_"))
}

/// Everything has come, as it should.
fn judge(receiver: &Receiver, expected: &[Value]) -> usize {
    let names: BTreeSet<String> = expected.iter().map(name).collect();
    receiver.until(|all| {
        let taken: BTreeSet<&String> = all.iter().filter(|it| it.is_taken).map(|it| &it.id).collect();
        names.iter().all(|name| taken.contains(name))
    });
    let all = receiver.all();
    let mut bodies: HashMap<&str, &[u8]> = HashMap::new();
    for arrival in &all {
        assert_eq!(*bodies.entry(&arrival.id).or_insert(&arrival.body), arrival.body, "{} has two bodies", arrival.id);
    }
    for event in expected {
        let body: Value = serde_json::from_slice(bodies[name(event).as_str()]).unwrap();
        assert_eq!(body, *event, "it is what the feed shows");
    }
    assert_eq!(bodies.len(), names.len(), "and nothing else");
    let mut last: HashMap<String, (u64, u64)> = HashMap::new();
    let mut seen = BTreeSet::new();
    for arrival in all.iter().filter(|it| it.is_taken && seen.insert(&it.id)) {
        let event: Value = serde_json::from_slice(&arrival.body).unwrap();
        let order = event["data"]["orderRef"].as_str().unwrap_or(event["data"]["ref"].as_str().unwrap()).to_owned();
        let id = text(&event, "id");
        let (seq, number) = id.split('-').next().unwrap().split_once('.').unwrap();
        let place = (seq.parse().unwrap(), number.parse().unwrap());
        assert!(last.insert(order, place).is_none_or(|before| before < place), "{id} was overtaken");
    }
    all.len() - names.len()
}

#[test]
fn killed_while_it_delivers_it_loses_nothing() {
    let chance = Chance::seeded(31);
    let receiver = Receiver::start(chance.number());
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path());
    let mut deployment = Deployment::on(Engine::Sqlite, &["--config", &config]);
    let world = World::make(&deployment, 1);
    let begin = listen(&deployment, &world, &receiver);
    for cycle in 0..KILLS {
        let came = receiver.all().len();
        let until = came + 1 + chance.index(8 * ORDERS_OF_CYCLE / 2);
        let address = deployment.address();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                if let Ok(mut connection) = Connection::open(address) {
                    trade(&mut connection, &world, cycle);
                }
            });
            receiver.until(|all| all.len() >= until);
            deployment.kill();
        });
        deployment.serve(&["--config", &config]);
    }
    let expected = feed(&deployment, &world, &begin);
    let again = judge(&receiver, &expected);
    println!("{KILLS} kills; {} events, {again} came again; 0 lost", expected.len());
    deployment.verify();
    assert_eq!(deployment.stop().0, Some(0));
    deployment.verify();
}

#[test]
fn a_node_that_is_killed_is_followed_by_another_when_its_leases_are_over() {
    let receiver = Receiver::start(7);
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path());
    let mut first = Deployment::on(Engine::Postgres, &["--config", &config]);
    let world = World::make(&first, 1);
    let begin = listen(&first, &world, &receiver);
    receiver.until(|_| true);
    trade(&mut first.connect(), &world, 0);
    receiver.until(|all| all.len() > 10);
    // It has the lease, and dies with it.
    let second = first.beside(&["--config", &config]);
    trade(&mut second.connect(), &world, 1);
    first.kill();
    trade(&mut second.connect(), &world, 2);
    let expected = feed(&second, &world, &begin);
    assert_eq!(expected.len(), 3 * 8 * ORDERS_OF_CYCLE);
    let again = judge(&receiver, &expected);
    println!("{} events, {again} came again; 0 lost", expected.len());
    second.verify();
}

/// Followers and receivers after a restore to an earlier point (docs/restore.md).
fn after_a_restore_no_id_comes_again_and_lost_positions_are_refused(engine: Engine) {
    let receiver = Receiver::start(9);
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path());
    let mut first = Deployment::on(engine, &["--config", &config]);
    let world = World::make(&first, 1);
    let begin = listen(&first, &world, &receiver);
    trade(&mut first.connect(), &world, 0);
    let kept = feed(&first, &world, &begin);
    judge(&receiver, &kept);
    assert_eq!(first.stop().0, Some(0));
    let mut restored = first.backup();
    first.serve(&["--config", &config]);
    trade(&mut first.connect(), &world, 1);
    let lost = feed(&first, &world, &begin).split_off(kept.len());
    let seen = [&kept[..], &lost].concat();
    judge(&receiver, &seen);
    first.kill();

    restored.serve(&["--config", &config]);
    let mut connection = restored.connect();
    let after =
        |event: &Value| get(&format!("{BASE}/events?limit=200&after={}", text(event, "id"))).bearer(&world.vendor);
    let stream = get(&format!("{BASE}/events/stream")).bearer(&world.vendor);
    for written in [false, true] {
        for event in [&lost[0], lost.last().unwrap()] {
            for request in [after(event), stream.clone().header("Last-Event-ID", &text(event, "id"))] {
                let refused = connection.exchange(&request.bytes()).unwrap();
                assert!(refused.status == 410 && refused.text().contains("position_unknown"), "{}", refused.text());
            }
        }
        if !written {
            trade(&mut restored.connect(), &world, 2);
        }
    }
    let all = feed(&restored, &world, &begin);
    let new = &all[kept.len()..];
    assert_eq!((&all[..kept.len()], new.len()), (&kept[..], lost.len()));
    assert_eq!(connection.exchange(&after(kept.last().unwrap()).bytes()).unwrap().done(), Value::Array(new.to_vec()));
    // One body an id, over both histories, and each event of both came.
    judge(&receiver, &[&seen[..], new].concat());
    restored.verify();
}

#[test]
fn after_a_restore_of_a_file_no_id_comes_again_and_lost_positions_are_refused() {
    after_a_restore_no_id_comes_again_and_lost_positions_are_refused(Engine::Sqlite);
}

#[test]
fn after_a_restore_of_a_postgresql_database_no_id_comes_again_and_lost_positions_are_refused() {
    after_a_restore_no_id_comes_again_and_lost_positions_are_refused(Engine::Postgres);
}
