//! Problems of refusals: for each, what was sent, what is wrong with it, and what to do.

use super::{FieldError, Problem, Reason};
use crate::access::Unproved;
use orderpark_domain::{InUse, PartyKind, Quota, Refusal};

/// A lookup of the value sent under a name (an attribute, a parameter, a header), in quotes.
pub(crate) type Sent<'s> = &'s dyn Fn(&str) -> Option<String>;

impl Problem {
    /// The problem of a refusal.
    pub(crate) fn refused(refusal: &Refusal, sent: Sent<'_>) -> Problem {
        match refusal {
            Refusal::NotFound => Problem::not_found(),
            Refusal::CallerGone => Unproved::UserGone.into(),
            Refusal::Invalid { attribute, rule } => {
                let message = format!("{attribute}{} {rule}", shown(attribute, sent));
                Problem::field(Reason::InvalidAttribute, *attribute, rule.clone()).saying(message)
            }
            Refusal::Unknown { attribute } => about(Reason::UnknownReference, attribute, unknown(attribute, sent)),
            Refusal::UnknownStrategy => about(Reason::UnknownProcessingStrategy, STRATEGY, unusable_strategy(sent)),
            Refusal::GrantNotHeld => about(Reason::ScopeNotHeld, "scopes", grant_not_held(sent)),
            Refusal::IdTaken { attribute } => about(Reason::IdTaken, attribute, id_taken(attribute, sent)),
            Refusal::ExternalIdTaken => about(Reason::ExternalIdTaken, "externalId", external_id_taken(sent)),
            Refusal::InUse(what) => Problem::new(Reason::InUse, in_use(*what)),
            Refusal::Stale => Problem::new(Reason::Stale, stale(sent)),
            Refusal::KeyReused => Problem::new(Reason::KeyReused, key_reused(sent)),
            Refusal::OfferNotOrderable { state } => {
                Problem::new(Reason::OfferNotOrderable, not_orderable(*state, sent))
            }
            Refusal::SupplierCannotBeAsked { product_id } => Problem::new(
                Reason::SupplierCannotBeAsked,
                format!("the supplier of '{product_id}' has to agree first, and this server cannot ask it"),
            ),
            Refusal::OrderPending => Problem::new(Reason::OrderPending, ORDER_PENDING).retry_after(1),
            Refusal::OrderNotPending => Problem::new(Reason::OrderNotPending, ORDER_NOT_PENDING),
            Refusal::ConnectionsInUse { product_id, used, remaining } => {
                Problem::new(Reason::ConnectionsInUse, connections_in_use(product_id, *used, *remaining))
            }
            Refusal::SubscriberUsesConnections => Problem::new(Reason::ConnectionsInUse, SUBSCRIBER_USES_CONNECTIONS),
            Refusal::PartyClosing { kind } => Problem::new(Reason::PartyClosing, party_closing(*kind)),
            Refusal::ConnectionsNotGranted { granted } => {
                about(Reason::ConnectionsNotGranted, "usedConnections", connections_not_granted(*granted, sent))
            }
            Refusal::TooManyConnections => Problem::new(Reason::TooManyConnections, TOO_MANY_CONNECTIONS),
            Refusal::QuotaReached { quota, max, whose } => quota_reached(*quota, *max, *whose),
            Refusal::TooLargeAtOnce => Problem::new(Reason::TooLargeAtOnce, TOO_LARGE_AT_ONCE),
            Refusal::IllegalTransition { from, to } => {
                let message =
                    format!("its state is {from}, and from there it cannot become {to}; GET it to see its state");
                Problem::new(Reason::IllegalTransition, message)
            }
            Refusal::AlreadyBootstrapped => Problem::internal("no caller asks for an operator"),
        }
    }
}

const STRATEGY: &str = "withProcessingStrategyId";
const ORDER_PENDING: &str = "the order is PENDING: its suppliers are being asked; try again after Retry-After seconds, when it is ACTIVE or REJECTED";
const ORDER_NOT_PENDING: &str = "the order is not PENDING any more; GET it to see what became of it";
const SUBSCRIBER_USES_CONNECTIONS: &str = "the subscriber uses connections of its orders; take them out of use first \
     (the suppliers report it), or keep the subscriber";
const TOO_MANY_CONNECTIONS: &str = "the subscriber would be granted more connections of one product than can be counted \
     (1000000000000000000); order a smaller quantity";
const TOO_LARGE_AT_ONCE: &str = "nothing was changed: this would look at or change more objects than the server decides at once (5000); \
     do it in smaller steps, as cancelling the orders one by one before their subscriber is deleted";

fn quota_reached(quota: Quota, max: u32, whose: PartyKind) -> Problem {
    let (reason, things, first) = match quota {
        Quota::Users => (Reason::TooManyUsers, "users", "delete one first"),
        Quota::Endpoints => (Reason::TooManyEndpoints, "webhook endpoints", "delete one first"),
        Quota::OpenOrders => (Reason::TooManyOpenOrders, "open orders", "cancel one first"),
        Quota::RequestsPerSecond | Quota::Streams => return Problem::internal("no decision looks at this quota"),
    };
    let party = match (quota, whose) {
        (Quota::OpenOrders, PartyKind::Vendor) => "the vendor with all its subscribers",
        (Quota::OpenOrders, _) => "the subscriber",
        _ => "the party",
    };
    let name = quota.name();
    let message = format!(
        "{party} has as many {things} as its quota {name} allows ({max}), or more; {first}, or ask the operator for a larger quota"
    );
    Problem::new(reason, message)
}

