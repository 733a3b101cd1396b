//! The tables that Tidewire keeps beside the app's own, and how both get to their newest version.
//! Knows nothing of what the rows mean.

use rusqlite::Connection;

use super::error::StoreError;

/// One step per released version; never edit one that was released.
const TIDEWIRE: &[&str] = &[
    "
    CREATE TABLE tidewire_room (
        room TEXT PRIMARY KEY, epoch TEXT NOT NULL, head INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tidewire_event (
        room TEXT NOT NULL, offset INTEGER NOT NULL, write_id TEXT NOT NULL, name TEXT NOT NULL,
        payload TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (room, offset)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX tidewire_event_at ON tidewire_event (at);
    CREATE TABLE tidewire_client (
        user TEXT NOT NULL, client TEXT NOT NULL, floor INTEGER NOT NULL, seen_at INTEGER NOT NULL,
        PRIMARY KEY (user, client)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tidewire_settled (
        user TEXT NOT NULL, client TEXT NOT NULL, sequence INTEGER NOT NULL,
        key TEXT NOT NULL, hash BLOB NOT NULL, status INTEGER NOT NULL,
        content_type TEXT, etag TEXT, location TEXT, body BLOB, at INTEGER NOT NULL,
        PRIMARY KEY (user, client, sequence)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tidewire_key (
        user TEXT NOT NULL, key TEXT NOT NULL, hash BLOB NOT NULL, status INTEGER NOT NULL,
        content_type TEXT, etag TEXT, location TEXT, body BLOB, at INTEGER NOT NULL,
        PRIMARY KEY (user, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX tidewire_key_at ON tidewire_key (at);
",
    "
    ALTER TABLE tidewire_event ADD COLUMN user TEXT NOT NULL DEFAULT '';
",
];

/// Brings the file to the newest version of both schemas, in one transaction.
pub(super) fn migrate(connection: &mut Connection, app: &[&str]) -> Result<(), StoreError> {
    migrate_all(connection, &[("tidewire", TIDEWIRE), ("app", app)])
}

/// Brings only our own tables to their newest version.
pub(super) fn migrate_own(connection: &mut Connection) -> Result<(), StoreError> {
    migrate_all(connection, &[("tidewire", TIDEWIRE)])
}

fn migrate_all(connection: &mut Connection, schemas: &[(&'static str, &[&str])]) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS tidewire_meta (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;",
    )?;
    // The seed of all epochs of this database (see `rooms`).
    let mut seed = [0_u8; 16];
    getrandom::fill(&mut seed).map_err(|error| StoreError::Storage(error.to_string()))?;
    transaction.execute("INSERT OR IGNORE INTO tidewire_meta VALUES ('epoch_seed', ?1)", [&seed[..]])?;
    for (schema, steps) in schemas.iter().copied() {
        let name = format!("schema_{schema}");
        let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
        let found: i64 = transaction.query_row(
            "SELECT COALESCE((SELECT value FROM tidewire_meta WHERE name = ?1), 0)",
            [&name],
            |row| row.get(0),
        )?;
        if found > known {
            return Err(StoreError::Newer { schema, found, known });
        }
        for step in steps.iter().skip(usize::try_from(found).unwrap_or(0)) {
            transaction.execute_batch(step)?;
        }
        transaction.execute("INSERT OR REPLACE INTO tidewire_meta VALUES (?1, ?2)", (&name, known))?;
    }
    transaction.commit()?;
    Ok(())
}
