//! The two engines have the same schema: what one of them refuses, the other refuses too.
//!
//! Asked of freshly migrated databases where their catalogs tell, and of the migrations themselves for what the catalogs
//! tell in words of their own.

mod harness;

use harness::{Engine, TestDatabase};
use orderpark_store::Store;
use std::collections::BTreeMap;
use std::path::Path;

/// What a table, a column or an index is, by its name.
type Named = BTreeMap<String, String>;

fn migrated(engine: Engine) -> TestDatabase {
    let home = engine.fresh();
    drop(Store::open(&home.database(), orderpark_store::Options::default()).expect("it is migrated"));
    home
}

fn named(home: &TestDatabase, sql: &str) -> Named {
    let rows = home.rows(sql);
    let count = rows.len();
    let named: Named = rows.into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    assert_eq!(named.len(), count, "every name is there once: {sql}");
    assert!(count > 5, "{sql}");
    named
}

/// Each column with its type in SQLite's words, whether it may be absent, and its place in the primary key.
fn columns(engine: Engine, home: &TestDatabase) -> Named {
    let sql = match engine {
        Engine::Sqlite => {
            "select t.name || '.' || c.name, \
             lower(c.type) || case when c.\"notnull\" or c.pk then ' not null' else '' end || ' ' || c.pk \
             from sqlite_schema t, pragma_table_info(t.name) c where t.type = 'table' and t.name not like 'refinery%'"
        }
        Engine::Postgres => {
            "select c.relname || '.' || a.attname, case t.typname \
             when 'int8' then 'integer' when 'bytea' then 'blob' \
             when 'text' then case when o.collname = 'C' then 'text' else 'text of another order' end else t.typname end \
             || case when a.attnotnull then ' not null' else '' end || ' ' || \
             coalesce((select array_position(i.indkey::int2[], a.attnum) + 1 from pg_index i \
                       where i.indrelid = c.oid and i.indisprimary), 0) \
             from pg_class c join pg_attribute a on a.attrelid = c.oid join pg_type t on t.oid = a.atttypid \
             left join pg_collation o on o.oid = a.attcollation \
             where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and a.attnum > 0 and not a.attisdropped \
             and c.relname not like 'refinery%'"
        }
    };
    named(home, sql)
}

/// Each index with its columns, and whether they are unique. What a `unique` or a primary key makes is named by its columns.
fn indexes(engine: Engine, home: &TestDatabase) -> Named {
    let sql = match engine {
        Engine::Sqlite => {
            "select t.name || ': ' || case when i.name like 'sqlite_autoindex%' then \
             (select group_concat(name, ', ') from (select name from pragma_index_info(i.name) order by seqno)) \
             else i.name end, \
             (select group_concat(coalesce(name, 'expression'), ', ') from (select name from pragma_index_info(i.name) order by seqno)) || \
             case when i.\"unique\" then ' unique' else '' end || case when i.partial then ' partial' else '' end \
             from sqlite_schema t, pragma_index_list(t.name) i \
             where t.type = 'table' and t.name not like 'refinery%' and i.origin <> 'pk'"
        }
        Engine::Postgres => {
            "select t.relname || ': ' || case when k.conname is null then c.relname else \
             (select string_agg(replace(pg_get_indexdef(c.oid, n, true), '\"', ''), ', ' order by n) from generate_series(1, i.indnatts) n) \
             end, \
             (select string_agg(case i.indkey[n - 1] when 0 then 'expression' else \
              replace(pg_get_indexdef(c.oid, n, true), '\"', '') end, ', ' order by n) from generate_series(1, i.indnatts) n) || \
             case when i.indisunique then ' unique' else '' end || case when i.indpred is null then '' else ' partial' end \
             from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid \
             left join pg_constraint k on k.conindid = c.oid and k.contype in ('u', 'p') \
             where t.relnamespace = 'public'::regnamespace and t.relname not like 'refinery%' and not i.indisprimary"
        }
    };
    named(home, sql)
}

/// Each reference: from which columns to which.
fn references(engine: Engine, home: &TestDatabase) -> Vec<String> {
    let sql = match engine {
        Engine::Sqlite => {
            "select t || ' (' || group_concat(f, ', ') || ') -> ' || p || ' (' || group_concat(o, ', ') || ')' from \
             (select t.name as t, k.id as id, k.\"table\" as p, k.\"from\" as f, k.\"to\" as o from sqlite_schema t, \
             pragma_foreign_key_list(t.name) k where t.type = 'table' order by t.name, k.id, k.seq) group by t, id, p"
        }
        Engine::Postgres => {
            "select t.relname || ' (' || \
             (select string_agg(a.attname, ', ' order by n) from unnest(k.conkey) with ordinality u (at, n) \
              join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.at) || ') -> ' || p.relname || ' (' || \
             (select string_agg(a.attname, ', ' order by n) from unnest(k.confkey) with ordinality u (at, n) \
              join pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.at) || ')' \
             from pg_constraint k join pg_class t on t.oid = k.conrelid join pg_class p on p.oid = k.confrelid \
             where k.contype = 'f' and k.connamespace = 'public'::regnamespace"
        }
    };
    let mut references = home.texts(sql);
    references.sort();
    assert!(references.len() > 10, "{references:?}");
    references
}

