//! A statement in the making: its text and its values grow together, so that no value is ever text.
//!
//! One text serves both engines: places for values are written `?`, and become `$1`, `$2`, … for PostgreSQL. Where the
//! engines have different words, [`Query::either`] takes both, side by side.

use orderpark_domain::{PartyRef, Scope};

/// Whose SQL is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// One text in two dialects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts {
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

impl Texts {
    /// A text that is the same in both.
    pub(crate) const fn same(text: &'static str) -> Texts {
        Texts { sqlite: text, postgres: text }
    }

    pub(crate) fn of(self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }
}

/// A value that goes to the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Nothing,
    Integer(i64),
    Text(String),
    Blob(Vec<u8>),
    Integers(Vec<i64>),
    Texts(Vec<String>),
    Blobs(Vec<Vec<u8>>),
}

impl Value {
    /// The first of several values.
    fn first(self) -> Value {
        let one = "a list of keys has at least one";
        match self {
            Value::Integers(numbers) => Value::Integer(numbers.into_iter().next().expect(one)),
            Value::Texts(texts) => Value::Text(texts.into_iter().next().expect(one)),
            Value::Blobs(blobs) => Value::Blob(blobs.into_iter().next().expect(one)),
            single => single,
        }
    }

    fn type_name(&self) -> &'static str {
        match self {
            Value::Nothing => "unknown",
            Value::Integer(_) => "bigint",
            Value::Text(_) => "text",
            Value::Blob(_) => "bytea",
            Value::Integers(_) => "bigint[]",
            Value::Texts(_) => "text[]",
            Value::Blobs(_) => "bytea[]",
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Integer(number)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Value {
        Value::Blob(bytes)
    }
}

/// A query and its values. The texts that can come out are few, so each connection keeps them prepared.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    dialect: Dialect,
    sql: String,
    values: Vec<Value>,
}

impl Query {
    pub(crate) fn new(dialect: Dialect, sql: &str) -> Query {
        Query { dialect, sql: sql.to_owned(), values: Vec::with_capacity(8) }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(crate) fn sql(&self) -> &str {
        &self.sql
    }

    pub(crate) fn values(&self) -> &[Value] {
        &self.values
    }

    /// Adds text that has no value.
    pub(crate) fn text(&mut self, sql: &str) -> &mut Query {
        self.sql.push_str(sql);
        self
    }

    /// Adds text that each engine says in its own words.
    pub(crate) fn either(&mut self, texts: Texts) -> &mut Query {
        self.text(texts.of(self.dialect))
    }

    /// Adds a join with what was named before it, in this order: SQLite's planner would otherwise guess.
    pub(crate) fn then_join(&mut self, table_on: &str) -> &mut Query {
        self.either(Texts { sqlite: " cross join ", postgres: " join " }).text(table_on)
    }

    /// Adds text with one `?`, and its value.
    pub(crate) fn bind(&mut self, sql: &str, value: impl Into<Value>) -> &mut Query {
        debug_assert_eq!(sql.matches('?').count(), 1);
        self.values.push(value.into());
        match (self.dialect, sql.split_once('?')) {
            (Dialect::Postgres, Some((before, after))) => {
                let place = self.values.len().to_string();
                for part in [before, "$", &place, after] {
                    self.sql.push_str(part);
                }
            }
            _ => self.sql.push_str(sql),
        }
        self
    }

    /// Adds text with one `?` where there is a value.
    pub(crate) fn bind_some(&mut self, sql: &str, value: Option<impl Into<Value>>) -> &mut Query {
        if let Some(value) = value {
            self.bind(sql, value);
        }
        self
    }

    /// Adds `and (…)`: any of `columns` names one of its parties, or the scope is everything.
    pub(crate) fn within(&mut self, scope: &Scope, columns: &[(&str, &[PartyRef])]) -> &mut Query {
        if scope.is_everything() {
            return self;
        }
        self.text(" and (false");
        for (column, parties) in columns.iter().filter(|(_, parties)| !parties.is_empty()) {
            self.text(" or ").text(column).any_of(parties);
        }
        self.text(")")
    }

    /// Adds ` = ?` for one party, ` in (…)` for several: one party is the case that must be planned best.
    pub(crate) fn any_of(&mut self, parties: &[PartyRef]) -> &mut Query {
        let numbers: Vec<i64> = parties.iter().map(|party| sql_number(party.0)).collect();
        self.any_number(numbers)
    }

    /// [`Query::any_of`] for numbers of another kind.
    pub(crate) fn any_number(&mut self, numbers: Vec<i64>) -> &mut Query {
        if let [number] = numbers[..] {
            return self.bind(" = ?", number);
        }
        let list = Value::Integers(numbers);
        match self.dialect {
            Dialect::Sqlite => self.bind(" in (select value from json_each(?))", list),
            Dialect::Postgres => self.bind(" = any(?)", list),
        }
    }

    /// Adds: the columns together are one of the keys. A key's parts stand at the same place of each list.
    ///
    /// SQLite is asked for one key at a time, which is its quickest way; PostgreSQL for all of them in one round trip.
    pub(crate) fn keyed<const N: usize>(&mut self, columns: [(&str, Value); N]) -> &mut Query {
        if self.dialect == Dialect::Sqlite {
            for (n, (column, keys)) in columns.into_iter().enumerate() {
                self.text(if n == 0 { " " } else { " and " }).text(column).bind(" = ?", keys.first());
            }
            return self;
        }
        let names: Vec<&str> = columns.iter().map(|(column, _)| *column).collect();
        self.text(" (").text(&names.join(", ")).text(") in (select * from unnest(");
        for (n, (_, keys)) in columns.into_iter().enumerate() {
            let kind = keys.type_name();
            self.text(if n == 0 { "" } else { ", " }).bind("?::", keys).text(kind);
        }
        self.text("))")
    }
}

/// A ref or a count as the database holds it.
pub(crate) fn sql_number(number: u64) -> i64 {
    i64::try_from(number).expect("refs and counts stay far below 2^63")
}

/// What was asked on this thread, for tests that look at statements and plans.
#[cfg(test)]
pub(crate) mod heard {
    use super::Query;
    use std::cell::RefCell;

    thread_local! {
        static HEARD: RefCell<Vec<Query>> = const { RefCell::new(Vec::new()) };
    }

    pub(crate) fn hear(query: &Query) {
        HEARD.with_borrow_mut(|heard| heard.push(query.clone()));
    }

    /// What was asked since the last time.
    pub(crate) fn take() -> Vec<Query> {
        HEARD.take()
    }
}
