//! Every command on a working set that holds only what its `needs` named.
//!
//! The harness does the comparing, at every intent of every test; this page makes sure that no command is left out, and
//! that a row which `needs` forgets would not go unnoticed.

mod harness;

use harness::{
    Deployment, Wish, cancel, endpoint, offer, order_of, party, place, plan, primary_user, quota, rename_endpoint,
    secret, strategy, subscriber,
};
use orderpark_domain::balance::ReportUsage;
use orderpark_domain::endpoint::{DeleteEndpoint, DisableEndpoint, RotateEndpointSecret};
use orderpark_domain::offer::{DeleteOffer, UpdateOffer};
use orderpark_domain::order::{PlaceOrder, Refused, SettleOrder};
use orderpark_domain::party::{Bootstrap, ContinueClosing, CreateParty, DeleteParty, PARTS_AT_ONCE, UpdateParty};
use orderpark_domain::product::{DeleteProduct, RotateNotificationSecret, UpdateProduct};
use orderpark_domain::strategy::{DeleteStrategy, UpdateStrategy};
use orderpark_domain::subscription::ChangeSubscription;
use orderpark_domain::token::{IssueToken, RevokeToken};
use orderpark_domain::user::{ContainUser, CreateUser, DeleteUser, RotateSecret, UpdateUser};
use orderpark_domain::{
    Command, DisabledWhy, Head, Instant, Notification, NotificationFormat, OfferState, PartyKind, PartyRef,
    ProductKind, Quota, Role, SubscriptionState, Token, World,
};

/// What a day at the shop has heard of.
#[derive(Default)]
struct Heard(Vec<&'static str>);

/// Every command; a new one does not compile until it stands here, and then not pass until the day asks for it.
const COMMANDS: [&str; 33] = [
    "Bootstrap",
    "CreateParty",
    "UpdateParty",
    "DeleteParty",
    "CreateUser",
    "UpdateUser",
    "RotateSecret",
    "DeleteUser",
    "CreateProduct",
    "UpdateProduct",
    "DeleteProduct",
    "CreateOffer",
    "UpdateOffer",
    "DeleteOffer",
    "CreateStrategy",
    "UpdateStrategy",
    "DeleteStrategy",
    "PlaceOrder",
    "SettleOrder",
    "CancelOrder",
    "ChangeSubscription",
    "ReportUsage",
    "IssueToken",
    "RevokeToken",
    "CreateEndpoint",
    "UpdateEndpoint",
    "RotateEndpointSecret",
    "DisableEndpoint",
    "DeleteEndpoint",
    "RotateNotificationSecret",
    "ContinueClosing",
    "ContainUser",
    "SetQuotas",
];

fn name(command: &Command) -> &'static str {
    let index = match command {
        Command::Bootstrap(_) => 0,
        Command::CreateParty(_) => 1,
        Command::UpdateParty(_) => 2,
        Command::DeleteParty(_) => 3,
        Command::CreateUser(_) => 4,
        Command::UpdateUser(_) => 5,
        Command::RotateSecret(_) => 6,
        Command::DeleteUser(_) => 7,
        Command::CreateProduct(_) => 8,
        Command::UpdateProduct(_) => 9,
        Command::DeleteProduct(_) => 10,
        Command::CreateOffer(_) => 11,
        Command::UpdateOffer(_) => 12,
        Command::DeleteOffer(_) => 13,
        Command::CreateStrategy(_) => 14,
        Command::UpdateStrategy(_) => 15,
        Command::DeleteStrategy(_) => 16,
        Command::PlaceOrder(_) => 17,
        Command::SettleOrder(_) => 18,
        Command::CancelOrder(_) => 19,
        Command::ChangeSubscription(_) => 20,
        Command::ReportUsage(_) => 21,
        Command::IssueToken(_) => 22,
        Command::RevokeToken(_) => 23,
        Command::CreateEndpoint(_) => 24,
        Command::UpdateEndpoint(_) => 25,
        Command::RotateEndpointSecret(_) => 26,
        Command::DisableEndpoint(_) => 27,
        Command::DeleteEndpoint(_) => 28,
        Command::RotateNotificationSecret(_) => 29,
        Command::ContinueClosing(_) => 30,
        Command::ContainUser(_) => 31,
        Command::SetQuotas(_) => 32,
    };
    COMMANDS[index]
}

impl Heard {
    /// Asks for what must be done, with a key, and asks again, so that replays are judged on a working set too.
    fn hears(&mut self, shop: &mut Deployment, wish: Wish) -> orderpark_domain::Outcome {
        self.0.push(name(&wish.command));
        let wish = wish.key(&format!("key {}", self.0.len()));
        let decision = shop.must(wish.clone());
        if !decision.events.is_empty() && wish.who.is_some() {
            shop.must(wish);
        }
        decision.outcome
    }
}

