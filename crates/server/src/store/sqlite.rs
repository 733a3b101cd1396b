//! SQLite, embedded. The only place that knows its driver.

use std::path::Path;

use rusqlite::TransactionBehavior;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use super::error::StoreError;
use super::sql::Connection;
use super::value::{Row, Value};

/// WAL, so that readers never wait for the writer; FULL, so that a commit survives a power loss.
pub(super) fn connect(path: &Path) -> Result<rusqlite::Connection, StoreError> {
    let connection = rusqlite::Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(256);
    Ok(connection)
}

/// One that cannot write.
pub(super) fn connect_reader(path: &Path) -> Result<rusqlite::Connection, StoreError> {
    let connection = connect(path)?;
    connection.pragma_update(None, "query_only", "ON")?;
    Ok(connection)
}

/// Runs `work` in one transaction and commits if it says so; anything else takes everything back.
pub(super) fn write<T>(
    connection: &mut rusqlite::Connection,
    work: impl FnOnce(&dyn Connection) -> Result<(bool, T), StoreError>,
) -> Result<T, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (commit, result) = work(&*transaction)?;
    if commit {
        transaction.commit()?;
    }
    Ok(result)
}

/// Runs `work` in one snapshot.
pub(super) fn read<T>(
    connection: &mut rusqlite::Connection,
    work: impl FnOnce(&dyn Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    // DEFERRED in WAL: the first read fixes the snapshot for all others.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
    work(&*transaction)
}

impl Connection for rusqlite::Connection {
    fn execute(&self, sql: &str, params: &[Value]) -> Result<usize, StoreError> {
        Ok(self.prepare_cached(sql)?.execute(rusqlite::params_from_iter(params))?)
    }

    fn query(
        &self,
        sql: &str,
        params: &[Value],
        each: &mut dyn FnMut(&Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut statement = self.prepare_cached(sql)?;
        let width = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(params))?;
        while let Some(row) = rows.next()? {
            let mut values = Vec::with_capacity(width);
            for column in 0..width {
                values.push(take(row.get_ref(column)?)?);
            }
            each(&Row::new(values))?;
        }
        Ok(())
    }

    fn batch(&self, sql: &str) -> Result<(), StoreError> {
        Ok(self.execute_batch(sql)?)
    }
}

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

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        let Some(code) = error.sqlite_error_code() else { return Self::Sql(text) };
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "the driver's list may grow; whatever else there is, is the disk's fault"
        )]
        match code {
            rusqlite::ErrorCode::ConstraintViolation => Self::Constraint(text),
            rusqlite::ErrorCode::Unknown
            | rusqlite::ErrorCode::TypeMismatch
            | rusqlite::ErrorCode::ParameterOutOfRange => Self::Sql(text),
            _ => Self::Storage(text),
        }
    }
}
