//! I8: no secret and no token in clear, anywhere.
//!
//! The program logs all that it can, while clients do with secrets and tokens everything that can be done, rightly and
//! wrongly. Then each of them is looked for in the log, in every file of the data folder, and in every answer that was no
//! success. And nothing that a client sends can forge a line of the log.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod harness;

use harness::http::{Answer, Request, delete, get, post, request};
use harness::program::{Running, program};
use harness::world::{BASE, ORDERS, TOKEN, World, log_in, text};
use harness::{Deployment, LOGIN, SECRET, files};
use orderpark_testbed::Engine;
use serde_json::{Value, json};

const ADMIN: &str = "/admin/v141/api";
const WRONG: &str = "ops_a-secret-that-nobody-was-ever-given-0123456789";
const KEY: &str = "a key that a client made up: 4711-0815";
/// How HTTP Basic spells the operator's login with its secret, and with the wrong one.
const BASIC: &str = "b3BzQG9wZXJhdG9yLmV4YW1wbGU6b25seS1mb3ItdGVzdHMtb24tbG9vcGJhY2stMDEyMzQ1Njc4OQ==";
const WRONG_BASIC: &str =
    "b3BzQG9wZXJhdG9yLmV4YW1wbGU6b3BzX2Etc2VjcmV0LXRoYXQtbm9ib2R5LXdhcy1ldmVyLWdpdmVuLTAxMjM0NTY3ODk=";

/// Clients that do everything, and what must not be found of it.
struct Clients {
    deployment: Deployment,
    world: World,
    secrets: Vec<String>,
    refusals: Vec<Answer>,
}

#[test]
fn no_secret_and_no_token_is_in_the_log_the_files_or_an_error() {
    let mut clients = Clients::new();
    clients.use_tokens();
    clients.use_secrets();
    clients.use_signing_secrets();
    clients.use_wrong_ones();
    clients.put_them_where_they_do_not_belong();
    clients.use_keys();
    let mut places = clients.files("while it runs");
    clients.deployment.verify();
    let log = clients.log_and_stop();
    assert!(log.contains("DEBUG") && !log.contains("panicked"), "{log}");
    places.push(("the log".to_owned(), log.into_bytes()));
    places.extend(clients.files("when it has stopped"));
    assert!(places.iter().any(|(name, _)| name.contains("-wal")), "the write-ahead log was looked at");
    for answer in &clients.refusals {
        places.push((format!("the body of a {}", answer.status), answer.body.clone()));
    }
    let searched: usize = places.iter().map(|(_, content)| content.len()).sum();
    assert!(places.iter().any(|(_, content)| holds(content, LOGIN)), "what is no secret is found");
    for (name, content) in &places {
        for secret in &clients.secrets {
            assert!(!holds(content, secret), "{secret} is in {name}");
        }
    }
    println!(
        "{} secrets and tokens, or parts of them, looked for in {} places, {searched} bytes, {} of the places errors: 0 found",
        clients.secrets.len(),
        places.len(),
        clients.refusals.len(),
    );
}

