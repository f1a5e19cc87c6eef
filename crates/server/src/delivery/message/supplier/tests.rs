//! What suppliers are told, byte by byte; and that no name can change what it means.

use super::*;
use orderpark_domain::feed::Notice;
use orderpark_domain::{
    NotificationMode, OfferRef, OrderRef, OrderState, PartyRef, ProductKind, ProductRef, SubscriptionState,
};
use orderpark_store::{Epoch, EventPlace};
use quick_xml::Reader;
use quick_xml::events::Event as Xml;

const SUBSCRIBED: &str = "https://supplier.example/subscribed";
const UPDATED: &str = "https://supplier.example/updated";
const UNSUBSCRIBED: &str = "https://supplier.example/unsubscribed";

/// 2026-11-23T10:00:00.250000Z.
const AT: Instant = Instant(1_795_428_000_250_000);

fn product(format: NotificationFormat) -> Product {
    let notification = Notification {
        subscribed_url: Some(SUBSCRIBED.to_owned()),
        updated_url: Some(UPDATED.to_owned()),
        unsubscribed_url: Some(UNSUBSCRIBED.to_owned()),
        mode: NotificationMode::TryCommit,
        format,
        ..Notification::default()
    };
    Product {
        product: ProductRef(17),
        kind: ProductKind::ConnectivityPlan,
        supplier: PartyRef(2),
        id: "net/plan-a".to_owned(),
        name: "Plan A".to_owned(),
        portal_url: None,
        notification: Some(notification),
        revision: 1,
        deleted_at: None,
    }
}

fn order() -> Order {
    let subscription = Subscription {
        number: 4711,
        product: ProductRef(17),
        product_id: "net/plan-a".to_owned(),
        supplier: PartyRef(2),
        state: SubscriptionState::Pending,
        granted: Some(200),
        since: Instant(1_795_428_000_000_000),
        until: None,
        reason: None,
    };
    Order {
        order: OrderRef::mint(Instant(1_795_428_000_000_000), 43),
        offer: OfferRef(12),
        offer_id: "acme/sensor-100".to_owned(),
        vendor: PartyRef(3),
        subscriber: PartyRef(983),
        quantity: 2,
        external_id: None,
        strategy: Some("IOT_FLOW".to_owned()),
        state: OrderState::Pending,
        created_at: Instant(1_795_428_000_000_000),
        closed_at: None,
        revision: 1,
        subscriptions: vec![subscription],
    }
}

fn parties() -> Parties {
    Parties { operator_id: "operator".to_owned(), subscriber_name: "Farm".to_owned() }
}

fn told(state: SubscriptionState) -> ToldSubscription {
    let order = order();
    ToldSubscription {
        subscription_ref: order.order.subscription(1),
        vendor: order.vendor,
        subscriber: order.subscriber,
        offer_id: order.offer_id.clone(),
        quantity: order.quantity,
        strategy: order.strategy.clone(),
        declined: false,
        subscription: Subscription { state, reason: Some("unpaid".to_owned()), ..order.subscriptions[0].clone() },
    }
}

fn event(kind: Kind, told: ToldSubscription) -> FeedEvent {
    let notice = Notice { sequence: 211, number: 1, kind, about: About::Subscription(Box::new(told)) };
    FeedEvent { place: EventPlace { seq: 211, number: 1 }, epoch: Epoch::FIRST, at: AT, notice }
}

fn sent(kind: Kind, state: SubscriptionState, format: NotificationFormat) -> SupplierMessage {
    supplier_message(&product(format), &event(kind, told(state)), &parties()).expect("a message")
}

fn asked(format: NotificationFormat) -> SupplierMessage {
    let order = order();
    try_message(&product(format), &order, order.order.subscription(1), &parties()).expect("a question")
}

/// Every event of a subscription's life, with its state then.
const LIFE: [(Kind, SubscriptionState, &str); 5] = [
    (Kind::SubscriptionActivated, SubscriptionState::Active, SUBSCRIBED),
    (Kind::SubscriptionRejected, SubscriptionState::Rejected, SUBSCRIBED),
    (Kind::SubscriptionSuspended, SubscriptionState::Suspended, UPDATED),
    (Kind::SubscriptionResumed, SubscriptionState::Active, UPDATED),
    (Kind::SubscriptionCancelled, SubscriptionState::Cancelled, UNSUBSCRIBED),
];

/// Elements with their texts and attributes, as a parser finds them: `subscriber/ID=100000983`.
fn parsed(body: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(body).expect("UTF-8");
    let mut reader = Reader::from_str(text);
    let (mut path, mut found, mut inside) = (Vec::new(), Vec::new(), String::new());
    loop {
        match reader.read_event().expect("well-formed") {
            Xml::Start(start) => {
                path.push(start.name().into_inner().to_owned());
                found.push(attributes(&path, &start));
                inside.clear();
            }
            Xml::Empty(start) => {
                path.push(start.name().into_inner().to_owned());
                found.push(attributes(&path, &start));
                path.pop();
            }
            Xml::Text(text) => inside.push_str(&text.xml10_content()),
            Xml::GeneralRef(reference) => inside.push_str(&resolved(&reference)),
            Xml::End(_) => {
                if !inside.is_empty() {
                    found.push(format!("{}={inside}", path[1..].join("/")));
                    inside.clear();
                }
                path.pop();
            }
            Xml::Eof => return found.into_iter().filter(|line| !line.is_empty()).collect(),
            Xml::Decl(_) => {}
            other => panic!("nothing else is in a message: {other:?}"),
        }
    }
}

