//! Orders that nobody settles any more, and who settles them when several want to.

use crate::harness::{Answer, Engine, text};
use crate::receiver::{Receiver, Says};
use crate::shop::{AskingShop, notification};
use orderpark_domain::OrderState;
use orderpark_server::suppliers::sweep::{Sweep, sweep};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

pub async fn an_abandoned_order_is_refused_after_a_while(engine: Engine) {
    let receiver = Receiver::saying(Says::Status(200)).await;
    let told = vec![notification(&receiver.url, "COMMIT_ONLY"), notification(&receiver.url, "TRY_COMMIT")];
    let shop = AskingShop::with(engine, told).await;
    let order = shop.abandoned().await.order.to_string();
    assert_eq!(sweep(&shop.world.app).await, Ok(0), "somebody may still be asking");
    shop.world.pass_seconds(14);
    assert_eq!(sweep(&shop.world.app).await, Ok(0));
    shop.world.pass_seconds(2);
    assert_eq!(sweep(&shop.world.app).await, Ok(1));
    assert_eq!(shop.read(&order).await.state, OrderState::Rejected);
    let refs: Vec<u64> = shop.products.iter().map(|product| text(product, "ref").parse().unwrap()).collect();
    let expected = json!({"order": order, "refused": refs[1], "unreachable": true, "declined": [refs[0]]});
    assert_eq!(shop.settlements(), [expected], "who may have been asked is to be told");
    assert_eq!(sweep(&shop.world.app).await, Ok(0));
    shop.world.journal().verify();
}

/// More than one page of them, and none twice.
pub async fn all_of_many_are_refused(engine: Engine) {
    let receiver = Receiver::saying(Says::Status(200)).await;
    let shop = AskingShop::of(engine, &[&receiver]).await;
    for _ in 0..130 {
        shop.abandoned().await;
    }
    shop.world.pass_seconds(20);
    let (one, other) = tokio::join!(sweep(&shop.world.app), sweep(&shop.world.app));
    assert_eq!(one.expect("swept") + other.expect("swept"), 130);
    assert_eq!(shop.settlements().len(), 130);
    shop.world.journal().verify();
}

/// Waits for the database, which a task must not.
fn execute(shop: &AskingShop, sql: &str) {
    std::thread::scope(|scope| scope.spawn(|| shop.world.database.execute(sql)).join()).expect("executed");
}

/// Of the oldest orders, more than a page cannot be refused: their product cannot be read.
pub async fn who_cannot_be_refused_keeps_nobody_waiting(engine: Engine) {
    let receiver = Receiver::saying(Says::Status(200)).await;
    let mut shop = AskingShop::of(engine, &[&receiver, &receiver]).await;
    for _ in 0..120 {
        shop.abandoned().await;
    }
    shop.offer_id = "acme/other".into();
    let offer = json!({"id": shop.offer_id, "name": "Other", "items": [{"productId": shop.products[1]["id"]}]});
    shop.vendor.post("/offers", offer).await.expect(201);
    let (last, product) = (shop.abandoned().await, text(&shop.products[0], "ref"));
    shop.world.pass_seconds(20);
    let told = shop.world.database.look(&format!("select notification from products where ref = {product}"));
    execute(&shop, &format!("update products set notification = '[7]' where ref = {product}"));
    assert_eq!(sweep(&shop.world.app).await, Ok(1));
    assert_eq!(shop.read(&last.order.to_string()).await.state, OrderState::Rejected);
    let mended = told[0][0].replace('\'', "''");
    execute(&shop, &format!("update products set notification = '{mended}' where ref = {product}"));
    assert_eq!(sweep(&shop.world.app).await, Ok(120));
    shop.world.journal().verify();
}

