//! Histories of rooms: epochs, offsets, events, retention (V6). Knows no sockets and no HTTP.
//!
//! A room's epoch is drawn from the database's random seed and the room's name, so that a room without history has
//! the epoch that it will use (protocol section 4) before anything is written, and a read never has to write.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use tidewire_wire::limits::NAME_BYTES;
use tidewire_wire::names;

use super::error::StoreError;
use super::limits;
use super::sql::{self, Connection};
use super::value::Value;
use crate::event::RoomEvent;
use crate::params;

/// The seed of this database's epochs.
#[derive(Clone, Copy)]
pub(crate) struct EpochSeed([u8; 16]);

impl EpochSeed {
    pub(super) fn load(connection: &dyn Connection) -> Result<Self, StoreError> {
        let bytes: Option<Vec<u8>> = sql::query_one(
            connection,
            "SELECT value FROM tidewire_meta WHERE name = 'epoch_seed'",
            &[],
            |row| row.get(0),
        )?;
        let bytes = bytes.and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
        bytes
            .map(Self)
            .ok_or_else(|| StoreError::Storage("the seed of the epochs is missing or damaged".to_owned()))
    }

    fn epoch(&self, room: &str) -> Arc<str> {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(room.as_bytes());
        URL_SAFE_NO_PAD.encode(&hash.finalize()[..12]).into()
    }
}

/// Epoch and head of a room; offset 0 for a room without history.
pub(crate) fn head(
    connection: &dyn Connection,
    seed: &EpochSeed,
    room: &str,
) -> Result<(Arc<str>, u64), StoreError> {
    let found = sql::query_one(
        connection,
        "SELECT epoch, head FROM tidewire_room WHERE room = ?1",
        &params![room],
        |row| Ok((row.get::<Arc<str>>(0)?, row.get::<u64>(1)?)),
    )?;
    Ok(found.unwrap_or_else(|| (seed.epoch(room), 0)))
}

/// Events of a room after `after`, oldest first, at most `limit`.
pub(crate) fn after(
    connection: &dyn Connection,
    seed: &EpochSeed,
    room: &str,
    after: u64,
    limit: usize,
) -> Result<Vec<RoomEvent>, StoreError> {
    let (epoch, _) = head(connection, seed, room)?;
    let room: Arc<str> = room.into();
    sql::query(
        connection,
        r#"SELECT "offset", write_id, name, payload FROM tidewire_event WHERE room = ?1 AND "offset" > ?2 ORDER BY "offset" LIMIT ?3"#,
        &params![&room, sql::number(after), i64::try_from(limit).unwrap_or(i64::MAX)],
        |row| {
            let offset = row.get::<u64>(0)?;
            Ok(RoomEvent {
                room: room.clone(),
                epoch: epoch.clone(),
                offset,
                event_id: event_id(&epoch, offset),
                write_id: row.get(1)?,
                name: row.get(2)?,
                payload: row.get(3)?,
            })
        },
    )
}

/// An event that has no place in its room yet.
pub(crate) struct Draft {
    pub(crate) room: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) payload: Arc<str>,
}

impl Draft {
    /// Checks what the protocol asks of names and sizes.
    pub(crate) fn new(room: &str, name: &str, payload: String) -> Result<Self, StoreError> {
        for (what, text) in [("room", room), ("name", name)] {
            if !names::is_name(text) {
                let (size, most) = (text.len(), NAME_BYTES);
                return Err(StoreError::Publish(format!(
                    "its {what} has {size} bytes: it must be 1 to {most} without control characters"
                )));
            }
        }
        if payload.len() > limits::PAYLOAD_BYTES {
            let (size, most) = (payload.len(), limits::PAYLOAD_BYTES);
            return Err(StoreError::Publish(format!(
                "its payload has {size} bytes, more than {most}; publish a reference instead"
            )));
        }
        Ok(Self { room: room.into(), name: name.into(), payload: payload.into() })
    }
}

/// What events come from.
pub(crate) struct Cause {
    /// Whose transaction it is; empty for the server's own.
    pub(crate) user: Arc<str>,
    /// The write's id; empty for none.
    pub(crate) write_id: Arc<str>,
}

