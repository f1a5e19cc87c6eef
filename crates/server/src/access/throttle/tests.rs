use super::{Throttle, Wait};
use orderpark_domain::Instant;
use std::net::IpAddr;

const CLIENT: &str = "default/jane@acme.example";

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn at(seconds: i64) -> Instant {
    Instant(0).plus_seconds(1_000_000 + seconds)
}

fn fail(throttle: &Throttle, now: Instant) -> Result<(), Wait> {
    throttle.fail(CLIENT, address("192.0.2.1"), now)
}

fn five_failures(throttle: &Throttle) {
    for _ in 0..5 {
        assert_eq!(fail(throttle, at(0)), Ok(()));
    }
}

#[test]
fn failure_throttling_takes_1_3_5_10_s_steps_after_the_fifth_failure() {
    let throttle = Throttle::new();
    five_failures(&throttle);
    let mut now = 0;
    for pause in [1, 3, 5, 10, 10, 10] {
        let seconds = u32::try_from(pause).unwrap();
        assert_eq!(fail(&throttle, at(now)), Err(Wait { seconds }));
        assert_eq!(fail(&throttle, Instant(at(now + pause).0 - 1)), Err(Wait { seconds: 1 }));
        now += pause;
        assert_eq!(fail(&throttle, at(now)), Ok(()));
    }
}

#[test]
fn failure_throttling_is_never_a_lock_that_shuts_the_victim_out() {
    let throttle = Throttle::new();
    five_failures(&throttle);
    assert!(fail(&throttle, at(0)).is_err());
    throttle.succeed(CLIENT, address("192.0.2.1"));
    five_failures(&throttle);
}

#[test]
fn failure_throttling_is_per_client_id_and_address() {
    let throttle = Throttle::new();
    five_failures(&throttle);
    assert_eq!(throttle.fail(CLIENT, address("192.0.2.2"), at(0)), Ok(()));
    assert_eq!(throttle.fail("default/other@acme.example", address("192.0.2.1"), at(0)), Ok(()));
    assert!(throttle.fail(CLIENT, address("::ffff:192.0.2.1"), at(0)).is_err(), "the same address in IPv6 clothes");
}

#[test]
fn failure_throttling_takes_a_64_bit_network_for_one_address() {
    let throttle = Throttle::new();
    for host in 1..=5 {
        assert_eq!(throttle.fail(CLIENT, address(&format!("2001:db8::{host}")), at(0)), Ok(()));
    }
    assert!(throttle.fail(CLIENT, address("2001:db8::ffff"), at(0)).is_err());
    assert_eq!(throttle.fail(CLIENT, address("2001:db8:0:1::1"), at(0)), Ok(()));
}

#[test]
fn failure_throttling_forgets_a_pause_when_the_clock_is_set_back() {
    let throttle = Throttle::new();
    five_failures(&throttle);
    assert_eq!(fail(&throttle, at(-86_400)), Ok(()));
}

#[test]
fn failure_throttling_has_bounded_memory() {
    let throttle = Throttle::remembering(100);
    for number in 0..10_000 {
        let client = format!("default/{number}");
        assert_eq!(throttle.fail(&client, address("192.0.2.1"), at(0)), Ok(()));
    }
    assert!(throttle.counts.len() <= 100);
}
