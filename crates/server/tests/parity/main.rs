//! P-07: SQLite and PostgreSQL answer the same, byte for byte.
//!
//! One random script is carried out on a deployment of each engine, with the same clock, the same chance and the same
//! signing key. It has every operation, from everybody whom it may concern or not: on what is there, is another's, is gone or
//! never was; bodies that are right, wrong or no JSON at all; keys that come again; preconditions, pages, filters; tokens that are
//! renewed, revoked or made up; and time that passes. Each answer has to be the same, status, headers and body, but for `date`,
//! `errorId` and how long a request to a webhook endpoint took. In the end the journals are the same, hashes too, and
//! `verify` finds nothing in either. Only what seals a secret is chance of its own: it is left out, and with it the hashes.
//!
//! A failure prints the seed, and the first step that was answered differently with both answers.

#[path = "../hostile_text/bodies.rs"]
mod bodies;
#[path = "../harness/mod.rs"]
mod harness;
#[allow(dead_code, reason = "this test asks for less of it")]
#[path = "../isolation/model.rs"]
mod model;
#[allow(dead_code, reason = "this test asks for less of it")]
#[path = "../isolation/oracle.rs"]
mod oracle;
#[path = "../isolation/people.rs"]
mod people;
#[path = "../isolation/requests.rs"]
mod requests;
mod script;

use harness::{Answer, Chance, Engine, Raw, World};
use http::HeaderMap;
use orderpark_server::Settings;
use orderpark_server::access::Signer;
use people::Town;
use script::{Script, Step};

/// Steps of one seed; two seeds make 5,000.
const STEPS: usize = 2_500;

/// The same deployment twice.
struct Pair {
    /// On SQLite; it is also where the script reads what there is.
    one: Town,
    /// On PostgreSQL.
    other: Town,
}

impl Pair {
    async fn build(chance: &Chance) -> Pair {
        let signer = Signer::open(None, chance).expect("a signer");
        let town = async |engine: Engine| {
            let world = World::signing(engine, Settings::default(), signer.clone()).await;
            Town::build(world, &chance.clone()).await
        };
        let (one, other) = (town(Engine::Sqlite).await, town(Engine::Postgres).await);
        // The first of them begins where both towns have ended.
        chance.number();
        Pair { one, other }
    }

    /// Asks both; answers what both have answered.
    async fn ask(&self, raw: &Raw) -> Result<Option<Answer>, String> {
        let one = raw.clone().send(&self.one.world.router).await;
        let other = raw.clone().send(&self.other.world.router).await;
        match (&one, &other) {
            (None, None) => Ok(None),
            (Some(said), Some(also)) if told(said) == told(also) => Ok(one),
            _ => Err(format!(
                "{}\n  sqlite:   {}\n  postgres: {}",
                asked(raw),
                shown(one.as_ref()),
                shown(other.as_ref())
            )),
        }
    }

    fn pass_micros(&self, micros: i64) {
        self.one.world.pass_micros(micros);
        self.other.world.pass_micros(micros);
    }

    #[track_caller]
    fn verify(&self, seed: u64) {
        let journals = [&self.one.journal, &self.other.journal];
        for journal in journals {
            journal.verify();
        }
        let [one, other] = journals.map(|journal| unsealed(journal.lines()));
        for (here, there) in one.iter().zip(&other) {
            assert_eq!(here, there, "seed {seed}: the journals part here");
        }
        assert_eq!(one.len(), other.len(), "seed {seed}");
    }
}

/// Lines of a journal without what seals secrets, and without the hashes from there on.
fn unsealed(lines: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let first = lines.iter().position(|line| line[2].contains(SEALED)).unwrap_or(lines.len());
    let numbered = lines.into_iter().enumerate();
    let without = numbered.map(|(n, line)| match line.as_slice() {
        [seq, at, entry, _] if n >= first => vec![seq.clone(), at.clone(), without_value(entry, SEALED, '"')],
        _ => line,
    });
    without.collect()
}

const SEALED: &str = "\"sealed\":\"";
const TOOK: &str = "\"durationMs\":";

/// A text without what stands between each `before` and the next `end`.
fn without_value(text: &str, before: &str, end: char) -> String {
    let mut parts = text.split(before);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, part| {
        let rest = part.find(end).map_or("", |at| &part[at..]);
        format!("{shown}{before}{rest}")
    })
}

/// What an answer says, but for its `errorId`, its date, and how long something took.
fn told(answer: &Answer) -> (u16, HeaderMap, String) {
    let mut headers = answer.headers.clone();
    headers.remove("date");
    let mut body = without_value(&answer.text(), TOOK, ',');
    if let Some(error_id) = serde_json::from_str::<serde_json::Value>(&body).ok().as_ref().and_then(error_id) {
        body = body.replace(error_id, "");
    }
    (answer.status, headers, body)
}

fn error_id(body: &serde_json::Value) -> Option<&str> {
    body["errorId"].as_str()
}

fn asked(raw: &Raw) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers: Vec<String> = raw.headers.iter().map(|(name, value)| format!("{name}: {}", text(value))).collect();
    format!("{} {} {headers:?} {:?}", raw.method, raw.target, text(&raw.body))
}

fn shown(answer: Option<&Answer>) -> String {
    answer.map_or("nothing".to_owned(), |answer| format!("{} {:?} {}", answer.status, answer.headers, answer.text()))
}

/// How often what was answered, so that a script that asks too little is found out.
#[derive(Debug, Default)]
struct Tally {
    steps: usize,
    read: usize,
    written: usize,
    refused: usize,
    replayed: usize,
    not_modified: usize,
}

impl Tally {
    fn count(&mut self, answer: &Answer, writes: bool) {
        let (done, count) = (answer.status < 300, |yes: bool| usize::from(yes));
        self.read += count(done && !writes);
        self.written += count(done && writes);
        self.refused += count((400..500).contains(&answer.status));
        self.replayed += count(answer.header("idempotent-replayed") == "true");
        self.not_modified += count(matches!(answer.status, 304 | 412));
    }

    fn is_enough(&self) -> bool {
        let enough =
            [(self.read, 5), (self.written, 10), (self.refused, 5), (self.replayed, 200), (self.not_modified, 200)];
        enough.into_iter().all(|(count, part)| count > self.steps / part)
    }
}

async fn script_of(seed: u64) {
    let chance = Chance::seeded(seed);
    let mut tally = Tally::default();
    while tally.steps < STEPS {
        let pair = Pair::build(&chance).await;
        let mut script = Script::new(pair, &chance);
        while tally.steps < STEPS && script.goes_on() {
            tally.steps += 1;
            let Step { raw, micros } = script.next();
            script.pair.pass_micros(micros);
            let answer = script.pair.ask(&raw).await;
            let answer = answer.unwrap_or_else(|wrong| panic!("seed {seed}, step {}: {wrong}", tally.steps));
            if let Some(answer) = answer {
                assert!(answer.status < 500, "seed {seed}, step {}: {}", tally.steps, shown(Some(&answer)));
                tally.count(&answer, raw.method != http::Method::GET && raw.method != http::Method::HEAD);
                script.learn(&raw, &answer).await.unwrap_or_else(|wrong| panic!("seed {seed}: {wrong}"));
            }
        }
        script.pair.verify(seed);
    }
    assert!(tally.is_enough(), "seed {seed} asks too little: {tally:?}");
}

#[tokio::test]
async fn both_engines_answer_the_same_1() {
    script_of(71).await;
}

#[tokio::test]
async fn both_engines_answer_the_same_2() {
    script_of(73).await;
}
