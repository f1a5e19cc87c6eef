//! Writes what a batch changed: the journal's entries, then every changed row in the order of its keys.

use crate::deliveries::TELL_TARGETS;
use crate::faults;
use crate::journal::{Hash, Line};
use crate::query::sql_number;
use crate::told::{Told, ToldTarget};
use orderpark_domain::{
    Balance, Endpoint, Head, Offer, Order, OrderState, Party, Product, Role, Strategy, Token, User, UserRef, World,
    request_key::KeptRequest, request_key::RequestKeyId,
};
use rusqlite::{Connection, Result, params};

/// Appends lines to the journal and moves the head.
pub(crate) fn append(connection: &Connection, lines: &[Line], head: &Head, hash: &Hash) -> Result<()> {
    let mut statement = connection.prepare_cached("insert into journal (seq, at, entry, hash) values (?, ?, ?, ?)")?;
    for line in lines {
        statement.execute(params![sql_number(line.seq), line.at.0, line.text, line.hash])?;
    }
    faults::point("journal appended");
    let sql = "update head set seq = ?, at = ?, next_ref = ?, next_subscription = ?, hash = ?";
    connection.prepare_cached(sql)?.execute(params![
        sql_number(head.seq),
        head.at.0,
        sql_number(head.next_ref),
        sql_number(head.next_subscription),
        hash
    ])?;
    faults::point("head moved");
    Ok(())
}

/// Writes every changed row; parents before children, so that each reference holds when it is written.
pub(crate) fn flush(connection: &Connection, world: &World, told: &Told) -> Result<()> {
    world.parties.changed().filter_map(|(_, row)| row).try_for_each(|row| write_party(connection, row))?;
    world.users.changed().filter_map(|(_, row)| row).try_for_each(|row| write_user(connection, row))?;
    world.products.changed().filter_map(|(_, row)| row).try_for_each(|row| write_product(connection, row))?;
    world.strategies.changed().filter_map(|(_, row)| row).try_for_each(|row| write_strategy(connection, row))?;
    world.offers.changed().filter_map(|(_, row)| row).try_for_each(|row| write_offer(connection, row, told))?;
    world.endpoints.changed().filter_map(|(_, row)| row).try_for_each(|row| write_endpoint(connection, row))?;
    told.targets(world).into_iter().try_for_each(|told| write_target(connection, told))?;
    for (_, order) in world.orders.changed() {
        order.map_or(Ok(()), |order| write_order(connection, order))?;
        let settled = order.is_some_and(|order| order.revision > 1 && order.state == OrderState::Active);
        faults::point(if settled { "settled" } else { "order written" });
    }
    world.balances.changed().filter_map(|(_, row)| row).try_for_each(|row| write_balance(connection, row))?;
    faults::point("balances written");
    for (id, kept) in world.request_keys.changed() {
        kept.map_or(Ok(()), |kept| write_request_key(connection, id, kept))?;
        faults::point("key kept");
    }
    for (user, token) in world.tokens.changed() {
        write_token(connection, *user, token)?;
        faults::point(if token.is_some() { "token issued" } else { "token revoked" });
    }
    Ok(())
}

fn write_party(connection: &Connection, party: &Party) -> Result<()> {
    let sql = "insert into parties (ref, kind, id, name, vendor_ref, contact_email, organization, revision, closing_at, \
               deleted_at, quotas) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (ref) do update set name = excluded.name, \
               contact_email = excluded.contact_email, organization = excluded.organization, \
               revision = excluded.revision, closing_at = excluded.closing_at, deleted_at = excluded.deleted_at, \
               quotas = excluded.quotas";
    connection.prepare_cached(sql)?.execute(params![
        sql_number(party.party.0),
        party.kind.as_str(),
        party.id,
        party.name,
        party.vendor.map(|vendor| sql_number(vendor.0)),
        party.contact_email,
        party.organization,
        party.revision,
        party.closing_at.map(|at| at.0),
        party.deleted_at.map(|at| at.0),
        set_quotas(party),
    ])?;
    Ok(())
}

fn set_quotas(party: &Party) -> Option<String> {
    (!party.quotas.is_empty()).then(|| json(&party.quotas))
}

