//! Webhook endpoints: whose they are, what they hear, and how they end.

use crate::harness::{
    Deployment, No, Wish, endpoint, invalid, party, refused, rename_endpoint, shop::judge, subscriber,
};
use orderpark_domain::endpoint::{
    CreateEndpoint, DeleteEndpoint, DisableEndpoint, ROTATION_SECONDS, RotateEndpointSecret, UpdateEndpoint,
    live_secrets,
};
use orderpark_domain::feed::{Kind, notices};
use orderpark_domain::party::{DeleteParty, PARTS_AT_ONCE};
use orderpark_domain::{
    Disabled, DisabledWhy, Endpoint, EndpointRef, EndpointState, Event, Instant, Outcome, PartyKind, Quota, Refusal,
    Role, SealedSecret,
};

const URL: &str = "https://hooks.test/in";

fn created(shop: &mut Deployment, who: &str) -> Endpoint {
    shown(shop.must(shop.by(who, endpoint(URL))).outcome)
}

fn shown(outcome: Outcome) -> Endpoint {
    let Outcome::Endpoint(endpoint) = outcome else { panic!("no endpoint: {outcome:?}") };
    *endpoint
}

fn owned_by(shop: &Deployment, owner: &str) -> CreateEndpoint {
    CreateEndpoint { owner: Some(shop.grant(owner)), ..endpoint(URL) }
}

#[test]
fn creating() {
    judge(&[
        ("the operator its own", |s| s.by("operator", endpoint(URL)), Ok(())),
        ("a supplier its own", |s| s.by("net", endpoint(URL)), Ok(())),
        ("a vendor its own", |s| s.by("acme", endpoint(URL)), Ok(())),
        ("a subscriber its own", |s| s.by("alice", endpoint(URL)), Ok(())),
        ("the operator one of a vendor", |s| s.by("operator", owned_by(s, "acme")), Ok(())),
        (
            "a vendor one of its subscriber",
            |s| s.by("acme", owned_by(s, "alice")),
            refused(Refusal::Unknown { attribute: "scope" }),
        ),
        (
            "a vendor one of another",
            |s| s.by("acme", owned_by(s, "rival")),
            refused(Refusal::Unknown { attribute: "scope" }),
        ),
        (
            "one of a party of another kind",
            |s| {
                let owner = orderpark_domain::Grant { kind: PartyKind::Supplier, party: s.party("acme") };
                s.by("operator", CreateEndpoint { owner: Some(owner), ..endpoint(URL) })
            },
            refused(Refusal::Unknown { attribute: "scope" }),
        ),
        (
            "one of a deleted party",
            |s| {
                s.must(s.by("operator", party(PartyKind::Vendor, "third")));
                let (owner, third) = (owned_by(s, "third"), s.party("third"));
                s.must(s.by(
                    "operator",
                    DeleteParty { kind: PartyKind::Vendor, party: third, force: false, parts_max: PARTS_AT_ONCE },
                ));
                s.by("operator", owner)
            },
            refused(Refusal::Unknown { attribute: "scope" }),
        ),
        (
            "one too many",
            |s| {
                for _ in 0..100 {
                    s.must(s.by("acme", endpoint(URL)));
                }
                s.by("acme", endpoint(URL))
            },
            refused(Refusal::QuotaReached { quota: Quota::Endpoints, max: 100, whose: PartyKind::Vendor }),
        ),
    ]);
}

#[test]
fn who_acts_for_several_says_for_whom() {
    let mut shop = Deployment::shop();
    let clerk = orderpark_domain::user::CreateUser {
        email: "clerk@test".into(),
        first_name: None,
        last_name: None,
        organization: None,
        grants: vec![shop.grant("alice"), shop.grant("acme")],
        secret: crate::harness::secret(9),
        role: Role::Admin,
    };
    shop.must(shop.by("operator", clerk));
    let answer = shop.asks(shop.by("clerk", endpoint(URL))).map(|_| ());
    let Err(No::Refused(Refusal::Invalid { attribute, .. })) = answer else { panic!("{answer:?}") };
    assert_eq!(invalid(attribute), invalid("scope"));
    shop.must(shop.by("clerk", owned_by(&shop, "alice")));
}

fn renamed(shop: &mut Deployment, owner: &str, who: &str) -> Wish {
    let made = created(shop, owner);
    shop.by(who, rename_endpoint(made.endpoint, "what for"))
}

#[test]
fn changing() {
    judge(&[
        ("its owner", |s| renamed(s, "alice", "alice"), Ok(())),
        ("the operator", |s| renamed(s, "alice", "operator"), Ok(())),
        ("the vendor of its owner", |s| renamed(s, "alice", "acme"), refused(Refusal::NotFound)),
        ("another party", |s| renamed(s, "alice", "albert"), refused(Refusal::NotFound)),
        ("the operator's by a vendor", |s| renamed(s, "operator", "acme"), refused(Refusal::NotFound)),
        (
            "one that is not there",
            |s| s.by("operator", rename_endpoint(EndpointRef(9999), "x")),
            refused(Refusal::NotFound),
        ),
        ("with another revision", |s| renamed(s, "alice", "alice").if_match(&[2]), refused(Refusal::Stale)),
        (
            "one that is deleted",
            |s| {
                let made = created(s, "alice").endpoint;
                s.must(s.by("alice", DeleteEndpoint { endpoint: made }));
                s.by("alice", rename_endpoint(made, "x"))
            },
            refused(Refusal::NotFound),
        ),
    ]);
}

