//! References in bodies and queries: a stranger's, and such to nothing.

use super::Scene;
use super::harness::Caller;
use http::Method;

/// Who asks, how, with `$` where the reference stands; and the references that must be answered alike.
pub type Reference<'s> = (&'s Caller, Method, String, &'static str, Vec<String>);

pub fn references(scene: &Scene) -> Vec<Reference<'_>> {
    let (own, other) = (&scene.own, &scene.other);
    let (vendor, subscriber, supplier) = (&own.vendor.caller, &own.subscriber.caller, &own.supplier.caller);
    let order = "/orders".to_owned();
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let offer_ids = || texts(&[&other.offer_id, "else/none", "none/none", "none", ""]);
    let offer_refs = || texts(&[&other.offer_ref, &own.plan_ref, "987654", "none", "0", ""]);
    let ids = || texts(&[&other.subscriber.id, "100987654", "none", "1", ""]);
    let refs = || texts(&[&other.subscriber.party, &own.vendor.party, "987654", "none"]);
    let strategy = |id: &str| format!("/orders?withProcessingStrategyId={id}");
    let post = || Method::POST;
    let mut references = vec![
        (vendor, post(), order.clone(), r#"{"offerId":"$","subscriberId":"OWN"}"#, offer_ids()),
        (vendor, post(), order.clone(), r#"{"offerRef":"$","subscriberId":"OWN"}"#, offer_refs()),
        (vendor, post(), order.clone(), r#"{"offerId":"$","subscriberId":"OWN","externalId":"PO-2"}"#, offer_ids()),
        (subscriber, post(), order.clone(), r#"{"offerId":"$"}"#, offer_ids()),
        (subscriber, post(), order.clone(), r#"{"offerRef":"$"}"#, offer_refs()),
        (vendor, post(), order.clone(), r#"{"offerId":"acme/sensor-100","subscriberId":"$"}"#, ids()),
        (vendor, post(), order.clone(), r#"{"offerId":"else/sensor-100","subscriberId":"$"}"#, ids()),
        (vendor, post(), order.clone(), r#"{"offerId":"acme/sensor-100","subscriberRef":"$"}"#, refs()),
        (subscriber, post(), order.clone(), r#"{"offerId":"acme/sensor-100","subscriberId":"$"}"#, ids()),
        (subscriber, post(), order, r#"{"offerId":"acme/sensor-100","subscriberRef":"$","externalId":"PO-1"}"#, refs()),
        (vendor, post(), "/subscribers".into(), r#"{"name":"N","vendorId":"$"}"#, texts(&["else", "none", "far", ""])),
        (
            vendor,
            post(),
            "/offers".into(),
            r#"{"id":"$/new","name":"N","items":[{"productId":"net/app"}]}"#,
            texts(&["else", "none", "net"]),
        ),
        (
            vendor,
            post(),
            "/offers".into(),
            r#"{"id":"$","name":"N","items":[{"productId":"net/app"}]}"#,
            texts(&["else/sensor-100", "else/none", "none/none"]),
        ),
        (
            vendor,
            post(),
            "/offers".into(),
            r#"{"id":"acme/new","name":"N","items":[{"productId":"net/app"}],"processingStrategyIds":["$"]}"#,
            texts(&["else/own", "else/none", "none"]),
        ),
        (vendor, post(), "/processingStrategies".into(), r#"{"id":"$"}"#, texts(&["else/own", "else/none", "none/x"])),
        (
            supplier,
            post(),
            "/applications".into(),
            r#"{"id":"$","name":"N"}"#,
            texts(&["far/app", "far/none", "none/x"]),
        ),
        (
            supplier,
            post(),
            "/connectivityPlans".into(),
            r#"{"id":"$","name":"N"}"#,
            texts(&["far/plan", "far/none", "none/x"]),
        ),
    ];
    for (caller, kind) in [(vendor, "VENDOR"), (supplier, "SUPPLIER"), (subscriber, "SUBSCRIBER")] {
        let parties = [&other.vendor.party, &other.supplier.party, &other.subscriber.party];
        let mut scopes: Vec<String> = parties.iter().map(|party| format!("{kind}:{party}")).collect();
        scopes.extend([format!("{kind}:987654"), "OPERATOR:1".to_owned(), "OPERATOR:987654".to_owned()]);
        let endpoint = r#"{"url":"https://a.example/","scope":"$"}"#;
        references.push((caller, post(), "/webhookEndpoints".into(), endpoint, scopes.clone()));
        references.push((caller, post(), "/users".into(), r#"{"email":"a@b.example","scopes":["$"]}"#, scopes));
    }
    for caller in [vendor, subscriber] {
        let body = r#"{"offerId":"acme/sensor-100","subscriberId":"OWN"}"#;
        for id in ["else/own", "else/none", "none"] {
            // The reference stands in the query: each against the first one.
            references.push((caller, post(), strategy("else/own"), body, Vec::new()));
            references.push((caller, post(), strategy(id), body, Vec::new()));
        }
    }
    let path = |id: &str| format!("/connectivityPlans/{}?subscriberId={id}", own.plan_ref);
    for id in [&other.subscriber.id, "100987654", "none"] {
        references.push((supplier, Method::PUT, path(&other.subscriber.id), r#"{"usedConnections":"1"}"#, Vec::new()));
        references.push((supplier, Method::PUT, path(id), r#"{"usedConnections":"1"}"#, Vec::new()));
    }
    references
}
