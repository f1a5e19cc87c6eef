-- What was found inside an allowed network is for the operator alone; null: it is not known of attempts of before.
alter table delivery_attempts add column inside integer;
-- The address that last took a message: until there is one, its target is sent one message a second.
alter table delivery_targets add column proven_url text;
update delivery_targets set proven_url = (select url from webhook_endpoints e where e.ref = delivery_targets.ref)
    where kind = 'ENDPOINT' and last_success_at is not null;
-- Backlogs of single tenants: a JSON list of root, party, entry and number; null: none. Their events behind these places are
-- not delivered, though the cursor is beyond them.
alter table delivery_targets add column sides text;
