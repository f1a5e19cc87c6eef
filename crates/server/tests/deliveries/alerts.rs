//! Lines of the operator's log about receivers that fail.

use super::harness::log::Log;
use super::harness::{Engine, text};
use super::receiver::Receiver;
use super::{Scene, a_moment};

/// The first failure, one a day, the recovery and the end; and of the address only the host.
pub async fn an_operator_is_told_of_a_receiver_that_fails(engine: Engine) {
    let (scene, receiver) = (Scene::on(engine).await, Receiver::with(|_| Some((500, None))).await);
    let (log, _until_the_end) = Log::begin();
    let endpoint = scene.endpoint(&format!("{}?token=hidden", receiver.url)).await;
    let (name, host) =
        (text(&endpoint, "ref"), receiver.url.trim_start_matches("http://").trim_end_matches("/hook").to_owned());
    let whose = format!("webhook endpoint {name} of VENDOR:{}", scene.shop.vendor.party);
    let order = scene.order().await;
    scene.logs(&endpoint, 1).await;
    let is_told = |line: &String| line.contains(&whose) || line.contains(&format!("endpoint={name} "));
    let told = || log.lines().into_iter().filter(is_told).collect::<Vec<_>>();
    scene.world.pass_seconds(90_000);
    for _ in 0..1500 {
        if told().len() == 2 {
            break;
        }
        a_moment().await;
    }
    receiver.turns(|_| Some((200, None)));
    scene.passes_until(&receiver, 600, 3).await;
    receiver.turns(|_| Some((410, None)));
    scene.vendor().await.delete(&format!("/orders/{order}")).await.expect(200);
    scene.shows(&endpoint, |seen| seen["state"] == "DISABLED").await;
    scene.running.stop().await;

    let of_it = |what: &str| format!("deliveries to {whose} {what}");
    let expected = [
        format!("WARN {} host=\"{host}\" why=\"status: the answer was 500\"", of_it("fail")),
        format!("WARN {} host=\"{host}\" why=\"status: the answer was 500\" since=2026-", of_it("still fail")),
        format!("INFO {} since=2026-", of_it("succeed again")),
        format!("WARN {} host=\"{host}\" why=\"status: the answer was 410\"", of_it("fail")),
        format!("WARN a webhook endpoint was disabled endpoint={name} owner=VENDOR:{}", scene.shop.vendor.party),
    ];
    let told = told();
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (line, expected) in told.iter().zip(&expected) {
        assert!(line.starts_with(expected), "{line} is not {expected}");
    }
    assert!(!log.lines().iter().any(|line| line.contains("hidden") || line.contains("/hook")), "{told:#?}");
}