fn write_user(connection: &Connection, user: &User) -> Result<()> {
    let sql = "insert into users (ref, party_ref, login, first_name, last_name, organization, secrets, revision, \
               deleted_at, role, created_by, created_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
               on conflict (ref) do update set party_ref = excluded.party_ref, first_name = excluded.first_name, last_name = excluded.last_name, \
               organization = excluded.organization, secrets = excluded.secrets, role = excluded.role, \
               revision = excluded.revision, deleted_at = excluded.deleted_at";
    connection.prepare_cached(sql)?.execute(params![
        sql_number(user.user.0),
        sql_number(user.party.0),
        user.login,
        user.first_name,
        user.last_name,
        user.organization,
        user.secrets.iter().flat_map(|secret| secret.0).collect::<Vec<u8>>(),
        user.revision,
        user.deleted_at.map(|at| at.0),
        user.role.map(Role::as_str),
        user.created_by.map(|by| sql_number(by.0)),
        user.created_at.map(|at| at.0),
    ])?;
    connection.prepare_cached("delete from user_scopes where user_ref = ?")?.execute([sql_number(user.user.0)])?;
    let sql = "insert into user_scopes (user_ref, position, kind, party_ref) values (?, ?, ?, ?)";
    let mut statement = connection.prepare_cached(sql)?;
    for (position, grant) in (1_i64..).zip(&user.grants) {
        let (user, party) = (sql_number(user.user.0), sql_number(grant.party.0));
        statement.execute(params![user, position, grant.kind.as_str(), party])?;
    }
    Ok(())
}

fn write_product(connection: &Connection, product: &Product) -> Result<()> {
    let sql = "insert into products (ref, kind, supplier_ref, id, name, portal_url, notification, revision, deleted_at) \
               values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (ref) do update set name = excluded.name, \
               portal_url = excluded.portal_url, notification = excluded.notification, revision = excluded.revision, \
               deleted_at = excluded.deleted_at";
    connection.prepare_cached(sql)?.execute(params![
        sql_number(product.product.0),
        product.kind.as_str(),
        sql_number(product.supplier.0),
        product.id,
        product.name,
        product.portal_url,
        product.notification.as_ref().map(json),
        product.revision,
        product.deleted_at.map(|at| at.0),
    ])?;
    Ok(())
}

fn write_strategy(connection: &Connection, strategy: &Strategy) -> Result<()> {
    let sql = "insert into strategies (ref, vendor_ref, id, name, description, state, settings, revision, deleted_at) \
               values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (ref) do update set name = excluded.name, \
               description = excluded.description, state = excluded.state, settings = excluded.settings, \
               revision = excluded.revision, deleted_at = excluded.deleted_at";
    connection.prepare_cached(sql)?.execute(params![
        sql_number(strategy.strategy.0),
        strategy.vendor.map(|vendor| sql_number(vendor.0)),
        strategy.id,
        strategy.name,
        strategy.description,
        strategy.state.as_str(),
        strategy.settings,
        strategy.revision,
        strategy.deleted_at.map(|at| at.0),
    ])?;
    Ok(())
}

/// An offer that is only ordered changes in one number, and the items of an offer never change.
fn write_offer(connection: &Connection, offer: &Offer, told: &Told) -> Result<()> {
    let is_new = told.new_offers.contains(&offer.offer);
    if !is_new && !told.changed_offers.contains(&offer.offer) {
        let mut statement = connection.prepare_cached("update offers set open_orders = ? where ref = ?")?;
        statement.execute([sql_number(offer.open_orders), sql_number(offer.offer.0)])?;
        return Ok(());
    }
    let sql = "insert into offers (ref, vendor_ref, id, name, state, strategies, open_orders, revision, deleted_at) \
               values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (ref) do update set name = excluded.name, \
               state = excluded.state, open_orders = excluded.open_orders, revision = excluded.revision, \
               deleted_at = excluded.deleted_at";
    connection.prepare_cached(sql)?.execute(params![
        sql_number(offer.offer.0),
        sql_number(offer.vendor.0),
        offer.id,
        offer.name,
        offer.state.as_str(),
        offer.strategies.as_ref().map(json),
        sql_number(offer.open_orders),
        offer.revision,
        offer.deleted_at.map(|at| at.0),
    ])?;
    if !is_new {
        return Ok(());
    }
    let sql = "insert into offer_items (offer_ref, position, product_ref, granted) values (?, ?, ?, ?)";
    let mut statement = connection.prepare_cached(sql)?;
    for (position, item) in (1_i64..).zip(&offer.items) {
        let (offer, product) = (sql_number(offer.offer.0), sql_number(item.product.0));
        statement.execute(params![offer, position, product, item.granted.map(sql_number)])?;
    }
    Ok(())
}

