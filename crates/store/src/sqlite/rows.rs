//! From rows to the domain's nouns. Each noun has its columns beside the function that reads them.

use orderpark_domain::{
    Balance, Grant, Instant, Offer, OfferItem, OfferRef, OfferState, Order, OrderRef, OrderState, Party, PartyKind,
    PartyRef, Product, ProductKind, ProductRef, SecretHash, Strategy, StrategyRef, StrategyState, Subscription,
    SubscriptionState, Token, User, UserRef,
};
use rusqlite::types::{FromSql, Type};
use rusqlite::{Connection, Result, Row};

fn invalid(index: usize, what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, Type::Null, what.into())
}

/// A count or a ref: never negative.
pub(crate) fn number(row: &Row<'_>, index: usize) -> Result<u64> {
    u64::try_from(row.get::<_, i64>(index)?).map_err(|_| invalid(index, "a negative number"))
}

fn optional_number(row: &Row<'_>, index: usize) -> Result<Option<u64>> {
    row.get::<_, Option<i64>>(index)?
        .map(|n| u64::try_from(n).map_err(|_| invalid(index, "a negative number")))
        .transpose()
}

fn optional_instant(row: &Row<'_>, index: usize) -> Result<Option<Instant>> {
    Ok(row.get::<_, Option<i64>>(index)?.map(Instant))
}

/// One word of a closed list.
fn word<T>(row: &Row<'_>, index: usize, parse: fn(&str) -> Option<T>) -> Result<T> {
    let text = row.get_ref(index)?.as_str().map_err(|error| invalid(index, error))?;
    parse(text).ok_or_else(|| invalid(index, format!("no such word: {text}")))
}

/// JSON that this program wrote.
fn json<T: serde::de::DeserializeOwned>(text: &str, index: usize) -> Result<T> {
    serde_json::from_str(text).map_err(|error| invalid(index, error))
}

fn bytes<const N: usize>(row: &Row<'_>, index: usize) -> Result<[u8; N]> {
    <[u8; N]>::column_result(row.get_ref(index)?).map_err(|error| invalid(index, error))
}

/// The ref of an order, from its 16 bytes.
pub(crate) fn order_ref(row: &Row<'_>, index: usize) -> Result<OrderRef> {
    Ok(OrderRef(uuid::Uuid::from_bytes(bytes(row, index)?)))
}

pub(crate) const PARTY: &str = "p.ref, p.kind, p.id, p.name, p.vendor_ref, \
    (select v.id from parties v where v.ref = p.vendor_ref), p.contact_email, p.organization, p.revision, p.deleted_at";

pub(crate) fn party(row: &Row<'_>) -> Result<Party> {
    Ok(Party {
        party: PartyRef(number(row, 0)?),
        kind: word(row, 1, PartyKind::parse)?,
        id: row.get(2)?,
        name: row.get(3)?,
        vendor: optional_number(row, 4)?.map(PartyRef),
        vendor_id: row.get(5)?,
        contact_email: row.get(6)?,
        organization: row.get(7)?,
        revision: row.get(8)?,
        deleted_at: optional_instant(row, 9)?,
    })
}

pub(crate) const USER: &str = "u.ref, u.party_ref, u.login, u.first_name, u.last_name, u.organization, u.secrets, \
    u.revision, u.deleted_at, (select json_group_array(g.kind || ':' || g.party_ref) from \
    (select kind, party_ref from user_scopes where user_ref = u.ref order by position) g)";

/// Reads a user whose columns begin at `from`.
pub(crate) fn user_at(row: &Row<'_>, from: usize) -> Result<User> {
    let secrets = row.get_ref(from + 6)?.as_blob().map_err(|error| invalid(from + 6, error))?;
    Ok(User {
        user: UserRef(number(row, from)?),
        party: PartyRef(number(row, from + 1)?),
        login: row.get(from + 2)?,
        first_name: row.get(from + 3)?,
        last_name: row.get(from + 4)?,
        organization: row.get(from + 5)?,
        grants: grants(row, from + 9)?,
        secrets: secrets.as_chunks::<32>().0.iter().map(|secret| SecretHash(*secret)).collect(),
        revision: row.get(from + 7)?,
        deleted_at: optional_instant(row, from + 8)?,
    })
}

pub(crate) fn user(row: &Row<'_>) -> Result<User> {
    user_at(row, 0)
}

fn grants(row: &Row<'_>, index: usize) -> Result<Vec<Grant>> {
    let words: Vec<String> = json(&row.get::<_, String>(index)?, index)?;
    words.iter().map(|word| Grant::parse(word).ok_or_else(|| invalid(index, "no such scope"))).collect()
}

pub(crate) const PRODUCT: &str =
    "p.ref, p.kind, p.supplier_ref, p.id, p.name, p.portal_url, p.notification, p.revision, p.deleted_at";

pub(crate) fn product(row: &Row<'_>) -> Result<Product> {
    let notification: Option<String> = row.get(6)?;
    Ok(Product {
        product: ProductRef(number(row, 0)?),
        kind: word(row, 1, ProductKind::parse)?,
        supplier: PartyRef(number(row, 2)?),
        id: row.get(3)?,
        name: row.get(4)?,
        portal_url: row.get(5)?,
        notification: notification.map(|text| json(&text, 6)).transpose()?,
        revision: row.get(7)?,
        deleted_at: optional_instant(row, 8)?,
    })
}

