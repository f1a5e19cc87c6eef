-- The oldest schema version whose programs may still use this schema. A migration that they could not live with raises it;
-- a program asks it only about schemas that are newer than itself. Outside the journal, like the migration history.
create table schema_promise (
    id integer primary key check (id = 1),
    oldest integer not null check (oldest > 0)
) strict;

-- Programs of version 1 ask for no promise and refuse whatever is newer.
insert into schema_promise values (1, 2);

-- What all programs on one database must agree on. Outside the journal: it is no fact of the business.
-- `keys_fingerprint` is null until the first program that holds keys has started.
create table deployment (
    id integer primary key check (id = 1),
    keys_fingerprint blob
) strict;

insert into deployment values (1, null);
