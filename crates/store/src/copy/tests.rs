use super::TABLES;
use crate::query::{Dialect, Query};
use crate::sqlite::{Bulk, ask_text, open_reader};
use crate::{Database, Options, Store};
use std::collections::BTreeSet;

/// What a new database has from its migrations, or what is copied at the end.
const NOT_BY_ROWS: [&str; 5] = ["deployment", "feed_epochs", "head", "refinery_schema_history", "schema_promise"];

fn first_texts(path: &std::path::Path, sql: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let read = ask_text(&open_reader(path).unwrap(), sql, &mut |row| {
        texts.push(crate::row::string(row, 0)?);
        Ok(())
    });
    read.unwrap();
    texts
}

fn new_file(folder: &tempfile::TempDir) -> std::path::PathBuf {
    let path = folder.path().join("orderpark.db");
    drop(Store::open(&Database::Sqlite(path.clone()), Options::default()).unwrap());
    path
}

/// A migration that adds a table must add it here, at a place where what it refers to was copied before.
#[test]
fn every_table_is_copied_after_those_that_it_refers_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = new_file(&folder);
    let found: BTreeSet<String> =
        first_texts(&path, "select name from sqlite_schema where type = 'table'").into_iter().collect();
    let copied = TABLES.iter().map(|table| table.name);
    assert_eq!(found, copied.chain(NOT_BY_ROWS).map(str::to_owned).collect());
    for (at, table) in TABLES.iter().enumerate() {
        let sql = format!("select \"table\" from pragma_foreign_key_list('{}')", table.name);
        for parent in first_texts(&path, &sql) {
            let parent_at = TABLES.iter().position(|table| table.name == parent);
            assert!(parent_at.is_some_and(|parent_at| parent_at <= at), "{} refers to {parent}", table.name);
        }
    }
}

/// Otherwise two rows could have one key, and one of them would be lost between two batches.
#[test]
fn rows_are_copied_in_the_order_of_primary_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = new_file(&folder);
    for table in TABLES {
        let sql = format!("select name from pragma_table_info('{}') where pk > 0 order by pk", table.name);
        assert_eq!(first_texts(&path, &sql), table.key, "{}", table.name);
    }
}

#[test]
fn a_batch_ends_with_the_row_that_has_too_many_bytes() {
    use super::Side as _;
    let folder = tempfile::tempdir().unwrap();
    let path = new_file(&folder);
    let mut bulk = Bulk::read(&path).unwrap();
    let query = Query::new(Dialect::Sqlite, "select value, 'eight888' from json_each('[1, 2, 3, 4]')");
    for (bytes_max, rows) in [(usize::MAX, 4), (48, 4), (47, 3), (32, 3), (31, 2), (0, 1)] {
        assert_eq!(bulk.ask(&query, bytes_max).unwrap().len(), rows, "{bytes_max}");
    }
}