pub(crate) const OFFER: &str = "f.ref, f.vendor_ref, f.id, f.name, f.state, f.strategies, f.open_orders, f.revision, \
    f.deleted_at, (select json_group_array(json_array(i.product_ref, i.id, i.granted)) from \
    (select oi.product_ref, pr.id, oi.granted from offer_items oi join products pr on pr.ref = oi.product_ref \
    where oi.offer_ref = f.ref order by oi.position) i)";

pub(crate) fn offer(row: &Row<'_>) -> Result<Offer> {
    let strategies: Option<String> = row.get(5)?;
    let items: Vec<(u64, String, Option<u64>)> = json(&row.get::<_, String>(9)?, 9)?;
    let item = |(product, product_id, granted)| OfferItem { product: ProductRef(product), product_id, granted };
    Ok(Offer {
        offer: OfferRef(number(row, 0)?),
        vendor: PartyRef(number(row, 1)?),
        id: row.get(2)?,
        name: row.get(3)?,
        state: word(row, 4, OfferState::parse)?,
        items: items.into_iter().map(item).collect(),
        strategies: strategies.map(|text| json(&text, 5)).transpose()?,
        revision: row.get(7)?,
        deleted_at: optional_instant(row, 8)?,
        open_orders: number(row, 6)?,
    })
}

pub(crate) const STRATEGY: &str =
    "s.ref, s.vendor_ref, s.id, s.name, s.description, s.state, s.settings, s.revision, s.deleted_at";

pub(crate) fn strategy(row: &Row<'_>) -> Result<Strategy> {
    Ok(Strategy {
        strategy: StrategyRef(number(row, 0)?),
        vendor: optional_number(row, 1)?.map(PartyRef),
        id: row.get(2)?,
        name: row.get(3)?,
        description: row.get(4)?,
        state: word(row, 5, StrategyState::parse)?,
        settings: row.get(6)?,
        revision: row.get(7)?,
        deleted_at: optional_instant(row, 8)?,
    })
}

/// An order with its subscriptions is one statement with a row for each subscription, so that it is one snapshot.
pub(crate) const ORDER: &str = "o.ref, o.offer_ref, f.id, o.vendor_ref, o.subscriber_ref, o.quantity, o.external_id, \
    o.strategy, o.state, o.created_at, o.closed_at, o.revision, s.number, s.product_ref, p.id, s.supplier_ref, s.state, \
    s.granted, s.since, s.until, s.reason";

/// What [`ORDER`] is selected from, after the orders themselves as `o`.
pub(crate) const ORDER_JOINS: &str = " join offers f on f.ref = o.offer_ref \
    join subscriptions s on s.order_ref = o.ref join products p on p.ref = s.product_ref";

/// Reads orders from rows of [`ORDER`] that are sorted by order and position.
pub(crate) fn orders(query: &super::Query, connection: &Connection) -> Result<Vec<Order>> {
    let mut orders: Vec<Order> = Vec::new();
    query.rows(connection, |row| {
        let order = order_ref(row, 0)?;
        let subscription = subscription_at(row, 12)?;
        match orders.last_mut().filter(|last| last.order == order) {
            Some(last) => last.subscriptions.push(subscription),
            None => orders.push(order_of(row, order, subscription)?),
        }
        Ok(())
    })?;
    Ok(orders)
}

fn order_of(row: &Row<'_>, order: OrderRef, first: Subscription) -> Result<Order> {
    Ok(Order {
        order,
        offer: OfferRef(number(row, 1)?),
        offer_id: row.get(2)?,
        vendor: PartyRef(number(row, 3)?),
        subscriber: PartyRef(number(row, 4)?),
        quantity: row.get(5)?,
        external_id: row.get(6)?,
        strategy: row.get(7)?,
        state: word(row, 8, OrderState::parse)?,
        created_at: Instant(row.get(9)?),
        closed_at: optional_instant(row, 10)?,
        revision: row.get(11)?,
        subscriptions: vec![first],
    })
}

/// Reads a subscription whose columns, as in [`ORDER`], begin at `from`.
pub(crate) fn subscription_at(row: &Row<'_>, from: usize) -> Result<Subscription> {
    Ok(Subscription {
        number: number(row, from)?,
        product: ProductRef(number(row, from + 1)?),
        product_id: row.get(from + 2)?,
        supplier: PartyRef(number(row, from + 3)?),
        state: word(row, from + 4, SubscriptionState::parse)?,
        granted: optional_number(row, from + 5)?,
        since: Instant(row.get(from + 6)?),
        until: optional_instant(row, from + 7)?,
        reason: row.get(from + 8)?,
    })
}

pub(crate) const BALANCE: &str = "subscriber_ref, product_ref, granted, used, subscriptions";

pub(crate) fn balance(row: &Row<'_>) -> Result<Balance> {
    Ok(Balance {
        subscriber: PartyRef(number(row, 0)?),
        product: ProductRef(number(row, 1)?),
        granted: number(row, 2)?,
        used: number(row, 3)?,
        subscriptions: number(row, 4)?,
    })
}

pub(crate) const TOKEN: &str = "t.user_ref, t.hash, t.jti, t.client_id, t.scopes, t.issued_at, t.expires_at";

/// How many columns [`TOKEN`] has.
pub(crate) const TOKEN_COLUMNS: usize = 7;

pub(crate) fn token(row: &Row<'_>) -> Result<Token> {
    Ok(Token {
        user: UserRef(number(row, 0)?),
        hash: bytes(row, 1)?,
        jti: row.get(2)?,
        client_id: row.get(3)?,
        grants: grants(row, 4)?,
        issued_at: Instant(row.get(5)?),
        expires_at: optional_instant(row, 6)?,
    })
}
