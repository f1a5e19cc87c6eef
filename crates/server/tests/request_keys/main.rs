//! P-02: a request key finds its first answer however the same request is spelled, and refuses every other request.
//!
//! All 10,000 generated bodies, and on PostgreSQL 1,000 more, go through HTTP, a hundred at once, so that the committer
//! shares its batches. Each is sent once; then the client renews its token; then each is sent again, spelled differently
//! and at another base path, and gets the first answer byte for byte; then with one value changed, and is refused. Some go
//! on: another client, another operation, and 400 days.

#[path = "../harness/mod.rs"]
mod harness;
mod spelling;

use futures_util::future::join_all;
use harness::{Answer, Caller, Chance, Engine, Member, Shop, World, text};
use orderpark_domain::order::{OfferName, PlaceOrder};
use orderpark_domain::{Command, Intent, PartyRef, RequestKey, Scope, UserRef};
use serde_json::{Value, json};
use spelling::spell;

/// Bodies of one seed, in hundreds; four seeds make 10,000.
const WAVES: usize = 25;
/// Of the one seed on PostgreSQL.
const POSTGRES_WAVES: usize = 10;
const BODIES_OF_A_WAVE: usize = 100;

const BASES: [&str; 4] =
    ["/core/v155/api", "/core/latest/api", "/thingpark/dx/core/v155/api", "/thingpark/dx/core/latest/api"];

/// An order that somebody wants, with its key.
#[derive(Clone)]
struct Wish {
    key: String,
    body: Value,
    strategy: Option<&'static str>,
}

/// What wishes are made of: names that mean the two offers and the two subscribers.
struct Choices {
    offers: [(String, String); 2],
    subscribers: [(String, String); 2],
}

const STRATEGIES: [&str; 4] = ["DATAFLOW", "DEFAULTRP", "IOT_FLOW", "ROUTE"];

impl Choices {
    fn wish(&self, chance: &Chance, key: String) -> Wish {
        let mut body = json!({});
        let (id, offer) = chance.pick(&self.offers);
        if chance.percent(50) {
            body["offerId"] = json!(id);
        } else {
            body["offerRef"] = json!(offer);
        }
        let (id, subscriber) = chance.pick(&self.subscribers);
        if chance.percent(50) {
            body["subscriberId"] = json!(id);
        } else {
            body["subscriberRef"] = json!(subscriber);
        }
        if chance.percent(70) {
            body["quantity"] = json!(1 + chance.below(1000));
        }
        if chance.percent(40) {
            body["externalId"] = json!(format!("PO/{key} é中😀"));
        }
        let strategy = chance.percent(30).then(|| *chance.pick(&STRATEGIES));
        Wish { key, body, strategy }
    }

    /// The same wish with one value changed, added or taken away.
    fn changed(&self, wish: &Wish, chance: &Chance) -> Wish {
        let mut wish = wish.clone();
        let other = |pairs: &[(String, String); 2], value: &Value| {
            let ids = pairs.each_ref().map(|(id, _)| id);
            let names =
                if ids.iter().any(|id| value == id.as_str()) { ids } else { pairs.each_ref().map(|(_, by)| by) };
            json!(names.into_iter().find(|name| value != name.as_str()).expect("another one"))
        };
        match chance.below(5) {
            0 => {
                let quantity = wish.body["quantity"].as_u64().unwrap_or(1);
                wish.body["quantity"] = json!(quantity + 1);
            }
            1 => {
                let name = if wish.body["offerId"].is_string() { "offerId" } else { "offerRef" };
                wish.body[name] = other(&self.offers, &wish.body[name]);
            }
            2 => {
                let name = if wish.body["subscriberId"].is_string() { "subscriberId" } else { "subscriberRef" };
                wish.body[name] = other(&self.subscribers, &wish.body[name]);
            }
            3 => match wish.body.as_object_mut().expect("an object").remove("externalId") {
                Some(_) => {}
                None => wish.body["externalId"] = json!(format!("PO/{}", wish.key)),
            },
            _ => wish.strategy = if wish.strategy == Some("ROUTE") { None } else { Some("ROUTE") },
        }
        wish
    }
}

impl Wish {
    async fn send(&self, caller: &Caller, base: &str, body: String, encoded: bool) -> Answer {
        let query = self.strategy.map(|strategy| {
            let strategy = if encoded { strategy.replace('O', "%4F").replace('R', "%52") } else { strategy.to_owned() };
            format!("?withProcessingStrategyId={strategy}")
        });
        let slash = if encoded { "/" } else { "" };
        let path = format!("/orders{slash}{}", query.unwrap_or_default());
        caller.at(base).key(&self.key).post_raw(&path, body).await
    }

