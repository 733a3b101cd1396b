//! Rows to values: how activities and messages are read. Knows no HTTP and changes nothing.

use tidewire_server::auth::User;
use tidewire_server::params;
use tidewire_server::store::{Row, StoreError};
use tidewire_server::write::{ReadTx, Reject};

use crate::model::{Activity, Message, ViewedActivity, timestamp};

/// Rows that a list answers at most.
pub(crate) const LIST: u32 = 500;

const ACTIVITY: &str = "a.id, a.title, a.created_by, a.created_at, a.version,
    (SELECT COUNT(*) FROM activity_like WHERE activity_id = a.id),
    (SELECT COUNT(*) FROM participant WHERE activity_id = a.id)";

const VIEWED: &str = "EXISTS (SELECT 1 FROM activity_like WHERE activity_id = a.id AND user_id = ?1),
    EXISTS (SELECT 1 FROM participant WHERE activity_id = a.id AND user_id = ?1)";

const MESSAGE: &str = "m.id, m.activity_id, m.sender_id, m.text, m.created_at,
    (SELECT string_agg(user_id, ',' ORDER BY user_id) FROM message_read WHERE message_id = m.id)";

fn activity_row(row: &Row) -> Result<Activity, StoreError> {
    Ok(Activity {
        id: row.get(0)?,
        title: row.get(1)?,
        created_by: row.get(2)?,
        created_at: timestamp(row.get(3)?),
        version: row.get(4)?,
        like_count: row.get(5)?,
        participant_count: row.get(6)?,
    })
}

fn viewed_row(row: &Row) -> Result<ViewedActivity, StoreError> {
    Ok(ViewedActivity { activity: activity_row(row)?, liked: row.get(7)?, joined: row.get(8)? })
}

fn message_row(row: &Row) -> Result<Message, StoreError> {
    let readers: Option<String> = row.get(5)?;
    Ok(Message {
        id: row.get(0)?,
        activity_id: row.get(1)?,
        sender_id: row.get(2)?,
        text: row.get(3)?,
        created_at: timestamp(row.get(4)?),
        // Names are [a-z]: a comma only separates.
        read_by: readers.map(|names| names.split(',').map(str::to_owned).collect()).unwrap_or_default(),
    })
}

/// One activity as events carry it.
pub(crate) fn find_activity(tx: &ReadTx<'_>, id: &str) -> Result<Option<Activity>, StoreError> {
    tx.query_one(&format!("SELECT {ACTIVITY} FROM activity a WHERE a.id = ?1"), &params![id], activity_row)
}

/// Like [`find_activity`]; 404 if there is none.
pub(crate) fn activity(tx: &ReadTx<'_>, id: &str) -> Result<Activity, Reject> {
    find_activity(tx, id)?.ok_or_else(no_activity)
}

/// One activity as `viewer` sees it; 404 if there is none.
pub(crate) fn viewed_activity(tx: &ReadTx<'_>, viewer: &str, id: &str) -> Result<ViewedActivity, Reject> {
    let sql = format!("SELECT {ACTIVITY}, {VIEWED} FROM activity a WHERE a.id = ?2");
    tx.query_one(&sql, &params![viewer, id], viewed_row)?.ok_or_else(no_activity)
}

/// All activities as `viewer` sees them, newest first.
pub(crate) fn viewed_activities(tx: &ReadTx<'_>, viewer: &str) -> Result<Vec<ViewedActivity>, Reject> {
    let sql = format!("SELECT {ACTIVITY}, {VIEWED} FROM activity a ORDER BY a.seq DESC LIMIT ?2");
    Ok(tx.query(&sql, &params![viewer, LIST], viewed_row)?)
}

/// Whether somebody takes part.
pub(crate) fn takes_part(tx: &ReadTx<'_>, activity_id: &str, user: &str) -> Result<bool, StoreError> {
    let found = tx.query_one(
        "SELECT 1 FROM participant WHERE activity_id = ?1 AND user_id = ?2",
        &params![activity_id, user],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

pub(crate) fn participants(tx: &ReadTx<'_>, activity_id: &str) -> Result<Vec<User>, StoreError> {
    tx.query(
        "SELECT user_id FROM participant WHERE activity_id = ?1 ORDER BY user_id",
        &params![activity_id],
        |row| Ok(User { id: row.get(0)? }),
    )
}

/// 404 if there is no such activity, 403 if `user` does not take part in it.
pub(crate) fn demand_participant(tx: &ReadTx<'_>, activity_id: &str, user: &str) -> Result<(), Reject> {
    if takes_part(tx, activity_id, user)? {
        return Ok(());
    }
    activity(tx, activity_id)?;
    Err(Reject::forbidden("only participants of the activity may do that: join it first"))
}

/// One message.
pub(crate) fn find_message(tx: &ReadTx<'_>, id: &str) -> Result<Option<Message>, StoreError> {
    tx.query_one(&format!("SELECT {MESSAGE} FROM message m WHERE m.id = ?1"), &params![id], message_row)
}

/// An activity's messages, newest first.
pub(crate) fn messages(tx: &ReadTx<'_>, activity_id: &str) -> Result<Vec<Message>, Reject> {
    let sql =
        format!("SELECT {MESSAGE} FROM message m WHERE m.activity_id = ?1 ORDER BY m.seq DESC LIMIT ?2");
    Ok(tx.query(&sql, &params![activity_id, LIST], message_row)?)
}

fn no_activity() -> Reject {
    Reject::not_found("there is no such activity")
}
