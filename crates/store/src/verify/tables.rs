//! The tables: every row is what the journal means, and none is missing (I3).
//!
//! For each table one plain `select`; each row is compared, value by value, with the row that the folded world would write.

use super::{Report, Snapshot};
use crate::OpenError;
use crate::query::Value;
use crate::row::Read;
use orderpark_domain::{
    Balance, Endpoint, EndpointRef, Instant, Offer, OfferRef, Order, OrderRef, Party, PartyRef, Product, ProductRef,
    Strategy, StrategyRef, Token, User, UserRef, World,
};

pub(super) fn compare(snapshot: &Snapshot, world: &World, report: &mut Report) -> Result<(), OpenError> {
    let mut tables = Tables { snapshot, report };
    tables.rows("parties", PARTIES, world.parties.count(), |key| {
        world.parties.get(&PartyRef(count_of(&key[0]))).map(party)
    })?;
    tables.rows("users", USERS, world.users.count(), |key| world.users.get(&UserRef(count_of(&key[0]))).map(user))?;
    let scopes = world.users.values().map(|user| user.grants.len()).sum();
    tables.rows("user_scopes", USER_SCOPES, scopes, |key| user_scope(world, key))?;
    tables.rows("products", PRODUCTS, world.products.count(), |key| {
        world.products.get(&ProductRef(count_of(&key[0]))).map(product)
    })?;
    tables.rows("offers", OFFERS, world.offers.count(), |key| {
        world.offers.get(&OfferRef(count_of(&key[0]))).map(offer)
    })?;
    let items = world.offers.values().map(|offer| offer.items.len()).sum();
    tables.rows("offer_items", OFFER_ITEMS, items, |key| offer_item(world, key))?;
    tables.rows("strategies", STRATEGIES, world.strategies.count(), |key| {
        world.strategies.get(&StrategyRef(count_of(&key[0]))).map(strategy)
    })?;
    tables.rows("webhook_endpoints", ENDPOINTS, world.endpoints.count(), |key| {
        world.endpoints.get(&EndpointRef(count_of(&key[0]))).map(endpoint)
    })?;
    tables.rows("orders", ORDERS, world.orders.count(), |key| world.orders.get(&order_ref(&key[0])?).map(order))?;
    let subscriptions = world.orders.values().map(|order| order.subscriptions.len()).sum();
    tables.rows("subscriptions", SUBSCRIPTIONS, subscriptions, |key| subscription(world, key))?;
    tables.rows("balances", BALANCES, world.balances.count(), |key| {
        world.balances.get(&(PartyRef(count_of(&key[0])), ProductRef(count_of(&key[1])))).map(balance)
    })?;
    tables.rows("request_keys", REQUEST_KEYS, world.request_keys.count(), |key| request_key(world, key))?;
    tables.rows("tokens", TOKENS, world.tokens.count(), |key| world.tokens.get(&UserRef(count_of(&key[0]))).map(token))
}

struct Tables<'a> {
    snapshot: &'a Snapshot,
    report: &'a mut Report,
}

impl Tables<'_> {
    /// Compares the rows of `sql` with what `expected` says of their first columns; there must be `count` of them.
    fn rows(
        &mut self,
        table: &str,
        columns: &str,
        count: usize,
        expected: impl Fn(&[Value]) -> Option<Vec<Value>>,
    ) -> Result<(), OpenError> {
        let width = columns.split(", ").count();
        let mut found = 0_usize;
        let report = &mut *self.report;
        self.snapshot.each(&format!("select {columns} from {table}"), &mut |row| {
            found += 1;
            let values = (0..width).map(|column| Ok(row.cell(column)?.to_value())).collect::<Read<Vec<Value>>>()?;
            match expected(&values) {
                Some(wanted) if wanted == values => {}
                Some(wanted) => report.violation(difference(table, columns, &values, &wanted)),
                None => report.violation(format!("{table}: row {} is not in the journal (I3)", name(&values))),
            }
            Ok(())
        })?;
        self.report.check(found == count, || format!("{table}: {found} rows, the journal means {count} (I3)"));
        self.report.checked.push((format!("rows of {table}"), found as u64));
        Ok(())
    }
}

fn difference(table: &str, columns: &str, found: &[Value], wanted: &[Value]) -> String {
    let differs = |(_, (found, wanted)): &(&str, (&Value, &Value))| found != wanted;
    let pairs = columns.split(", ").zip(found.iter().zip(wanted)).filter(differs);
    let words = pairs
        .map(|(column, (found, wanted))| format!("{column} is {}, the journal means {}", word(found), word(wanted)));
    format!("{table}: row {}: {} (I3)", name(found), words.collect::<Vec<_>>().join("; "))
}

fn name(values: &[Value]) -> String {
    values.first().map_or_else(String::new, word)
}

