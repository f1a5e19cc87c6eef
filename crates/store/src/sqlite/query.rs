//! A statement in the making: its text and its values grow together, so that no value is ever text.

use orderpark_domain::{PartyRef, Scope};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

/// A query and its values. The texts that can come out are few, so each connection keeps them prepared.
#[derive(Debug)]
pub(crate) struct Query {
    sql: String,
    values: Vec<Value>,
}

impl Query {
    pub(crate) fn new(sql: &str) -> Query {
        Query { sql: sql.to_owned(), values: Vec::with_capacity(8) }
    }

    /// Adds text that has no value.
    pub(crate) fn text(&mut self, sql: &str) -> &mut Query {
        self.sql.push_str(sql);
        self
    }

    /// Adds text with one `?`, and its value.
    pub(crate) fn bind(&mut self, sql: &str, value: impl Into<Value>) -> &mut Query {
        debug_assert_eq!(sql.matches('?').count(), 1);
        self.sql.push_str(sql);
        self.values.push(value.into());
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
        self.text(" and (0");
        for (column, parties) in columns.iter().filter(|(_, parties)| !parties.is_empty()) {
            self.text(" or ").text(column).any_of(parties);
        }
        self.text(")")
    }

    /// Adds ` = ?` for one party, ` in (…)` for several: one party is the case that must be planned best.
    pub(crate) fn any_of(&mut self, parties: &[PartyRef]) -> &mut Query {
        if let [party] = parties {
            return self.bind(" = ?", sql_number(party.0));
        }
        let list = parties.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        self.bind(" in (select value from json_each(?))", format!("[{list}]"))
    }

    pub(crate) fn rows<T>(
        &self,
        connection: &Connection,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        #[cfg(test)]
        heard::hear(self, connection);
        let mut statement = connection.prepare_cached(&self.sql)?;
        statement.query_map(params_from_iter(&self.values), read)?.collect()
    }

    pub(crate) fn row<T>(
        &self,
        connection: &Connection,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        #[cfg(test)]
        heard::hear(self, connection);
        let mut statement = connection.prepare_cached(&self.sql)?;
        let mut rows = statement.query(params_from_iter(&self.values))?;
        rows.next()?.map(read).transpose()
    }
}

/// A ref or a count as the database holds it.
pub(crate) fn sql_number(number: u64) -> i64 {
    i64::try_from(number).expect("refs and counts stay far below 2^63")
}

/// What was asked of the database on this thread, for tests that look at statements and plans.
#[cfg(test)]
pub(crate) mod heard {
    use super::{Connection, Query, params_from_iter};
    use std::cell::RefCell;

    thread_local! {
        static HEARD: RefCell<Vec<Heard>> = const { RefCell::new(Vec::new()) };
    }

    /// A statement, and how the database finds its rows, a line a step.
    #[derive(Clone, Debug)]
    pub(crate) struct Heard {
        pub sql: String,
        pub plan: String,
    }

    pub(super) fn hear(query: &Query, connection: &Connection) {
        let explain = || -> rusqlite::Result<Vec<String>> {
            let mut statement = connection.prepare(&format!("explain query plan {}", query.sql))?;
            statement.query_map(params_from_iter(&query.values), |row| row.get(3))?.collect()
        };
        let plan = explain().expect("what can be asked can be explained").join("\n");
        HEARD.with_borrow_mut(|heard| heard.push(Heard { sql: query.sql.clone(), plan }));
    }

    /// What was asked since the last time.
    pub(crate) fn take() -> Vec<Heard> {
        HEARD.take()
    }
}
