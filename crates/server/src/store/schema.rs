//! The tables that Tidewire keeps beside the app's own, and how both get to their newest version.
//! Knows nothing of what the rows mean.

use super::error::StoreError;
use super::place::Database;
use super::sql::{self, Connection};
use crate::params;

/// One step per released version; never edit one that was released.
const TIDEWIRE: &[&str] = &[
    r#"
    CREATE TABLE tidewire_room (
        room TEXT PRIMARY KEY, epoch TEXT NOT NULL, head {integer} NOT NULL
    ) {options};
    CREATE TABLE tidewire_event (
        room TEXT NOT NULL, "offset" {integer} NOT NULL, write_id TEXT NOT NULL, name TEXT NOT NULL,
        payload TEXT NOT NULL, at {integer} NOT NULL, PRIMARY KEY (room, "offset")
    ) {options};
    CREATE INDEX tidewire_event_at ON tidewire_event (at);
    CREATE TABLE tidewire_client (
        "user" TEXT NOT NULL, client TEXT NOT NULL, floor {integer} NOT NULL, seen_at {integer} NOT NULL,
        PRIMARY KEY ("user", client)
    ) {options};
    CREATE TABLE tidewire_settled (
        "user" TEXT NOT NULL, client TEXT NOT NULL, sequence {integer} NOT NULL,
        key TEXT NOT NULL, hash {bytes} NOT NULL, status {integer} NOT NULL,
        content_type TEXT, etag TEXT, location TEXT, body {bytes}, at {integer} NOT NULL,
        PRIMARY KEY ("user", client, sequence)
    ) {options};
    CREATE TABLE tidewire_key (
        "user" TEXT NOT NULL, key TEXT NOT NULL, hash {bytes} NOT NULL, status {integer} NOT NULL,
        content_type TEXT, etag TEXT, location TEXT, body {bytes}, at {integer} NOT NULL,
        PRIMARY KEY ("user", key)
    ) {options};
    CREATE INDEX tidewire_key_at ON tidewire_key (at);
"#,
    r#"
    ALTER TABLE tidewire_event ADD COLUMN "user" TEXT NOT NULL DEFAULT '';
"#,
];

/// What is said of the database itself: the seed of all epochs (see `rooms`), and versions as eight bytes.
const META: &str = "CREATE TABLE IF NOT EXISTS tidewire_meta (name TEXT PRIMARY KEY, value {any}) {options};";

/// Brings the database to the newest version of both schemas, in one transaction.
pub(super) fn migrate(database: &mut Database, app: &[&str]) -> Result<(), StoreError> {
    migrate_all(database, &[("tidewire", TIDEWIRE), ("app", app)])
}

/// Brings only our own tables to their newest version.
pub(super) fn migrate_own(database: &mut Database) -> Result<(), StoreError> {
    migrate_all(database, &[("tidewire", TIDEWIRE)])
}

fn migrate_all(database: &mut Database, schemas: &[(&'static str, &[&str])]) -> Result<(), StoreError> {
    let dialect = database.dialect();
    let mut seed = [0_u8; 16];
    getrandom::fill(&mut seed).map_err(|error| StoreError::Storage(error.to_string()))?;
    database.write(|connection| {
        connection.batch(&dialect.script(META))?;
        let insert =
            "INSERT INTO tidewire_meta (name, value) VALUES ('epoch_seed', ?1) ON CONFLICT (name) DO NOTHING";
        sql::execute(connection, insert, &params![&seed[..]])?;
        for (schema, steps) in schemas.iter().copied() {
            let found = version(connection, schema)?;
            let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
            if found > known {
                return Err(StoreError::Newer { schema, found, known });
            }
            for step in steps.iter().skip(usize::try_from(found).unwrap_or(0)) {
                let own = (schema == "tidewire").then(|| dialect.script(step));
                connection.batch(own.as_deref().unwrap_or(step))?;
            }
            let store = "INSERT INTO tidewire_meta (name, value) VALUES (?1, ?2)
                ON CONFLICT (name) DO UPDATE SET value = excluded.value";
            sql::execute(connection, store, &params![format!("schema_{schema}"), &known.to_be_bytes()[..]])?;
        }
        Ok((true, ()))
    })
}

fn version(connection: &dyn Connection, schema: &str) -> Result<i64, StoreError> {
    let name = format!("schema_{schema}");
    let read = "SELECT value FROM tidewire_meta WHERE name = ?1";
    let found = sql::query_one(connection, read, &params![name], |row| {
        // Older programs stored a number.
        row.get::<i64>(0).or_else(|_| {
            let bytes = <[u8; 8]>::try_from(row.get::<Vec<u8>>(0)?);
            Ok(bytes.map_or(i64::MAX, i64::from_be_bytes))
        })
    })?;
    Ok(found.unwrap_or(0))
}
