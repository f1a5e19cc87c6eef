-- Which epoch the ids and positions of the feed carry, from which entry on. A database that was set back to an earlier
-- point begins a new epoch, so that no id is ever given out twice with other content. Outside the journal: bookkeeping.
-- `origin` says where the database lived when the epoch began; null: it is not known yet. Ids of the epoch '' are those
-- of before there were epochs.
create table feed_epochs (
    first_seq integer primary key check (first_seq > 0),
    epoch text not null unique,
    origin text
) strict;

insert into feed_epochs values (1, '', null);

-- An order that was rejected gives its `externalId` free. An index that also leads to rejected orders, and holds the
-- others apart: what is not rejected has the same third value.
drop index orders_external;
create unique index orders_external
    on orders (external_id, subscriber_ref, (case when state = 'REJECTED' then ref else x'' end))
    where external_id is not null;

-- Logins are compared without case. Not unique: an older program may have let in two that differ by case.
create index users_by_folded_login on users (lower(login));

-- And so are the addresses of subscribers. The index before stays for programs that know no better.
create index parties_by_folded_contact on parties (lower(contact_email));
