-- The first schema. Instants are microseconds since 1970 UTC; refs of orders are 16 bytes and grow with time.
-- The same tables as in SQLite. Texts compare byte by byte in both engines, whatever the database's own collation is.
-- Everything but `head`, `journal` and the migration history is what the journal means: `orderpark verify` folds it again.

create table head (
    id bigint primary key check (id = 1),
    seq bigint not null,
    at bigint not null,
    hash bytea not null check (length(hash) = 32),
    next_ref bigint not null,
    next_subscription bigint not null
);

insert into head values (1, 0, 0, decode(repeat('00', 32), 'hex'), 1, 1);

-- hash = SHA-256(hash of the entry before || seq || at || entry), numbers as 8 bytes big-endian.
create table journal (
    seq bigint primary key,
    at bigint not null,
    entry text collate "C" not null,
    hash bytea not null check (length(hash) = 32)
);

create table parties (
    ref bigint primary key,
    kind text collate "C" not null check (kind in ('OPERATOR', 'SUPPLIER', 'VENDOR', 'SUBSCRIBER')),
    id text collate "C" not null,
    name text collate "C" not null,
    vendor_ref bigint references parties (ref),
    contact_email text collate "C",
    organization text collate "C",
    revision bigint not null,
    deleted_at bigint,
    check ((kind = 'SUBSCRIBER') = (vendor_ref is not null)),
    unique (ref, vendor_ref)
);

create unique index parties_living on parties (kind, id) where deleted_at is null;
create index parties_of_vendor on parties (vendor_ref, ref) where vendor_ref is not null;
create index parties_by_contact on parties (contact_email) where contact_email is not null;

create table users (
    ref bigint primary key,
    party_ref bigint not null references parties (ref),
    login text collate "C" not null,
    first_name text collate "C",
    last_name text collate "C",
    organization text collate "C",
    -- SHA-256 of each live secret, newest first.
    secrets bytea not null check (length(secrets) in (32, 64)),
    revision bigint not null,
    deleted_at bigint
);

create unique index users_living on users (login) where deleted_at is null;
create index users_of_party on users (party_ref);

create table user_scopes (
    user_ref bigint not null references users (ref),
    position bigint not null,
    kind text collate "C" not null check (kind in ('OPERATOR', 'SUPPLIER', 'VENDOR', 'SUBSCRIBER')),
    party_ref bigint not null references parties (ref),
    primary key (user_ref, position)
);

create index user_scopes_of_party on user_scopes (party_ref);

create table products (
    ref bigint primary key,
    kind text collate "C" not null check (kind in ('APPLICATION', 'CONNECTIVITY_PLAN')),
    supplier_ref bigint not null references parties (ref),
    id text collate "C" not null,
    name text collate "C" not null,
    portal_url text collate "C",
    notification text collate "C",
    revision bigint not null,
    deleted_at bigint
);

create unique index products_living on products (id) where deleted_at is null;
create index products_by_id on products (id);
create index products_of_supplier on products (supplier_ref);

create table offers (
    ref bigint primary key,
    vendor_ref bigint not null references parties (ref),
    id text collate "C" not null,
    name text collate "C" not null,
    state text collate "C" not null check (state in ('ACTIVE', 'SUSPENDED', 'DEACTIVATED')),
    strategies text collate "C",
    open_orders bigint not null check (open_orders >= 0),
    revision bigint not null,
    deleted_at bigint,
    unique (ref, vendor_ref)
);

create unique index offers_living on offers (id) where deleted_at is null;
create index offers_of_vendor on offers (vendor_ref);
-- Orders are also looked for by the id of an offer that is deleted.
create index offers_by_id on offers (id);

create table offer_items (
    offer_ref bigint not null references offers (ref),
    position bigint not null,
    product_ref bigint not null references products (ref),
    granted bigint,
    primary key (offer_ref, position)
);

create index offer_items_with_product on offer_items (product_ref);

