//! Loads what decisions need into the working set.
//!
//! A [`Lookup`] asks for needs of one kind: SQLite for one at a time, PostgreSQL for all of a batch. Whatever it does not
//! find does not exist. No scope here: the committer decides about scopes itself.

use crate::query::{Dialect, Query, Texts, Value, sql_number};
use crate::row::{self, Read, Row, number, text};
use crate::rows;
use orderpark_domain::party::OPERATOR;
use orderpark_domain::quota::COUNTED_MAX;
use orderpark_domain::request_key::KeptRequest;
use orderpark_domain::world::{Counted, Fact, Piece};
use orderpark_domain::{
    EndpointRef, Made, Need, OfferRef, OrderRef, PartyKind, PartyRef, ProductRef, SecretHash, StrategyRef, UserRef,
    World,
};
mod made;

use std::collections::BTreeSet;
use std::mem::discriminant;

/// One query, and what it looks for.
#[derive(Debug)]
pub(crate) struct Lookup {
    pub query: Query,
    needs: Vec<Need>,
    /// Refs of a list, as they were found.
    listed: Listed,
}

#[derive(Debug, Default)]
struct Listed {
    users: Vec<UserRef>,
    endpoints: Vec<EndpointRef>,
    orders: Vec<OrderRef>,
    rows: Vec<orderpark_domain::Order>,
    made: Made,
}

/// Groups needs, which come sorted by kind, into lookups.
pub(crate) fn lookups(dialect: Dialect, needs: BTreeSet<Need>) -> Vec<Lookup> {
    let mut groups: Vec<Vec<Need>> = Vec::new();
    for need in needs {
        let together = |group: &&mut Vec<Need>| dialect == Dialect::Postgres && is_joinable(&group[0], &need);
        match groups.last_mut().filter(together) {
            Some(group) => group.push(need),
            None => groups.push(vec![need]),
        }
    }
    groups.into_iter().map(|needs| Lookup { query: query(dialect, &needs), needs, listed: Listed::default() }).collect()
}

fn is_joinable(one: &Need, other: &Need) -> bool {
    let alone = matches!(
        one,
        Need::UsersOf(..)
            | Need::Count(_)
            | Need::EndpointsOf(..)
            | Need::OpenOrdersOf(..)
            | Need::MadeBy(_)
            | Need::Fact(_)
    );
    !alone && discriminant(one) == discriminant(other)
}

impl Lookup {
    /// Says that nothing of it exists, until a row says otherwise.
    pub(crate) fn begin(&self, world: &mut World) {
        for need in &self.needs {
            match need.clone() {
                Need::Party(party) => world.parties.load(party, None),
                Need::PartyId(kind, id) => world.party_ids.load((kind, id), None),
                Need::User(user) => world.users.load(user, None),
                Need::Login(login) => world.logins.load(login, None),
                Need::Product(product) => world.products.load(product, None),
                Need::ProductId(id) => world.product_ids.load(id, None),
                Need::Offer(offer) => world.offers.load(offer, None),
                Need::OfferId(id) => world.offer_ids.load(id, None),
                Need::Strategy(strategy) => world.strategies.load(strategy, None),
                Need::StrategyId(id) => world.strategy_ids.load(id, None),
                Need::Order(order) => world.orders.load(order, None),
                Need::ExternalId(subscriber, id) => world.external_ids.load((subscriber, id), None),
                Need::Balance(subscriber, product) => world.balances.load((subscriber, product), None),
                Need::RequestKey(id) => world.request_keys.load(id, None),
                Need::Token(user) => world.tokens.load(user, None),
                Need::Endpoint(endpoint) => world.endpoints.load(endpoint, None),
                Need::Fact(fact) => world.load_fact(fact, false),
                Need::Count(counted) => world.load_count(counted, 0),
                Need::UsersOf(..) | Need::EndpointsOf(..) | Need::OpenOrdersOf(..) | Need::MadeBy(_) => {}
            }
        }
    }

