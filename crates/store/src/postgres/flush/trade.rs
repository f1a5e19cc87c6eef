//! Orders, subscriptions, balances, keys, tokens and the journal: what nearly every batch writes.

use super::{Value, Writes, column, json};
use crate::faults;
use crate::journal::{Hash, Line};
use crate::query::sql_number;
use crate::told::Told;
use orderpark_domain::request_key::{KeptRequest, RequestKeyId};
use orderpark_domain::{Balance, Head, Order, OrderState, Subscription, Token, World};

/// A subscription with its place: the order's bytes and the position.
type Placed<'w> = (&'w [u8], i64, &'w Subscription);

impl<'w> Writes<'w> {
    pub(super) fn orders(&mut self, orders: &[&'w Order], told: &Told) {
        for order in orders {
            let settled = order.revision > 1 && order.state == OrderState::Active;
            faults::point(if settled { "settled" } else { "order written" });
        }
        let (new, old): (Vec<&'w Order>, Vec<&'w Order>) =
            orders.iter().partition(|order| told.new_orders.contains(&order.order));
        // The old ones first: one that was rejected gives the `externalId` free that a new one
        // takes.
        self.old_orders(&old);
        self.old_subscriptions(&subscriptions(&old));
        self.new_orders(&new);
        self.new_subscriptions(&subscriptions(&new));
    }

    fn new_orders(&mut self, orders: &[&'w Order]) {
        let sql = "insert into orders (ref, offer_ref, vendor_ref, subscriber_ref, quantity, external_id, strategy, state, \
                   created_at, closed_at, revision) select * from unnest($1::bytea[], $2::bigint[], $3::bigint[], \
                   $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::bigint[], \
                   $11::bigint[])";
        self.add(sql, orders.len(), || {
            vec![
                column(orders, |&order| bytes(order)),
                column(orders, |order| sql_number(order.offer.0)),
                column(orders, |order| sql_number(order.vendor.0)),
                column(orders, |order| sql_number(order.subscriber.0)),
                column(orders, |order| i64::from(order.quantity)),
                column(orders, |order| order.external_id.as_deref()),
                column(orders, |order| order.strategy.as_deref()),
                column(orders, |order| order.state.as_str()),
                column(orders, |order| order.created_at.0),
                column(orders, |order| order.closed_at.map(|at| at.0)),
                column(orders, |order| i64::from(order.revision)),
            ]
        });
    }

    fn old_orders(&mut self, orders: &[&'w Order]) {
        let sql = every!(
            "update orders set state = n.state, closed_at = n.closed_at, revision = n.revision \
             from unnest($1::bytea[], $2::text[], $3::bigint[], $4::bigint[]) \
             as n (ref, state, closed_at, revision) where orders.ref = n.ref"
        );
        self.add(sql, orders.len(), || {
            vec![
                column(orders, |&order| bytes(order)),
                column(orders, |order| order.state.as_str()),
                column(orders, |order| order.closed_at.map(|at| at.0)),
                column(orders, |order| i64::from(order.revision)),
            ]
        });
    }

    fn new_subscriptions(&mut self, placed: &[Placed<'w>]) {
        let sql = "insert into subscriptions (order_ref, position, number, product_ref, supplier_ref, state, granted, \
                   since, until, reason) select * from unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], \
                   $5::bigint[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[], $10::text[])";
        self.add(sql, placed.len(), || {
            vec![
                column(placed, |(order, ..)| *order),
                column(placed, |(_, position, _)| *position),
                column(placed, |(.., subscription)| sql_number(subscription.number)),
                column(placed, |(.., subscription)| sql_number(subscription.product.0)),
                column(placed, |(.., subscription)| sql_number(subscription.supplier.0)),
                column(placed, |(.., subscription)| subscription.state.as_str()),
                column(placed, |(.., subscription)| subscription.granted.map(sql_number)),
                column(placed, |(.., subscription)| subscription.since.0),
                column(placed, |(.., subscription)| subscription.until.map(|at| at.0)),
                column(placed, |(.., subscription)| subscription.reason.as_deref()),
            ]
        });
    }

    fn old_subscriptions(&mut self, placed: &[Placed<'w>]) {
        let sql = every!(
            "update subscriptions s set state = n.state, until = n.until, reason = n.reason \
             from unnest($1::bytea[], $2::bigint[], $3::text[], $4::bigint[], $5::text[]) \
             as n (order_ref, position, state, until, reason) \
             where s.order_ref = n.order_ref and s.position = n.position"
        );
        self.add(sql, placed.len(), || {
            vec![
                column(placed, |(order, ..)| *order),
                column(placed, |(_, position, _)| *position),
                column(placed, |(.., subscription)| subscription.state.as_str()),
                column(placed, |(.., subscription)| subscription.until.map(|at| at.0)),
                column(placed, |(.., subscription)| subscription.reason.as_deref()),
            ]
        });
    }

    /// The only hot rows of which the journal does not say whether they are new.
    pub(super) fn balances(&mut self, balances: &[&'w Balance]) {
        let sql = "insert into balances (subscriber_ref, product_ref, granted, used, subscriptions, orders) \
                   select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) \
                   on conflict (subscriber_ref, product_ref) do update set granted = excluded.granted, \
                   used = excluded.used, subscriptions = excluded.subscriptions, orders = excluded.orders";
        self.add(sql, balances.len(), || {
            vec![
                column(balances, |balance| sql_number(balance.subscriber.0)),
                column(balances, |balance| sql_number(balance.product.0)),
                column(balances, |balance| sql_number(balance.granted)),
                column(balances, |balance| sql_number(balance.used)),
                column(balances, |balance| sql_number(balance.subscriptions)),
                column(balances, |balance| sql_number(balance.orders)),
            ]
        });
    }

    pub(super) fn request_keys(&mut self, world: &'w World) {
        let kept = |(id, kept): (&'w RequestKeyId, Option<&'w KeptRequest>)| Some((id, kept?));
        let keys: Vec<(&'w RequestKeyId, &'w KeptRequest)> = world.request_keys.changed().filter_map(kept).collect();
        for _ in &keys {
            faults::point("key kept");
        }
        let sql = "insert into request_keys (client_ref, key, fingerprint, seq) \
                   select * from unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bigint[])";
        self.add(sql, keys.len(), || {
            vec![
                column(&keys, |((client, _), _)| sql_number(client.0)),
                column(&keys, |((_, key), _)| key.as_slice()),
                column(&keys, |(_, kept)| kept.fingerprint.as_slice()),
                column(&keys, |(_, kept)| sql_number(kept.seq)),
            ]
        });
    }

    pub(super) fn tokens(&mut self, world: &'w World) {
        let (mut gone, mut issued): (Vec<i64>, Vec<&'w Token>) = (Vec::new(), Vec::new());
        for (user, token) in world.tokens.changed() {
            faults::point(if token.is_some() { "token issued" } else { "token revoked" });
            match token {
                Some(token) => issued.push(token),
                None => gone.push(sql_number(user.0)),
            }
        }
        let sql = "delete from tokens where user_ref = any($1::bigint[])";
        self.add(sql, gone.len(), || vec![Box::new(gone)]);
        let sql = "insert into tokens (user_ref, hash, jti, client_id, scopes, issued_at, expires_at) \
                   select * from unnest($1::bigint[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::bigint[], \
                   $7::bigint[]) on conflict (user_ref) do update set hash = excluded.hash, jti = excluded.jti, \
                   client_id = excluded.client_id, scopes = excluded.scopes, issued_at = excluded.issued_at, \
                   expires_at = excluded.expires_at";
        self.add(sql, issued.len(), || {
            vec![
                column(&issued, |token| sql_number(token.user.0)),
                column(&issued, |token| token.hash.as_slice()),
                column(&issued, |token| token.jti.as_str()),
                column(&issued, |token| token.client_id.as_str()),
                column(&issued, |token| json(&token.grants.iter().map(ToString::to_string).collect::<Vec<_>>())),
                column(&issued, |token| token.issued_at.0),
                column(&issued, |token| token.expires_at.map(|at| at.0)),
            ]
        });
    }

    pub(super) fn journal(&mut self, lines: &'w [Line]) {
        let sql = "insert into journal (seq, at, entry, hash) \
                   select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::bytea[])";
        let lines: Vec<&'w Line> = lines.iter().collect();
        self.add(sql, lines.len(), || {
            vec![
                column(&lines, |line| sql_number(line.seq)),
                column(&lines, |line| line.at.0),
                column(&lines, |line| line.text.as_str()),
                column(&lines, |line| line.hash.as_slice()),
            ]
        });
    }

    pub(super) fn head(&mut self, head: &Head, hash: &'w Hash) {
        let sql = "update head set seq = $1, at = $2, next_ref = $3, next_subscription = $4, hash = $5 where id = 1";
        self.add(sql, 1, || {
            let numbers =
                [sql_number(head.seq), head.at.0, sql_number(head.next_ref), sql_number(head.next_subscription)];
            let mut values: Vec<Value<'w>> = Vec::with_capacity(5);
            values.extend(numbers.map(|number| -> Value<'w> { Box::new(number) }));
            values.push(Box::new(hash.as_slice()));
            values
        });
    }
}

fn bytes(order: &Order) -> &[u8] {
    order.order.0.as_bytes()
}

fn subscriptions<'w>(orders: &[&'w Order]) -> Vec<Placed<'w>> {
    let mut placed = Vec::with_capacity(orders.iter().map(|order| order.subscriptions.len()).sum());
    for &order in orders {
        placed.extend((1_i64..).zip(&order.subscriptions).map(|(position, one)| (bytes(order), position, one)));
    }
    placed
}
