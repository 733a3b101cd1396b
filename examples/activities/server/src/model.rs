//! What the app is about, as its REST answers and its events carry it. Knows no HTTP and no database.

use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Somebody. In this demo the id is the name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
}

/// Something that people do together. Never carries what depends on the viewer: this is also the payload of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// Id, made by the server or by the client.
    pub id: String,
    /// Title.
    pub title: String,
    /// Who made it.
    pub created_by: String,
    /// When, as RFC 3339 in UTC.
    pub created_at: String,
    /// Counts edits; `ETag` and `If-Match` carry it.
    pub version: u32,
    /// Likes.
    pub like_count: u32,
    /// Participants.
    pub participant_count: u32,
}

/// An activity as one person sees it: in answers to a GET only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ViewedActivity {
    /// What everyone sees.
    #[serde(flatten)]
    pub activity: Activity,
    /// The viewer likes it.
    pub liked: bool,
    /// The viewer takes part.
    pub joined: bool,
}

/// A chat message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Id, made by the server or by the client.
    pub id: String,
    /// Where it was said.
    pub activity_id: String,
    /// Who said it.
    pub sender_id: String,
    /// What.
    pub text: String,
    /// When, as RFC 3339 in UTC.
    pub created_at: String,
    /// Who has read it, in alphabetical order, the sender apart.
    pub read_by: Vec<String>,
}

/// `activity:deleted`, and the answer to its DELETE.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Deleted {
    /// Which.
    pub activity_id: String,
}

/// `activity:user_joined` and `activity:user_left`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Participation {
    /// Where.
    pub activity_id: String,
    /// Who.
    pub user_id: String,
    /// Participants from now on.
    pub participant_count: u32,
}

/// `activity:like_added` and `activity:like_removed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Liking {
    /// What.
    pub activity_id: String,
    /// Who.
    pub user_id: String,
    /// Likes from now on.
    pub like_count: u32,
}

/// `activity:cheered`, and the answers about cheers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Cheers {
    /// What.
    pub activity_id: String,
    /// How often.
    pub cheers: u32,
}

/// `message:read`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct MessageRead {
    /// Which.
    pub message_id: String,
    /// By whom.
    pub user_id: String,
}

/// `user:online` and `user:offline`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Presence {
    /// Who.
    pub user_id: String,
    /// The version of who is online that this change makes.
    pub version: u32,
}

/// `user:snapshot`: everybody who is online, at a join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct PresenceSnapshot {
    /// Changes with a higher version came after it.
    pub version: u32,
    /// How many there are.
    pub count: u32,
    /// The first 1,000 of them.
    pub user_ids: Vec<String>,
}

/// `typing:start` and `typing:stop`, as the other participants hear them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Typing {
    /// Where.
    pub activity_id: String,
    /// Who.
    pub user_id: String,
}

/// The room that everyone who is signed in may join.
pub const ACTIVITIES_ROOM: &str = "activities";

/// The room of an activity's participants.
#[must_use]
pub fn chat_room(activity_id: &str) -> String {
    format!("activity_{activity_id}")
}

/// The activity whose participants may join a room, if it is such a room.
#[must_use]
pub fn activity_of_room(room: &str) -> Option<&str> {
    room.strip_prefix("activity_")
}

/// Milliseconds since 1970 as RFC 3339 in UTC.
#[must_use]
pub fn timestamp(millis: u64) -> String {
    humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(millis)).to_string()
}

/// Whether a client may name something so: 8 to 64 of `[A-Za-z0-9_-]`, which a UUID is too.
#[must_use]
pub fn is_client_made_id(id: &str) -> bool {
    (8..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// Whether somebody may sign in under this name: 2 to 20 of `[a-z]`.
#[must_use]
pub fn is_person_name(name: &str) -> bool {
    (2..=20).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase())
}
