use super::*;

#[test]
fn order_refs_are_version_7_and_grow_with_every_microsecond() {
    let start = Instant(1_795_430_400_000_000);
    let mut last = OrderRef::mint(start, u64::MAX);
    for micros in 1..5_000 {
        let next = OrderRef::mint(Instant(start.0 + micros), 0);
        assert_eq!(next.0.get_version_num(), 7);
        assert_eq!(next.0.get_variant(), uuid::Variant::RFC4122);
        assert!(next > last, "the ref of microsecond {micros} sorts after the one before");
        last = next;
    }
}

#[test]
fn a_subscription_knows_its_order() {
    let order = OrderRef::mint(Instant(1_795_430_400_000_123), 0xABCD_EF01_2345);
    for position in [1, 2, 1000] {
        let subscription = order.subscription(position);
        assert_eq!(subscription.order(), order);
        assert_eq!(subscription.position(), position);
        assert_eq!(SubscriptionRef::parse(&subscription.to_string()), Some(subscription));
    }
}

#[test]
fn refs_have_one_spelling_but_for_the_case_of_their_digits() {
    assert_eq!(PartyRef::parse("983"), Some(PartyRef(983)));
    for wrong in ["", "0", "0983", "+1", "-1", " 1", "1 ", "1e3", "1234567890123456", "٣"] {
        assert_eq!(PartyRef::parse(wrong), None, "{wrong:?}");
    }
    let order = OrderRef::mint(Instant(1_795_430_400_000_123), 0xFFFF_FFFF);
    assert_eq!(OrderRef::parse(&order.to_string()), Some(order));
    assert_eq!(OrderRef::parse(&order.to_string().to_uppercase()), Some(order));
    assert_eq!(OrderRef::parse(&order.0.simple().to_string()), None);
    assert_eq!(OrderRef::parse(&order.subscription(1).to_string()), None);
}