    /// Files a row.
    pub(crate) fn file(&mut self, world: &mut World, row: &dyn Row) -> Read<()> {
        match &self.needs[0] {
            Need::Party(_) => rows::party(row).map(|party| world.parties.load(party.party, Some(party)))?,
            Need::User(_) => rows::user(row).map(|user| world.users.load(user.user, Some(user)))?,
            Need::Product(_) => rows::product(row).map(|found| world.products.load(found.product, Some(found)))?,
            Need::Offer(_) => rows::offer(row).map(|offer| world.offers.load(offer.offer, Some(offer)))?,
            Need::Strategy(_) => rows::strategy(row).map(|it| world.strategies.load(it.strategy, Some(it)))?,
            Need::Token(_) => rows::token(row).map(|token| world.tokens.load(token.user, Some(token)))?,
            Need::Endpoint(_) => rows::endpoint(row).map(|it| world.endpoints.load(it.endpoint, Some(it)))?,
            Need::Balance(..) => {
                let balance = rows::balance(row)?;
                world.balances.load((balance.subscriber, balance.product), Some(balance));
            }
            Need::Order(_) => rows::add_order(&mut self.listed.rows, row)?,
            Need::RequestKey(_) => {
                let kept = KeptRequest { fingerprint: row::bytes(row, 2)?, seq: number(row, 3)? };
                world.request_keys.load((UserRef(number(row, 0)?), row::bytes(row, 1)?), Some(kept));
            }
            Need::UsersOf(..) => self.listed.users.push(UserRef(number(row, 0)?)),
            Need::EndpointsOf(..) => self.listed.endpoints.push(EndpointRef(number(row, 0)?)),
            Need::OpenOrdersOf(..) => self.listed.orders.push(rows::order_ref(row, 0)?),
            Need::Count(counted) => world.load_count(*counted, number(row, 0)?),
            Need::MadeBy(asked) => made::file(&mut self.listed.made, asked, row)?,
            Need::Fact(fact) => world.load_fact(*fact, true),
            _ => self.file_name(world, row)?,
        }
        Ok(())
    }

    /// Files what a living row is found by.
    fn file_name(&self, world: &mut World, row: &dyn Row) -> Read<()> {
        let found = |column| number(row, column);
        let name = || text(row, 0).map(str::to_owned);
        match &self.needs[0] {
            Need::PartyId(..) => {
                let key = (row::word(row, 0, PartyKind::parse)?, row::string(row, 1)?);
                world.party_ids.load(key, Some(PartyRef(found(2)?)));
            }
            Need::ExternalId(..) => {
                let key = (PartyRef(found(0)?), row::string(row, 1)?);
                world.external_ids.load(key, Some(rows::order_ref(row, 2)?));
            }
            Need::Login(_) => world.logins.load(name()?, Some(UserRef(found(1)?))),
            Need::ProductId(_) => world.product_ids.load(name()?, Some(ProductRef(found(1)?))),
            Need::OfferId(_) => world.offer_ids.load(name()?, Some(OfferRef(found(1)?))),
            Need::StrategyId(_) => world.strategy_ids.load(name()?, Some(StrategyRef(found(1)?))),
            _ => unreachable!("every other need is filed by its row"),
        }
        Ok(())
    }

    /// Files what only all rows together tell.
    pub(crate) fn end(self, world: &mut World) {
        for order in self.listed.rows {
            world.orders.load(order.order, Some(order));
        }
        match self.needs[0].clone() {
            Need::UsersOf(party, max) => world.load_users_of(party, max, self.listed.users),
            Need::EndpointsOf(party, max) => world.load_endpoints_of(party, max, self.listed.endpoints),
            Need::OpenOrdersOf(subscriber, max) => world.load_open_orders_of(subscriber, max, self.listed.orders),
            Need::MadeBy(asked) => world.load_made_by(asked, self.listed.made),
            _ => {}
        }
    }
}

/// The query for needs of one kind.
fn query(dialect: Dialect, needs: &[Need]) -> Query {
    let mut query = Query::new(dialect, "select ");
    match &needs[0] {
        Need::Party(_) => by_ref(&mut query, rows::PARTY, " from parties p where", "p.ref", needs),
        Need::User(_) => by_ref(&mut query, rows::USER, " from users u where", "u.ref", needs),
        Need::Product(_) => by_ref(&mut query, rows::PRODUCT, " from products p where", "p.ref", needs),
        Need::Offer(_) => by_ref(&mut query, rows::OFFER, " from offers f where", "f.ref", needs),
        Need::Strategy(_) => by_ref(&mut query, rows::STRATEGY, " from strategies s where", "s.ref", needs),
        Need::Token(_) => by_ref(&mut query, rows::TOKEN, " from tokens t where", "t.user_ref", needs),
        Need::Endpoint(_) => by_ref(&mut query, rows::ENDPOINT, " from webhook_endpoints w where", "w.ref", needs),
        Need::Order(_) => {
            query.either(rows::ORDER).text(" from orders o").either(rows::ORDER_JOINS).text(" where");
            query.keyed([("o.ref", blobs(needs))]).text(" order by o.ref, s.position");
        }
        Need::UsersOf(party, max) => {
            query.text("u.ref from users u").either(LIVING_OF_PARTY);
            query.text(" left join user_scopes g on g.user_ref = u.ref where u.deleted_at is null");
            first_rows(&mut query, ("u.party_ref", "u.ref"), *party, *max);
        }
        Need::EndpointsOf(party, max) => {
            query.text("w.ref from webhook_endpoints w where w.deleted_at is null");
            first_rows(&mut query, ("w.owner_ref", "w.ref"), *party, *max);
        }
        Need::OpenOrdersOf(subscriber, max) => {
            query.text("o.ref from orders o left join subscriptions s on s.order_ref = o.ref where ").text(OPEN);
            first_rows(&mut query, ("o.subscriber_ref", "o.ref"), *subscriber, *max);
        }
        Need::Count(counted) => count(&mut query, *counted),
        Need::MadeBy(asked) => made::ask(&mut query, asked),
        Need::Fact(fact) => ask_whether(&mut query, *fact),
        _ => by_name(&mut query, needs),
    }
    query
}

