//! What is asked, step by step: whatever the isolation test asks, and what no honest client does.

use crate::Pair;
use crate::bodies::bodies;
use crate::harness::{Answer, Chance, Raw};
use crate::oracle::Eyes;
use crate::requests::Maker;
use http::Method;
use serde_json::Value;

/// A town is left when so few people can still ask.
const PEOPLE_MIN: usize = 8;
/// And nobody new is taken in beyond so many.
const PEOPLE_MAX: usize = 40;

const BASES: [&str; 6] = [
    "/core/v141/api",
    "/core/v155/api",
    "/core/latest/api",
    "/core/latest/api",
    "/thingpark/dx/core/v155/api",
    "/thingpark/dx/core/latest/api",
];
const TOKEN: &str = "/admin/latest/api/oauth/token";
const FORM: &str = "application/x-www-form-urlencoded";

/// Parameters that mean nothing, too much, or the same twice.
const QUERIES: [&str; 12] = [
    "pageIndex=-1",
    "pageIndex=0&pageIndex=1",
    "limit=0",
    "limit=1000000",
    "limit=3&pageIndex=1",
    "after=nothing",
    "state=none",
    "createdFrom=yesterday",
    "unknown=1",
    "offerId=%00",
    "subscriberId=%F0%9F%98%80",
    "%61=%ff",
];

/// What is to be sent, and how much time passes before.
pub struct Step {
    pub raw: Raw,
    pub micros: i64,
}

/// Somebody who asks, on both engines.
struct Person {
    user: u64,
    client_id: String,
    secret: String,
    token: String,
}

/// The script, and what it knows of the two deployments.
pub struct Script<'c> {
    pub pair: Pair,
    chance: &'c Chance,
    people: Vec<Person>,
    hostile: Vec<Vec<u8>>,
    /// Requests with a key that were carried out, and may come again.
    keyed: Vec<Raw>,
    /// Keys that were used.
    keys: usize,
}

