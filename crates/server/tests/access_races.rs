//! Changes of access that happen in the middle of something else.

mod harness;

use axum::body::Body;
use futures_util::FutureExt;
use harness::World;
use orderpark_server::access;
use orderpark_server::problem::Reason;
use serde_json::json;
use std::net::IpAddr;
use std::time::Duration;

#[tokio::test]
async fn a_token_that_dies_while_the_body_arrives_is_dead() {
    let world = World::new().await;
    let shop = world.shop("net", "acme").await;
    let order = json!({"offerId": shop.offer_id}).to_string();
    let (arrive, arrived) = tokio::sync::oneshot::channel::<String>();
    let body = Body::from_stream(futures_util::stream::once(arrived));
    let caller = shop.subscriber.caller.clone();
    let mut sent = Box::pin(caller.post_raw("/orders", body));
    assert!((&mut sent).now_or_never().is_none());
    let path = format!("/oauth/revoke_token?access_token={}", caller.token.clone().unwrap_or_default());
    world.nobody().at("/admin/latest/api").post_raw(&path, "").await.expect(200);
    arrive.send(order).expect("a body that is read");
    sent.await.refused(401, "unauthorized");
}

/// The client hangs up as soon as the change is handed in. The clock stands still, so nothing grows old by itself.
#[tokio::test]
async fn a_change_is_effective_at_once_also_if_its_client_hangs_up() {
    let world = World::new().await;
    let victim = world.vendor("acme").await;
    let journal = world.journal();
    victim.get("/offers").await.expect(200);
    let before = journal.length();
    let path = format!("/vendors/{}", victim.party);
    {
        let mut sent = Box::pin(world.operator.delete(&path));
        assert!((&mut sent).now_or_never().is_none());
    }
    let dead = async {
        while journal.length() == before || victim.get("/offers").await.status != 401 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), dead).await.expect("the token dies");
}

#[tokio::test]
async fn a_user_who_is_deleted_while_it_gets_a_token_is_not_proved() {
    let world = World::new().await;
    let vendor = world.vendor("acme").await;
    let client = access::ClientId::parse(&vendor.client_id, &world.app.settings);
    let address = IpAddr::from([127, 0, 0, 1]);
    let proved = access::prove(&world.app, &client, &vendor.client_secret, address).await.expect("the right secret");
    world.operator.delete(&format!("/vendors/{}", vendor.party)).await.expect(200);
    let issued =
        access::issue(&world.app, &client, proved.user, proved.secret, access::Validity::hours(1), false).await;
    let problem = issued.err().expect("no token");
    let expected = format!("no client '{client}' has this secret: check client_id and client_secret");
    assert_eq!((problem.reason(), problem.message()), (Reason::Unauthorized, expected.as_str()));
}