    /// The same with what goes without saying: nulls, defaults, and spaces around a text.
    fn wordy(&self, chance: &Chance) -> Value {
        let mut body = self.body.clone();
        for name in ["offerId", "offerRef", "subscriberId", "subscriberRef", "externalId", "quantity"] {
            match &mut body[name] {
                Value::String(text) if name == "externalId" && chance.percent(30) => *text = format!(" {text} "),
                value if value.is_null() && name == "quantity" && chance.percent(30) => *value = json!(1),
                value if value.is_null() && chance.percent(50) => {
                    body.as_object_mut().expect("an object").remove(name);
                }
                _ => {}
            }
        }
        body
    }

    async fn first(&self, caller: &Caller) -> Answer {
        self.send(caller, BASES[1], self.body.to_string(), false).await
    }

    async fn again(&self, caller: &Caller, chance: &Chance) -> Answer {
        let (base, body, encoded) = (*chance.pick(&BASES), spell(&self.wordy(chance), chance), chance.percent(50));
        self.send(caller, base, body, encoded).await
    }
}

async fn renewed(world: &World, member: &Member) -> Caller {
    let form = format!(
        "grant_type=client_credentials&renewToken=true&client_id={}&client_secret={}",
        member.client_id, member.client_secret
    );
    let nobody = world.nobody().at("/admin/latest/api").with("content-type", "application/x-www-form-urlencoded");
    let token = text(&nobody.post_raw("/oauth/token", form).await.expect(200), "access_token");
    Caller::new(world.router.clone(), Some(token))
}

/// Two offers, two subscribers, and the vendor who orders for them.
async fn scene(engine: Engine) -> (World, Shop, Choices) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let second = world.subscriber("acme", "second").await;
    let items = json!([{"productId": shop.application_id}]);
    let offer =
        shop.vendor.post("/offers", json!({"id": "acme/other", "name": "Other", "items": items})).await.expect(201);
    let offers = [(shop.offer_id.clone(), shop.offer_ref.clone()), (text(&offer, "id"), text(&offer, "ref"))];
    let first = (shop.subscriber.id.clone(), shop.subscriber.party.clone());
    let subscribers = [first, (second.id.clone(), second.party.clone())];
    (world, shop, Choices { offers, subscribers })
}

fn assert_replayed(again: &Answer, first: &Answer, wish: &Wish, seed: u64) {
    let (key, body) = (&wish.key, &wish.body);
    assert_eq!(again.header("idempotent-replayed"), "true", "seed {seed}, {key} {body}: {}", again.text());
    assert_eq!((again.status, &again.body), (first.status, &first.body), "seed {seed}, {key} {body}");
    assert_eq!(again.header("etag"), first.header("etag"), "seed {seed}, {key}");
}

async fn bodies_of(engine: Engine, seed: u64, waves: usize) {
    let chance = Chance::seeded(seed);
    let (world, shop, choices) = scene(engine).await;
    let journal = world.journal();
    let mut vendor = shop.vendor.caller.clone();
    for wave in 0..waves {
        let keys = (0..BODIES_OF_A_WAVE).map(|n| format!("{seed}-{wave}-{n}"));
        let wishes: Vec<Wish> = keys.map(|key| choices.wish(&chance, key)).collect();
        let firsts = join_all(wishes.iter().map(|wish| wish.first(&vendor))).await;
        for (wish, first) in wishes.iter().zip(&firsts) {
            assert_eq!(first.header("idempotent-replayed"), "", "seed {seed}, {}", wish.key);
            first.expect(201);
        }
        let old = std::mem::replace(&mut vendor, renewed(&world, &shop.vendor).await);
        old.get("/orders?limit=1").await.refused(401, "unauthorized");
        let written = journal.length();
        let chances: Vec<Chance> = wishes.iter().map(|_| chance.part()).collect();
        let again = join_all(wishes.iter().zip(&chances).map(|(wish, chance)| wish.again(&vendor, chance))).await;
        for ((wish, first), again) in wishes.iter().zip(&firsts).zip(&again) {
            assert_replayed(again, first, wish, seed);
        }
        let changed: Vec<Wish> = wishes.iter().map(|wish| choices.changed(wish, &chance)).collect();
        let refused = join_all(changed.iter().map(|wish| wish.first(&vendor))).await;
        for (wish, refused) in changed.iter().zip(&refused) {
            assert_eq!(refused.reason(), "key_reused", "seed {seed}, {} {}: {}", wish.key, wish.body, refused.text());
            assert_eq!(refused.status, 422);
        }
        assert_eq!(journal.length(), written, "seed {seed}: neither a replay nor a refusal writes");
    }
    journal.verify();
}