fn write_endpoint(connection: &Connection, endpoint: &Endpoint) -> Result<()> {
    let sql = "insert into webhook_endpoints (ref, owner_kind, owner_ref, url, description, kinds, secrets, state, \
               disabled_why, disabled_at, created_at, revision, deleted_at, created_by) \
               values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (ref) do update set url = excluded.url, \
               description = excluded.description, kinds = excluded.kinds, secrets = excluded.secrets, \
               state = excluded.state, disabled_why = excluded.disabled_why, disabled_at = excluded.disabled_at, \
               revision = excluded.revision, deleted_at = excluded.deleted_at";
    connection.prepare_cached(sql)?.execute(params![
        sql_number(endpoint.endpoint.0),
        endpoint.owner.kind.as_str(),
        sql_number(endpoint.owner.party.0),
        endpoint.url,
        endpoint.description,
        endpoint.kinds.as_ref().map(json),
        json(&endpoint.secrets),
        endpoint.state.as_str(),
        endpoint.disabled.as_ref().map(|disabled| disabled.why.as_str()),
        endpoint.disabled.as_ref().map(|disabled| disabled.at.0),
        endpoint.created_at.0,
        endpoint.revision,
        endpoint.deleted_at.map(|at| at.0),
        endpoint.created_by.map(|by| sql_number(by.0)),
    ])?;
    Ok(())
}

fn write_target(connection: &Connection, told: ToldTarget) -> Result<()> {
    let ToldTarget { target, active, seq } = told;
    let values = params![target.kind(), sql_number(target.number()), active, sql_number(seq)];
    connection.prepare_cached(TELL_TARGETS.sqlite)?.execute(values)?;
    Ok(())
}

fn write_order(connection: &Connection, order: &Order) -> Result<()> {
    let sql = "insert into orders (ref, offer_ref, vendor_ref, subscriber_ref, quantity, external_id, strategy, state, \
               created_at, closed_at, revision) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (ref) do update set \
               state = excluded.state, closed_at = excluded.closed_at, revision = excluded.revision";
    connection.prepare_cached(sql)?.execute(params![
        order.order.0.as_bytes(),
        sql_number(order.offer.0),
        sql_number(order.vendor.0),
        sql_number(order.subscriber.0),
        order.quantity,
        order.external_id,
        order.strategy,
        order.state.as_str(),
        order.created_at.0,
        order.closed_at.map(|at| at.0),
        order.revision,
    ])?;
    let sql = "insert into subscriptions (order_ref, position, number, product_ref, supplier_ref, state, granted, since, \
               until, reason) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (order_ref, position) do update set \
               state = excluded.state, until = excluded.until, reason = excluded.reason";
    let mut statement = connection.prepare_cached(sql)?;
    for (position, subscription) in (1_i64..).zip(&order.subscriptions) {
        statement.execute(params![
            order.order.0.as_bytes(),
            position,
            sql_number(subscription.number),
            sql_number(subscription.product.0),
            sql_number(subscription.supplier.0),
            subscription.state.as_str(),
            subscription.granted.map(sql_number),
            subscription.since.0,
            subscription.until.map(|at| at.0),
            subscription.reason,
        ])?;
    }
    Ok(())
}

fn write_balance(connection: &Connection, balance: &Balance) -> Result<()> {
    let sql = "insert into balances (subscriber_ref, product_ref, granted, used, subscriptions, orders) \
               values (?, ?, ?, ?, ?, ?) on conflict (subscriber_ref, product_ref) do update set \
               granted = excluded.granted, used = excluded.used, subscriptions = excluded.subscriptions, \
               orders = excluded.orders";
    connection.prepare_cached(sql)?.execute(params![
        sql_number(balance.subscriber.0),
        sql_number(balance.product.0),
        sql_number(balance.granted),
        sql_number(balance.used),
        sql_number(balance.subscriptions),
        sql_number(balance.orders),
    ])?;
    Ok(())
}

fn write_request_key(connection: &Connection, (client, key): &RequestKeyId, kept: &KeptRequest) -> Result<()> {
    let sql = "insert into request_keys (client_ref, key, fingerprint, seq) values (?, ?, ?, ?)";
    let (client, seq) = (sql_number(client.0), sql_number(kept.seq));
    connection.prepare_cached(sql)?.execute(params![client, key, kept.fingerprint, seq])?;
    Ok(())
}

fn write_token(connection: &Connection, user: UserRef, token: Option<&Token>) -> Result<()> {
    let Some(token) = token else {
        connection.prepare_cached("delete from tokens where user_ref = ?")?.execute([sql_number(user.0)])?;
        return Ok(());
    };
    let sql = "insert into tokens (user_ref, hash, jti, client_id, scopes, issued_at, expires_at) \
               values (?, ?, ?, ?, ?, ?, ?) on conflict (user_ref) do update set hash = excluded.hash, \
               jti = excluded.jti, client_id = excluded.client_id, scopes = excluded.scopes, \
               issued_at = excluded.issued_at, expires_at = excluded.expires_at";
    let scopes: Vec<String> = token.grants.iter().map(ToString::to_string).collect();
    connection.prepare_cached(sql)?.execute(params![
        sql_number(user.0),
        token.hash,
        token.jti,
        token.client_id,
        json(&scopes),
        token.issued_at.0,
        token.expires_at.map(|at| at.0),
    ])?;
    Ok(())
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("texts and numbers can always be written as JSON")
}
