use super::*;
use crate::outside::CloudEvent;
use bytes::Bytes;
use orderpark_domain::PartyKind;
use zeroize::Zeroizing;

fn message(secrets: &[&[u8]]) -> Message {
    Message {
        url: "https://example.com/".to_owned(),
        kind: PartyKind::Subscriber,
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(),
        content_type: "application/json",
        event: None,
        body: Bytes::from_static(br#"{"test": 2432232314}"#),
        secrets: secrets.iter().map(|secret| Zeroizing::new(secret.to_vec())).collect(),
    }
}

fn signed(message: &Message, micros: i64) -> Vec<(String, String)> {
    let headers = headers(message, Instant(micros)).expect("headers");
    headers.iter().map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned())).collect()
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// Worked out by other programs: see `tests/outside/verifiers.rs` for the judges themselves.
#[test]
fn a_message_is_signed_as_standard_webhooks_says() {
    let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64");
    let headers = signed(&message(&[&secret]), 1_614_265_330_999_999);
    assert_eq!(
        headers,
        [
            pair("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            pair("webhook-timestamp", "1614265330"),
            pair("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ]
    );
}

#[test]
fn each_live_secret_signs_and_the_newest_is_first() {
    let both = signed(&message(&[b"the newer one", b"the older one"]), 5_000_000);
    let newer = signed(&message(&[b"the newer one"]), 5_000_000);
    let older = signed(&message(&[b"the older one"]), 5_000_000);
    assert_eq!(both[2].1, format!("{} {}", newer[2].1, older[2].1));
    assert_ne!(newer[2].1, older[2].1);
}

#[test]
fn without_a_secret_there_is_an_id_and_no_signature() {
    let headers = signed(&message(&[]), 5_000_000);
    assert_eq!(headers, [pair("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"), pair("webhook-timestamp", "5")]);
}

#[test]
fn json_says_in_headers_that_it_is_a_cloud_event() {
    let event = Some(CloudEvent { id: "17.0".to_owned(), kind: "order.activated", at: Instant(1_614_265_330_000_001) });
    let headers = signed(&Message { event, ..message(&[]) }, 5_000_000);
    assert_eq!(
        headers[2..],
        [
            pair("ce-specversion", "1.0"),
            pair("ce-id", "17.0"),
            pair("ce-source", "/core/latest/api/events"),
            pair("ce-type", "order.activated"),
            pair("ce-time", "2021-02-25T15:02:10.000001Z"),
        ]
    );
}

#[test]
fn an_id_that_is_no_header_is_not_sent() {
    let broken = Message { id: "evt\r\nx: y".to_owned(), ..message(&[]) };
    assert!(headers(&broken, Instant(0)).is_err());
}

#[test]
fn a_message_is_shown_without_its_secrets() {
    let shown = format!("{:?}", message(&[b"the newer one"]));
    assert!(shown.contains("1 secrets") && !shown.contains("newer"), "{shown}");
}
