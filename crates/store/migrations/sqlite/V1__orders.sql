-- The first schema. Instants are microseconds since 1970 UTC; refs of orders are 16 bytes and grow with time.
-- Everything but `head`, `journal` and the migration history is what the journal means: `orderpark verify` folds it again.

create table head (
    id integer primary key check (id = 1),
    seq integer not null,
    at integer not null,
    hash blob not null check (length(hash) = 32),
    next_ref integer not null,
    next_subscription integer not null
) strict;

insert into head values (1, 0, 0, zeroblob(32), 1, 1);

-- hash = SHA-256(hash of the entry before || seq || at || entry), numbers as 8 bytes big-endian.
create table journal (
    seq integer primary key,
    at integer not null,
    entry text not null,
    hash blob not null check (length(hash) = 32)
) strict;

create table parties (
    ref integer primary key,
    kind text not null check (kind in ('OPERATOR', 'SUPPLIER', 'VENDOR', 'SUBSCRIBER')),
    id text not null,
    name text not null,
    vendor_ref integer references parties (ref),
    contact_email text,
    organization text,
    revision integer not null,
    deleted_at integer,
    check ((kind = 'SUBSCRIBER') = (vendor_ref is not null)),
    unique (ref, vendor_ref)
) strict;

create unique index parties_living on parties (kind, id) where deleted_at is null;
create index parties_of_vendor on parties (vendor_ref, ref) where vendor_ref is not null;
create index parties_by_contact on parties (contact_email) where contact_email is not null;

create table users (
    ref integer primary key,
    party_ref integer not null references parties (ref),
    login text not null,
    first_name text,
    last_name text,
    organization text,
    -- SHA-256 of each live secret, newest first.
    secrets blob not null check (length(secrets) in (32, 64)),
    revision integer not null,
    deleted_at integer
) strict;

create unique index users_living on users (login) where deleted_at is null;
create index users_of_party on users (party_ref);

create table user_scopes (
    user_ref integer not null references users (ref),
    position integer not null,
    kind text not null check (kind in ('OPERATOR', 'SUPPLIER', 'VENDOR', 'SUBSCRIBER')),
    party_ref integer not null references parties (ref),
    primary key (user_ref, position)
) strict, without rowid;

create index user_scopes_of_party on user_scopes (party_ref);

create table products (
    ref integer primary key,
    kind text not null check (kind in ('APPLICATION', 'CONNECTIVITY_PLAN')),
    supplier_ref integer not null references parties (ref),
    id text not null,
    name text not null,
    portal_url text,
    notification text,
    revision integer not null,
    deleted_at integer
) strict;

create unique index products_living on products (id) where deleted_at is null;
create index products_by_id on products (id);
create index products_of_supplier on products (supplier_ref);

create table offers (
    ref integer primary key,
    vendor_ref integer not null references parties (ref),
    id text not null,
    name text not null,
    state text not null check (state in ('ACTIVE', 'SUSPENDED', 'DEACTIVATED')),
    strategies text,
    open_orders integer not null check (open_orders >= 0),
    revision integer not null,
    deleted_at integer,
    unique (ref, vendor_ref)
) strict;

create unique index offers_living on offers (id) where deleted_at is null;
create index offers_of_vendor on offers (vendor_ref);
-- Orders are also looked for by the id of an offer that is deleted.
create index offers_by_id on offers (id);

create table offer_items (
    offer_ref integer not null references offers (ref),
    position integer not null,
    product_ref integer not null references products (ref),
    granted integer,
    primary key (offer_ref, position)
) strict, without rowid;

create index offer_items_with_product on offer_items (product_ref);

create table strategies (
    ref integer primary key,
    vendor_ref integer references parties (ref),
    id text not null,
    name text not null,
    description text,
    state text not null check (state in ('ACTIVE', 'DEACTIVATED')),
    settings text not null,
    revision integer not null,
    deleted_at integer
) strict;

create unique index strategies_living on strategies (id) where deleted_at is null;

-- The two composite references make it impossible that an order joins an offer and a subscriber of two vendors.
create table orders (
    ref blob primary key check (length(ref) = 16),
    offer_ref integer not null,
    vendor_ref integer not null,
    subscriber_ref integer not null,
    quantity integer not null check (quantity between 1 and 1000000),
    external_id text,
    strategy text,
    state text not null check (state in ('PENDING', 'ACTIVE', 'REJECTED', 'CANCELLED')),
    created_at integer not null,
    closed_at integer,
    revision integer not null,
    foreign key (offer_ref, vendor_ref) references offers (ref, vendor_ref),
    foreign key (subscriber_ref, vendor_ref) references parties (ref, vendor_ref)
) strict, without rowid;

-- Few orders are anything but active, and a list of those must not walk past all that are.
create index orders_not_active on orders (ref) where state <> 'ACTIVE';
create index orders_not_active_of_vendor on orders (vendor_ref, ref) where state <> 'ACTIVE';
create index orders_of_vendor on orders (vendor_ref, ref);
create index orders_of_subscriber on orders (subscriber_ref, ref);
create unique index orders_external on orders (external_id, subscriber_ref) where external_id is not null;

-- A subscription's ref is its order's with the position in its last ten bits.
create table subscriptions (
    order_ref blob not null references orders (ref),
    position integer not null check (position between 1 and 1000),
    number integer not null,
    product_ref integer not null references products (ref),
    supplier_ref integer not null,
    state text not null check (state in ('PENDING', 'ACTIVE', 'SUSPENDED', 'REJECTED', 'CANCELLED')),
    granted integer,
    since integer not null,
    until integer,
    reason text,
    primary key (order_ref, position)
) strict, without rowid;

create index subscriptions_to_supplier on subscriptions (supplier_ref, order_ref, position);

create table balances (
    subscriber_ref integer not null references parties (ref),
    product_ref integer not null references products (ref),
    granted integer not null,
    used integer not null check (used between 0 and granted),
    subscriptions integer not null check (subscriptions >= 0),
    primary key (subscriber_ref, product_ref)
) strict, without rowid;

create index balances_of_product on balances (product_ref);

-- A key is kept for ever. Neither the key nor the request is stored, only digests.
create table request_keys (
    client_ref integer not null references users (ref),
    key blob not null check (length(key) = 16),
    fingerprint blob not null check (length(fingerprint) = 16),
    seq integer not null,
    primary key (client_ref, key)
) strict, without rowid;

create table tokens (
    user_ref integer primary key references users (ref),
    hash blob not null unique check (length(hash) = 32),
    jti text not null,
    client_id text not null,
    scopes text not null,
    issued_at integer not null,
    expires_at integer
) strict;
