//! What pgbench does: the rows of an order as one statement, and the program's own statement for one order.
//!
//! An order's rows are those that the program writes, into tables that the program made: the head moves, the journal gets
//! a line with a hash over the one before, and there are the order, its subscriptions, what follows from them, and a key.
//! Values that differ from order to order do so here too: a ref that grows with time as the program's do, the number, the
//! subscriber, the key. The entry's text is that of one real order.

use super::server::{Script, Server};
use anyhow::ensure;
use std::path::Path;

/// Whether orders stand in one chain.
#[derive(Clone, Copy)]
pub enum Chain {
    /// As the program's do: whoever places an order holds the head and the offer's count until its commit.
    Kept,
    /// No hash covers the one before, the head and the offer's count stay as they are, and a sequence gives numbers: the
    /// same lines, without their promises, so that as many commits as there are clients share a sync.
    Left,
}

impl Chain {
    /// Where the number, the time and the hash come from.
    fn head(self, item_count: &str) -> String {
        let now = "(extract(epoch from clock_timestamp()) * 1000000)::bigint";
        match self {
            Chain::Kept => format!(
                "update head set seq = seq + 1, at = greatest(at + 1, {now}), next_subscription = next_subscription + {item_count},
        hash = sha256(hash || int8send(seq + 1) || int8send(at) || convert_to(:entry, 'UTF8'))
    where id = 1 returning seq, at, next_subscription - {item_count} as number, hash"
            ),
            Chain::Left => format!(
                "select seq, {now} as at, seq * {item_count} as number, sha256(int8send(seq) || convert_to(:entry, 'UTF8')) as hash
    from (select nextval('{SEQUENCE}') as seq offset 0) as next"
            ),
        }
    }

    fn file(self) -> &'static str {
        match self {
            Chain::Kept => "order.sql",
            Chain::Left => "order-without-chain.sql",
        }
    }

    fn offer(self, offer: &str) -> String {
        match self {
            Chain::Kept => format!(
                "), offer_counted as (
    update offers set open_orders = open_orders + 1 from made where offers.ref = {offer}
"
            ),
            Chain::Left => String::new(),
        }
    }
}

/// Numbers of entries without a chain, behind all that a run writes with one.
const SEQUENCE: &str = "bench_entries";

/// Makes what [`Chain::Left`] takes its numbers from.
pub fn make_sequence(server: &Server, database: &str) -> anyhow::Result<()> {
    server.ask(database, &format!("create sequence {SEQUENCE} start 1000000000")).map(drop)
}

/// One order.
pub fn order(server: &Server, database: &str, folder: &Path, chain: Chain) -> anyhow::Result<Script> {
    let ask = |sql: &str| server.ask(database, sql);
    let newest = "(select ref from orders order by ref desc limit 1)";
    let order = |columns: &str| ask(&format!("select {columns} from orders where ref = {newest}"));
    let subscriptions = |columns: &str| ask(&format!("select {columns} from subscriptions where order_ref = {newest}"));
    let rows = Rows {
        offer: order("offer_ref")?,
        vendor: order("vendor_ref")?,
        order_state: order("quote_literal(state)")?,
        items: subscriptions(
            "string_agg(format('(%s, %s, %s, %s)', position, product_ref, supplier_ref, granted), ', ')",
        )?,
        item_count: subscriptions("count(*)")?,
        item_state: subscriptions("quote_literal(min(state))")?,
        subscribers: ask("select string_agg(ref::text, ', ' order by ref) from parties where kind = 'SUBSCRIBER'")?,
        client: ask("select client_ref from request_keys order by seq desc limit 1")?,
    };
    let entry = ask("select entry from journal order by seq desc limit 1")?;
    Script::write(&folder.join(chain.file()), &rows.text(chain), vec![("entry", entry)])
}

/// What a real order's rows hold, as SQL.
struct Rows {
    offer: String,
    vendor: String,
    order_state: String,
    items: String,
    item_count: String,
    item_state: String,
    subscribers: String,
    client: String,
}

impl Rows {
    fn text(&self, chain: Chain) -> String {
        let Rows { offer, vendor, order_state, items, item_count, item_state, subscribers, client } = self;
        let (head, offer_counted) = (chain.head(item_count), chain.offer(offer));
        let subscriber_count = subscribers.split(',').count();
        format!(
            "\\set turn random(1, {subscriber_count})
with line as (
    {head}
), made as (
    select seq, at, hash, number, substr(int8send(at / 1000), 3) || substr(uuid_send(gen_random_uuid()), 7) as ref,
        (array[{subscribers}])[:turn] as subscriber
    from line
), item (position, product, supplier, granted) as (
    values {items}
), order_placed as (
    insert into orders (ref, offer_ref, vendor_ref, subscriber_ref, quantity, state, created_at, revision)
    select ref, {offer}, {vendor}, subscriber, 1, {order_state}, at, 1 from made
), subscriptions_made as (
    insert into subscriptions (order_ref, position, number, product_ref, supplier_ref, state, granted, since)
    select ref, position, number + position - 1, product, supplier, {item_state}, granted, at from made, item
{offer_counted}), balances_grown as (
    insert into balances as b select subscriber, product, granted, 0, 1 from made, item
    on conflict (subscriber_ref, product_ref)
    do update set granted = b.granted + excluded.granted, subscriptions = b.subscriptions + 1
), key_kept as (
    insert into request_keys select {client}, uuid_send(gen_random_uuid()), uuid_send(gen_random_uuid()), seq from made
)
insert into journal select seq, at, :entry, hash from made;
"
        )
    }
}

/// The statement by which the program has read an order over a connection that is idle now, with the same values.
pub fn read(server: &Server, database: &str, folder: &Path, order: &str) -> anyhow::Result<Script> {
    let asked = "select query from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() \
                 and query like '%from orders o %where o.ref = $1%' limit 1";
    let sql = server.ask(database, asked)?;
    ensure!(sql.starts_with("select ") && sql.contains("o.vendor_ref = $2)"), "no scoped read of an order but '{sql}'");
    let text = sql.replace("$1", ":ref").replace("$2", ":vendor") + ";\n";
    let vendor = server.ask(database, "select vendor_ref from offers limit 1")?;
    let variables = vec![("ref", format!("\\x{}", order.replace('-', ""))), ("vendor", vendor)];
    Script::write(&folder.join("read.sql"), &text, variables)
}
