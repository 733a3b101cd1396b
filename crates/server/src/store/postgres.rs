//! PostgreSQL, by URL. The only place that knows its driver.
//!
//! Writes run one after another, over all servers of a database: each transaction first takes one advisory lock. So a handler sees
//! what it would see on SQLite, nobody's transaction fails because of another's, and offsets leave in commit order.

use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use bytes::BytesMut;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, IsolationLevel, NoTls, Statement, Transaction};

use super::error::StoreError;
use super::sql::Connection;
use super::value::{Row, Value};

/// The advisory lock of all writers of a database: "tidewire" in ASCII.
const WRITERS: i64 = 0x7469_6465_7769_7265;
/// A database that does not answer within this is asked over a new connection.
const ANSWER: Duration = Duration::from_secs(5);
/// Prepared statements kept per connection; the app's own are few.
const STATEMENTS: usize = 256;

/// A connection that is made anew when it is lost.
pub(super) struct Server {
    url: String,
    client: Option<Client>,
    statements: HashMap<String, Statement>,
}

impl Server {
    pub(super) fn connect(url: &str) -> Result<Self, StoreError> {
        let mut server = Self { url: url.to_owned(), client: None, statements: HashMap::new() };
        server.ready()?;
        Ok(server)
    }

    /// The driver sees that the database has gone only when it asks it something.
    fn ready(&mut self) -> Result<(&mut Client, &mut HashMap<String, Statement>), StoreError> {
        let alive = self.client.as_mut().is_some_and(|client| client.is_valid(ANSWER).is_ok());
        if !alive {
            self.statements.clear();
            self.client = None;
            self.client = Some(Client::connect(&self.url, NoTls)?);
        }
        let client = self.client.as_mut().ok_or(StoreError::Closed)?;
        Ok((client, &mut self.statements))
    }

    /// Runs `work` in one transaction and commits if it says so; anything else takes everything back.
    pub(super) fn write<T>(
        &mut self,
        work: impl FnOnce(&dyn Connection) -> Result<(bool, T), StoreError>,
    ) -> Result<T, StoreError> {
        let (client, statements) = self.ready()?;
        let mut transaction = client.transaction()?;
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&WRITERS])?;
        let session = Session { open: RefCell::new(Open { transaction, statements }) };
        let (commit, result) = work(&session)?;
        if commit {
            session.open.into_inner().transaction.commit()?;
        }
        Ok(result)
    }

    /// Runs `work` in one snapshot.
    pub(super) fn read<T>(
        &mut self,
        work: impl FnOnce(&dyn Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let (client, statements) = self.ready()?;
        let begin = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
        let transaction = begin.read_only(true).start()?;
        work(&Session { open: RefCell::new(Open { transaction, statements }) })
    }
}

impl Drop for Server {
    /// The driver says goodbye on a runtime of its own, which must not happen on a thread that runs another one.
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            std::thread::spawn(move || drop(client));
        }
    }
}

struct Session<'a> {
    open: RefCell<Open<'a>>,
}

struct Open<'a> {
    transaction: Transaction<'a>,
    statements: &'a mut HashMap<String, Statement>,
}

impl Open<'_> {
    fn prepare(&mut self, sql: &str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.transaction.prepare(&dollars(sql))?;
        if self.statements.len() == STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// A statement that fails leaves the transaction as it was before it, as on SQLite.
    fn guarded<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.transaction.batch_execute("SAVEPOINT tidewire")?;
        let result = work(self);
        let end = if result.is_ok() { "RELEASE tidewire" } else { "ROLLBACK TO tidewire; RELEASE tidewire" };
        self.transaction.batch_execute(end)?;
        result
    }
}