fn resolved(reference: &quick_xml::events::BytesRef<'_>) -> String {
    match reference.resolve_char_ref().expect("a number") {
        Some(character) => character.to_string(),
        None => quick_xml::escape::resolve_xml_entity(reference).expect("one of the five").to_owned(),
    }
}

fn attributes(path: &[String], start: &quick_xml::events::BytesStart<'_>) -> String {
    let attributes = start.attributes().map(|attribute| {
        let attribute = attribute.expect("an attribute");
        let value = quick_xml::escape::unescape(&attribute.value).expect("a value").into_owned();
        format!("{}={value}", attribute.key.into_inner())
    });
    let attributes: Vec<String> = attributes.collect();
    if attributes.is_empty() { String::new() } else { format!("{} {}", path.join("/"), attributes.join(" ")) }
}

#[test]
fn every_message_is_as_it_was() {
    for format in [NotificationFormat::Xml, NotificationFormat::Json] {
        let mut texts = vec![shown("TRY", &asked(format))];
        texts.extend(LIFE.map(|(kind, state, _)| shown(kind.as_str(), &sent(kind, state, format))));
        let name = if format == NotificationFormat::Xml { "xml" } else { "json" };
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("supplier_messages_{name}"), texts.join("\n\n"));
        });
    }
}

fn shown(what: &str, message: &SupplierMessage) -> String {
    let SupplierMessage { url, id, content_type, event, body } = message;
    let event = event.as_ref().map(|event| format!("ce-id: {}\nce-type: {}\n", event.id, event.kind));
    let head =
        format!("{what}\nPOST {url}\nwebhook-id: {id}\ncontent-type: {content_type}\n{}", event.unwrap_or_default());
    format!("{head}{}", String::from_utf8_lossy(body))
}

#[test]
fn the_elements_of_subscribed_stand_in_their_order() {
    let subscription = order().order.subscription(1).to_string();
    let expected = [
        "ns2:subscribed xmlns:ns2=http://www.actility.com/smp/ws/application",
        &format!("transactionID={subscription}"),
        "operation=TRY",
        "subscriber/name=Farm",
        "subscriber/ID=100000983",
        "subscriber/extID=983",
        "subscriber/type=PRODUCTION",
        "operator/ID=operator",
        "supplier/ID=net",
        "vendor/ID=acme",
        "ns2:subscribed/features/feature name=grantedConnections val=200",
        "ns2:subscribed/features/feature name=quantity val=2",
        "ns2:subscribed/features/feature name=offerId val=acme/sensor-100",
        "ns2:subscribed/features/feature name=processingStrategyId val=IOT_FLOW",
        "href=/thingpark/smp/rest/applications/17/subscriptions/4711",
    ];
    assert_eq!(parsed(&asked(NotificationFormat::Xml).body), expected);
}

#[test]
fn the_elements_of_updated_and_unsubscribed_stand_in_their_order() {
    let updated = sent(Kind::SubscriptionSuspended, SubscriptionState::Suspended, NotificationFormat::Xml);
    let expected = [
        "ns2:updated xmlns:ns2=http://www.actility.com/smp/ws/application",
        "transactionID=evt_211_1",
        "subscriber/ID=100000983",
        "subscriber/extID=983",
        "application/state/value=ACTIVE/SUSPENDED",
        "application/state/timestamp=2026-11-23T10:00:00.250000Z",
        "application/href=/thingpark/smp/rest/applications/17/subscriptions/4711",
    ];
    assert_eq!(parsed(&updated.body), expected);
    let text = String::from_utf8(updated.body.to_vec()).unwrap();
    assert!(text.contains("<info1></info1>") && !text.contains("unpaid"), "the reason is the vendor's affair: {text}");

    let unsubscribed = sent(Kind::SubscriptionCancelled, SubscriptionState::Cancelled, NotificationFormat::Xml);
    let expected = [
        "ns2:unsubscribed xmlns:ns2=http://www.actility.com/smp/ws/application",
        "transactionID=evt_211_1",
        "subscriber/ID=100000983",
        "subscriber/extID=983",
        "href=/thingpark/smp/rest/applications/17/subscriptions/4711",
    ];
    assert_eq!(parsed(&unsubscribed.body), expected);
}

#[test]
fn what_was_asked_and_what_was_settled_are_of_one_transaction() {
    let subscription = order().order.subscription(1).to_string();
    for kind in [Kind::SubscriptionActivated, Kind::SubscriptionRejected] {
        let message = sent(kind, SubscriptionState::Active, NotificationFormat::Xml);
        assert_eq!(parsed(&message.body)[1], format!("transactionID={subscription}"), "{kind:?}");
        assert_eq!(message.id, "evt_211_1");
    }
    assert_eq!(asked(NotificationFormat::Xml).id, format!("try_{subscription}"));
}

