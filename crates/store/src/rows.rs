//! From rows to the domain's nouns. Each noun has its columns beside the function that reads them.

use crate::journal::{self, Hash};
use crate::query::Texts;
use crate::row::{
    Read, Row, Unreadable, blob, bytes, instant, integer, json, number, optional_instant, optional_number,
    optional_string, optional_text, small, string, text, word,
};
use orderpark_domain::{
    Balance, Disabled, DisabledWhy, Endpoint, EndpointRef, EndpointState, Entry, Grant, Head, Offer, OfferItem,
    OfferRef, OfferState, Order, OrderRef, OrderState, Party, PartyKind, PartyRef, Product, ProductKind, ProductRef,
    Quotas, Role, SecretHash, Strategy, StrategyRef, StrategyState, Subscription, SubscriptionState, Token, User,
    UserRef,
};

/// The ref of an order, from its 16 bytes.
pub(crate) fn order_ref(row: &dyn Row, column: usize) -> Read<OrderRef> {
    Ok(OrderRef(uuid::Uuid::from_bytes(bytes(row, column)?)))
}

/// The position of a subscription in its order.
pub(crate) fn position(row: &dyn Row, column: usize) -> Read<u16> {
    u16::try_from(integer(row, column)?).map_err(|error| Unreadable::new(column, error))
}

pub(crate) const PARTY: Texts = Texts::same(
    "p.ref, p.kind, p.id, p.name, p.vendor_ref, \
    (select v.id from parties v where v.ref = p.vendor_ref), p.contact_email, p.organization, p.revision, p.closing_at, \
    p.deleted_at, p.quotas",
);

pub(crate) fn party(row: &dyn Row) -> Read<Party> {
    Ok(Party {
        party: PartyRef(number(row, 0)?),
        kind: word(row, 1, PartyKind::parse)?,
        id: string(row, 2)?,
        name: string(row, 3)?,
        vendor: optional_number(row, 4)?.map(PartyRef),
        vendor_id: optional_string(row, 5)?,
        contact_email: optional_string(row, 6)?,
        organization: optional_string(row, 7)?,
        quotas: quotas(row, 11)?,
        revision: small(row, 8)?,
        closing_at: optional_instant(row, 9)?,
        deleted_at: optional_instant(row, 10)?,
    })
}

/// How many columns [`PARTY`] has.
pub(crate) const PARTY_COLUMNS: usize = 12;

/// The quotas that are set for a party; null: none.
pub(crate) fn quotas(row: &dyn Row, column: usize) -> Read<Quotas> {
    optional_text(row, column)?.map_or_else(|| Ok(Quotas::default()), |text| json(text, column))
}

pub(crate) const USER: Texts = Texts {
    sqlite: "u.ref, u.party_ref, u.login, u.first_name, u.last_name, u.organization, u.secrets, u.revision, u.deleted_at, \
        u.role, u.created_by, u.created_at, (select json_group_array(g.kind || ':' || g.party_ref) from \
        (select kind, party_ref from user_scopes where user_ref = u.ref order by position) g)",
    postgres: "u.ref, u.party_ref, u.login, u.first_name, u.last_name, u.organization, u.secrets, u.revision, u.deleted_at, \
        u.role, u.created_by, u.created_at, (select coalesce(json_agg(g.kind || ':' || g.party_ref order by g.position), '[]')::text \
        from user_scopes g where g.user_ref = u.ref)",
};

/// Reads a user whose columns begin at `from`.
pub(crate) fn user_at(row: &dyn Row, from: usize) -> Read<User> {
    let secrets = blob(row, from + 6)?;
    Ok(User {
        user: UserRef(number(row, from)?),
        party: PartyRef(number(row, from + 1)?),
        login: string(row, from + 2)?,
        first_name: optional_string(row, from + 3)?,
        last_name: optional_string(row, from + 4)?,
        organization: optional_string(row, from + 5)?,
        grants: grants(row, from + 12)?,
        secrets: secrets.as_chunks::<32>().0.iter().map(|secret| SecretHash(*secret)).collect(),
        role: optional_text(row, from + 9)?.is_some().then(|| word(row, from + 9, Role::parse)).transpose()?,
        created_by: optional_number(row, from + 10)?.map(UserRef),
        created_at: optional_instant(row, from + 11)?,
        revision: small(row, from + 7)?,
        deleted_at: optional_instant(row, from + 8)?,
    })
}

pub(crate) fn user(row: &dyn Row) -> Read<User> {
    user_at(row, 0)
}

