//! The event feed over HTTP: in pages and as a stream. What each party may hear is proved with the store; here it is how
//! it is asked for and shown, where readers go on, and what ends a stream.

#[path = "../harness/mod.rs"]
mod harness;
mod limits;
mod listener;
mod nodes;
mod pages;
mod schema;
mod streams;

use harness::{Caller, Shop, World, text};
use orderpark_domain::order::{OfferName, PlaceOrder, Refused, SettleOrder};
use orderpark_domain::{Command, Intent, OfferRef, Order, Outcome, PartyRef, ProductRef};
use serde_json::{Value, json};

/// The addresses of a page and of what comes after it.
fn next_of(answer: &harness::Answer) -> String {
    let link = answer.header("link");
    let address = link.strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\""));
    address.unwrap_or_else(|| panic!("no link to the next page: {link:?}")).to_owned()
}

/// Everything that a caller hears, in pages of this size.
async fn heard(caller: &Caller, limit: u32) -> Vec<Value> {
    let (mut events, mut target) = (Vec::new(), format!("/core/latest/api/events?limit={limit}"));
    loop {
        let answer = caller.at("").get(&target).await;
        let page = answer.expect(200);
        let (rows, next) = (page.as_array().expect("an array").clone(), next_of(&answer));
        assert!(rows.len() <= limit as usize);
        if rows.is_empty() && next == target {
            return events;
        }
        events.extend(rows);
        target = next;
    }
}

fn kinds(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| text(event, "type")).collect()
}

async fn order(caller: &Caller, shop: &Shop) -> Value {
    caller.post("/orders", json!({"offerId": shop.offer_id, "subscriberId": shop.subscriber.id})).await.expect(201)
}

/// An order whose suppliers are to be asked, which no request can make yet.
async fn pending_order(world: &World, shop: &Shop) -> Order {
    let asking = json!({"id": format!("{}/asks", shop.supplier.id), "name": "Asks", "portalUrl": "https://a.example/",
        "notification": {"subscribedUrl": "https://a.example/", "mode": "TRY_COMMIT"}});
    let product = shop.supplier.post("/applications", asking).await;
    assert!([201, 409].contains(&product.status), "{}", product.text());
    let offer_id = format!("{}/asks", shop.vendor.id);
    let items = json!([{"productId": format!("{}/asks", shop.supplier.id), "grantedConnections": "5"}]);
    let offer = shop.vendor.post("/offers", json!({"id": offer_id, "name": "Asks", "items": items})).await;
    assert!([201, 409].contains(&offer.status), "{}", offer.text());
    let offers = shop.vendor.get(&format!("/offers?offerId={offer_id}")).await.expect(200);
    let place = PlaceOrder {
        offer: OfferName::Ref(OfferRef::parse(&text(&offers[0], "ref")).expect("a ref")),
        subscriber: PartyRef::parse(&shop.subscriber.party),
        quantity: 1,
        external_id: Some(format!("PO-{}", world.journal().length())),
        strategy: None,
        can_ask_suppliers: true,
    };
    match done(world, Command::PlaceOrder(place)).await {
        Outcome::Order(order) => *order,
        other => panic!("no order: {other:?}"),
    }
}

async fn settle(world: &World, order: &Order, refused: Option<ProductRef>) {
    done(
        world,
        Command::SettleOrder(SettleOrder {
            order: order.order,
            refused: refused.map(Refused::by),
            declined: Vec::new(),
        }),
    )
    .await;
}

async fn done(world: &World, command: Command) -> Outcome {
    world.app.store.commit(Intent::system(command, "a test")).await.expect("it is done").outcome
}
