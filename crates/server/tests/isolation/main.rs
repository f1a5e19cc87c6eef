//! nobody reads or writes what is another party's, by chance and through the real router.
//!
//! A world has three of each kind of party at least, people who act for one or several of them, and a canary in every
//! text: a word that occurs nowhere else. People ask for anything at random. The journal, read from the database beside the
//! server, tells a model what there is; an oracle, written from domain.md and sharing nothing with the server, says who may
//! see which canary and who may have had which entry written. Every byte of every answer is looked through, headers too:
//! for canaries, for refs of orders and subscriptions, for ids of subscribers. Lists must hold all that may be seen, and a
//! GET must find it. That tables and journal agree is proved at the end of each world.
//!
//! A failure prints the seed and the number of the case.

#[path = "../harness/mod.rs"]
mod harness;
mod model;
mod oracle;
mod people;
mod requests;

use harness::{Answer, Chance, Engine, World};
use http::Method;
use model::{Grant, Model, Place, canaries, uuid};
use oracle::Eyes;
use people::Town;
use requests::{Asked, Maker};
use serde_json::Value;
use std::collections::BTreeSet;

/// Cases of one seed; ten seeds make 20,000, and one more asks the other engine.
const CASES: usize = 2_000;
/// A world is left when so many were asked in it, or when too few people are left.
const CASES_OF_A_WORLD: usize = 400;
const PEOPLE_MIN: usize = 8;

/// What came of the cases, so that a test that tests nothing is found out.
#[derive(Debug, Default)]
struct Tally {
    cases: usize,
    reads: usize,
    writes: usize,
    canaries: usize,
    hidden: usize,
}

async fn cases_of(engine: Engine, seed: u64) {
    let chance = Chance::seeded(seed);
    let mut tally = Tally::default();
    while tally.cases < CASES {
        let mut town = Town::build(World::on(engine).await, &chance).await;
        let end = CASES.min(tally.cases + CASES_OF_A_WORLD);
        while tally.cases < end && town.people.len() >= PEOPLE_MIN {
            tally.cases += 1;
            let number = tally.cases;
            if let Err(wrong) = case(&mut town, &chance, &mut tally).await {
                panic!("seed {seed}, case {number}: {wrong}");
            }
        }
        town.journal.verify();
    }
    let Tally { cases, reads, writes, canaries, hidden } = tally;
    let enough = [(reads, 5), (writes, 10), (hidden, 10)].into_iter().all(|(count, part)| count > cases / part);
    assert!(enough && canaries > cases, "seed {seed} tests too little: {tally:?}");
}

async fn case(town: &mut Town, chance: &Chance, tally: &mut Tally) -> Result<(), String> {
    // The operator sees and may do all: it shakes the world, but every tenth time is enough.
    let who = if chance.percent(10) { 0 } else { chance.index(town.people.len()) };
    let grants = town.model.users[&town.people[who].user].grants.clone();
    let eyes = Eyes { model: &town.model, grants: &grants };
    let asked = Maker { chance, canaries: &mut town.canaries, eyes }.make();
    let caller = asked.headers.iter().fold(town.people[who].caller.clone(), |c, (name, value)| c.with(name, value));
    let answer = caller.send(asked.method.clone(), &asked.path(), asked.body.clone().into()).await;
    let found = Eyes { model: &town.model, grants: &grants }.find_for(&asked);
    let before: BTreeSet<String> = unseen(&town.model, &grants, &asked, &answer, tally);
    let written = town.journal.since(town.read);
    judge_writing(town, who, &grants, &asked, &answer, &written)?;
    town.take_in(&written);
    // A canary that is shown may have been planted or uncovered by this very request.
    let after = unseen(&town.model, &grants, &asked, &answer, &mut Tally::default());
    if let Some(leak) = before.intersection(&after).next() {
        return Err(format!("{grants:?} read {leak} in {} {}", answer.asked, shown(&answer)));
    }
    judge_reading(&town.model, &grants, &asked, &answer, found)?;
    judge_counts(&town.model, &grants, &asked, &answer)?;
    tally.reads += usize::from(answer.status == 200 && asked.method == Method::GET);
    tally.writes += usize::from(!written.is_empty());
    tally.hidden += usize::from(answer.status == 404);
    if answer.status == 401 || asked.query.contains("resetPassword") {
        return_or_leave(town, who, &asked, &answer).await;
    }
    Ok(())
}

fn shown(answer: &Answer) -> String {
    format!("which answered {} {:?} {}", answer.status, answer.headers, answer.text())
}

impl Eyes<'_> {
    fn find_for(&self, asked: &Asked) -> Option<bool> {
        let path_ref = asked.path_ref.as_ref()?;
        // What a supplier was sent is as secret as where.
        let product =
            path_ref.parse().ok().filter(|_| asked.below == "/attempts" && asked.collection != "/webhookEndpoints");
        let may_know = product
            .is_none_or(|product| self.model.products.contains_key(&product) && self.see(Place::Notification(product)));
        Some(may_know && self.find(asked.collection, path_ref))
    }
}

