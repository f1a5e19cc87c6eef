//! The journal is read for ever: what each event looks like in it, letter for letter.
//!
//! If a line of this page has to change, old journals cannot be read any more. Add attributes with a default instead.

mod harness;

use harness::{Deployment, Wish, place};
use orderpark_domain::feed::Kind;
use orderpark_domain::order::{FoundOrder, PlaceOrder, SettleOrder};
use orderpark_domain::{
    Disabled, DisabledWhy, Endpoint, EndpointRef, EndpointState, Entry, Event, Grant, Instant, Notification,
    NotificationFormat, NotificationMode, Offer, OfferItem, OfferRef, OfferState, Order, OrderRef, OrderState, Party,
    PartyKind, PartyRef, Product, ProductKind, ProductRef, Quota, Quotas, RequestKey, Role, SealedSecret, SecretHash,
    Strategy, StrategyRef, StrategyState, Subscription, SubscriptionState, Token, User, UserRef, World,
};

const AT: Instant = Instant(1_795_430_400_000_123);

fn order_ref() -> OrderRef {
    OrderRef::mint(AT, 0xABCD)
}

fn party() -> Party {
    Party {
        party: PartyRef(983),
        kind: PartyKind::Subscriber,
        id: "100000983".into(),
        name: "Alice".into(),
        vendor: Some(PartyRef(12)),
        vendor_id: Some("acme".into()),
        contact_email: Some("a@test".into()),
        organization: Some("Org".into()),
        quotas: Quotas::default(),
        revision: 2,
        closing_at: None,
        deleted_at: Some(AT),
    }
}

fn plain_party() -> Party {
    let (vendor, vendor_id, contact_email, organization, deleted_at) = (None, None, None, None, None);
    let (kind, id) = (PartyKind::Vendor, "acme".into());
    Party { kind, id, vendor, vendor_id, contact_email, organization, deleted_at, ..party() }
}

fn user() -> User {
    User {
        user: UserRef(7),
        party: PartyRef(983),
        login: "a@test".into(),
        first_name: Some("A".into()),
        last_name: Some("L".into()),
        organization: Some("Org".into()),
        grants: vec![
            Grant { kind: PartyKind::Operator, party: PartyRef(1) },
            Grant { kind: PartyKind::Supplier, party: PartyRef(5) },
        ],
        secrets: vec![SecretHash([0xAB; 32])],
        role: None,
        created_by: None,
        created_at: None,
        revision: 2,
        deleted_at: Some(AT),
    }
}

fn product() -> Product {
    Product {
        product: ProductRef(17),
        kind: ProductKind::ConnectivityPlan,
        supplier: PartyRef(5),
        id: "net/plan".into(),
        name: "Plan".into(),
        portal_url: Some("https://p.test".into()),
        notification: Some(Notification {
            subscribed_url: Some("https://s.test".into()),
            updated_url: Some("https://u.test".into()),
            unsubscribed_url: Some("https://e.test".into()),
            mode: NotificationMode::TryCommit,
            format: NotificationFormat::Json,
            secrets: Vec::new(),
        }),
        revision: 2,
        deleted_at: Some(AT),
    }
}

fn signed_product() -> Product {
    let notification = product().notification.map(|it| Notification { secrets: vec![sealed()], ..it });
    Product { notification, ..product() }
}

fn plain_product() -> Product {
    let notification = Some(Notification::default());
    Product { kind: ProductKind::Application, portal_url: None, notification, deleted_at: None, ..product() }
}

fn offer() -> Offer {
    Offer {
        offer: OfferRef(21),
        vendor: PartyRef(12),
        id: "acme/sensor".into(),
        name: "Sensor".into(),
        state: OfferState::Suspended,
        items: vec![
            OfferItem { product: ProductRef(17), product_id: "net/plan".into(), granted: Some(100) },
            OfferItem { product: ProductRef(18), product_id: "net/app".into(), granted: None },
        ],
        strategies: Some(vec!["ROUTE".into()]),
        revision: 2,
        deleted_at: Some(AT),
        open_orders: 9,
    }
}

fn plain_offer(state: OfferState) -> Offer {
    Offer { state, items: vec![], strategies: None, deleted_at: None, ..offer() }
}