fn word(value: &Value) -> String {
    match value {
        Value::Nothing => "nothing".into(),
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => format!("'{text}'"),
        Value::Blob(bytes) => match <[u8; 16]>::try_from(bytes.as_slice()) {
            Ok(bytes) => uuid::Uuid::from_bytes(bytes).to_string(),
            Err(_) => format!("{} bytes", bytes.len()),
        },
        Value::Integers(_) | Value::Texts(_) | Value::Blobs(_) => "several values".into(),
    }
}

/// A ref or a count in a key; what is no number names nothing.
fn count_of(value: &Value) -> u64 {
    match value {
        Value::Integer(number) => u64::try_from(*number).unwrap_or(0),
        _ => 0,
    }
}

fn order_ref(value: &Value) -> Option<OrderRef> {
    match value {
        Value::Blob(bytes) => Some(OrderRef(uuid::Uuid::from_slice(bytes).ok()?)),
        _ => None,
    }
}

fn integer(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn optional<T>(value: Option<T>, convert: impl FnOnce(T) -> Value) -> Value {
    value.map_or(Value::Nothing, convert)
}

fn optional_text(value: Option<&String>) -> Value {
    optional(value, |value| text(value))
}

fn optional_at(value: Option<Instant>) -> Value {
    optional(value, |at| Value::Integer(at.0))
}

fn json<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_string(value).map_or(Value::Nothing, Value::Text)
}

const PARTIES: &str =
    "ref, kind, id, name, vendor_ref, contact_email, organization, revision, closing_at, deleted_at, quotas";

fn party(party: &Party) -> Vec<Value> {
    vec![
        integer(party.party.0),
        text(party.kind.as_str()),
        text(&party.id),
        text(&party.name),
        optional(party.vendor, |vendor| integer(vendor.0)),
        optional_text(party.contact_email.as_ref()),
        optional_text(party.organization.as_ref()),
        Value::Integer(party.revision.into()),
        optional_at(party.closing_at),
        optional_at(party.deleted_at),
        if party.quotas.is_empty() { Value::Nothing } else { json(&party.quotas) },
    ]
}

const USERS: &str = "ref, party_ref, login, first_name, last_name, organization, secrets, revision, deleted_at, role, \
    created_by, created_at";

fn user(user: &User) -> Vec<Value> {
    vec![
        integer(user.user.0),
        integer(user.party.0),
        text(&user.login),
        optional_text(user.first_name.as_ref()),
        optional_text(user.last_name.as_ref()),
        optional_text(user.organization.as_ref()),
        Value::Blob(user.secrets.iter().flat_map(|secret| secret.0).collect()),
        Value::Integer(user.revision.into()),
        optional_at(user.deleted_at),
        optional(user.role, |role| text(role.as_str())),
        optional(user.created_by, |by| integer(by.0)),
        optional_at(user.created_at),
    ]
}

/// The thing at the 1-based position that a key names.
fn at_position<'t, T>(things: &'t [T], position: &Value) -> Option<&'t T> {
    let index = usize::try_from(count_of(position).checked_sub(1)?).ok()?;
    things.get(index)
}

const USER_SCOPES: &str = "user_ref, position, kind, party_ref";

fn user_scope(world: &World, key: &[Value]) -> Option<Vec<Value>> {
    let user = world.users.get(&UserRef(count_of(&key[0])))?;
    let grant = at_position(&user.grants, &key[1])?;
    Some(vec![key[0].clone(), key[1].clone(), text(grant.kind.as_str()), integer(grant.party.0)])
}

const PRODUCTS: &str = "ref, kind, supplier_ref, id, name, portal_url, notification, revision, deleted_at";

fn product(product: &Product) -> Vec<Value> {
    vec![
        integer(product.product.0),
        text(product.kind.as_str()),
        integer(product.supplier.0),
        text(&product.id),
        text(&product.name),
        optional_text(product.portal_url.as_ref()),
        optional(product.notification.as_ref(), json),
        Value::Integer(product.revision.into()),
        optional_at(product.deleted_at),
    ]
}

const OFFERS: &str = "ref, vendor_ref, id, name, state, strategies, open_orders, revision, deleted_at";

fn offer(offer: &Offer) -> Vec<Value> {
    vec![
        integer(offer.offer.0),
        integer(offer.vendor.0),
        text(&offer.id),
        text(&offer.name),
        text(offer.state.as_str()),
        optional(offer.strategies.as_ref(), json),
        integer(offer.open_orders),
        Value::Integer(offer.revision.into()),
        optional_at(offer.deleted_at),
    ]
}

const OFFER_ITEMS: &str = "offer_ref, position, product_ref, granted";