/// A sentence about one attribute, which it names itself.
fn about(reason: Reason, attribute: &str, message: String) -> Problem {
    let field = FieldError { path: attribute.to_owned(), message: message.clone().into() };
    Problem::fields(reason, vec![field]).saying(message)
}

fn unknown(attribute: &str, sent: Sent<'_>) -> String {
    let noun = match attribute {
        "offerId" | "offerRef" => "offer",
        "subscriberId" | "subscriberRef" => "subscriber",
        "vendorId" => "vendor",
        "scope" | "scopes" => "party",
        "items" => "product",
        "processingStrategyIds" => "processing strategy",
        _ => "object",
    };
    match sent(attribute) {
        Some(value) => format!("{attribute}: no {noun} {value} is visible to you; check its spelling"),
        None => format!("{attribute} names no {noun} that is visible to you; check its spelling"),
    }
}

/// The sent value after a space, or nothing.
fn shown(name: &str, sent: Sent<'_>) -> String {
    sent(name).map_or_else(String::new, |value| format!(" {value}"))
}

fn unusable_strategy(sent: Sent<'_>) -> String {
    format!(
        "{STRATEGY}{} is no active processing strategy that this offer allows; GET /processingStrategies lists yours, \
         and processingStrategyIds of the offer those that it allows",
        shown(STRATEGY, sent)
    )
}

fn grant_not_held(sent: Sent<'_>) -> String {
    let scopes = shown("scopes", sent);
    format!("scopes{scopes} contains a scope that your own user does not hold; grant only scopes that it holds")
}

fn id_taken(attribute: &str, sent: Sent<'_>) -> String {
    let (value, note) =
        (shown(attribute, sent), if attribute.ends_with("email") { " (in any letter case)" } else { "" });
    format!("{attribute}{value} is taken already{note}; choose another, or use the object that has it")
}

fn external_id_taken(sent: Sent<'_>) -> String {
    format!(
        "externalId{} was used for an order of this subscriber with other content; use another one for another order, \
         or GET /orders?state=ALL&externalId=… to see that order",
        shown("externalId", sent)
    )
}

fn stale(sent: Sent<'_>) -> String {
    format!(
        "the object has another revision than If-Match{} names: it was changed since you read it, or the tag is another object's; \
         GET it again, and repeat your change with its ETag",
        shown("If-Match", sent)
    )
}

fn key_reused(sent: Sent<'_>) -> String {
    format!(
        "the Idempotency-Key{} was used for a different request before; a different request needs a different key",
        shown("Idempotency-Key", &|name| sent(name).map(|key| shortened(&key)))
    )
}

/// By the name that was sent: a caller may know an offer by its ref alone.
fn not_orderable(state: Option<&str>, sent: Sent<'_>) -> String {
    let offer = sent("offerId").or_else(|| sent("offerRef")).unwrap_or_default();
    let is = state.map_or_else(|| "not ACTIVE".to_owned(), ToOwned::to_owned);
    format!(
        "the offer {offer} is {is}, and only ACTIVE offers can be ordered; GET /offers?orderable=true lists those that can"
    )
}

/// The beginning of a key, which tells its client which one it was.
fn shortened(key: &str) -> String {
    const SHOWN_MAX: usize = 8;
    match key.char_indices().nth(SHOWN_MAX + 1) {
        Some((end, _)) if key.chars().count() > SHOWN_MAX + 2 => format!("{}…'", &key[..end]),
        _ => key.to_owned(),
    }
}

fn connections_in_use(product_id: &str, used: u64, remaining: u64) -> String {
    format!(
        "{used} connections of '{product_id}' are in use, and only {remaining} would remain granted; take connections \
         out of use first (the supplier reports it), or keep the order"
    )
}

fn party_closing(kind: PartyKind) -> String {
    let noun = kind.as_str().to_ascii_lowercase();
    format!(
        "the {noun} is being deleted, and nothing new can be made for it; GET it to see what is left of it, or use another {noun}"
    )
}

fn connections_not_granted(granted: u64, sent: Sent<'_>) -> String {
    let used = shown("usedConnections", sent);
    format!(
        "usedConnections{used} is more than the {granted} that are granted to this subscriber; report {granted} at most"
    )
}

fn in_use(what: InUse) -> &'static str {
    match what {
        InUse::Orders => {
            "orders that are ACTIVE or PENDING still need it; cancel them first (for a subscriber also: force=true)"
        }
        InUse::Offers => "offers still need it; delete those offers first",
        InUse::Strategies => "the vendor still has processing strategies; delete them first",
        InUse::Subscribers => "the vendor still has subscribers; delete them first",
        InUse::Products => "the supplier still has applications or connectivity plans; delete them first",
        InUse::LastOperator => {
            "this is the last user who can act for the operator; create another one with an OPERATOR scope first"
        }
    }
}