fn strategy() -> Strategy {
    Strategy {
        strategy: StrategyRef(25),
        vendor: Some(PartyRef(12)),
        id: "acme/own".into(),
        name: "Own".into(),
        description: Some("why".into()),
        state: StrategyState::Deactivated,
        settings: "{\"a\":1}".into(),
        revision: 2,
        deleted_at: Some(AT),
    }
}

fn plain_strategy() -> Strategy {
    Strategy { vendor: None, description: None, state: StrategyState::Active, deleted_at: None, ..strategy() }
}

fn subscription(state: SubscriptionState) -> Subscription {
    Subscription {
        number: 4711,
        product: ProductRef(17),
        product_id: "net/plan".into(),
        supplier: PartyRef(5),
        state,
        granted: None,
        since: AT,
        until: None,
        reason: None,
    }
}

fn order() -> Order {
    let whole = Subscription {
        granted: Some(300),
        until: Some(AT),
        reason: Some("why".into()),
        ..subscription(SubscriptionState::Suspended)
    };
    Order {
        order: order_ref(),
        offer: OfferRef(21),
        offer_id: "acme/sensor".into(),
        vendor: PartyRef(12),
        subscriber: PartyRef(983),
        quantity: 3,
        external_id: Some("PO-1".into()),
        strategy: Some("ROUTE".into()),
        state: OrderState::Active,
        created_at: AT,
        closed_at: Some(AT),
        revision: 2,
        subscriptions: vec![whole],
    }
}

fn plain_order(state: OrderState, subscription_state: SubscriptionState) -> Order {
    let subscriptions = vec![subscription(subscription_state)];
    Order { state, external_id: None, strategy: None, closed_at: None, subscriptions, ..order() }
}

fn token() -> Token {
    Token {
        user: UserRef(7),
        hash: [0x0F; 32],
        jti: "jti".into(),
        client_id: "tpx/a@test".into(),
        grants: vec![Grant { kind: PartyKind::Vendor, party: PartyRef(12) }],
        issued_at: AT,
        expires_at: Some(Instant(1)),
    }
}

fn sealed() -> SealedSecret {
    SealedSecret { sealed: "key.sealed".into(), made_at: AT }
}

fn endpoint() -> Endpoint {
    Endpoint {
        endpoint: EndpointRef(31),
        owner: Grant { kind: PartyKind::Vendor, party: PartyRef(12) },
        url: "https://w.test".into(),
        description: Some("What for".into()),
        kinds: Some(Kind::ALL.to_vec()),
        secrets: vec![sealed(), sealed()],
        state: EndpointState::Enabled,
        disabled: None,
        created_at: AT,
        created_by: None,
        revision: 2,
        deleted_at: Some(AT),
    }
}

fn plain_endpoint(why: DisabledWhy) -> Endpoint {
    let disabled = Some(Disabled { why, at: AT });
    let (state, secrets) = (EndpointState::Disabled, Vec::new());
    Endpoint { description: None, kinds: None, secrets, state, disabled, deleted_at: None, ..endpoint() }
}

