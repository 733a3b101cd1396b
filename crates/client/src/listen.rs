//! Listening to a room across restarts of the process: the place of the last handled event is kept in the store, and the
//! next start goes on behind it.
//!
//! *At least once*: the app handles an event, then says [`Listener::handled`]. A process that dies between the two gets that
//! event again. The first time a room is listened to, nothing is stored until something was handled: its first event, or the
//! `head` of [`tidewire_core::RoomState::Joined`], up to which everything has been heard when that comes.

use std::fmt;

use serde_json::{Value, json};
use tidewire_core::{Blob, Epoch, Offset, Partition, Position, QueryId, Refusal, RoomId};

use crate::client::Client;
use crate::event::{Heard, Queue};
use crate::store::{Step, StoreFault};
use crate::write::refused;

/// Version of the stored value.
const VERSION: u64 = 1;

/// A room that is listened to. Dropping it leaves the room.
#[derive(Debug)]
pub struct Listener {
    pub(crate) room: RoomId,
    pub(crate) query: QueryId,
    pub(crate) queue: Queue<Heard>,
    pub(crate) client: Client,
    /// Where it began.
    pub(crate) since: Option<Position>,
}

/// Why a room cannot be listened to.
#[derive(Debug)]
#[non_exhaustive]
pub enum ListenError {
    /// The room's name is malformed, or there are too many.
    Refused(Refusal),
    /// The store cannot be read.
    Store(StoreFault),
    /// The client was shut down.
    Closed,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListenError::Refused(refusal) => f.write_str(refused(*refusal)),
            ListenError::Store(fault) => fault.fmt(f),
            ListenError::Closed => f.write_str("the client was shut down"),
        }
    }
}

impl std::error::Error for ListenError {}

impl Listener {
    /// The room.
    #[must_use]
    pub fn room(&self) -> &RoomId {
        &self.room
    }

    /// The place behind which it began, if one was stored.
    #[must_use]
    pub fn since(&self) -> Option<&Position> {
        self.since.as_ref()
    }

    /// What is heard next; `None` when the client has ended. Events without a position (typing, presence, a foreign
    /// server's) do not name their room and are heard by every listener.
    pub async fn next(&mut self) -> Option<Heard> {
        self.queue.next().await
    }

    /// What is heard next, if it is here already.
    pub fn take_ready(&mut self) -> Option<Heard> {
        self.queue.take_ready()
    }

    /// Everything up to this position was handled: the next start goes on behind it. Resolves when that is durable.
    ///
    /// # Errors
    /// It is not stored; after a restart events from the last stored place on are heard again.
    pub async fn handled(&self, position: &Position) -> Result<(), StoreFault> {
        let value = encode(self.client.partition(), position);
        self.client.put(Step { key: key(&self.room), value: Some(value) }).await
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.client.unlisten(self.query);
    }
}

/// With what the keys of stored places begin.
pub(crate) const PREFIX: &str = "q/";

pub(crate) fn key(room: &RoomId) -> String {
    format!("{PREFIX}{room}")
}

fn encode(partition: &Partition, position: &Position) -> Blob {
    let value = json!({
        "version": VERSION, "partition": partition.0, "epoch": position.epoch.0, "offset": position.offset.0,
    });
    Blob(value.to_string().into_bytes())
}

/// A stored position, if it is one of this partition.
pub(crate) fn decode(partition: &Partition, room: &RoomId, value: &Blob) -> Option<Position> {
    let value: Value = serde_json::from_slice(&value.0).ok()?;
    let ours = value["version"] == VERSION && value["partition"] == partition.0.as_str();
    let epoch = Epoch::from(value["epoch"].as_str()?);
    let offset = Offset(value["offset"].as_u64()?);
    ours.then(|| Position { room: room.clone(), epoch, offset })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn y2_a_stored_position_comes_back_for_its_own_partition_only() {
        let (ana, ben) = (Partition::from("app|dev|ana"), Partition::from("app|dev|ben"));
        let room = RoomId::from("activities");
        let position = Position { room: room.clone(), epoch: "k3j".into(), offset: Offset(41) };
        let value = encode(&ana, &position);
        assert_eq!(decode(&ana, &room, &value), Some(position));
        assert_eq!(decode(&ben, &room, &value), None, "Q20");
        assert_eq!(decode(&ana, &room, &Blob(b"not JSON".to_vec())), None);
        assert_eq!(decode(&ana, &room, &Blob(b"{\"version\":1}".to_vec())), None);
        let newer = String::from_utf8(value.0).unwrap().replace("\"version\":1", "\"version\":2");
        assert_eq!(decode(&ana, &room, &Blob(newer.into_bytes())), None, "Q21");
    }
}