#[test]
fn a_day_at_the_shop_asks_for_every_command() {
    let mut shop = Deployment::shop();
    let mut heard = Heard::default();
    heard.0.push("Bootstrap");
    orders(&mut shop, &mut heard);
    parties_and_users(&mut shop, &mut heard);
    goods(&mut shop, &mut heard);
    tokens(&mut shop, &mut heard);
    endpoints(&mut shop, &mut heard);
    let missing: Vec<_> = COMMANDS.iter().filter(|command| !heard.0.contains(command)).collect();
    assert!(missing.is_empty(), "{missing:?} was never asked for");
    shop.end_batch();
}

fn orders(shop: &mut Deployment, heard: &mut Heard) {
    let (alice, product) = (shop.party("alice"), shop.product("net/plan"));
    let named = PlaceOrder {
        external_id: Some("PO-1".into()),
        strategy: Some("acme/own".into()),
        ..place("acme/sensor", alice)
    };
    let order = order_of(&heard.hears(shop, shop.by("alice", named.clone())));
    heard.hears(shop, shop.by("acme", named));
    let change = |state| {
        let subscription = order.order.subscription(1);
        ChangeSubscription { subscription, state: Some(state), reason: None }
    };
    heard.hears(shop, shop.by("acme", change(SubscriptionState::Suspended)));
    heard.hears(shop, shop.by("acme", change(SubscriptionState::Active)));
    heard.hears(shop, shop.by("net", ReportUsage { subscriber: alice, product, used: 5 }));
    heard.hears(shop, shop.by("net", ReportUsage { subscriber: alice, product, used: 0 }));
    heard.hears(shop, shop.by("alice", cancel(&order)));
    let agreed = shop.ordered("acme/asks", "alice");
    heard.hears(shop, Wish::by_system(SettleOrder { order: agreed.order, refused: None, declined: Vec::new() }));
    let declined = shop.ordered("acme/asks", "alice");
    let refused = Some(Refused::by(declined.subscriptions[0].product));
    heard.hears(shop, Wish::by_system(SettleOrder { order: declined.order, refused, declined: Vec::new() }));
}

fn parties_and_users(shop: &mut Deployment, heard: &mut Heard) {
    let kind = PartyKind::Subscriber;
    heard.hears(shop, shop.by("operator", party(PartyKind::Vendor, "third")));
    heard.hears(shop, shop.by("third", CreateParty { vendor_id: None, ..subscriber("anna", "") }));
    let anna = shop.party("anna");
    let rename = UpdateParty { kind, party: anna, name: Some("A".into()), contact_email: None, organization: None };
    heard.hears(shop, shop.by("third", rename));
    heard.hears(shop, shop.by("operator", user(shop, "clerk", &["anna", "alice"])));
    let clerk = shop.user("clerk");
    let grants = Some(vec![shop.grant("anna")]);
    let update = UpdateUser { user: clerk, first_name: None, last_name: None, organization: None, grants, role: None };
    heard.hears(shop, shop.by("operator", update));
    heard.hears(shop, shop.by("operator", RotateSecret { user: clerk, secret: secret(3), keep_previous: false }));
    let since = Instant(0);
    heard.hears(shop, shop.by("operator", ContainUser { user: clerk, since, end_created: true }));
    heard.hears(shop, shop.by("operator", DeleteUser { user: clerk }));
    heard.hears(shop, shop.by("operator", user(shop, "clerk", &["anna"])));
    heard.hears(shop, shop.by("third", DeleteParty { kind, party: anna, force: false, parts_max: PARTS_AT_ONCE }));
    let third = shop.party("third");
    heard.hears(
        shop,
        shop.by(
            "operator",
            DeleteParty { kind: PartyKind::Vendor, party: third, force: false, parts_max: PARTS_AT_ONCE },
        ),
    );
    shop.ordered("acme/sensor", "albert");
    let albert = shop.party("albert");
    heard.hears(shop, shop.by("operator", quota(albert, Quota::OpenOrders, Some(2))));
    shop.ordered("acme/listed", "albert");
    let begin = DeleteParty { kind, party: albert, force: true, parts_max: 2 };
    heard.hears(shop, shop.by("acme", begin));
    heard.hears(shop, Wish::by_system(ContinueClosing { party: albert, parts_max: 2 }));
    heard.hears(shop, shop.by("acme", DeleteParty { kind, party: albert, force: true, parts_max: PARTS_AT_ONCE }));
}

