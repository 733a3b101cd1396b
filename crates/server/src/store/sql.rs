//! The thin layer between [`Value`]s and the SQLite driver. The only place that converts between them.

use rusqlite::Connection;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use super::error::StoreError;
use super::value::{Row, Value};

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Real(number) => ValueRef::Real(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Offsets, sequences and times fit: the protocol keeps them below 2^53.
pub(crate) fn number(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn take(value: ValueRef<'_>) -> Result<Value, StoreError> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(bytes) => Value::Text(
            String::from_utf8(bytes.to_vec())
                .map_err(|_| StoreError::Sql("a text column is not UTF-8".to_owned()))?,
        ),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    })
}

/// Runs one statement; answers how many rows it changed.
pub(crate) fn execute(connection: &Connection, sql: &str, params: &[Value]) -> Result<usize, StoreError> {
    Ok(connection.prepare_cached(sql)?.execute(rusqlite::params_from_iter(params))?)
}

/// Runs one query and hands each row to `read`.
pub(crate) fn query<T>(
    connection: &Connection,
    sql: &str,
    params: &[Value],
    mut read: impl FnMut(&Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let width = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(params))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut values = Vec::with_capacity(width);
        for column in 0..width {
            values.push(take(row.get_ref(column)?)?);
        }
        found.push(read(&Row::new(values))?);
    }
    Ok(found)
}

/// Like [`query`] for at most one row.
pub(crate) fn query_one<T>(
    connection: &Connection,
    sql: &str,
    params: &[Value],
    read: impl FnMut(&Row) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    Ok(query(connection, sql, params, read)?.into_iter().next())
}