fn grants(row: &dyn Row, column: usize) -> Read<Vec<Grant>> {
    let words: Vec<String> = json(text(row, column)?, column)?;
    words.iter().map(|word| Grant::parse(word).ok_or_else(|| Unreadable::new(column, "no such scope"))).collect()
}

pub(crate) const PRODUCT: Texts =
    Texts::same("p.ref, p.kind, p.supplier_ref, p.id, p.name, p.portal_url, p.notification, p.revision, p.deleted_at");

pub(crate) fn product(row: &dyn Row) -> Read<Product> {
    Ok(Product {
        product: ProductRef(number(row, 0)?),
        kind: word(row, 1, ProductKind::parse)?,
        supplier: PartyRef(number(row, 2)?),
        id: string(row, 3)?,
        name: string(row, 4)?,
        portal_url: optional_string(row, 5)?,
        notification: optional_text(row, 6)?.map(|text| json(text, 6)).transpose()?,
        revision: small(row, 7)?,
        deleted_at: optional_instant(row, 8)?,
    })
}

pub(crate) const OFFER: Texts = Texts {
    sqlite: "f.ref, f.vendor_ref, f.id, f.name, f.state, f.strategies, f.open_orders, f.revision, f.deleted_at, \
        (select json_group_array(json_array(i.product_ref, i.id, i.granted)) from \
        (select oi.product_ref, pr.id, oi.granted from offer_items oi join products pr on pr.ref = oi.product_ref \
        where oi.offer_ref = f.ref order by oi.position) i)",
    postgres: "f.ref, f.vendor_ref, f.id, f.name, f.state, f.strategies, f.open_orders, f.revision, f.deleted_at, \
        (select coalesce(json_agg(json_build_array(oi.product_ref, pr.id, oi.granted) order by oi.position), '[]')::text \
        from offer_items oi join products pr on pr.ref = oi.product_ref where oi.offer_ref = f.ref)",
};

pub(crate) fn offer(row: &dyn Row) -> Read<Offer> {
    let items: Vec<(u64, String, Option<u64>)> = json(text(row, 9)?, 9)?;
    let item = |(product, product_id, granted)| OfferItem { product: ProductRef(product), product_id, granted };
    Ok(Offer {
        offer: OfferRef(number(row, 0)?),
        vendor: PartyRef(number(row, 1)?),
        id: string(row, 2)?,
        name: string(row, 3)?,
        state: word(row, 4, OfferState::parse)?,
        items: items.into_iter().map(item).collect(),
        strategies: optional_text(row, 5)?.map(|text| json(text, 5)).transpose()?,
        revision: small(row, 7)?,
        deleted_at: optional_instant(row, 8)?,
        open_orders: number(row, 6)?,
    })
}

pub(crate) const STRATEGY: Texts =
    Texts::same("s.ref, s.vendor_ref, s.id, s.name, s.description, s.state, s.settings, s.revision, s.deleted_at");

pub(crate) fn strategy(row: &dyn Row) -> Read<Strategy> {
    Ok(Strategy {
        strategy: StrategyRef(number(row, 0)?),
        vendor: optional_number(row, 1)?.map(PartyRef),
        id: string(row, 2)?,
        name: string(row, 3)?,
        description: optional_string(row, 4)?,
        state: word(row, 5, StrategyState::parse)?,
        settings: string(row, 6)?,
        revision: small(row, 7)?,
        deleted_at: optional_instant(row, 8)?,
    })
}

pub(crate) const ENDPOINT: Texts = Texts::same(
    "w.ref, w.owner_kind, w.owner_ref, w.url, w.description, w.kinds, w.secrets, w.state, w.disabled_why, \
    w.disabled_at, w.created_at, w.revision, w.deleted_at, w.created_by",
);

pub(crate) fn endpoint(row: &dyn Row) -> Read<Endpoint> {
    let why = optional_text(row, 8)?.is_some().then(|| word(row, 8, DisabledWhy::parse)).transpose()?;
    Ok(Endpoint {
        endpoint: EndpointRef(number(row, 0)?),
        owner: Grant { kind: word(row, 1, PartyKind::parse)?, party: PartyRef(number(row, 2)?) },
        url: string(row, 3)?,
        description: optional_string(row, 4)?,
        kinds: optional_text(row, 5)?.map(|text| json(text, 5)).transpose()?,
        secrets: json(text(row, 6)?, 6)?,
        state: word(row, 7, EndpointState::parse)?,
        disabled: why.zip(optional_instant(row, 9)?).map(|(why, at)| Disabled { why, at }),
        created_at: instant(row, 10)?,
        revision: small(row, 11)?,
        deleted_at: optional_instant(row, 12)?,
        created_by: optional_number(row, 13)?.map(UserRef),
    })
}