#[test]
fn tables_columns_indexes_and_references_are_the_same() {
    let [sqlite, postgres] = Engine::ALL.map(migrated);
    assert_eq!(columns(Engine::Sqlite, &sqlite), columns(Engine::Postgres, &postgres));
    assert_eq!(indexes(Engine::Sqlite, &sqlite), indexes(Engine::Postgres, &postgres));
    assert_eq!(references(Engine::Sqlite, &sqlite), references(Engine::Postgres, &postgres));
}

/// The migrations of an engine by their names, in their order.
fn migrations(engine: Engine) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine.to_string());
    let files = std::fs::read_dir(folder).expect("a folder of migrations");
    let read = |file: std::io::Result<std::fs::DirEntry>| {
        let file = file.expect("a migration");
        let text = std::fs::read_to_string(file.path()).expect("a text");
        (file.file_name().into_string().expect("a name"), text)
    };
    files.map(read).collect()
}

#[test]
fn every_migration_is_one_of_both_engines() {
    let [sqlite, postgres] = Engine::ALL.map(migrations);
    assert!(sqlite.keys().eq(postgres.keys()), "{:?} {:?}", sqlite.keys(), postgres.keys());
}

/// A migration's statements without comments and spaces, in SQLite's words, and without what only one engine can say.
fn statements(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.split_once("--").map_or(line, |(before, _)| before));
    let mut text = lines.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    let words = [
        ("''::bytea", "x''"),
        ("bigint", "integer"),
        ("bytea", "blob"),
        (" collate \"C\"", ""),
        (") strict, without rowid;", ");"),
        (") strict;", ");"),
        ("decode(repeat('00', 32), 'hex')", "zeroblob(32)"),
    ];
    for (other, word) in words {
        text = text.replace(other, word);
    }
    let tuning = |statement: &&str| statement.starts_with("alter table") && statement.contains(" set (");
    text.split(';').map(str::trim).filter(|it| !it.is_empty() && !tuning(it)).map(str::to_owned).collect()
}

/// Checks, defaults, predicates and first rows: word for word.
#[test]
fn both_engines_migrate_by_the_same_statements() {
    let [sqlite, postgres] = Engine::ALL.map(migrations);
    for (name, text) in &sqlite {
        let other = statements(&postgres[name]);
        assert_eq!(statements(text), other, "{name}");
        assert!(!other.is_empty(), "{name}");
    }
}

#[test]
fn the_schema_of_postgres_is_as_it_was() {
    let home = migrated(Engine::Postgres);
    let columns = columns(Engine::Postgres, &home).into_iter().map(|(name, is)| format!("{name} {is}"));
    let mut lines: Vec<String> = columns.collect();
    for sql in [
        "select c.relname || ': ' || k.conname || ' ' || pg_get_constraintdef(k.oid) from pg_constraint k \
         join pg_class c on c.oid = k.conrelid where k.connamespace = 'public'::regnamespace and k.contype <> 'n' \
         and c.relname not like 'refinery%'",
        "select indexdef from pg_indexes where schemaname = 'public' and tablename not like 'refinery%'",
        "select relname || ' with ' || array_to_string(reloptions, ', ') from pg_class \
         where relnamespace = 'public'::regnamespace and reloptions is not null",
    ] {
        let mut more = home.texts(sql);
        more.sort();
        lines.push(String::new());
        lines.extend(more);
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("schema_of_postgres", lines.join("\n"));
    });
}

/// What `verify` looks for is what the migrations make.
#[test]
fn the_guards_that_verify_knows_are_those_that_there_are() {
    let home = migrated(Engine::Postgres);
    let sql = "select conname::text from pg_constraint where connamespace = 'public'::regnamespace \
               and conname not like 'refinery%' union select c.relname::text from pg_index i \
               join pg_class c on c.oid = i.indexrelid where c.relnamespace = 'public'::regnamespace \
               and c.relname not like 'refinery%' order by 1";
    let present = home.texts(sql);
    let known: Vec<&str> = include_str!("../src/verify/guards.txt").lines().collect();
    assert_eq!(present, known, "list them in crates/store/src/verify/guards.txt");
}