/// An order that was placed before the clock was set back will not be old for a day.
pub async fn an_order_from_the_future_is_refused_too(engine: Engine) {
    let receiver = Receiver::saying(Says::Status(200)).await;
    let shop = AskingShop::of(engine, &[&receiver]).await;
    shop.abandoned().await;
    shop.world.pass_seconds(-1800);
    let (mut sweep, began) = (Sweep::default(), Instant::now());
    let app = &shop.world.app;
    assert_eq!(sweep.pass(app, began).await, Ok(0));
    assert_eq!(sweep.pass(app, began + Duration::from_secs(10)).await, Ok(0), "somebody may still be asking");
    let second = shop.abandoned().await;
    assert_eq!(sweep.pass(app, began + Duration::from_secs(15)).await, Ok(1));
    assert_eq!(shop.read(&second.order.to_string()).await.state, OrderState::Pending, "it came later");
    assert_eq!(sweep.pass(app, began + Duration::from_secs(25)).await, Ok(0));
    assert_eq!(sweep.pass(app, began + Duration::from_secs(30)).await, Ok(1));
    assert_eq!(shop.settlements().len(), 2);
    shop.world.journal().verify();
}

/// A supplier that agrees when the sweeper has given the order up does not change anything any more.
pub async fn the_sweeper_may_come_first(engine: Engine) {
    let receiver = Receiver::saying(Says::Later(200)).await;
    let shop = AskingShop::of(engine, &[&receiver]).await;
    let keyed = shop.subscriber.key("K");
    let (answer, ()) = tokio::join!(keyed.post("/orders", shop.body()), async {
        receiver.has_heard(1).await;
        shop.world.pass_seconds(20);
        assert_eq!(sweep(&shop.world.app).await, Ok(1));
        receiver.release();
    });
    let problem = answer.refused(409, "supplier_unreachable");
    assert!(text(&problem, "message").contains("net/app-0"), "{problem}");
    keyed.post("/orders", shop.body()).await.refused(409, "supplier_unreachable");
    assert_eq!(shop.settlements().len(), 1, "only the first settlement counts");
    assert_eq!(shop.orders().await[0]["state"], "REJECTED");
    shop.world.journal().verify();
}

/// P-08, through HTTP: who cancels, who asks, and the sweeper, all at once. One settlement wins, and at most one cancelling after it.
pub async fn of_all_racers_one_settles_and_at_most_one_cancels(engine: Engine) {
    let receiver = Receiver::saying(Says::Status(200)).await;
    let shop = AskingShop::of(engine, &[&receiver]).await;
    let races = if engine == Engine::Sqlite { 150 } else { 50 };
    for race in 0..races {
        let (settled, length) = (shop.settlements().len(), shop.world.journal().length());
        receiver.says(Says::Status(if race % 3 == 0 { 409 } else { 200 }));
        let placing = async { shop.subscriber.key(&format!("race {race}")).post("/orders", shop.body()).await };
        let sweeping = async {
            if race % 2 == 0 {
                receiver.has_heard(race + 1).await;
                shop.world.pass_seconds(20);
            }
            sweep(&shop.world.app).await.expect("swept")
        };
        let cancelling = async {
            receiver.has_heard(race + 1).await;
            let order = text(&shop.orders().await[0], "ref");
            let path = format!("/orders/{order}");
            let cancels = (0..12).map(|_| shop.subscriber.delete(&path));
            (order, futures_util::future::join_all(cancels).await)
        };
        let (answer, _, (order, cancels)) = tokio::join!(placing, sweeping, cancelling);
        let row = shop.read(&order).await;
        assert_eq!(shop.settlements().len(), settled + 1, "race {race}");
        let is_cancelled = |cancel: &&Answer| cancel.status == 200 && cancel.json()["state"] == "CANCELLED";
        let cancelled = cancels.iter().any(|cancel| is_cancelled(&cancel));
        let state = match (answer.status, cancelled) {
            (201, true) => OrderState::Cancelled,
            (201, false) => OrderState::Active,
            (409, false) => OrderState::Rejected,
            other => panic!("race {race}: {other:?} {}", answer.text()),
        };
        assert_eq!((row.state, row.revision), (state, 2 + u32::from(cancelled)), "race {race}");
        assert_eq!(shop.world.journal().length(), length + 2 + i64::from(cancelled), "race {race}");
        for cancel in cancels.iter().filter(|cancel| cancel.status != 200) {
            cancel.refused(409, "order_pending");
        }
    }
    shop.world.journal().verify();
}
