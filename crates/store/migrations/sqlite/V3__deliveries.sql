-- Who is told of events by webhooks. A fact of the business: the journal means it.
create table webhook_endpoints (
    ref integer primary key,
    owner_kind text not null check (owner_kind in ('OPERATOR', 'SUPPLIER', 'VENDOR', 'SUBSCRIBER')),
    owner_ref integer not null references parties (ref),
    url text not null,
    description text,
    -- A JSON list of kinds of events; null: all.
    kinds text,
    -- A JSON list of sealed secrets, newest first.
    secrets text not null,
    state text not null check (state in ('ENABLED', 'DISABLED')),
    disabled_why text check (disabled_why in ('asked', 'gone', 'failing')),
    disabled_at integer,
    created_at integer not null,
    revision integer not null,
    deleted_at integer,
    check ((state = 'DISABLED') = (disabled_at is not null) and (disabled_why is null) = (disabled_at is null))
) strict;

create index webhook_endpoints_of_owner on webhook_endpoints (owner_ref, ref);

-- From here on: the bookkeeping of deliveries. It is no fact of the business, so the journal does not mean it.

-- Who is delivered to, and up to which place of the feed everything is delivered or stands in `delivery_retries`.
-- One node works on a target, as long as its lease lasts; a worker's writes name node and epoch, so that none of a lost
-- lease does anything. `asked` moves whenever the worker must look anew.
create table delivery_targets (
    kind text not null check (kind in ('ENDPOINT', 'SUPPLIER', 'PUBLISHER')),
    ref integer not null check (ref > 0),
    active integer not null check (active in (0, 1)),
    cursor_seq integer not null check (cursor_seq >= 0),
    cursor_number integer not null check (cursor_number between 0 and 4294967295),
    node blob check (length(node) = 16),
    leased_until integer not null,
    epoch integer not null check (epoch >= 0),
    asked integer not null check (asked >= 0),
    failing_since integer,
    last_attempt_at integer,
    last_success_at integer,
    primary key (kind, ref)
) strict, without rowid;

-- Suppliers that wait to be told since before there were deliveries: of everything, from the beginning.
insert into delivery_targets (kind, ref, active, cursor_seq, cursor_number, leased_until, epoch, asked)
    select 'SUPPLIER', ref, 1, 0, 4294967295, 0, 0, 0 from products where notification is not null and deleted_at is null;

-- Events before the cursor that are not delivered.
create table delivery_retries (
    kind text not null,
    ref integer not null,
    seq integer not null check (seq > 0),
    number integer not null check (number between 0 and 4294967295),
    lane text not null,
    attempts integer not null check (attempts >= 0),
    state text not null check (state in ('DUE', 'HELD', 'EXHAUSTED')),
    at integer,
    primary key (kind, ref, seq, number),
    foreign key (kind, ref) references delivery_targets (kind, ref),
    check ((state = 'HELD') = (at is null))
) strict, without rowid;

create index delivery_retries_waiting on delivery_retries (kind, ref, seq, number) where state <> 'EXHAUSTED';
create index delivery_retries_exhausted on delivery_retries (kind, ref, seq, number) where state = 'EXHAUSTED';

-- Requests that were made, for as long as they are kept.
create table delivery_attempts (
    kind text not null,
    ref integer not null,
    -- Grows with time.
    id blob not null check (length(id) = 16),
    -- The event; null: a test.
    seq integer,
    number integer,
    webhook_id text not null,
    event text not null,
    attempt integer not null,
    at integer not null,
    took_us integer not null,
    url text not null,
    status integer,
    failure text,
    response text,
    primary key (kind, ref, id),
    check ((seq is null) = (number is null))
) strict;

create index delivery_attempts_failed on delivery_attempts (kind, ref, id) where failure is not null;
create index delivery_attempts_of_event on delivery_attempts (seq, number);
create index delivery_attempts_by_time on delivery_attempts (at);

-- Parts of the feed that are to be delivered once more, one after the other.
create table delivery_replays (
    kind text not null,
    ref integer not null,
    id integer not null check (id > 0),
    cursor_seq integer not null check (cursor_seq >= 0),
    cursor_number integer not null check (cursor_number between 0 and 4294967295),
    until_seq integer not null check (until_seq >= 0),
    until_number integer not null check (until_number between 0 and 4294967295),
    asked_at integer not null,
    primary key (kind, ref, id),
    foreign key (kind, ref) references delivery_targets (kind, ref)
) strict, without rowid;

-- Orders that wait for their suppliers are few, and looked for every few seconds.
create index orders_pending on orders (ref) where state = 'PENDING';
-- A supplier asks for a subscription by the number that it was told.
create index subscriptions_by_number on subscriptions (number);
