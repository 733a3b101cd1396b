//! What the store's rules say to a database, whichever it is: statements with `?1`, `?2` in, rows of [`Value`]s out.
//! Knows no driver.

use super::error::StoreError;
use super::value::{Row, Value};

/// One transaction, or one snapshot.
pub(crate) trait Connection {
    /// Runs one statement; answers how many rows it changed.
    fn execute(&self, sql: &str, params: &[Value]) -> Result<usize, StoreError>;

    /// Runs one query and hands each row to `each`.
    fn query(
        &self,
        sql: &str,
        params: &[Value],
        each: &mut dyn FnMut(&Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Runs a script without parameters.
    fn batch(&self, sql: &str) -> Result<(), StoreError>;
}

/// Offsets, sequences and times fit: the protocol keeps them below 2^53.
pub(crate) fn number(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Runs one statement; answers how many rows it changed.
pub(crate) fn execute(connection: &dyn Connection, sql: &str, params: &[Value]) -> Result<usize, StoreError> {
    connection.execute(sql, params)
}

/// Runs one query and hands each row to `read`.
pub(crate) fn query<T>(
    connection: &dyn Connection,
    sql: &str,
    params: &[Value],
    mut read: impl FnMut(&Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::new();
    connection.query(sql, params, &mut |row| {
        found.push(read(row)?);
        Ok(())
    })?;
    Ok(found)
}

/// Like [`query`] for at most one row.
pub(crate) fn query_one<T>(
    connection: &dyn Connection,
    sql: &str,
    params: &[Value],
    read: impl FnMut(&Row) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    Ok(query(connection, sql, params, read)?.into_iter().next())
}
