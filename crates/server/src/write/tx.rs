//! What a handler works in: one transaction, its SQL and its events. Knows no HTTP and no idempotency rules.

use std::ops::Deref;
use std::sync::Arc;

use serde::Serialize;

use crate::store::rooms::Draft;
use crate::store::sql::{self, Connection};
use crate::store::{Row, StoreError, Value, limits};

/// One snapshot of the database, for reading.
pub struct ReadTx<'a> {
    connection: &'a dyn Connection,
}

impl<'a> ReadTx<'a> {
    pub(crate) fn new(connection: &'a dyn Connection) -> Self {
        Self { connection }
    }

    /// All rows of a query, each read by `read`.
    pub fn query<T>(
        &self,
        sql: &str,
        params: &[Value],
        read: impl FnMut(&Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        sql::query(self.connection, sql, params, read)
    }

    /// The first row of a query, if there is one.
    pub fn query_one<T>(
        &self,
        sql: &str,
        params: &[Value],
        read: impl FnMut(&Row) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        sql::query_one(self.connection, sql, params, read)
    }
}

/// The transaction of a write. What a handler does through it (and nothing else) happens exactly once (V5): its changes,
/// the answer and the events are committed together, or none of them is.
pub struct Tx<'a> {
    read: ReadTx<'a>,
    user: Arc<str>,
    write_id: &'a str,
    now: u64,
    drafts: Vec<Draft>,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(connection: &'a dyn Connection, user: Arc<str>, write_id: &'a str, now: u64) -> Self {
        Self { read: ReadTx::new(connection), user, write_id, now, drafts: Vec::new() }
    }

    /// Runs one statement; answers how many rows it changed.
    pub fn execute(&mut self, sql: &str, params: &[Value]) -> Result<usize, StoreError> {
        sql::execute(self.read.connection, sql, params)
    }

    /// Adds an event to a room's history. Its offset is drawn when the handler is done, just before the commit (V6);
    /// members of the room get it after the commit.
    pub fn publish(&mut self, room: &str, name: &str, payload: &impl Serialize) -> Result<(), StoreError> {
        if self.drafts.len() == limits::EVENTS_PER_WRITE {
            return Err(StoreError::Publish(format!(
                "one write may publish {} events",
                limits::EVENTS_PER_WRITE
            )));
        }
        let payload = serde_json::to_string(payload)
            .map_err(|error| StoreError::Publish(format!("its payload is not JSON: {error}")))?;
        self.drafts.push(Draft::new(room, name, payload)?);
        Ok(())
    }

    /// Whose write it is.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The write's id, which its events carry; empty without `Idempotency-Key`.
    #[must_use]
    pub fn write_id(&self) -> &str {
        self.write_id
    }

    /// The wall clock in milliseconds since 1970, one value for the whole transaction.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now
    }

    pub(crate) fn into_drafts(self) -> Vec<Draft> {
        self.drafts
    }
}

impl<'a> Deref for Tx<'a> {
    type Target = ReadTx<'a>;

    /// What reads also works inside a write.
    fn deref(&self) -> &ReadTx<'a> {
        &self.read
    }
}