macro_rules! seeds {
    ($($name:ident $engine:ident $seed:literal $waves:expr;)+) => {
        $(#[tokio::test]
        async fn $name() {
            bodies_of(Engine::$engine, $seed, $waves).await;
        })+
    };
}

seeds! {
    a_key_finds_its_answer_however_the_request_is_spelled_1 Sqlite 1 WAVES;
    a_key_finds_its_answer_however_the_request_is_spelled_2 Sqlite 2 WAVES;
    a_key_finds_its_answer_however_the_request_is_spelled_3 Sqlite 3 WAVES;
    a_key_finds_its_answer_however_the_request_is_spelled_4 Sqlite 4 WAVES;
    a_key_finds_its_answer_however_the_request_is_spelled_on_postgres Postgres 8 POSTGRES_WAVES;
}

async fn a_key_belongs_to_one_client_and_one_operation(engine: Engine) {
    let chance = Chance::seeded(5);
    let (world, shop, choices) = scene(engine).await;
    let scope = format!("VENDOR:{}", shop.vendor.party);
    let colleague = world.user("colleague@acme.example", &[&scope]).await;
    for n in 0..200 {
        let wish = choices.wish(&chance, format!("key {n}"));
        let by_external_id = wish.body["externalId"].is_string();
        let vendor = &shop.vendor.caller;
        let first = wish.first(vendor).await;
        let order = first.expect(201);
        let path = format!("/orders/{}", text(&order, "ref"));
        // Another client: its own order, unless its own name for it says that it is the same one.
        let other = wish.again(&colleague, &chance).await;
        assert_eq!(other.header("idempotent-replayed"), "");
        assert_eq!(other.expect(201)["ref"] == order["ref"], by_external_id, "{}", wish.body);
        // Another operation, with the very same key.
        let made = vendor.key(&wish.key).post("/subscribers", json!({"name": "New"})).await;
        assert_eq!((made.status, made.header("idempotent-replayed")), (201, ""));
        let dry = vendor.key(&wish.key).delete(&format!("{path}?dryRun=true")).await;
        assert_eq!((dry.status, dry.header("idempotent-replayed")), (200, ""));
        let cancelled = vendor.key(&wish.key).delete(&path).await;
        assert_eq!((cancelled.status, cancelled.header("idempotent-replayed")), (200, ""));
        assert_eq!(cancelled.json()["state"], "CANCELLED");
        let twice = vendor.key(&wish.key).delete(&path).await;
        assert_eq!((twice.body.as_ref(), twice.header("idempotent-replayed")), (cancelled.body.as_ref(), "true"));
        // The first answer stays the first answer, whatever became of the order.
        let again = wish.again(vendor, &chance).await;
        assert_replayed(&again, &first, &wish, 5);
        // What is cancelled under a key is one order: the key does not cancel another one.
        if !by_external_id {
            let another = format!("/orders/{}", text(&other.json(), "ref"));
            vendor.key(&wish.key).delete(&another).await.refused(422, "key_reused");
        }
    }
    world.journal().verify();
}

async fn copies_of_a_request_at_once_make_one_order(engine: Engine) {
    let chance = Chance::seeded(6);
    let (world, shop, choices) = scene(engine).await;
    let journal = world.journal();
    for n in 0..100 {
        let wish = choices.wish(&chance, format!("key {n}"));
        let before = journal.length();
        let chances: Vec<Chance> = (0..20).map(|_| chance.part()).collect();
        let answers = join_all(chances.iter().map(|chance| wish.again(&shop.vendor, chance))).await;
        let replayed = answers.iter().filter(|answer| answer.header("idempotent-replayed") == "true").count();
        assert_eq!(replayed, 19, "{}", wish.body);
        assert!(answers.iter().all(|answer| answer.status == 201 && answer.body == answers[0].body), "{}", wish.body);
        assert_eq!(journal.length(), before + 1);
    }
    journal.verify();
}

