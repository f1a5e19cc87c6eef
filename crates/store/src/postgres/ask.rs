//! Asks a query of a connection, and reads PostgreSQL's rows as ours.

use crate::query::{Query, Value};
use crate::reads::Bound;
use crate::row::{Cell, Read, Row, Unreadable};
use futures_util::TryStreamExt as _;
use std::pin::pin;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Error, Statement};

/// The rows of the answer up to a bound, and whether it was reached. What comes behind is thrown
/// away as it comes.
pub(super) async fn ask_within(
    client: &Client,
    statement: &Statement,
    query: &Query,
    mut bound: Bound,
) -> Result<(Vec<tokio_postgres::Row>, bool), Error> {
    let values = query.values().iter().map(|value| value as &(dyn ToSql + Sync));
    let mut answer = pin!(client.query_raw(statement, values).await?);
    let mut rows = Vec::new();
    while let Some(row) = answer.try_next().await? {
        if !bound.takes(&row) {
            break;
        }
        rows.push(row);
    }
    Ok((rows, bound.is_reached))
}

/// The rows of the answer.
pub(super) async fn ask(
    client: &Client,
    statement: &Statement,
    query: &Query,
) -> Result<Vec<tokio_postgres::Row>, Error> {
    let values: Vec<&(dyn ToSql + Sync)> = query.values().iter().map(|value| value as _).collect();
    client.query(statement, &values).await
}

impl Row for tokio_postgres::Row {
    fn cell(&self, column: usize) -> Read<Cell<'_>> {
        let absent = || Unreadable::new(column, "there is no such column");
        let kind = self.columns().get(column).ok_or_else(absent)?.type_();
        let cell = if *kind == Type::INT8 {
            self.try_get::<_, Option<i64>>(column).map(|number| number.map(Cell::Integer))
        } else if *kind == Type::TEXT {
            self.try_get::<_, Option<&str>>(column).map(|text| text.map(Cell::Text))
        } else if *kind == Type::BYTEA {
            self.try_get::<_, Option<&[u8]>>(column).map(|bytes| bytes.map(Cell::Blob))
        } else {
            return Err(Unreadable::new(column, format!("of the type {kind}, which no table of ours has")));
        };
        Ok(cell.map_err(|error| Unreadable::new(column, error))?.unwrap_or(Cell::Nothing))
    }

    fn bytes(&self) -> usize {
        self.raw_size_bytes()
    }
}

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Nothing => Ok(IsNull::Yes),
            Value::Integer(number) => number.to_sql(kind, out),
            Value::Text(text) => text.to_sql(kind, out),
            Value::Blob(bytes) => bytes.to_sql(kind, out),
            Value::Integers(numbers) => numbers.to_sql(kind, out),
            Value::Texts(texts) => texts.to_sql(kind, out),
            Value::Blobs(blobs) => blobs.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::BYTEA, Type::INT8_ARRAY, Type::TEXT_ARRAY, Type::BYTEA_ARRAY].contains(kind)
    }

    to_sql_checked!();
}
