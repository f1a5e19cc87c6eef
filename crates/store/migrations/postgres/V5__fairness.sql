-- Entries of the journal that programs before this version cannot read: an order that was found is kept as a reference, and
-- an update of a large object as what changed. They would stop at such an entry, so they may not open this database.
update schema_promise set oldest = 5;
