-- Who is told of events by webhooks. A fact of the business: the journal means it.
create table webhook_endpoints (
    ref bigint primary key,
    owner_kind text collate "C" not null check (owner_kind in ('OPERATOR', 'SUPPLIER', 'VENDOR', 'SUBSCRIBER')),
    owner_ref bigint not null references parties (ref),
    url text collate "C" not null,
    description text collate "C",
    -- A JSON list of kinds of events; null: all.
    kinds text collate "C",
    -- A JSON list of sealed secrets, newest first.
    secrets text collate "C" not null,
    state text collate "C" not null check (state in ('ENABLED', 'DISABLED')),
    disabled_why text collate "C" check (disabled_why in ('asked', 'gone', 'failing')),
    disabled_at bigint,
    created_at bigint not null,
    revision bigint not null,
    deleted_at bigint,
    check ((state = 'DISABLED') = (disabled_at is not null) and (disabled_why is null) = (disabled_at is null))
);

create index webhook_endpoints_of_owner on webhook_endpoints (owner_ref, ref);

-- From here on: the bookkeeping of deliveries. It is no fact of the business, so the journal does not mean it.

-- Who is delivered to, and up to which place of the feed everything is delivered or stands in `delivery_retries`.
-- One node works on a target, as long as its lease lasts; a worker's writes name node and epoch, so that none of a lost
-- lease does anything. `asked` moves whenever the worker must look anew.
create table delivery_targets (
    kind text collate "C" not null check (kind in ('ENDPOINT', 'SUPPLIER', 'PUBLISHER')),
    ref bigint not null check (ref > 0),
    active bigint not null check (active in (0, 1)),
    cursor_seq bigint not null check (cursor_seq >= 0),
    cursor_number bigint not null check (cursor_number between 0 and 4294967295),
    node bytea check (length(node) = 16),
    leased_until bigint not null,
    epoch bigint not null check (epoch >= 0),
    asked bigint not null check (asked >= 0),
    failing_since bigint,
    last_attempt_at bigint,
    last_success_at bigint,
    primary key (kind, ref)
);

-- Suppliers that wait to be told since before there were deliveries: of everything, from the beginning.
insert into delivery_targets (kind, ref, active, cursor_seq, cursor_number, leased_until, epoch, asked)
    select 'SUPPLIER', ref, 1, 0, 4294967295, 0, 0, 0 from products where notification is not null and deleted_at is null;

-- Events before the cursor that are not delivered.
create table delivery_retries (
    kind text collate "C" not null,
    ref bigint not null,
    seq bigint not null check (seq > 0),
    number bigint not null check (number between 0 and 4294967295),
    lane text collate "C" not null,
    attempts bigint not null check (attempts >= 0),
    state text collate "C" not null check (state in ('DUE', 'HELD', 'EXHAUSTED')),
    at bigint,
    primary key (kind, ref, seq, number),
    foreign key (kind, ref) references delivery_targets (kind, ref),
    check ((state = 'HELD') = (at is null))
);

create index delivery_retries_waiting on delivery_retries (kind, ref, seq, number) where state <> 'EXHAUSTED';
create index delivery_retries_exhausted on delivery_retries (kind, ref, seq, number) where state = 'EXHAUSTED';

-- Requests that were made, for as long as they are kept.
create table delivery_attempts (
    kind text collate "C" not null,
    ref bigint not null,
    -- Grows with time.
    id bytea not null check (length(id) = 16),
    -- The event; null: a test.
    seq bigint,
    number bigint,
    webhook_id text collate "C" not null,
    event text collate "C" not null,
    attempt bigint not null,
    at bigint not null,
    took_us bigint not null,
    url text collate "C" not null,
    status bigint,
    failure text collate "C",
    response text collate "C",
    primary key (kind, ref, id),
    check ((seq is null) = (number is null))
);

create index delivery_attempts_failed on delivery_attempts (kind, ref, id) where failure is not null;
create index delivery_attempts_of_event on delivery_attempts (seq, number);
create index delivery_attempts_by_time on delivery_attempts (at);

-- Parts of the feed that are to be delivered once more, one after the other.
create table delivery_replays (
    kind text collate "C" not null,
    ref bigint not null,
    id bigint not null check (id > 0),
    cursor_seq bigint not null check (cursor_seq >= 0),
    cursor_number bigint not null check (cursor_number between 0 and 4294967295),
    until_seq bigint not null check (until_seq >= 0),
    until_number bigint not null check (until_number between 0 and 4294967295),
    asked_at bigint not null,
    primary key (kind, ref, id),
    foreign key (kind, ref) references delivery_targets (kind, ref)
);

-- Orders that wait for their suppliers are few, and looked for every few seconds.
create index orders_pending on orders (ref) where state = 'PENDING';
-- A supplier asks for a subscription by the number that it was told.
create index subscriptions_by_number on subscriptions (number);

-- Rewritten all the time, in columns that no index has: an update stays on its page where there is room for it.
alter table delivery_targets set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
alter table delivery_retries set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
-- What only grows and is forgotten from its old end.
alter table delivery_attempts set (autovacuum_analyze_scale_factor = 0.01, autovacuum_analyze_threshold = 1000);
