//! Loads what decisions need into the working set, by point reads on the writer's own connection.

use super::query::{Query, sql_number};
use super::rows::{self, number};
use crate::journal;
use orderpark_domain::request_key::{KeptRequest, RequestKeyId};
use orderpark_domain::world::Fact;
use orderpark_domain::{
    Entry, Head, Instant, Need, OfferRef, OrderRef, PartyRef, ProductRef, StrategyRef, UserRef, World,
};
use rusqlite::{Connection, OptionalExtension, Result, params};

/// The head of the journal, with the hash of the last entry.
pub(crate) fn head(connection: &Connection) -> Result<(Head, journal::Hash)> {
    let sql = "select seq, at, next_ref, next_subscription, hash from head";
    connection.prepare_cached(sql)?.query_row([], |row| {
        let head = Head {
            seq: number(row, 0)?,
            at: Instant(row.get(1)?),
            next_ref: number(row, 2)?,
            next_subscription: number(row, 3)?,
        };
        Ok((head, row.get(4)?))
    })
}

/// The journal's entry `seq`.
pub(crate) fn entry_at(connection: &Connection, seq: u64) -> Result<Option<Entry>> {
    let sql = "select at, entry from journal where seq = ?";
    let row = connection
        .prepare_cached(sql)?
        .query_row([sql_number(seq)], |row| Ok((Instant(row.get(0)?), row.get::<_, String>(1)?)))
        .optional()?;
    row.map(|(at, text)| journal::read(seq, at, &text))
        .transpose()
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, error.into()))
}

/// Loads one thing into the world.
pub(crate) fn load(connection: &Connection, world: &mut World, need: Need) -> Result<()> {
    match need {
        Need::Party(party) => {
            let row = by_ref(rows::PARTY, "parties p where p.ref", party.0).row(connection, rows::party)?;
            world.parties.load(party, row);
        }
        Need::PartyId(kind, id) => {
            let sql = "select ref from parties where kind = ? and id = ? and deleted_at is null";
            let found = find(connection, sql, params![kind.as_str(), id])?;
            world.party_ids.load((kind, id), found.map(PartyRef));
        }
        Need::User(user) => {
            let row = by_ref(rows::USER, "users u where u.ref", user.0).row(connection, rows::user)?;
            world.users.load(user, row);
        }
        Need::Login(login) => {
            let found = find(connection, "select ref from users where login = ? and deleted_at is null", [&login])?;
            world.logins.load(login, found.map(UserRef));
        }
        Need::Product(product) => {
            let row = by_ref(rows::PRODUCT, "products p where p.ref", product.0).row(connection, rows::product)?;
            world.products.load(product, row);
        }
        Need::ProductId(id) => {
            let found = find(connection, "select ref from products where id = ? and deleted_at is null", [&id])?;
            world.product_ids.load(id, found.map(ProductRef));
        }
        Need::Offer(offer) => {
            let row = by_ref(rows::OFFER, "offers f where f.ref", offer.0).row(connection, rows::offer)?;
            world.offers.load(offer, row);
        }
        Need::OfferId(id) => {
            let found = find(connection, "select ref from offers where id = ? and deleted_at is null", [&id])?;
            world.offer_ids.load(id, found.map(OfferRef));
        }
        Need::Strategy(strategy) => {
            let row = by_ref(rows::STRATEGY, "strategies s where s.ref", strategy.0).row(connection, rows::strategy)?;
            world.strategies.load(strategy, row);
        }
        Need::StrategyId(id) => {
            let found = find(connection, "select ref from strategies where id = ? and deleted_at is null", [&id])?;
            world.strategy_ids.load(id, found.map(StrategyRef));
        }
        other => return load_order_side(connection, world, other),
    }
    Ok(())
}

