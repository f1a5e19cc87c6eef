-- Roles and provenance: what a user may do, who made users and webhook endpoints, and when. Null: by a version before.
alter table users add column role text collate "C" check (role in ('ADMIN', 'MEMBER'));
alter table users add column created_by bigint;
alter table users add column created_at bigint;
alter table webhook_endpoints add column created_by bigint;
create index users_by_creator on users (created_by, ref) where created_by is not null;
create index webhook_endpoints_by_creator on webhook_endpoints (created_by, ref) where created_by is not null;
-- Living users are counted before one more is made.
create index users_living_of_party on users (party_ref) where deleted_at is null;

-- Quotas that are set for a party, as JSON; null: none, the defaults hold.
alter table parties add column quotas text collate "C";

-- Open orders of a subscriber that begin with a product: their sum over its products is counted for its quota.
alter table balances add column orders bigint not null default 0 check (orders >= 0);
insert into balances (subscriber_ref, product_ref, granted, used, subscriptions, orders)
    select o.subscriber_ref, s.product_ref, 0, 0, 0, sum(case when o.state in ('PENDING', 'ACTIVE') then 1 else 0 end)
    from orders o join subscriptions s on s.order_ref = o.ref and s.position = 1
    where true group by o.subscriber_ref, s.product_ref
    on conflict (subscriber_ref, product_ref) do update set orders = excluded.orders;

-- Living webhook endpoints are counted before one more is made.
create index webhook_endpoints_living_of_owner on webhook_endpoints (owner_ref) where deleted_at is null;