fn user(shop: &Deployment, name: &str, acts_for: &[&str]) -> CreateUser {
    let primary = primary_user(name);
    CreateUser {
        email: primary.email,
        first_name: None,
        last_name: None,
        organization: None,
        grants: acts_for.iter().map(|name| shop.grant(name)).collect(),
        secret: secret(1),
        role: Role::Admin,
    }
}

fn goods(shop: &mut Deployment, heard: &mut Heard) {
    let kind = ProductKind::ConnectivityPlan;
    heard.hears(shop, shop.by("net", plan("net/new")));
    let product = shop.product("net/new");
    let told = Notification { format: NotificationFormat::Json, ..Notification::default() };
    let notification = Some(Some(told));
    let update = UpdateProduct { kind, product, name: Some("N".into()), portal_url: None, notification };
    heard.hears(shop, shop.by("net", update));
    heard.hears(shop, shop.by("net", RotateNotificationSecret { kind, product, secret: "sealed".into() }));
    heard.hears(shop, shop.by("acme", strategy("acme/new")));
    let new = shop.strategy("acme/new");
    let update =
        UpdateStrategy { strategy: new, name: Some("N".into()), description: None, state: None, settings: None };
    heard.hears(shop, shop.by("acme", update));
    let listing = orderpark_domain::offer::CreateOffer {
        strategies: Some(vec!["acme/new".into(), "ROUTE".into()]),
        ..offer("acme/new", &[("net/new", Some(1)), ("net/app", None)])
    };
    heard.hears(shop, shop.by("acme", listing));
    let offer = shop.offer("acme/new");
    let state = Some(OfferState::Suspended);
    heard.hears(shop, shop.by("acme", UpdateOffer { offer, name: None, state }));
    heard.hears(shop, shop.by("acme", DeleteOffer { offer }));
    heard.hears(shop, shop.by("acme", DeleteStrategy { strategy: new }));
    heard.hears(shop, shop.by("net", DeleteProduct { kind, product }));
}

fn endpoints(shop: &mut Deployment, heard: &mut Heard) {
    heard.hears(shop, shop.by("alice", endpoint("https://a.test")));
    heard.hears(shop, shop.by("alice", endpoint("https://b.test")));
    let owned = shop.endpoints_of("alice");
    let (first, second) = (owned[0], owned[1]);
    heard.hears(shop, shop.by("alice", rename_endpoint(first, "one")));
    heard.hears(shop, shop.by("alice", RotateEndpointSecret { endpoint: first, secret: "sealed again".into() }));
    let gone = DisableEndpoint { endpoint: first, revision: 3, why: DisabledWhy::Gone };
    heard.hears(shop, Wish::by_system(gone));
    heard.hears(shop, shop.by("alice", DeleteEndpoint { endpoint: second }));
    let alice = shop.party("alice");
    let delete = DeleteParty { kind: PartyKind::Subscriber, party: alice, force: true, parts_max: PARTS_AT_ONCE };
    heard.hears(shop, shop.by("operator", delete));
    assert!(
        shop.endpoints_of("operator").is_empty() && shop.whole.endpoints.values().all(|it| it.deleted_at.is_some())
    );
}

fn tokens(shop: &mut Deployment, heard: &mut Heard) {
    let user = shop.user("alice");
    let proved = shop.whole.users.get(&user).expect("the user exists").secrets[0];
    let token = Token {
        user,
        hash: [1; 32],
        jti: "jti".into(),
        client_id: "tpx/alice@test".into(),
        grants: vec![shop.grant("alice")],
        issued_at: shop.now(),
        expires_at: None,
    };
    heard.hears(shop, Wish::by_system(IssueToken { token: token.clone(), proved, renew: false, validity_max_s: None }));
    heard.hears(shop, Wish::by_system(IssueToken { token, proved, renew: true, validity_max_s: None }));
    heard.hears(shop, Wish::by_system(RevokeToken { user, hash: [1; 32] }));
    let again = Bootstrap { operator_id: "x".into(), login: "x@test".into(), secret: secret(1) };
    shop.asks(Wish::by_system(again)).expect_err("there is an operator already");
}

#[test]
#[should_panic(expected = "needs() names every row")]
fn a_row_that_needs_forgot_is_a_bug() {
    World::working_set(Head::EMPTY).parties.get(&PartyRef(1));
}

#[test]
fn a_row_that_is_not_there_is_no_bug() {
    let mut world = World::working_set(Head::EMPTY);
    world.parties.load(PartyRef(1), None);
    assert_eq!(world.parties.get(&PartyRef(1)), None);
}