/// SQLite would take the index that leads to the deleted ones as well.
const LIVING_OF_PARTY: Texts = Texts { sqlite: " indexed by users_living_of_party", postgres: "" };

/// An open order, in the words of the index `orders_open_of_subscriber`.
pub(crate) const OPEN: &str = "o.state in ('PENDING', 'ACTIVE')";

/// The first rows of a party's list: as many as a piece is made of. A row for each part, so that
/// things of many parts are fewer.
fn first_rows(query: &mut Query, (owner, key): (&str, &str), party: PartyRef, parts_max: u16) {
    query.text(" and ").text(owner).bind(" = ?", sql_number(party.0)).text(" order by ").text(key);
    query.bind(" limit ?", i64::try_from(Piece::<PartyRef>::rows_max(parts_max)).unwrap_or(i64::MAX));
}

fn by_ref(query: &mut Query, columns: Texts, from: &str, key: &str, needs: &[Need]) {
    query.either(columns).text(from).keyed([(key, numbers(needs))]);
}

fn by_name(query: &mut Query, needs: &[Need]) {
    match &needs[0] {
        Need::PartyId(..) => {
            query.text("kind, id, ref from parties where deleted_at is null and");
            query.keyed([("kind", kinds(needs)), ("id", texts(needs))]);
        }
        Need::ExternalId(..) => {
            query.text("subscriber_ref, external_id, ref from orders where");
            query.keyed([("external_id", texts(needs)), ("subscriber_ref", numbers(needs))]).either(NOT_REJECTED);
        }
        Need::Balance(..) => {
            query.either(rows::BALANCE).text(" from balances where");
            query.keyed([("subscriber_ref", numbers(needs)), ("product_ref", second_numbers(needs))]);
        }
        Need::RequestKey(_) => {
            query.text("client_ref, key, fingerprint, seq from request_keys where");
            query.keyed([("client_ref", numbers(needs)), ("key", blobs(needs))]);
        }
        Need::Login(_) => living(query, "lower(login), ref from users", "lower(login)", needs),
        Need::ProductId(_) => living(query, "id, ref from products", "id", needs),
        Need::OfferId(_) => living(query, "id, ref from offers", "id", needs),
        Need::StrategyId(_) => living(query, "id, ref from strategies", "id", needs),
        _ => unreachable!("every other need is looked up by its ref"),
    }
}

fn living(query: &mut Query, columns_from: &str, key: &str, needs: &[Need]) {
    query.text(columns_from).text(" where deleted_at is null and").keyed([(key, texts(needs))]);
}

fn numbers(needs: &[Need]) -> Value {
    let number = |need: &Need| match need {
        Need::Party(PartyRef(number))
        | Need::User(UserRef(number))
        | Need::Product(ProductRef(number))
        | Need::Offer(OfferRef(number))
        | Need::Strategy(StrategyRef(number))
        | Need::Token(UserRef(number))
        | Need::Endpoint(EndpointRef(number))
        | Need::ExternalId(PartyRef(number), _)
        | Need::Balance(PartyRef(number), _)
        | Need::RequestKey((UserRef(number), _)) => sql_number(*number),
        _ => unreachable!("its key has no number"),
    };
    Value::Integers(needs.iter().map(number).collect())
}

fn second_numbers(needs: &[Need]) -> Value {
    let number = |need: &Need| match need {
        Need::Balance(_, product) => sql_number(product.0),
        _ => unreachable!("its key has no second number"),
    };
    Value::Integers(needs.iter().map(number).collect())
}

fn texts(needs: &[Need]) -> Value {
    let text = |need: &Need| match need {
        Need::PartyId(_, text)
        | Need::Login(text)
        | Need::ProductId(text)
        | Need::OfferId(text)
        | Need::StrategyId(text)
        | Need::ExternalId(_, text) => text.clone(),
        _ => unreachable!("its key has no text"),
    };
    Value::Texts(needs.iter().map(text).collect())
}

fn kinds(needs: &[Need]) -> Value {
    let kind = |need: &Need| match need {
        Need::PartyId(kind, _) => kind.as_str().to_owned(),
        _ => unreachable!("its key has no kind"),
    };
    Value::Texts(needs.iter().map(kind).collect())
}