/// Every variant, whole and with as little as there can be, with every word that a state can be.
fn events() -> Vec<Event> {
    let subscription = order_ref().subscription(2);
    let mut events = vec![
        Event::PartyCreated(party()),
        Event::PartyCreated(plain_party()),
        Event::PartyUpdated(plain_party()),
        Event::PartyDeleted(PartyRef(983)),
        Event::UserCreated(user()),
        Event::UserUpdated(User { first_name: None, last_name: None, organization: None, deleted_at: None, ..user() }),
        Event::UserDeleted(UserRef(7)),
        Event::ProductCreated(product()),
        Event::ProductCreated(signed_product()),
        Event::ProductUpdated(plain_product()),
        Event::ProductDeleted(ProductRef(17)),
        Event::OfferCreated(offer()),
        Event::OfferUpdated(plain_offer(OfferState::Active)),
        Event::OfferUpdated(plain_offer(OfferState::Deactivated)),
        Event::OfferDeleted(OfferRef(21)),
        Event::StrategyCreated(strategy()),
        Event::StrategyUpdated(plain_strategy()),
        Event::StrategyDeleted(StrategyRef(25)),
        Event::OrderPlaced(order()),
        Event::OrderPlaced(plain_order(OrderState::Pending, SubscriptionState::Pending)),
        Event::OrderPlaced(plain_order(OrderState::Rejected, SubscriptionState::Rejected)),
        Event::OrderPlaced(plain_order(OrderState::Cancelled, SubscriptionState::Cancelled)),
        Event::OrderPlaced(plain_order(OrderState::Active, SubscriptionState::Active)),
    ];
    events.extend([
        settled(None, false),
        settled(Some(ProductRef(17)), false),
        settled(Some(ProductRef(17)), true),
        Event::OrderSettled {
            order: order_ref(),
            refused: Some(ProductRef(17)),
            unreachable: false,
            declined: vec![ProductRef(17), ProductRef(18)],
        },
        Event::OrderCancelled(order_ref()),
        Event::OrderMatched(order()),
        Event::OrderFound(found([])),
        Event::OrderFound(found([1, 2, 10, 1000])),
        Event::SubscriptionSuspended { subscription, reason: Some("why".into()) },
        Event::SubscriptionSuspended { subscription, reason: None },
        Event::SubscriptionResumed { subscription, reason: Some("why".into()) },
        Event::SubscriptionResumed { subscription, reason: None },
        Event::UsageReported { subscriber: PartyRef(983), product: ProductRef(17), used: 40 },
        Event::TokenIssued(token()),
        Event::TokenIssued(Token { expires_at: None, ..token() }),
        Event::TokenRevoked(UserRef(7)),
        Event::EndpointCreated(endpoint()),
        Event::EndpointCreated(plain_endpoint(DisabledWhy::Asked)),
        Event::EndpointUpdated(plain_endpoint(DisabledWhy::Gone)),
        Event::EndpointUpdated(plain_endpoint(DisabledWhy::Failing)),
        Event::EndpointDeleted(EndpointRef(31)),
        Event::PartyClosing(Party { closing_at: Some(AT), deleted_at: None, ..party() }),
    ]);
    let (created_by, created_at) = (Some(UserRef(2)), Some(AT));
    let of_role = |role| User { role: Some(role), created_by, created_at, deleted_at: None, ..user() };
    events.extend(Role::ALL.map(|role| Event::UserCreated(of_role(role))));
    events.push(Event::EndpointCreated(Endpoint { created_by, ..plain_endpoint(DisabledWhy::Asked) }));
    let quotas = Quota::ALL.into_iter().fold(Quotas::default(), |quotas, quota| quotas.with(quota, Some(7)));
    events.push(Event::QuotasSet { party: PartyRef(983), quotas });
    events.push(Event::QuotasSet { party: PartyRef(983), quotas: Quotas::default() });
    events.push(Event::PartyUpdated(Party { quotas, ..plain_party() }));
    events
}

fn found<const N: usize>(suspended: [u16; N]) -> FoundOrder {
    let suspended = suspended.into_iter().collect();
    FoundOrder { order: order_ref(), state: OrderState::Active, revision: 7, suspended }
}

fn settled(refused: Option<ProductRef>, unreachable: bool) -> Event {
    Event::OrderSettled { order: order_ref(), refused, unreachable, declined: Vec::new() }
}

/// The variant; a new one does not compile until it stands here, and does not pass until it stands above.
fn variant(event: &Event) -> usize {
    match event {
        Event::PartyCreated(_) => 0,
        Event::PartyUpdated(_) => 1,
        Event::PartyDeleted(_) => 2,
        Event::UserCreated(_) => 3,
        Event::UserUpdated(_) => 4,
        Event::UserDeleted(_) => 5,
        Event::ProductCreated(_) => 6,
        Event::ProductUpdated(_) => 7,
        Event::ProductDeleted(_) => 8,
        Event::OfferCreated(_) => 9,
        Event::OfferUpdated(_) => 10,
        Event::OfferDeleted(_) => 11,
        Event::StrategyCreated(_) => 12,
        Event::StrategyUpdated(_) => 13,
        Event::StrategyDeleted(_) => 14,
        Event::OrderPlaced(_) => 15,
        Event::OrderSettled { .. } => 16,
        Event::OrderCancelled(_) => 17,
        Event::OrderMatched(_) => 18,
        Event::OrderFound(_) => 19,
        Event::SubscriptionSuspended { .. } => 20,
        Event::SubscriptionResumed { .. } => 21,
        Event::UsageReported { .. } => 22,
        Event::TokenIssued(_) => 23,
        Event::TokenRevoked(_) => 24,
        Event::EndpointCreated(_) => 25,
        Event::EndpointUpdated(_) => 26,
        Event::EndpointDeleted(_) => 27,
        Event::PartyClosing(_) => 28,
        Event::QuotasSet { .. } => 29,
    }
}