create table strategies (
    ref bigint primary key,
    vendor_ref bigint references parties (ref),
    id text collate "C" not null,
    name text collate "C" not null,
    description text collate "C",
    state text collate "C" not null check (state in ('ACTIVE', 'DEACTIVATED')),
    settings text collate "C" not null,
    revision bigint not null,
    deleted_at bigint
);

create unique index strategies_living on strategies (id) where deleted_at is null;

-- The two composite references make it impossible that an order joins an offer and a subscriber of two vendors.
create table orders (
    ref bytea primary key check (length(ref) = 16),
    offer_ref bigint not null,
    vendor_ref bigint not null,
    subscriber_ref bigint not null,
    quantity bigint not null check (quantity between 1 and 1000000),
    external_id text collate "C",
    strategy text collate "C",
    state text collate "C" not null check (state in ('PENDING', 'ACTIVE', 'REJECTED', 'CANCELLED')),
    created_at bigint not null,
    closed_at bigint,
    revision bigint not null,
    foreign key (offer_ref, vendor_ref) references offers (ref, vendor_ref),
    foreign key (subscriber_ref, vendor_ref) references parties (ref, vendor_ref)
);

-- Few orders are anything but active, and a list of those must not walk past all that are.
create index orders_not_active on orders (ref) where state <> 'ACTIVE';
create index orders_not_active_of_vendor on orders (vendor_ref, ref) where state <> 'ACTIVE';
create index orders_of_vendor on orders (vendor_ref, ref);
create index orders_of_subscriber on orders (subscriber_ref, ref);
create unique index orders_external on orders (external_id, subscriber_ref) where external_id is not null;

-- A subscription's ref is its order's with the position in its last ten bits.
create table subscriptions (
    order_ref bytea not null references orders (ref),
    position bigint not null check (position between 1 and 1000),
    number bigint not null,
    product_ref bigint not null references products (ref),
    supplier_ref bigint not null,
    state text collate "C" not null check (state in ('PENDING', 'ACTIVE', 'SUSPENDED', 'REJECTED', 'CANCELLED')),
    granted bigint,
    since bigint not null,
    until bigint,
    reason text collate "C",
    primary key (order_ref, position)
);

create index subscriptions_to_supplier on subscriptions (supplier_ref, order_ref, position);

create table balances (
    subscriber_ref bigint not null references parties (ref),
    product_ref bigint not null references products (ref),
    granted bigint not null,
    used bigint not null check (used between 0 and granted),
    subscriptions bigint not null check (subscriptions >= 0),
    primary key (subscriber_ref, product_ref)
);

create index balances_of_product on balances (product_ref);

-- A key is kept for ever. Neither the key nor the request is stored, only digests.
create table request_keys (
    client_ref bigint not null references users (ref),
    key bytea not null check (length(key) = 16),
    fingerprint bytea not null check (length(fingerprint) = 16),
    seq bigint not null,
    primary key (client_ref, key)
);

create table tokens (
    user_ref bigint primary key references users (ref),
    hash bytea not null unique check (length(hash) = 32),
    jti text collate "C" not null,
    client_id text collate "C" not null,
    scopes text collate "C" not null,
    issued_at bigint not null,
    expires_at bigint
);

-- Versions of hot rows. None of the columns that are rewritten all the time is indexed, so an update stays on its page (HOT)
-- where there is room for it: `offers` and `balances` leave some. `head` needs none: one row of a hundred bytes, whose
-- dead versions are pruned by whoever next looks at a page that is nine tenths full. A token's hash is indexed and always
-- new, so no room would keep that update on its page.
-- Vacuum may not cut off the empty end of `head`: for that it locks everybody out, and the next old snapshot needs it again.
alter table head set (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0, vacuum_truncate = false);
alter table offers set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
alter table balances set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
alter table tokens set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);

-- What only grows is planned by its size: it is looked at again after each hundredth, not each tenth.
alter table orders set (autovacuum_analyze_scale_factor = 0.01, autovacuum_analyze_threshold = 1000);
alter table subscriptions set (autovacuum_analyze_scale_factor = 0.01, autovacuum_analyze_threshold = 1000);
alter table journal set (autovacuum_analyze_scale_factor = 0.01, autovacuum_analyze_threshold = 1000);