/// The other half of [`load`]: what orders, keys and tokens need.
fn load_order_side(connection: &Connection, world: &mut World, need: Need) -> Result<()> {
    match need {
        Need::Order(order) => {
            let row = rows::orders(&order_query(order), connection)?.pop();
            world.orders.load(order, row);
        }
        Need::ExternalId(subscriber, external_id) => {
            let mut query = Query::new("select ref from orders where");
            query
                .bind(" external_id = ?", external_id.clone())
                .bind(" and subscriber_ref = ?", sql_number(subscriber.0));
            let order = query.row(connection, |row| rows::order_ref(row, 0))?;
            world.external_ids.load((subscriber, external_id), order);
        }
        Need::Balance(subscriber, product) => {
            let mut query = Query::new(&format!("select {} from balances where", rows::BALANCE));
            query
                .bind(" subscriber_ref = ?", sql_number(subscriber.0))
                .bind(" and product_ref = ?", sql_number(product.0));
            world.balances.load((subscriber, product), query.row(connection, rows::balance)?);
        }
        Need::RequestKey(id) => world.request_keys.load(id, request_key(connection, id)?),
        Need::Token(user) => {
            let row = by_ref(rows::TOKEN, "tokens t where t.user_ref", user.0).row(connection, rows::token)?;
            world.tokens.load(user, row);
        }
        Need::UsersOf(party) => world.load_users_of(party, users_of(connection, party)?),
        Need::OpenOrdersOf(subscriber) => {
            world.load_open_orders_of(subscriber, open_orders_of(connection, subscriber)?);
        }
        Need::Fact(fact) => world.load_fact(fact, holds(connection, fact)?),
        _ => unreachable!("the first half of the needs is loaded above"),
    }
    Ok(())
}

fn by_ref(columns: &str, from_where: &str, number: u64) -> Query {
    let mut query = Query::new("select ");
    query.text(columns).text(" from ").text(from_where).bind(" = ?", sql_number(number));
    query
}

/// The query for one order without a scope: the committer decides about scopes itself.
fn order_query(order: OrderRef) -> Query {
    let mut query = Query::new("select ");
    query.text(rows::ORDER).text(" from orders o").text(rows::ORDER_JOINS);
    query.bind(" where o.ref = ?", order.0.as_bytes().to_vec()).text(" order by s.position");
    query
}

fn find(connection: &Connection, sql: &str, values: impl rusqlite::Params) -> Result<Option<u64>> {
    connection.prepare_cached(sql)?.query_row(values, |row| number(row, 0)).optional()
}

fn request_key(connection: &Connection, (client, key): RequestKeyId) -> Result<Option<KeptRequest>> {
    let sql = "select fingerprint, seq from request_keys where client_ref = ? and key = ?";
    connection
        .prepare_cached(sql)?
        .query_row(params![sql_number(client.0), key], |row| {
            Ok(KeptRequest { fingerprint: row.get(0)?, seq: number(row, 1)? })
        })
        .optional()
}

fn users_of(connection: &Connection, party: PartyRef) -> Result<Vec<UserRef>> {
    let sql = "select ref from users where party_ref = ? and deleted_at is null order by ref";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map([sql_number(party.0)], |row| Ok(UserRef(number(row, 0)?)))?.collect()
}

fn open_orders_of(connection: &Connection, subscriber: PartyRef) -> Result<Vec<OrderRef>> {
    let sql = "select ref from orders where subscriber_ref = ? and state in ('PENDING', 'ACTIVE') order by ref";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map([sql_number(subscriber.0)], |row| rows::order_ref(row, 0))?.collect()
}

fn holds(connection: &Connection, fact: Fact) -> Result<bool> {
    let (sql, number) = match fact {
        Fact::ProductsOf(party) => ("select 1 from products where supplier_ref = ? and deleted_at is null", party.0),
        Fact::OffersOf(party) => ("select 1 from offers where vendor_ref = ? and deleted_at is null", party.0),
        Fact::StrategiesOf(party) => ("select 1 from strategies where vendor_ref = ? and deleted_at is null", party.0),
        Fact::SubscribersOf(party) => ("select 1 from parties where vendor_ref = ? and deleted_at is null", party.0),
        Fact::OffersWith(product) => (
            "select 1 from offer_items i join offers f on f.ref = i.offer_ref \
             where i.product_ref = ? and f.deleted_at is null",
            product.0,
        ),
        Fact::OffersNaming(strategy) => (
            "select 1 from strategies s join offers f on f.deleted_at is null and f.strategies is not null \
             join json_each(f.strategies) named on named.value = s.id where s.ref = ?",
            strategy.0,
        ),
        Fact::OpenSubscriptionsTo(product) => (
            "select 1 from products p join subscriptions s on s.supplier_ref = p.supplier_ref and s.product_ref = p.ref \
             where p.ref = ? and s.state in ('PENDING', 'ACTIVE', 'SUSPENDED')",
            product.0,
        ),
        Fact::OperatorBesides(user) => (
            "select 1 from users u join user_scopes g on g.user_ref = u.ref \
             where u.ref <> ? and g.kind = 'OPERATOR' and u.deleted_at is null",
            user.0,
        ),
    };
    connection.prepare_cached(sql)?.exists([sql_number(number)])
}