const VARIANTS: usize = 30;

/// As it is read back: what no event tells is not there.
fn as_told(event: Event) -> Event {
    match event {
        Event::OfferCreated(offer) => Event::OfferCreated(Offer { open_orders: 0, ..offer }),
        Event::OfferUpdated(offer) => Event::OfferUpdated(Offer { open_orders: 0, ..offer }),
        other => other,
    }
}

#[test]
fn every_variant_is_written_letter_for_letter() {
    let written: Vec<String> = events().iter().map(|event| serde_json::to_string(event).expect("is JSON")).collect();
    let released: Vec<&str> = include_str!("journal.jsonl").lines().collect();
    for (written, released) in written.iter().zip(&released) {
        assert_eq!(written, released);
    }
    assert_eq!(written.len(), released.len());
    let mut variants: Vec<usize> = events().iter().map(variant).collect();
    variants.sort_unstable();
    variants.dedup();
    assert_eq!(variants, (0..VARIANTS).collect::<Vec<_>>());
}

#[test]
fn every_variant_is_read_back_as_it_was() {
    for event in events() {
        let text = serde_json::to_string(&event).expect("is JSON");
        let back: Event = serde_json::from_str(&text).expect("can be read");
        assert_eq!(back, as_told(event), "{text}");
    }
}

#[test]
fn what_is_not_hexadecimal_is_not_a_digest() {
    let key = RequestKey { client: UserRef(7), key: [0x0A; 16], fingerprint: [0xFF; 16] };
    let text = serde_json::to_string(&key).expect("is JSON");
    let (digits, ones) = ("0a".repeat(16), "ff".repeat(16));
    assert_eq!(text, format!(r#"{{"client":7,"key":"{digits}","fingerprint":"{ones}"}}"#));
    assert_eq!(serde_json::from_str::<RequestKey>(&text).expect("can be read"), key);
    let long = format!("0{digits}");
    for wrong in ["", "0a", &digits[1..], &long, &digits.replacen("0a", "+a", 1), &digits.replacen("0a", "xx", 1)] {
        assert!(serde_json::from_str::<RequestKey>(&text.replace(&digits, wrong)).is_err(), "{wrong:?}");
    }
    let secret = serde_json::to_string(&SecretHash([0x0A; 32])).expect("is JSON");
    assert_eq!(serde_json::from_str::<SecretHash>(&secret).expect("can be read"), SecretHash([0x0A; 32]));
    for wrong in [secret.replacen("0a", "+a", 1), secret.replacen("0a", "", 1), secret.replacen("0a", "é", 1)] {
        assert!(serde_json::from_str::<SecretHash>(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_world_is_the_fold_of_its_journal_as_written() {
    let mut shop = Deployment::shop();
    let named = PlaceOrder { external_id: Some("PO-1".into()), ..place("acme/sensor", shop.party("alice")) };
    shop.must(shop.by("alice", named).key("k"));
    let cancelled = shop.ordered("acme/sensor", "albert");
    shop.must(shop.by("albert", harness::cancel(&cancelled)));
    let pending = shop.ordered("acme/asks", "alice");
    shop.must(Wish::by_system(SettleOrder { order: pending.order, refused: None, declined: Vec::new() }));
    shop.end_batch();
    let mut folded = World::whole();
    for entry in &shop.journal {
        let text = serde_json::to_string(&entry.event).expect("is JSON");
        folded.apply(&Entry { event: serde_json::from_str(&text).expect("can be read"), ..entry.clone() });
    }
    assert_eq!(folded.head, shop.whole.head);
    shop.assert_is(&folded);
}
