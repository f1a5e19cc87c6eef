//! What the operator's log says of receivers that fail.

use super::harness::log::Log;
use super::harness::{Engine, text};
use super::receiver::Receiver;
use super::{Scene, a_moment};

/// The first failure, one a day, the recovery and the end; and of the address only the host.
pub async fn an_operator_is_told_of_a_receiver_that_fails(engine: Engine) {
    let (scene, receiver) = (Scene::on(engine).await, Receiver::with(|_| Some((500, None))).await);
    let (log, _until_the_end) = Log::begin();
    let endpoint = scene.endpoint(&format!("{}?token=hidden", receiver.url)).await;
    let (name, host) = (text(&endpoint, "ref"), receiver.url.strip_prefix("http://").expect("http").to_owned());
    let whose = format!("webhook endpoint {name} of VENDOR:{}", scene.shop.vendor.party);
    let order = scene.order().await;
    scene.logs(&endpoint, 1).await;
    let told = || log.lines().into_iter().filter(|line| line.contains(&name)).collect::<Vec<_>>();
    for _ in 0..1500 {
        if told().len() == 2 {
            break;
        }
        scene.world.pass_seconds(1_800);
        a_moment().await;
    }
    receiver.turns(|_| Some((200, None)));
    scene.passes_until(&receiver, 600, 3).await;
    receiver.turns(|_| Some((410, None)));
    scene.vendor().await.delete(&format!("/orders/{order}")).await.expect(200);
    scene.shows(&endpoint, |seen| seen["state"] == "DISABLED").await;
    scene.running.stop().await;

    let begins = ["fail", "still fail", "succeed again"].map(|what| format!("deliveries to {whose} {what}"));
    let told = told();
    assert_eq!(told.len(), 4, "{told:#?}");
    for (line, (level, begin)) in told.iter().zip(["WARN", "WARN", "INFO"].into_iter().zip(begins)) {
        assert!(line.starts_with(&format!("{level} {begin}")), "{line}");
    }
    assert!(told[0].contains("status: the answer was 500") && told[1].contains("failures="), "{told:#?}");
    assert!(told[3].starts_with("WARN a webhook endpoint was disabled") && told[3].contains("gone"), "{told:#?}");
    let host = host.trim_end_matches("/hook");
    assert!(told.iter().filter(|line| line.contains(host)).count() == 3, "{told:#?}");
    assert!(!log.lines().iter().any(|line| line.contains("hidden") || line.contains("/hook")), "{told:#?}");
}