#[test]
fn nothing_that_a_client_sends_forges_a_line_of_the_log() {
    let mut clients = Clients::new();
    let forged = "%0A2026-11-23T10:00:00.000000Z%20ERROR%20forged%1B%5B31m%00%7F%C2%85%E2%80%AE";
    for path in ["", ORDERS, BASE, TOKEN, ADMIN, "/health/ready", "/core/v141/api/orders/"] {
        let vendor = clients.world.vendor.clone();
        clients.ask(&get(&format!("{path}/{forged}")).bearer(&vendor));
        clients.ask(&get(&format!("{path}/x?{forged}={forged}")).bearer(&vendor));
        clients.ask(&post(&format!("{path}?externalId={forged}")).bearer(&vendor).form(&format!("a={forged}")));
    }
    let login = format!("grant_type=client_credentials&client_id={forged}&client_secret={forged}");
    clients.ask(&post(TOKEN).form(&login));
    for name in
        ["User-Agent", "Idempotency-Key", "Accept", "Content-Type", "Authorization", "If-Match", "X-Forwarded-For"]
    {
        clients.ask(&delete(&format!("{ORDERS}/x")).header(name, "a\t\u{85}\u{9b}31m\u{202e}b"));
        clients.send_unheard(&delete(ORDERS).header(name, "a\u{1b}[31m\u{0}\u{7}b").bytes());
        clients.send_unheard(&delete(ORDERS).header(name, "a\r2026-11-23T10:00:00.000000Z ERROR forged").bytes());
    }
    clients.send_unheard(b"GET /\x1b[31m\n2026 HTTP/1.1\r\n\r\n");
    clients.send_unheard(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x1b[31m\n\n\n");
    let log = clients.log_and_stop();
    assert!(log.contains("forged"), "what was sent is in the log, encoded:\n{log}");
    for line in log.lines() {
        let hidden = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!line.contains(hidden), "{line:?}");
        assert!(
            line.starts_with("20") && line.as_bytes().get(26) == Some(&b'Z'),
            "not a line of the program: {line:?}"
        );
        let level = line[27..].trim_start().split(' ').next();
        assert!(!(level == Some("ERROR") && line.contains("forged")), "{line:?}");
    }
}

/// A data folder that lost its keys: the start is refused before anything depends on new ones, and
/// the ways out lead out.
fn keys_that_do_not_open_what_is_sealed(engine: Engine) {
    let mut deployment = Deployment::on(engine, &["--allow-network", "127.0.0.0/8"]);
    let world = World::make(&deployment, 1);
    let send = |deployment: &Deployment, token: &str, request: Request| {
        deployment.connect().exchange(&request.bearer(token).bytes()).unwrap()
    };
    let hook = post(&format!("{BASE}/webhookEndpoints")).json(&json!({"url": "http://127.0.0.1:9/hook"}));
    let hook = format!("{BASE}/webhookEndpoints/{}", text(&send(&deployment, &world.vendor, hook).done(), "ref"));
    let plans = send(&deployment, &world.operator, get(&format!("{BASE}/connectivityPlans"))).done();
    let plan = format!("{BASE}/connectivityPlans/{}", text(&plans[0], "ref"));
    let signed = json!({"notification": {"subscribedUrl": "http://127.0.0.1:9/", "format": "JSON"}});
    send(&deployment, &world.operator, request("PUT", &plan).json(&signed)).done();
    assert_eq!(deployment.stop().0, Some(0));
    let kept = tempfile::tempdir().unwrap();
    for key in ["secret.key", "signing.key"] {
        std::fs::rename(deployment.data().join(key), kept.path().join(key)).unwrap();
    }

    let (data, database) = (deployment.data(), deployment.database_url());
    let serve = ["serve", "--listen", "127.0.0.1:0", "--database", &database, "--adopt-keys", "--data"];
    let refused = Running::attempt(program(&[&serve[..], &[data.to_str().unwrap()]].concat()));
    let (status, said) = refused.err().expect("it is refused");
    assert_eq!(status.code(), Some(1), "{said}");
    let key = data.join("secret.key");
    for part in [&key.display().to_string(), "1 webhook endpoints and 1 products", "--accept-unreadable-secrets"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    for key in ["secret.key", "signing.key"] {
        let _ = std::fs::rename(data.join(key), kept.path().join(format!("new {key}")));
        std::fs::copy(kept.path().join(key), data.join(key)).unwrap();
    }
    deployment.serve(&[]);
    assert_eq!(deployment.stop().0, Some(0), "with the right keys it starts");

    for key in ["secret.key", "signing.key"] {
        std::fs::remove_file(data.join(key)).unwrap();
    }
    deployment.serve(&["--accept-unreadable-secrets", "--adopt-keys", "--allow-network", "127.0.0.0/8"]);
    assert!(
        deployment.running().stderr().contains("does not open the signing secrets"),
        "{}",
        deployment.running().stderr()
    );
    let tested = |deployment: &Deployment| {
        text(&send(deployment, &world.operator, post(&format!("{hook}/test"))).done(), "failure")
    };
    assert!(tested(&deployment).starts_with("secret_unreadable"));
    send(&deployment, &world.vendor, post(&format!("{hook}/rotateSecret")).json(&json!({}))).done();
    assert!(tested(&deployment).starts_with("connect_failed"), "a rotated secret signs at once");
    send(&deployment, &world.operator, request("PUT", &format!("{plan}?rotateSecret=true"))).done();
    assert_eq!(deployment.stop().0, Some(0));
    deployment.serve(&[]);
    assert_eq!(deployment.stop().0, Some(0), "all secrets are this key's now");
    deployment.verify();
}

#[test]
fn keys_that_do_not_open_what_is_sealed_are_refused_on_sqlite() {
    keys_that_do_not_open_what_is_sealed(Engine::Sqlite);
}

#[test]
fn keys_that_do_not_open_what_is_sealed_are_refused_on_postgres() {
    keys_that_do_not_open_what_is_sealed(Engine::Postgres);
}

impl Clients {
    fn new() -> Clients {
        let deployment = Deployment::start(&["--log", "trace", "--allow-network", "127.0.0.0/8"]);
        let world = World::make(&deployment, 2);
        let mut clients = Clients { deployment, world, secrets: Vec::new(), refusals: Vec::new() };
        for secret in [SECRET, BASIC, WRONG, WRONG_BASIC, KEY] {
            clients.secrets.push(secret.to_owned());
        }
        clients.keep_token(&clients.world.operator.clone());
        clients.keep_token(&clients.world.vendor.clone());
        clients.secrets.push(clients.world.client.1.clone());
        clients
    }

    /// A token, and what of it is no less secret: its claims and its signature.
    fn keep_token(&mut self, token: &str) {
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!(parts.len(), 3);
        self.secrets.extend([token, parts[1], parts[2]].map(str::to_owned));
    }

    fn files(&self, when: &str) -> Vec<(String, Vec<u8>)> {
        let files = files(&self.deployment.data());
        files.into_iter().map(|(name, content)| (format!("{name} {when}"), content)).collect()
    }

    /// What the program has logged up to now. Then it is stopped.
    fn log_and_stop(&mut self) -> String {
        let log = self.deployment.running().stderr();
        assert_eq!(self.deployment.stop().0, Some(0));
        log
    }

    fn ask(&mut self, request: &Request) -> Answer {
        let answer = self.deployment.connect().exchange(&request.bytes()).unwrap();
        assert!(answer.status < 500, "{}", answer.text());
        if answer.status >= 400 {
            self.refusals.push(answer.clone());
        }
        answer
    }

    /// Sends what may not even be HTTP.
    fn send_unheard(&mut self, bytes: &[u8]) {
        let mut connection = self.deployment.connect();
        connection.send(bytes).unwrap();
        connection.end_sending().unwrap();
        if let Ok(answer) = connection.receive() {
            self.refusals.push(answer);
        }
    }

    fn use_tokens(&mut self) {
        let (client, secret) = self.world.client.clone();
        let client = client.replace('/', "%2F");
        let form = format!("grant_type=client_credentials&client_id={client}&client_secret={secret}");
        for query in ["?renewToken=true", "?renewToken=true&validityPeriod=infinite", "?validityPeriod=5minutes"] {
            let token = text(&self.ask(&post(&format!("{TOKEN}{query}")).form(&form)).done(), "access_token");
            self.keep_token(&token);
            self.world.vendor = token;
        }
        let basic =
            post(TOKEN).header("Authorization", &format!("Basic {BASIC}")).form("grant_type=client_credentials");
        self.ask(&basic).done();
        let token = self.world.vendor.clone();
        self.ask(&get(&format!("{ADMIN}/oauth/tokeninfo?access_token={token}"))).done();
        self.ask(&post(&format!("{ADMIN}/oauth/revoke_token?access_token={token}"))).done();
        for path in ["oauth/tokeninfo", "nothing/here", "profiles"] {
            self.ask(&get(&format!("{ADMIN}/{path}?access_token={token}")));
        }
        self.ask(&get(ORDERS).bearer(&token));
        self.world.vendor = text(&self.ask(&post(TOKEN).form(&form)).done(), "access_token");
        self.keep_token(&self.world.vendor.clone());
    }

    fn use_secrets(&mut self) {
        let (users, vendor) = (format!("{BASE}/users"), self.world.vendor.clone());
        let made = self.ask(&post(&users).bearer(&vendor).key(KEY).json(&json!({"email": "joe@acme.example"}))).done();
        let user = format!("{users}/{}", text(&made, "ref"));
        let mut secrets = vec![text(&made, "clientSecret")];
        for query in ["?resetPassword=true", "?resetPassword=true&keepPrevious=false"] {
            let reset = self.ask(&request("PUT", &format!("{user}{query}")).bearer(&vendor)).done();
            secrets.push(text(&reset, "clientSecret"));
        }
        let token = log_in(&mut self.deployment.connect(), &text(&made, "clientId"), &secrets[2]);
        self.keep_token(&token);
        self.ask(&delete(&user).bearer(&vendor)).done();
        self.ask(&get(ORDERS).bearer(&token));
        for secret in &secrets {
            self.ask(&login("joe@acme.example", secret));
        }
        self.secrets.extend(secrets);
    }

    /// Secrets of webhook endpoints, which have to be read again for each message that they sign.
    fn use_signing_secrets(&mut self) {
        let (endpoints, vendor) = (format!("{BASE}/webhookEndpoints"), self.world.vendor.clone());
        // Nobody listens there.
        let body = json!({"url": "http://127.0.0.1:1/hooks"});
        let made = self.ask(&post(&endpoints).bearer(&vendor).key(KEY).json(&body)).done();
        let endpoint = format!("{endpoints}/{}", text(&made, "ref"));
        let mut secrets = vec![text(&made, "secret")];
        for _ in 0..2 {
            let test = self.ask(&post(&format!("{endpoint}/test")).bearer(&self.world.operator.clone())).done();
            assert!(text(&test, "failure").starts_with("connect_failed"), "{test}");
            let rotated = self.ask(&post(&format!("{endpoint}/rotateSecret")).bearer(&vendor)).done();
            secrets.push(text(&rotated, "secret"));
        }
        for secret in secrets {
            let leaked = json!({"url": "http://127.0.0.1:1/", "secret": secret});
            self.ask(&request("PUT", &endpoint).bearer(&vendor).json(&leaked));
            self.ask(&get(&format!("{endpoint}/attempts?eventId={}", secret.replace('+', "%2B"))).bearer(&vendor))
                .done();
            self.secrets.push(secret.trim_start_matches("whsec_").to_owned());
        }
        self.ask(&get(&endpoint).bearer(&vendor)).done();
        self.ask(&delete(&endpoint).bearer(&vendor)).done();
    }

    fn use_wrong_ones(&mut self) {
        for client in [LOGIN, "nobody@example.com", "other%2Fclient"] {
            for _ in 0..3 {
                assert!(matches!(self.ask(&login(client, WRONG)).status, 401 | 429));
            }
        }
        let basic = post(TOKEN).header("Authorization", &format!("Basic {WRONG_BASIC}"));
        assert!(matches!(self.ask(&basic.form("grant_type=client_credentials")).status, 401 | 429));
        let mut forged = self.world.vendor.clone();
        forged.truncate(forged.len() - 8);
        self.ask(&get(ORDERS).bearer(&forged));
        self.ask(&get(ORDERS).bearer(WRONG));
        self.ask(&get(&format!("{ADMIN}/oauth/tokeninfo?access_token={WRONG}")));
        self.secrets.push(forged);
    }

    fn put_them_where_they_do_not_belong(&mut self) {
        let (token, (client, secret)) = (self.world.vendor.clone(), self.world.client.clone());
        let client = client.replace('/', "%2F");
        let mut values = vec![token.clone(), secret.clone(), WRONG.to_owned()];
        values.push(self.world.operator.clone());
        for value in values {
            let grant = format!("grant_type=client_credentials&client_id={client}");
            self.ask(&post(&format!("{TOKEN}?client_secret={value}")).form(&grant));
            self.ask(&post(TOKEN).form(&format!("{grant}&client_secret={value}&client_secret={value}")));
            self.ask(&post(TOKEN).form(&format!("{grant}&client_secret={secret}&validityPeriod={value}")));
            self.ask(&post(TOKEN).form(&format!("{grant}&client_secret={secret}&renewToken={value}")));
            self.ask(&post(TOKEN).form(&format!("grant_type={value}&client_id={value}&client_secret={value}")));
            self.ask(&post(TOKEN).json(&json!({"client_secret": value})));
            self.ask(&get(&format!("{ORDERS}?access_token={value}")));
            self.ask(&get(&format!("{ORDERS}?state={value}&limit={value}&after={value}")).bearer(&token));
            self.ask(
                &post(&format!("{ORDERS}?withProcessingStrategyId={value}")).bearer(&token).json(&self.body(&value)),
            );
            self.ask(&post(ORDERS).bearer(&token).form(&format!("client_secret={value}")));
            self.ask(
                &post(ORDERS).bearer(&token).header("Idempotency-Key", &value).json(&Value::String(value.clone())),
            );
            self.ask(&get(ORDERS).header("Authorization", &value).header("Cookie", &format!("token={value}")));
            self.ask(&get("/health/ready").bearer(&value));
            self.ask(&get(&format!("/nothing?access_token={value}")).bearer(&value));
            self.send_unheard(
                format!("GET {ORDERS} HTTP/1.1\r\nAuthorization: Bearer {value}\r\nbroken\r\n\r\n").as_bytes(),
            );
        }
    }

    fn body(&self, value: &str) -> Value {
        json!({"offerId": value, "subscriberId": self.world.subscribers[0], "quantity": value})
    }

    fn use_keys(&mut self) {
        let subscriber = self.world.subscribers[0].clone();
        let first = self.ask(&self.world.place(&subscriber, 1, Some("PO-1")).key(KEY)).done();
        self.ask(&self.world.place(&subscriber, 1, Some("PO-1")).key(KEY)).done();
        assert_eq!(self.ask(&self.world.place(&subscriber, 2, None).key(KEY)).status, 422);
        let vendor = self.world.vendor.clone();
        let one = format!("{ORDERS}/{}", text(&first, "ref"));
        self.ask(&delete(&one).bearer(&vendor).key(KEY)).done();
        self.ask(&delete(&one).bearer(&vendor).key(KEY)).done();
    }
}

fn holds(content: &[u8], text: &str) -> bool {
    content.windows(text.len()).any(|window| window == text.as_bytes())
}

fn login(client: &str, secret: &str) -> Request {
    post(TOKEN).form(&format!("grant_type=client_credentials&client_id={client}&client_secret={secret}"))
}
