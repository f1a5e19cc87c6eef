-- A party is closed in pieces, and what decisions ask of lists is found without walking over what has ended.
alter table parties add column closing_at bigint check (closing_at > 0);
create index parties_closing on parties (ref) where closing_at is not null and deleted_at is null;
create index orders_open_of_subscriber on orders (subscriber_ref, ref) where state in ('PENDING', 'ACTIVE');
create index users_living_of_party on users (party_ref, ref) where deleted_at is null;
create index webhook_endpoints_living_of_owner on webhook_endpoints (owner_ref, ref) where deleted_at is null;
create index balances_used on balances (subscriber_ref) where used > 0;