fn offer_item(world: &World, key: &[Value]) -> Option<Vec<Value>> {
    let offer = world.offers.get(&OfferRef(count_of(&key[0])))?;
    let item = at_position(&offer.items, &key[1])?;
    Some(vec![key[0].clone(), key[1].clone(), integer(item.product.0), optional(item.granted, integer)])
}

const STRATEGIES: &str = "ref, vendor_ref, id, name, description, state, settings, revision, deleted_at";

fn strategy(strategy: &Strategy) -> Vec<Value> {
    vec![
        integer(strategy.strategy.0),
        optional(strategy.vendor, |vendor| integer(vendor.0)),
        text(&strategy.id),
        text(&strategy.name),
        optional_text(strategy.description.as_ref()),
        text(strategy.state.as_str()),
        text(&strategy.settings),
        Value::Integer(strategy.revision.into()),
        optional_at(strategy.deleted_at),
    ]
}

const ENDPOINTS: &str = "ref, owner_kind, owner_ref, url, description, kinds, secrets, state, disabled_why, disabled_at, \
    created_at, revision, deleted_at, created_by";

fn endpoint(endpoint: &Endpoint) -> Vec<Value> {
    vec![
        integer(endpoint.endpoint.0),
        text(endpoint.owner.kind.as_str()),
        integer(endpoint.owner.party.0),
        text(&endpoint.url),
        optional_text(endpoint.description.as_ref()),
        optional(endpoint.kinds.as_ref(), json),
        json(&endpoint.secrets),
        text(endpoint.state.as_str()),
        optional(endpoint.disabled.as_ref(), |disabled| text(disabled.why.as_str())),
        optional(endpoint.disabled.as_ref(), |disabled| Value::Integer(disabled.at.0)),
        Value::Integer(endpoint.created_at.0),
        Value::Integer(endpoint.revision.into()),
        optional_at(endpoint.deleted_at),
        optional(endpoint.created_by, |by| integer(by.0)),
    ]
}

const ORDERS: &str = "ref, offer_ref, vendor_ref, subscriber_ref, quantity, external_id, strategy, state, created_at, \
    closed_at, revision";

fn order(order: &Order) -> Vec<Value> {
    vec![
        Value::Blob(order.order.0.as_bytes().to_vec()),
        integer(order.offer.0),
        integer(order.vendor.0),
        integer(order.subscriber.0),
        Value::Integer(order.quantity.into()),
        optional_text(order.external_id.as_ref()),
        optional_text(order.strategy.as_ref()),
        text(order.state.as_str()),
        Value::Integer(order.created_at.0),
        optional_at(order.closed_at),
        Value::Integer(order.revision.into()),
    ]
}

const SUBSCRIPTIONS: &str =
    "order_ref, position, number, product_ref, supplier_ref, state, granted, since, until, reason";

fn subscription(world: &World, key: &[Value]) -> Option<Vec<Value>> {
    let order = world.orders.get(&order_ref(&key[0])?)?;
    let subscription = at_position(&order.subscriptions, &key[1])?;
    Some(vec![
        key[0].clone(),
        key[1].clone(),
        integer(subscription.number),
        integer(subscription.product.0),
        integer(subscription.supplier.0),
        text(subscription.state.as_str()),
        optional(subscription.granted, integer),
        Value::Integer(subscription.since.0),
        optional_at(subscription.until),
        optional_text(subscription.reason.as_ref()),
    ])
}

const BALANCES: &str = "subscriber_ref, product_ref, granted, used, subscriptions, orders";

fn balance(balance: &Balance) -> Vec<Value> {
    let Balance { subscriber, product, granted, used, subscriptions, orders } = *balance;
    [subscriber.0, product.0, granted, used, subscriptions, orders].map(integer).to_vec()
}

const REQUEST_KEYS: &str = "client_ref, key, fingerprint, seq";

fn request_key(world: &World, key: &[Value]) -> Option<Vec<Value>> {
    let Value::Blob(digest) = &key[1] else { return None };
    let digest = <[u8; 16]>::try_from(digest.as_slice()).ok()?;
    let kept = world.request_keys.get(&(UserRef(count_of(&key[0])), digest))?;
    Some(vec![key[0].clone(), key[1].clone(), Value::Blob(kept.fingerprint.to_vec()), integer(kept.seq)])
}

const TOKENS: &str = "user_ref, hash, jti, client_id, scopes, issued_at, expires_at";

fn token(token: &Token) -> Vec<Value> {
    let scopes: Vec<String> = token.grants.iter().map(ToString::to_string).collect();
    vec![
        integer(token.user.0),
        Value::Blob(token.hash.to_vec()),
        text(&token.jti),
        text(&token.client_id),
        json(&scopes),
        Value::Integer(token.issued_at.0),
        optional_at(token.expires_at),
    ]
}
