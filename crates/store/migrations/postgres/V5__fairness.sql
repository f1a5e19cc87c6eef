-- What was found inside an allowed network is for the operator alone; null: it is not known of attempts of before.
alter table delivery_attempts add column inside bigint;
-- The address that last took a message: until there is one, its target is sent one message a second.
alter table delivery_targets add column proven_url text collate "C";
update delivery_targets set proven_url = (select url from webhook_endpoints e where e.ref = delivery_targets.ref)
    where kind = 'ENDPOINT' and last_success_at is not null;
-- Backlogs of single tenants: a JSON list of root, party, entry and number; null: none. Their events behind these places are
-- not delivered, though the cursor is beyond them.
alter table delivery_targets add column sides text collate "C";
-- Roles and provenance: what a user may do, who made users and webhook endpoints, and when. Null: by a version before.
alter table users add column role text collate "C" check (role in ('ADMIN', 'MEMBER'));
alter table users add column created_by bigint;
alter table users add column created_at bigint;
alter table webhook_endpoints add column created_by bigint;
create index users_by_creator on users (created_by, ref) where created_by is not null;
create index webhook_endpoints_by_creator on webhook_endpoints (created_by, ref) where created_by is not null;
-- A party is closed in pieces, and what decisions ask of lists is found without walking over what has ended.
alter table parties add column closing_at bigint check (closing_at > 0);
create index parties_closing on parties (ref) where closing_at is not null and deleted_at is null;
create index orders_open_of_subscriber on orders (subscriber_ref, ref) where state in ('PENDING', 'ACTIVE');
create index users_living_of_party on users (party_ref, ref) where deleted_at is null;
create index webhook_endpoints_living_of_owner on webhook_endpoints (owner_ref, ref) where deleted_at is null;
create index balances_used on balances (subscriber_ref) where used > 0;
-- Entries of the journal that programs before this version cannot read: an order that was found is kept as a reference, and
-- an update of a large object as what changed. They would stop at such an entry, so they may not open this database.
update schema_promise set oldest = 5;
-- Quotas that are set for a party, as JSON; null: none, the defaults hold.
alter table parties add column quotas text collate "C";

-- Open orders of a subscriber that begin with a product: their sum over its products is counted for its quota.
alter table balances add column orders bigint not null default 0 check (orders >= 0);
insert into balances (subscriber_ref, product_ref, granted, used, subscriptions, orders)
    select o.subscriber_ref, s.product_ref, 0, 0, 0, sum(case when o.state in ('PENDING', 'ACTIVE') then 1 else 0 end)
    from orders o join subscriptions s on s.order_ref = o.ref and s.position = 1
    where true group by o.subscriber_ref, s.product_ref
    on conflict (subscriber_ref, product_ref) do update set orders = excluded.orders;