/// An order with its subscriptions is one statement with a row for each subscription, so that it is one snapshot.
pub(crate) const ORDER: Texts = Texts::same(
    "o.ref, o.offer_ref, f.id, o.vendor_ref, o.subscriber_ref, o.quantity, o.external_id, \
    o.strategy, o.state, o.created_at, o.closed_at, o.revision, s.number, s.product_ref, p.id, s.supplier_ref, s.state, \
    s.granted, s.since, s.until, s.reason",
);

/// What [`ORDER`] is selected from, after the orders themselves as `o`.
pub(crate) const ORDER_JOINS: Texts = Texts::same(
    " join offers f on f.ref = o.offer_ref \
    join subscriptions s on s.order_ref = o.ref join products p on p.ref = s.product_ref",
);

/// Adds a row of [`ORDER`] to the orders before it; rows come sorted by order and position.
pub(crate) fn add_order(orders: &mut Vec<Order>, row: &dyn Row) -> Read<()> {
    let order = order_ref(row, 0)?;
    let subscription = subscription_at(row, 12)?;
    match orders.last_mut().filter(|last| last.order == order) {
        Some(last) => last.subscriptions.push(subscription),
        None => orders.push(order_of(row, order, subscription)?),
    }
    Ok(())
}

fn order_of(row: &dyn Row, order: OrderRef, first: Subscription) -> Read<Order> {
    Ok(Order {
        order,
        offer: OfferRef(number(row, 1)?),
        offer_id: string(row, 2)?,
        vendor: PartyRef(number(row, 3)?),
        subscriber: PartyRef(number(row, 4)?),
        quantity: small(row, 5)?,
        external_id: optional_string(row, 6)?,
        strategy: optional_string(row, 7)?,
        state: word(row, 8, OrderState::parse)?,
        created_at: instant(row, 9)?,
        closed_at: optional_instant(row, 10)?,
        revision: small(row, 11)?,
        subscriptions: vec![first],
    })
}

/// Reads a subscription whose columns, as in [`ORDER`], begin at `from`.
pub(crate) fn subscription_at(row: &dyn Row, from: usize) -> Read<Subscription> {
    Ok(Subscription {
        number: number(row, from)?,
        product: ProductRef(number(row, from + 1)?),
        product_id: string(row, from + 2)?,
        supplier: PartyRef(number(row, from + 3)?),
        state: word(row, from + 4, SubscriptionState::parse)?,
        granted: optional_number(row, from + 5)?,
        since: instant(row, from + 6)?,
        until: optional_instant(row, from + 7)?,
        reason: optional_string(row, from + 8)?,
    })
}

pub(crate) const BALANCE: Texts = Texts::same("subscriber_ref, product_ref, granted, used, subscriptions, orders");

pub(crate) fn balance(row: &dyn Row) -> Read<Balance> {
    Ok(Balance {
        subscriber: PartyRef(number(row, 0)?),
        product: ProductRef(number(row, 1)?),
        granted: number(row, 2)?,
        used: number(row, 3)?,
        subscriptions: number(row, 4)?,
        orders: number(row, 5)?,
    })
}

pub(crate) const TOKEN: Texts =
    Texts::same("t.user_ref, t.hash, t.jti, t.client_id, t.scopes, t.issued_at, t.expires_at");

/// How many columns [`TOKEN`] has.
pub(crate) const TOKEN_COLUMNS: usize = 7;

pub(crate) fn token(row: &dyn Row) -> Read<Token> {
    Ok(Token {
        user: UserRef(number(row, 0)?),
        hash: bytes(row, 1)?,
        jti: string(row, 2)?,
        client_id: string(row, 3)?,
        grants: grants(row, 4)?,
        issued_at: instant(row, 5)?,
        expires_at: optional_instant(row, 6)?,
    })
}

pub(crate) const HEAD: Texts = Texts::same("seq, at, next_ref, next_subscription, hash");

pub(crate) fn head(row: &dyn Row) -> Read<(Head, Hash)> {
    let head = Head {
        seq: number(row, 0)?,
        at: instant(row, 1)?,
        next_ref: number(row, 2)?,
        next_subscription: number(row, 3)?,
    };
    Ok((head, bytes(row, 4)?))
}

/// Reads an entry of the journal from its number, time and text.
pub(crate) fn entry(row: &dyn Row) -> Read<Entry> {
    journal::read(number(row, 0)?, instant(row, 1)?, text(row, 2)?).map_err(|error| Unreadable::new(2, error))
}