#[test]
fn what_is_absent_stays_and_all_kinds_can_be_asked_for_again() {
    let mut shop = Deployment::shop();
    let made = created(&mut shop, "acme");
    let nothing = UpdateEndpoint { description: None, ..rename_endpoint(made.endpoint, "") };
    assert_eq!(shop.must(shop.by("acme", nothing.clone())).events, []);
    let some = UpdateEndpoint { kinds: Some(Some(vec![Kind::OrderPending])), ..nothing.clone() };
    let after = shown(shop.must(shop.by("acme", some)).outcome);
    assert_eq!(after, Endpoint { kinds: Some(vec![Kind::OrderPending]), revision: 2, ..made.clone() });
    let all = UpdateEndpoint { kinds: Some(None), ..nothing };
    assert_eq!(shown(shop.must(shop.by("acme", all)).outcome), Endpoint { revision: 3, ..made });
}

#[test]
fn it_is_disabled_by_its_owner_or_by_how_it_answers() {
    let mut shop = Deployment::shop();
    let made = created(&mut shop, "acme");
    let state = |state| UpdateEndpoint { state: Some(state), ..rename_endpoint(made.endpoint, "x") };
    let off = shown(shop.must(shop.by("acme", state(EndpointState::Disabled))).outcome);
    assert_eq!(off.disabled.map(|disabled| disabled.why), Some(DisabledWhy::Asked));
    assert!(!off.is_active());
    let on = shown(shop.must(shop.by("acme", state(EndpointState::Enabled))).outcome);
    assert_eq!((on.state, on.disabled, on.is_active()), (EndpointState::Enabled, None, true));

    let tried = DisableEndpoint { endpoint: made.endpoint, revision: on.revision - 1, why: DisabledWhy::Gone };
    assert_eq!(shop.must(Wish::by_system(tried.clone())).events, [], "it was changed since it was tried");
    let tried = DisableEndpoint { revision: on.revision, ..tried };
    let gone = shown(shop.must(Wish::by_system(tried)).outcome);
    assert!(matches!(gone.disabled, Some(Disabled { why: DisabledWhy::Gone, .. })), "{gone:?}");
    let again = DisableEndpoint { endpoint: made.endpoint, revision: gone.revision, why: DisabledWhy::Failing };
    assert_eq!(shop.must(Wish::by_system(again)).events, [], "it is disabled already");
}

#[test]
fn a_rotation_keeps_the_secret_before_for_a_day() {
    let mut shop = Deployment::shop();
    let made = created(&mut shop, "acme");
    for sealed in ["second", "third"] {
        shop.must(shop.by("acme", RotateEndpointSecret { endpoint: made.endpoint, secret: sealed.into() }));
    }
    let row = shop.whole.endpoints.get(&made.endpoint).expect("is there").clone();
    let sealed: Vec<&str> = row.secrets.iter().map(|secret| secret.sealed.as_str()).collect();
    assert_eq!(sealed, ["third", "second"], "two live at most");
    let newest = row.secrets[0].made_at;
    assert_eq!(live_secrets(&row.secrets, newest).len(), 2);
    assert_eq!(live_secrets(&row.secrets, Instant(newest.plus_seconds(ROTATION_SECONDS).0 - 1)).len(), 2);
    assert_eq!(live_secrets(&row.secrets, newest.plus_seconds(ROTATION_SECONDS)), &row.secrets[..1]);
    assert_eq!(live_secrets(&[], newest), &[] as &[SealedSecret]);
}

#[test]
fn deleting_takes_the_secrets_away() {
    let mut shop = Deployment::shop();
    let made = created(&mut shop, "acme");
    let gone = shown(shop.must(shop.by("acme", DeleteEndpoint { endpoint: made.endpoint })).outcome);
    assert!(gone.deleted_at.is_some() && gone.secrets.is_empty() && !gone.is_active());
    let again = shop.asks(shop.by("acme", DeleteEndpoint { endpoint: made.endpoint })).map(|_| ());
    assert_eq!(again, refused(Refusal::NotFound));
}

#[test]
fn a_party_takes_its_endpoints_along() {
    let mut shop = Deployment::shop();
    shop.must(shop.by("operator", subscriber("anna", "acme")));
    let (anna, acme) = (created(&mut shop, "anna").endpoint, created(&mut shop, "acme").endpoint);
    let delete =
        DeleteParty { kind: PartyKind::Subscriber, party: shop.party("anna"), force: false, parts_max: PARTS_AT_ONCE };
    let events = shop.must(shop.by("operator", delete)).events;
    assert!(events.contains(&Event::EndpointDeleted(anna)), "{events:?}");
    assert!(shop.whole.endpoints.get(&anna).is_some_and(|row| row.deleted_at.is_some()));
    assert!(shop.whole.endpoints.get(&acme).is_some_and(Endpoint::is_active));
}

#[test]
fn it_is_told_what_its_owner_may_see_of_the_kinds_that_it_wants() {
    let mut shop = Deployment::shop();
    let of_alice = created(&mut shop, "alice");
    let of_albert = created(&mut shop, "albert");
    let of_acme = Endpoint { kinds: Some(vec![Kind::SubscriptionActivated]), ..created(&mut shop, "acme") };
    let of_net = created(&mut shop, "net");
    let of_operator = created(&mut shop, "operator");
    shop.ordered("acme/sensor", "alice");
    let told = notices(shop.journal.last().expect("was placed"), &shop.whole).expect("nothing is missing");
    let heard = |endpoint: &Endpoint| -> Vec<&str> {
        told.iter().filter(|notice| endpoint.wants(notice)).map(|notice| notice.kind.as_str()).collect()
    };
    assert_eq!(heard(&of_alice), ["order.activated", "subscription.activated", "subscription.activated"]);
    assert_eq!(heard(&of_operator), heard(&of_alice));
    assert_eq!(heard(&of_acme), ["subscription.activated"; 2]);
    assert_eq!(heard(&of_net), ["subscription.activated"; 2]);
    assert!(heard(&of_albert).is_empty());
}