/// Draws offsets and stores the events: the last thing before COMMIT, rooms in name order (V6), so that
/// a database with row locks can do the same without deadlocks. Within a room the order is that of publishing.
pub(crate) fn append(
    connection: &dyn Connection,
    seed: &EpochSeed,
    mut drafts: Vec<Draft>,
    cause: &Cause,
    now: u64,
) -> Result<Vec<RoomEvent>, StoreError> {
    drafts.sort_by(|a, b| a.room.cmp(&b.room));
    let Cause { user, write_id } = cause;
    let mut events = Vec::with_capacity(drafts.len());
    for group in drafts.chunk_by(|a, b| a.room == b.room) {
        let Some(first) = group.first() else { continue };
        let room = &first.room;
        let (epoch, mut offset) = head(connection, seed, room)?;
        for draft in group {
            offset += 1;
            sql::execute(
                connection,
                r#"INSERT INTO tidewire_event (room, "offset", write_id, name, payload, at, "user") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"#,
                &params![
                    room,
                    sql::number(offset),
                    write_id,
                    &draft.name,
                    &draft.payload,
                    sql::number(now),
                    user
                ],
            )?;
            events.push(RoomEvent {
                room: room.clone(),
                epoch: epoch.clone(),
                offset,
                event_id: event_id(&epoch, offset),
                write_id: write_id.clone(),
                name: draft.name.clone(),
                payload: draft.payload.clone(),
            });
        }
        sql::execute(
            connection,
            "INSERT INTO tidewire_room (room, epoch, head) VALUES (?1, ?2, ?3) ON CONFLICT (room) DO UPDATE SET head = excluded.head",
            &params![room, &epoch, sql::number(offset)],
        )?;
        sql::execute(
            connection,
            r#"DELETE FROM tidewire_event WHERE room = ?1 AND "offset" <= ?2"#,
            &params![room, sql::number(offset.saturating_sub(limits::HISTORY_EVENTS))],
        )?;
    }
    Ok(events)
}

/// Takes out what is older than the history keeps: always a beginning of a history, never its middle, also when the
/// wall clock has jumped. Heads stay (V6).
pub(super) fn sweep(connection: &dyn Connection, now: u64) -> Result<(), StoreError> {
    let oldest = sql::number(now.saturating_sub(limits::HISTORY_MILLIS));
    let rooms = sql::query(
        connection,
        "SELECT DISTINCT room FROM tidewire_event WHERE at < ?1",
        std::slice::from_ref(&oldest),
        |row| row.get::<String>(0),
    )?;
    for room in rooms {
        sql::execute(
            connection,
            r#"DELETE FROM tidewire_event WHERE room = ?1 AND "offset" < COALESCE(
                (SELECT "offset" FROM tidewire_event WHERE room = ?1 AND at >= ?2 ORDER BY "offset" LIMIT 1), ?3)"#,
            &[Value::from(room), oldest.clone(), Value::Integer(i64::MAX)],
        )?;
    }
    Ok(())
}

/// Cuts off the beginning of each history up to the last event of a person. Answers the rooms that lost something.
pub(crate) fn forget(connection: &dyn Connection, user: &str) -> Result<Vec<String>, StoreError> {
    let last = sql::query(
        connection,
        r#"SELECT room, MAX("offset") FROM tidewire_event WHERE "user" = ?1 GROUP BY room ORDER BY room"#,
        &params![user],
        |row| Ok((row.get::<String>(0)?, row.get::<u64>(1)?)),
    )?;
    let mut rooms = Vec::with_capacity(last.len());
    for (room, offset) in last {
        sql::execute(
            connection,
            r#"DELETE FROM tidewire_event WHERE room = ?1 AND "offset" <= ?2"#,
            &params![&room, sql::number(offset)],
        )?;
        rooms.push(room);
    }
    Ok(rooms)
}

/// Every room begins anew: another seed, no events, no heads.
pub(super) fn begin_epoch(connection: &dyn Connection, seed: [u8; 16]) -> Result<(), StoreError> {
    let seed = [Value::Blob(seed.to_vec())];
    sql::execute(connection, "UPDATE tidewire_meta SET value = ?1 WHERE name = 'epoch_seed'", &seed)?;
    sql::execute(connection, "DELETE FROM tidewire_event", &[])?;
    sql::execute(connection, "DELETE FROM tidewire_room", &[])?;
    Ok(())
}

fn event_id(epoch: &str, offset: u64) -> Arc<str> {
    format!("{epoch}-{offset}").into()
}