async fn a_key_never_expires_and_a_refusal_is_not_kept(engine: Engine) {
    let chance = Chance::seeded(7);
    let (world, shop, choices) = scene(engine).await;
    let wish = choices.wish(&chance, "key".to_owned());
    let first = wish.first(&shop.vendor).await;
    for days in [31, 369] {
        world.pass_seconds(days * 86_400);
        let vendor = world.login(&shop.vendor.client_id, &shop.vendor.client_secret).await;
        let again = wish.again(&vendor, &chance).await;
        assert_replayed(&again, &first, &wish, 7);
    }
    let vendor = world.login(&shop.vendor.client_id, &shop.vendor.client_secret).await;
    let keyed = vendor.key("another");
    let offer = format!("/offers/{}", shop.offer_ref);
    vendor.put(&offer, json!({"state": "SUSPENDED"})).await.expect(200);
    let body = json!({"offerId": shop.offer_id, "subscriberId": shop.subscriber.id});
    keyed.post("/orders", body.clone()).await.refused(409, "offer_not_orderable");
    vendor.put(&offer, json!({"state": "ACTIVE"})).await.expect(200);
    let order = keyed.post("/orders", body.clone()).await;
    assert_eq!((order.status, order.header("idempotent-replayed")), (201, ""));
    assert_eq!(keyed.post("/orders", body).await.header("idempotent-replayed"), "true");
}

async fn copies_of_a_request_at_once_make_one_endpoint_and_tell_its_secret_once(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    let body = json!({"url": "https://hooks.example/", "eventTypes": ["order.activated"]});
    let keyed = vendor.key("one");
    let made = join_all((0..20).map(|_| keyed.post("/webhookEndpoints", body.clone()))).await;
    let path = format!("/webhookEndpoints/{}", text(&made[0].expect(201), "ref"));
    let rotate = format!("{path}/rotateSecret");
    let rotated = join_all((0..20).map(|_| keyed.post_raw(&rotate, ""))).await;
    for (answers, status) in [(&made, 201), (&rotated, 200)] {
        let first: Vec<_> = answers.iter().filter(|answer| answer.header("idempotent-replayed").is_empty()).collect();
        assert_eq!(first.len(), 1);
        for answer in answers {
            let is_first = answer.header("idempotent-replayed").is_empty();
            assert_eq!((answer.status, answer.json()["secret"].is_string()), (status, is_first));
            assert_eq!(answer.json()["ref"], made[0].json()["ref"]);
        }
    }
    let other = json!({"url": "https://hooks.example/"});
    keyed.post("/webhookEndpoints", other).await.refused(422, "key_reused");
    let gone = join_all((0..20).map(|_| keyed.delete(&path))).await;
    assert!(gone.iter().all(|answer| answer.status == 200 && answer.body == gone[0].body));
    keyed.post_raw(&rotate, "").await.refused(404, "not_found");
    world.journal().verify();
}

fn half_of_sha256(text: &str) -> [u8; 16] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    digest.as_ref()[..16].try_into().expect("16 bytes")
}

/// Version 0.1 kept the digest of the body as it was sent, with its nulls and defaults.
async fn a_key_that_version_0_1_kept_finds_its_answer(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let (offer, subscriber) = (&shop.offer_id, &shop.subscriber.id);
    let sent = format!(r#"{{"externalId":null,"offerId":"{offer}","quantity":1,"subscriberId":"{subscriber}",}}"#);
    let me = world.operator.get("/users?userId=operator").await.expect(200);
    let client = UserRef::parse(&text(&me[0], "ref")).expect("a ref");
    let command = PlaceOrder {
        offer: OfferName::Id(offer.clone()),
        subscriber: PartyRef::parse(&shop.subscriber.party),
        quantity: 1,
        external_id: None,
        strategy: None,
        can_ask_suppliers: true,
    };
    let (key, fingerprint) = (half_of_sha256("POST /orders\0k"), half_of_sha256(&format!("\0\0{sent}")));
    let intent = Intent::by(client, Scope::system("version 0.1"), Command::PlaceOrder(command));
    let kept = Intent { request: Some(RequestKey { client, key, fingerprint }), ..intent };
    world.app.store.commit(kept).await.expect("an order");
    let keyed = world.operator.key("k");
    let again = keyed.post_raw("/orders", sent.replace(",}", "}")).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, "true"), "{}", again.text());
    let other = json!({"offerId": offer, "subscriberId": subscriber, "quantity": 2});
    keyed.post("/orders", other).await.refused(422, "key_reused");
    world.journal().verify();
}

harness::on_each_engine! {
    a_key_that_version_0_1_kept_finds_its_answer;
    copies_of_a_request_at_once_make_one_endpoint_and_tell_its_secret_once;
    a_key_belongs_to_one_client_and_one_operation;
    copies_of_a_request_at_once_make_one_order;
    a_key_never_expires_and_a_refusal_is_not_kept;
}
