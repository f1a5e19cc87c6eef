//! Asking again for an order whose suppliers are being asked: with its key, or with its `externalId`.

use crate::harness::{Answer, Caller, Engine, text};
use crate::receiver::{Receiver, Says};
use crate::shop::AskingShop;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The ways to say that an order is the same one.
const WAYS: [Way; 2] = [Way::Key, Way::ExternalId];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Key,
    ExternalId,
}

impl Way {
    async fn ask(self, shop: &AskingShop, who: &Caller) -> Answer {
        match self {
            Way::Key => who.key("K").post("/orders", shop.body()).await,
            Way::ExternalId => who.post("/orders", json!({"offerId": shop.offer_id, "externalId": "PO-1"})).await,
        }
    }

    /// Whether an answer says what it has to of being the first one again.
    fn check(self, answer: &Answer) {
        let expected = if self == Way::Key { "true" } else { "" };
        assert_eq!(answer.header("idempotent-replayed"), expected, "{self:?}");
    }
}

fn without_id(problem: &Value) -> Value {
    let mut problem = problem.clone();
    problem.as_object_mut().expect("a problem").remove("errorId");
    problem
}

/// Who comes while it runs waits, and is answered what the first one is.
pub async fn who_comes_meanwhile_is_answered_the_same(engine: Engine) {
    for (way, status) in WAYS.into_iter().flat_map(|way| [(way, 200), (way, 409)]) {
        let receiver = Receiver::saying(Says::Later(status)).await;
        let shop = AskingShop::of(engine, &[&receiver]).await;
        // A file has one node.
        let router = if engine == Engine::Postgres { shop.world.node() } else { shop.world.router.clone() };
        let other_node = Caller::new(router, shop.subscriber.token.clone());
        let (first, again, elsewhere, ()) = tokio::join!(
            way.ask(&shop, &shop.subscriber),
            async {
                receiver.has_heard(1).await;
                way.ask(&shop, &shop.subscriber).await
            },
            async {
                receiver.has_heard(1).await;
                way.ask(&shop, &other_node).await
            },
            async {
                receiver.has_heard(1).await;
                tokio::time::sleep(Duration::from_millis(300)).await;
                receiver.release();
            }
        );
        assert_eq!(first.status, if status == 200 { 201 } else { 409 }, "{way:?} {}", first.text());
        for answer in [again, elsewhere] {
            assert_eq!(answer.status, first.status, "{way:?} {}", answer.text());
            assert_eq!(without_id(&answer.json()), without_id(&first.json()), "{way:?}");
            assert_eq!(answer.header("etag"), first.header("etag"));
            way.check(&answer);
        }
        assert_eq!((receiver.heard().len(), shop.orders().await.len()), (1, 1), "it is one order, asked about once");
    }
}

/// Who waited two seconds in vain shall come again.
pub async fn who_waits_too_long_shall_come_again(engine: Engine) {
    for way in WAYS {
        let receiver = Receiver::saying(Says::Later(200)).await;
        let shop = AskingShop::of(engine, &[&receiver]).await;
        let (first, (again, took)) = tokio::join!(way.ask(&shop, &shop.subscriber), async {
            receiver.has_heard(1).await;
            let began = Instant::now();
            let again = way.ask(&shop, &shop.subscriber).await;
            let took = began.elapsed();
            receiver.release();
            (again, took)
        });
        again.refused(409, "order_pending");
        assert_eq!((again.header("retry-after"), again.header("idempotent-replayed")), ("1", ""));
        assert!(took >= Duration::from_secs(2) && took < Duration::from_secs(4), "{took:?}");
        assert_eq!(first.expect(201)["state"], "ACTIVE");
    }
}

/// The first answer under a key is the first answer for ever, whatever became of the order.
pub async fn a_key_answers_what_it_was_settled_to(engine: Engine) {
    let receiver = Receiver::saying(Says::Status(200)).await;
    let shop = AskingShop::of(engine, &[&receiver]).await;
    let first = Way::Key.ask(&shop, &shop.subscriber).await;
    let order = first.expect(201);
    for _ in 0..2 {
        let again = Way::Key.ask(&shop, &shop.subscriber).await;
        assert_eq!((again.expect(201), again.header("etag")), (order.clone(), first.header("etag")));
        assert_eq!(again.header("location"), first.header("location"));
        Way::Key.check(&again);
        shop.subscriber.delete(&format!("/orders/{}", text(&order, "ref"))).await.expect(200);
    }
    let v141 = shop.subscriber.at("/core/v141/api");
    assert_eq!(Way::Key.ask(&shop, &v141).await.expect(200), order);
    let other = json!({"offerId": shop.offer_id, "quantity": 2});
    shop.subscriber.key("K").post("/orders", other).await.refused(422, "key_reused");
    assert_eq!(receiver.heard().len(), 1);
}