fn blobs(needs: &[Need]) -> Value {
    let blob = |need: &Need| match need {
        Need::Order(order) => order.0.as_bytes().to_vec(),
        Need::RequestKey((_, key)) => key.to_vec(),
        _ => unreachable!("its key has no bytes"),
    };
    Value::Blobs(needs.iter().map(blob).collect())
}

/// Of what may be many, no more than matters is counted; open orders are the sum of counts that are
/// kept.
fn count(query: &mut Query, counted: Counted) {
    let (Counted::Users(party) | Counted::Endpoints(party) | Counted::OpenOrders(party)) = counted;
    let party = sql_number(party.0);
    match counted {
        Counted::Users(_) => query.text("count(*) from (select 1 from users").bind(" where party_ref = ?", party),
        Counted::Endpoints(_) => {
            query.text("count(*) from (select 1 from webhook_endpoints").bind(" where owner_ref = ?", party)
        }
        Counted::OpenOrders(_) => {
            query.bind("cast(coalesce((select sum(orders) from balances where subscriber_ref = ?), 0)", party);
            query.bind(" + coalesce((select sum(open_orders) from offers where vendor_ref = ?), 0) as bigint)", party);
            return;
        }
    };
    query.text(" and deleted_at is null").bind(" limit ?) living", i64::from(COUNTED_MAX));
}

/// A query that has a row if the fact holds.
fn ask_whether(query: &mut Query, fact: Fact) {
    let (question, number) = match fact {
        Fact::ProductsOf(party) => (Texts::same("1 from products where deleted_at is null and supplier_ref"), party.0),
        Fact::OffersOf(party) => (Texts::same("1 from offers where deleted_at is null and vendor_ref"), party.0),
        Fact::StrategiesOf(party) => {
            (Texts::same("1 from strategies where deleted_at is null and vendor_ref"), party.0)
        }
        Fact::SubscribersOf(party) => (Texts::same("1 from parties where deleted_at is null and vendor_ref"), party.0),
        Fact::OpenOrdersOf(subscriber) => {
            (Texts::same("1 from orders o where o.state in ('PENDING', 'ACTIVE') and o.subscriber_ref"), subscriber.0)
        }
        Fact::UsedBy(subscriber) => (USED_BY, subscriber.0),
        Fact::OffersWith(product) => (
            Texts::same(
                "1 from offer_items i join offers f on f.ref = i.offer_ref \
                 where f.deleted_at is null and i.product_ref",
            ),
            product.0,
        ),
        Fact::OffersNaming(strategy) => (OFFERS_NAMING, strategy.0),
        Fact::OpenSubscriptionsTo(product) => (Texts::same(SUBSCRIBED), product.0),
        Fact::OperatorBesides(user) => {
            query.bind(
                "1 from user_scopes g join users u on u.ref = g.user_ref where g.party_ref = ?",
                sql_number(OPERATOR.0),
            );
            query
                .text(" and g.kind = 'OPERATOR' and coalesce(u.role, 'ADMIN') = 'ADMIN'")
                .bind(" and u.secrets <> ?", SecretHash::NONE.0.to_vec())
                .bind(" and u.deleted_at is null and u.ref <> ? limit 1", sql_number(user.0));
            return;
        }
    };
    query.either(question).bind(" = ? limit 1", sql_number(number));
}

/// Leads to the one order that holds an `externalId`, in the words of the index `orders_external`.
const NOT_REJECTED: Texts = Texts {
    sqlite: " and (case when state = 'REJECTED' then ref else x'' end) = x''",
    postgres: " and (case when state = 'REJECTED' then ref else ''::bytea end) = ''::bytea",
};

/// What is granted is counted by balances; what is `PENDING` is little. Both without a look at what
/// has ended.
const SUBSCRIBED: &str = "1 from products p where (\
    exists (select 1 from balances b where b.product_ref = p.ref and b.subscriptions > 0) \
    or exists (select 1 from orders o join subscriptions s on s.order_ref = o.ref \
        where o.state = 'PENDING' and s.product_ref = p.ref)) and p.ref";

/// SQLite would walk over all balances of the subscriber.
const USED_BY: Texts = Texts {
    sqlite: "1 from balances indexed by balances_used where used > 0 and subscriber_ref",
    postgres: "1 from balances where used > 0 and subscriber_ref",
};

const OFFERS_NAMING: Texts = Texts {
    sqlite: "1 from strategies s join offers f on f.deleted_at is null and f.strategies is not null \
        join json_each(f.strategies) named on named.value = s.id where s.ref",
    postgres: "1 from strategies s join offers f on f.deleted_at is null and f.strategies is not null \
        and jsonb_exists(f.strategies::jsonb, s.id) where s.ref",
};

#[cfg(test)]
mod tests;