impl Connection for Session<'_> {
    fn execute(&self, sql: &str, params: &[Value]) -> Result<usize, StoreError> {
        self.open.borrow_mut().guarded(|open| {
            let statement = open.prepare(sql)?;
            let changed = open.transaction.execute(&statement, &refs(params))?;
            Ok(usize::try_from(changed).unwrap_or(usize::MAX))
        })
    }

    fn query(
        &self,
        sql: &str,
        params: &[Value],
        each: &mut dyn FnMut(&Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let rows = self.open.borrow_mut().guarded(|open| {
            let statement = open.prepare(sql)?;
            Ok(open.transaction.query(&statement, &refs(params))?)
        })?;
        for row in rows {
            let values = (0..row.len()).map(|column| row.try_get::<_, Value>(column));
            each(&Row::new(values.collect::<Result<_, _>>()?))?;
        }
        Ok(())
    }

    fn batch(&self, sql: &str) -> Result<(), StoreError> {
        Ok(self.open.borrow_mut().transaction.batch_execute(sql)?)
    }
}

fn refs(params: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// `?1` as PostgreSQL writes it, outside of quoted text.
fn dollars(sql: &str) -> String {
    let mut quote = None;
    let mut out = String::with_capacity(sql.len());
    for c in sql.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            Some(_) | None => {}
        }
        out.push(if c == '?' && quote.is_none() { '$' } else { c });
    }
    out
}

type Wrong = Box<dyn Error + Sync + Send>;

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Wrong> {
        match (self, ty) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Integer(number), ty) if *ty == Type::INT8 => number.to_sql(ty, out),
            (Value::Integer(number), ty) if *ty == Type::INT4 => i32::try_from(*number)?.to_sql(ty, out),
            (Value::Integer(number), ty) if *ty == Type::INT2 => i16::try_from(*number)?.to_sql(ty, out),
            (Value::Integer(number), ty) if *ty == Type::BOOL => (*number != 0).to_sql(ty, out),
            (Value::Real(number), ty) if *ty == Type::FLOAT8 => number.to_sql(ty, out),
            (Value::Text(text), ty) if <&str as ToSql>::accepts(ty) => text.as_str().to_sql(ty, out),
            (Value::Blob(bytes), ty) if *ty == Type::BYTEA => bytes.as_slice().to_sql(ty, out),
            (value, ty) => {
                Err(format!("{value:?} does not go into a parameter of type {ty}: cast it in the statement")
                    .into())
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Wrong> {
        Ok(match ty {
            ty if *ty == Type::INT8 => Value::Integer(i64::from_sql(ty, raw)?),
            ty if *ty == Type::INT4 => Value::Integer(i32::from_sql(ty, raw)?.into()),
            ty if *ty == Type::INT2 => Value::Integer(i16::from_sql(ty, raw)?.into()),
            ty if *ty == Type::BOOL => Value::Integer(bool::from_sql(ty, raw)?.into()),
            ty if *ty == Type::FLOAT8 => Value::Real(f64::from_sql(ty, raw)?),
            ty if *ty == Type::FLOAT4 => Value::Real(f32::from_sql(ty, raw)?.into()),
            ty if *ty == Type::BYTEA => Value::Blob(raw.to_vec()),
            ty if <&str as FromSql>::accepts(ty) => Value::Text(String::from_sql(ty, raw)?),
            ty => {
                return Err(format!("a column of type {ty} cannot be read: cast it in the statement").into());
            }
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Wrong> {
        Ok(Value::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl From<postgres::Error> for StoreError {
    fn from(error: postgres::Error) -> Self {
        let Some(refused) = error.as_db_error() else {
            // Without the server's word: the link, or a value that does not fit.
            return if error.is_closed() || error.source().is_some_and(|why| why.is::<std::io::Error>()) {
                Self::Storage(error.to_string())
            } else {
                Self::Sql(chain(&error))
            };
        };
        let text = refused.message().to_owned();
        match refused.code().code().get(..2) {
            Some("23") => Self::Constraint(text),
            // Syntax and access rules; data that does not fit; cardinality.
            Some("42" | "22" | "21") => Self::Sql(text),
            _ => Self::Storage(text),
        }
    }
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(why) = source {
        text = format!("{text}: {why}");
        source = why.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::dollars;

    #[test]
    fn parameters_are_numbered_as_postgres_does_it_and_text_stays() {
        assert_eq!(dollars("SELECT '?1', \"?2\", 'it''s ?', ?3"), "SELECT '?1', \"?2\", 'it''s ?', $3");
    }
}