impl<'c> Script<'c> {
    pub fn new(pair: Pair, chance: &'c Chance) -> Script<'c> {
        let people = pair.one.people.iter().map(|person| Person {
            user: person.user,
            client_id: person.client_id.clone(),
            secret: person.secret.clone(),
            token: person.caller.token.clone().unwrap_or_default(),
        });
        let people = people.collect();
        let short = bodies().into_iter().map(|(_, body, _)| body).filter(|body| body.len() < 4096);
        Script { pair, chance, people, hostile: short.collect(), keyed: Vec::new(), keys: 0 }
    }

    /// Whether there are enough people left.
    pub fn goes_on(&self) -> bool {
        self.people.len() >= PEOPLE_MIN
    }

    pub fn next(&mut self) -> Step {
        let micros = match self.chance.below(100) {
            0..70 => 0,
            70..90 => 1,
            90..99 => i64::try_from(self.chance.below(3_000_000)).expect("a small number"),
            _ => 3_600_000_000,
        };
        let raw = match self.chance.below(100) {
            0..8 => self.token(),
            8..14 if !self.keyed.is_empty() => self.chance.pick(&self.keyed).clone(),
            _ => self.operation(),
        };
        Step { raw, micros }
    }

    /// Something about tokens.
    fn token(&self) -> Raw {
        let person = self.chance.pick(&self.people);
        let secret = if self.chance.percent(90) { person.secret.as_str() } else { "not-the-secret-of-anybody-at-all" };
        let info = |what: &str| format!("/admin/latest/api/oauth/{what}?access_token={}", person.token);
        match self.chance.below(10) {
            0..3 => login(&person.client_id, secret, ""),
            3..5 => login(&person.client_id, secret, "?renewToken=true"),
            5 => login(&person.client_id, secret, "?validityPeriod=5minutes"),
            6..8 => Raw::new(Method::GET, info("tokeninfo")),
            8 => Raw::new(Method::POST, info("revoke_token")),
            _ => Raw::new(Method::GET, "/admin/latest/api/profiles").bearer(Some(&person.token)),
        }
    }

    /// Any operation of the table, mostly as somebody would ask it.
    fn operation(&mut self) -> Raw {
        let chance = self.chance;
        let who = if chance.percent(15) { 0 } else { chance.index(self.people.len()) };
        let town = &mut self.pair.one;
        let grants = town.model.users[&self.people[who].user].grants.clone();
        let eyes = Eyes { model: &town.model, grants: &grants };
        let asked = Maker { chance, canaries: &mut town.canaries, eyes }.make();
        let mut target = format!("{}{}", chance.pick(&BASES), asked.path());
        if chance.percent(4) {
            let mark = if target.contains('?') { '&' } else { '?' };
            target = format!("{target}{mark}{}", chance.pick(&QUERIES));
        }
        let method = match chance.below(100) {
            0..2 => Method::PATCH,
            2..6 if asked.method == Method::GET => Method::HEAD,
            _ => asked.method.clone(),
        };
        let mut raw = Raw::new(method, target);
        for (name, value) in asked.headers {
            raw = raw.with(name, value);
        }
        if asked.method == Method::POST || asked.method == Method::PUT {
            let hostile = chance.percent(6);
            raw = raw.json(if hostile { chance.pick(&self.hostile).clone() } else { asked.body.into_bytes() });
        }
        let raw = match chance.below(100) {
            0..2 => raw,
            2..4 => raw.bearer(Some(&"made.up.token".to_owned())),
            _ => raw.bearer(Some(&self.people[who].token)),
        };
        self.with_key(raw)
    }

    /// Some writes get a key that nobody has used.
    fn with_key(&mut self, raw: Raw) -> Raw {
        if has_key(&raw) || raw.method == Method::GET || !self.chance.percent(40) {
            return raw;
        }
        self.keys += 1;
        raw.with("idempotency-key", format!("key {}", self.keys))
    }

    /// Takes in what was answered: what there is now, who has another token or secret, who is new and who is gone.
    pub async fn learn(&mut self, raw: &Raw, answer: &Answer) -> Result<(), String> {
        self.pair.one.learn();
        if has_key(raw) && answer.status < 300 {
            self.keyed.push(raw.clone());
        }
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let new = if said["primaryUser"].is_object() { &said["primaryUser"] } else { &said };
        if raw.target.starts_with(TOKEN) && answer.status == 200 {
            self.renew(said["client_id"].as_str().unwrap_or_default(), &said["access_token"]);
        } else if let (Some(secret), Some(user)) = (new["clientSecret"].as_str(), new["ref"].as_str()) {
            let user = user.parse().expect("a number");
            let client_id = new["clientId"].as_str().unwrap_or_default().to_owned();
            self.people.retain(|person| person.user != user);
            if self.people.len() < PEOPLE_MAX {
                self.log_in(Person { user, client_id, secret: secret.to_owned(), token: String::new() }).await?;
            }
        }
        self.leave(raw, answer).await
    }

    fn renew(&mut self, client_id: &str, token: &Value) {
        if let Some(person) = self.people.iter_mut().find(|person| person.client_id == client_id) {
            token.as_str().unwrap_or_default().clone_into(&mut person.token);
        }
    }

    /// Whoever is not known any more asks for another token, or leaves.
    async fn leave(&mut self, raw: &Raw, answer: &Answer) -> Result<(), String> {
        let at = self.people.iter().position(|person| {
            let bearer = format!("Bearer {}", person.token).into_bytes();
            raw.headers.iter().any(|(name, value)| *name == "authorization" && *value == bearer)
        });
        match at {
            Some(at) if answer.status == 401 => {
                let person = self.people.swap_remove(at);
                self.log_in(person).await
            }
            _ => Ok(()),
        }
    }

    /// Asks for a token; whoever gets none stays away.
    async fn log_in(&mut self, person: Person) -> Result<(), String> {
        let answer = self.pair.ask(&login(&person.client_id, &person.secret, "")).await?;
        self.pair.one.learn();
        if let Some(token) = answer.filter(|answer| answer.status == 200).map(|answer| answer.json()) {
            let token = token["access_token"].as_str().unwrap_or_default().to_owned();
            self.people.push(Person { token, ..person });
        }
        Ok(())
    }
}

fn has_key(raw: &Raw) -> bool {
    raw.headers.iter().any(|(name, _)| *name == "idempotency-key")
}

fn login(client_id: &str, secret: &str, query: &str) -> Raw {
    let client_id = client_id.replace('/', "%2F").replace('+', "%2B");
    let form = format!("grant_type=client_credentials&client_id={client_id}&client_secret={secret}");
    Raw { body: form.into_bytes(), ..Raw::new(Method::POST, format!("{TOKEN}{query}")) }.with("content-type", FORM)
}