/// What stands in an answer and may not be read by whoever holds these grants, and was not said in the request.
fn unseen(model: &Model, grants: &[Grant], asked: &Asked, answer: &Answer, tally: &mut Tally) -> BTreeSet<String> {
    let eyes = Eyes { model, grants };
    let mut text = answer.text();
    for (name, value) in &answer.headers {
        text.extend(["\n", name.as_str(), ": ", &String::from_utf8_lossy(value.as_bytes())]);
    }
    let said = format!("{} {}", asked.path(), asked.body);
    let mut unseen = BTreeSet::new();
    for canary in canaries(&text).filter(|canary| !said.contains(canary)) {
        tally.canaries += 1;
        let mut places = model.canaries.get(canary).into_iter().flatten();
        if !places.any(|place| eyes.see(*place)) {
            unseen.insert(format!("{canary} of {:?}", model.canaries.get(canary)));
        }
    }
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(|word| !said.contains(word));
    for word in words {
        let order = uuid(word).is_some_and(|number| !eyes.see_uuid(number));
        let party = word.strip_prefix("100000").filter(|rest| rest.len() == 3).and_then(|rest| rest.parse().ok());
        let subscriber = party.is_some_and(|party| {
            let known = model.parties.get(&party).is_some_and(|row| row.id == word);
            known && !eyes.see_subscriber(party)
        });
        if order || subscriber {
            unseen.insert(word.to_owned());
        }
    }
    unseen
}

/// What was written is the caller's to write, in the caller's name, and only where it was told so.
fn judge_writing(
    town: &Town,
    who: usize,
    grants: &[Grant],
    asked: &Asked,
    answer: &Answer,
    written: &[Value],
) -> Result<(), String> {
    let refused = answer.status >= 300 || asked.method == Method::GET;
    if refused && !written.is_empty() {
        return Err(format!("{} was refused, {}, and wrote {written:?}", answer.asked, shown(answer)));
    }
    let eyes = Eyes { model: &town.model, grants };
    for entry in written {
        if entry["by"] != town.people[who].user {
            return Err(format!("{} wrote in another's name: {entry}", answer.asked));
        }
        if let Some(objection) = eyes.objection(entry, written) {
            return Err(format!("{}: {objection}", answer.asked));
        }
    }
    Ok(())
}

/// A plan shows the connections of whoever looks, and tells nobody how many others have.
fn judge_counts(model: &Model, grants: &[Grant], asked: &Asked, answer: &Answer) -> Result<(), String> {
    if asked.collection != "/connectivityPlans" || asked.method != Method::GET || answer.status != 200 {
        return Ok(());
    }
    let answered = answer.json();
    for plan in answered.as_array().unwrap_or(&vec![answered.clone()]) {
        let counts = ["grantedConnections", "usedConnections"].map(|name| harness::text(plan, name));
        let product = harness::text(plan, "ref").parse().expect("a number");
        let expected = Eyes { model, grants }.counts(product);
        if counts != expected {
            return Err(format!("{grants:?} expected {expected:?}: {} {}", answer.asked, shown(answer)));
        }
    }
    Ok(())
}

/// What may be seen is there, and what may not is not.
fn judge_reading(
    model: &Model,
    grants: &[Grant],
    asked: &Asked,
    answer: &Answer,
    found: Option<bool>,
) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("{grants:?} {what}: {} {}", answer.asked, shown(answer)));
    let replayed = answer.header("idempotent-replayed") == "true";
    match (answer.status, found) {
        (500.., _) => wrong("met a fault of the server"),
        (200, Some(false)) if !replayed => wrong("was answered about what it may not see"),
        (404, Some(true)) if asked.method == Method::GET => wrong("did not find what it may see"),
        (200, None) if asked.method == Method::GET => {
            // What has to be told of whom is proved with the store; what may not be told, above.
            if asked.collection == "/events" {
                return Ok(());
            }
            let whole = ["", "state=ALL", "orderable=true"].contains(&asked.query.as_str());
            let expected = Eyes { model, grants }.listed(asked.collection, &asked.query);
            let rows = answer.json();
            let refs: BTreeSet<String> =
                rows.as_array().into_iter().flatten().map(|row| harness::text(row, "ref")).collect();
            if whole && refs != expected { wrong(&format!("expected {expected:?}")) } else { Ok(()) }
        }
        _ => Ok(()),
    }
}

/// A token dies with its secret, its scopes or its user. Whoever can gets a new one; the others leave.
async fn return_or_leave(town: &mut Town, who: usize, asked: &Asked, answer: &Answer) {
    if answer.status == 200 {
        let reset: u64 = asked.path_ref.as_ref().and_then(|path_ref| path_ref.parse().ok()).unwrap_or_default();
        let secret = answer.json()["clientSecret"].as_str().unwrap_or_default().to_owned();
        if let Some(person) = town.people.iter_mut().find(|person| person.user == reset && !secret.is_empty()) {
            person.secret = secret;
        }
        return;
    }
    if answer.status == 401 {
        let person = &town.people[who];
        let user = &town.model.users[&person.user];
        if user.lives && user.has_secret && who != 0 {
            let caller = town.world.login(&person.client_id, &person.secret).await;
            town.people[who].caller = caller;
        } else {
            town.people.swap_remove(who);
        }
        town.learn();
    }
}

macro_rules! seeds {
    ($($name:ident $engine:ident $seed:literal;)+) => {
        $(#[tokio::test]
        async fn $name() {
            cases_of(Engine::$engine, $seed).await;
        })+
    };
}

seeds! {
    nobody_reads_or_writes_what_is_anothers_1 Sqlite 1;
    nobody_reads_or_writes_what_is_anothers_2 Sqlite 2;
    nobody_reads_or_writes_what_is_anothers_3 Sqlite 3;
    nobody_reads_or_writes_what_is_anothers_4 Sqlite 4;
    nobody_reads_or_writes_what_is_anothers_5 Sqlite 5;
    nobody_reads_or_writes_what_is_anothers_6 Sqlite 6;
    nobody_reads_or_writes_what_is_anothers_7 Sqlite 7;
    nobody_reads_or_writes_what_is_anothers_8 Sqlite 8;
    nobody_reads_or_writes_what_is_anothers_9 Sqlite 9;
    nobody_reads_or_writes_what_is_anothers_10 Sqlite 10;
    nobody_reads_or_writes_what_is_anothers_on_postgres Postgres 11;
}