/// Who asks for `<` in a name, or for a character that XML has no way to write, changes nothing but the name.
#[test]
fn hostile_names_change_nothing_but_themselves() {
    let names = [
        "</name></subscriber><operation>COMMIT</operation>",
        "a & b < c > d \" e ' f",
        "]]><![CDATA[x]]>",
        "&lt;&amp;&#x41;&unknown;",
        "<!-- --><?php ?><!DOCTYPE x [<!ENTITY y SYSTEM \"file:///etc/passwd\">]>",
        "Überlandwerk Åß 水道 \u{1F4A7} \u{202E}abc",
        "",
    ];
    for name in names {
        let (order, parties) = (order(), Parties { subscriber_name: name.to_owned(), ..parties() });
        let body = try_message(&product(NotificationFormat::Xml), &order, order.order.subscription(1), &parties);
        let mut lines = parsed(&body.unwrap().body);
        let expected = if name.is_empty() { None } else { Some(format!("subscriber/name={name}")) };
        let position = lines.iter().position(|line| line.starts_with("subscriber/name="));
        assert_eq!(position.map(|position| lines.remove(position)), expected);
        let mut unharmed = parsed(&asked(NotificationFormat::Xml).body);
        unharmed.retain(|line| !line.starts_with("subscriber/name="));
        assert_eq!(lines, unharmed, "{name:?}");
    }
}

#[test]
fn what_xml_cannot_write_is_replaced() {
    let controls: String = (0_u8..32).map(char::from).chain(['\u{FFFE}', '\u{FFFF}', '\u{7F}']).collect();
    let (mut order, parties) = (order(), Parties { subscriber_name: controls.clone(), ..parties() });
    order.strategy = Some(controls);
    let message = try_message(&product(NotificationFormat::Xml), &order, order.order.subscription(1), &parties);
    let body = String::from_utf8(message.unwrap().body.to_vec()).unwrap();
    let writable = |character: char| character >= ' ' && !matches!(character, '\u{FFFE}' | '\u{FFFF}');
    assert!(body.chars().all(|character| writable(character) || matches!(character, '\t' | '\n')), "{body:?}");
    // 29 controls and two that are no characters; tab, newline and return can be written.
    assert_eq!(body.matches(char::REPLACEMENT_CHARACTER).count(), 2 * 31, "{body:?}");
    parsed(body.as_bytes());
}

#[test]
fn each_event_goes_to_its_own_address() {
    for format in [NotificationFormat::Xml, NotificationFormat::Json] {
        for (kind, state, url) in LIFE {
            assert_eq!(sent(kind, state, format).url, url, "{kind:?}");
        }
        assert_eq!(asked(format).url, SUBSCRIBED);
    }
}

#[test]
fn nothing_is_told_where_no_address_is() {
    for (kind, state, _) in LIFE {
        let event = event(kind, told(state));
        let bare = Product { notification: Some(Notification::default()), ..product(NotificationFormat::Xml) };
        assert_eq!(supplier_message(&bare, &event, &parties()), None, "{kind:?}");
        let silent = Product { notification: None, ..product(NotificationFormat::Xml) };
        assert_eq!(supplier_message(&silent, &event, &parties()), None, "{kind:?}");
    }
}

#[test]
fn who_said_no_is_not_told_so_again() {
    let declined = ToldSubscription { declined: true, ..told(SubscriptionState::Rejected) };
    let event = event(Kind::SubscriptionRejected, declined);
    assert_eq!(supplier_message(&product(NotificationFormat::Xml), &event, &parties()), None);
}

#[test]
fn other_products_and_other_events_are_not_its_business() {
    let other = Product { product: ProductRef(18), ..product(NotificationFormat::Xml) };
    let activated = event(Kind::SubscriptionActivated, told(SubscriptionState::Active));
    assert_eq!(supplier_message(&other, &activated, &parties()), None);
    let notice = Notice { about: About::Order(Box::new(order())), ..activated.notice };
    let of_order = FeedEvent { notice, ..activated };
    assert_eq!(supplier_message(&product(NotificationFormat::Xml), &of_order, &parties()), None);
}

#[test]
fn who_only_wants_to_be_told_is_not_asked() {
    let mut product = product(NotificationFormat::Xml);
    product.notification.as_mut().unwrap().mode = NotificationMode::CommitOnly;
    let order = order();
    assert_eq!(try_message(&product, &order, order.order.subscription(1), &parties()), None);
}

#[test]
fn json_is_the_event_as_the_feed_shows_it() {
    for (kind, state, _) in LIFE {
        let event = event(kind, told(state));
        let message = supplier_message(&product(NotificationFormat::Json), &event, &parties()).unwrap();
        assert_eq!(message.body, answer::to_json(&wire::Event::of(&event)), "{kind:?}");
        assert_eq!(message.content_type, "application/json");
    }
}