pub async fn an_order_that_was_refused_stays_refused(engine: Engine) {
    for (status, reason) in [(409, "rejected_by_supplier"), (503, "supplier_unreachable")] {
        let receiver = Receiver::saying(Says::Status(status)).await;
        let shop = AskingShop::of(engine, &[&receiver]).await;
        let first = Way::Key.ask(&shop, &shop.subscriber).await.refused(409, reason);
        // Its supplier would agree now, but nobody asks again.
        receiver.says(Says::Status(200));
        shop.world.pass_seconds(400 * 24 * 60 * 60);
        let subscriber = shop.world.login(&shop.subscriber.client_id, &shop.subscriber.client_secret).await;
        let again = Way::Key.ask(&shop, &subscriber).await;
        assert_eq!(without_id(&again.refused(409, reason)), without_id(&first));
        Way::Key.check(&again);
        assert_eq!((shop.settlements().len(), receiver.heard().len()), (1, 1));
        // Another key is another order.
        let new = subscriber.key("other").post("/orders", shop.body()).await;
        assert_eq!(new.expect(201)["state"], "ACTIVE");
    }
}

/// A rejected order can be tidied away, and gives its `externalId` free: to another order, also
/// with other content.
pub async fn a_rejected_order_stands_in_nobodys_way(engine: Engine) {
    let receiver = Receiver::saying(Says::Status(503)).await;
    let shop = AskingShop::of(engine, &[&receiver]).await;
    let subscriber = &shop.subscriber;
    Way::ExternalId.ask(&shop, subscriber).await.refused(409, "supplier_unreachable");
    let rejected = shop.orders().await[0].clone();
    let (path, length) = (format!("/orders/{}", text(&rejected, "ref")), shop.world.journal().length());
    for caller in [subscriber.key("D"), subscriber.key("D"), (**subscriber).clone()] {
        let answer = caller.delete(&path).await;
        assert_eq!((answer.expect(200), answer.header("idempotent-replayed")), (rejected.clone(), ""));
    }
    assert_eq!(shop.world.journal().length(), length, "nothing is written");

    Way::ExternalId.ask(&shop, subscriber).await.refused(409, "supplier_unreachable");
    receiver.says(Says::Status(200));
    let other = json!({"offerId": shop.offer_id, "externalId": "PO-1", "quantity": 2});
    let order = subscriber.key("K").post("/orders", other.clone()).await.expect(201);
    assert_eq!(subscriber.post("/orders", other).await.expect(201), order);
    Way::ExternalId.ask(&shop, subscriber).await.refused(409, "external_id_taken");
    let all = subscriber.get("/orders?externalId=PO-1&state=ALL").await.expect(200);
    let states: Vec<_> = all.as_array().expect("a list").iter().map(|order| text(order, "state")).collect();
    assert_eq!(states, ["ACTIVE", "REJECTED", "REJECTED"]);
    shop.world.journal().verify();
}

/// Of many who want the `externalId` of a rejected order at once, one gets it.
pub async fn who_takes_a_free_external_id_has_it_alone(engine: Engine) {
    let receiver = Receiver::saying(Says::Status(409)).await;
    let shop = AskingShop::of(engine, &[&receiver]).await;
    Way::ExternalId.ask(&shop, &shop.subscriber).await.refused(409, "rejected_by_supplier");
    receiver.says(Says::Status(200));
    let node = if engine == Engine::Postgres { shop.world.node() } else { shop.world.router.clone() };
    let elsewhere = Caller::new(node, shop.subscriber.token.clone());
    let place = async |n: u32| {
        let body = json!({"offerId": shop.offer_id, "externalId": "PO-1", "quantity": n});
        if n.is_multiple_of(2) {
            shop.subscriber.post("/orders", body).await
        } else {
            elsewhere.post("/orders", body).await
        }
    };
    let answers = futures_util::future::join_all((1..=16).map(place)).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.refused(409, "external_id_taken");
    }
    shop.world.journal().verify();
}

/// What was found by its `externalId` is the order as it is, and who found it under a key finds it so for ever.
pub async fn an_order_that_was_found_is_as_it_is(engine: Engine) {
    let receiver = Receiver::saying(Says::Status(200)).await;
    let shop = AskingShop::of(engine, &[&receiver]).await;
    let body = json!({"offerId": shop.offer_id, "externalId": "PO-1"});
    let order = shop.subscriber.post("/orders", body.clone()).await.expect(201);
    let found = shop.subscriber.key("K").post("/orders", body.clone()).await;
    assert_eq!((found.expect(201), found.header("idempotent-replayed")), (order.clone(), ""));
    let cancelled = shop.subscriber.delete(&format!("/orders/{}", text(&order, "ref"))).await.expect(200);
    assert_eq!(shop.subscriber.post("/orders", body.clone()).await.expect(201), cancelled);
    assert_eq!(shop.subscriber.key("K").post("/orders", body).await.expect(201), order);
}
