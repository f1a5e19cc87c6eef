-- Roles and provenance: what a user may do, who made users and webhook endpoints, and when. Null: by a version before.
alter table users add column role text check (role in ('ADMIN', 'MEMBER'));
alter table users add column created_by integer;
alter table users add column created_at integer;
alter table webhook_endpoints add column created_by integer;
create index users_by_creator on users (created_by, ref) where created_by is not null;
create index webhook_endpoints_by_creator on webhook_endpoints (created_by, ref) where created_by is not null;
-- Living users are counted before one more is made.
create index users_living_of_party on users (party_ref) where deleted_at is null;
