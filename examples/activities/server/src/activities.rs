//! `/api/activities`: list, read, create, edit, delete, like, join, cheer.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tidewire_server::params;
use tidewire_server::write::{ReadContext, ReadTx, Reject, Reply, Tidewire, Tx, WriteContext};

use crate::app::App;
use crate::events::{self, Event};
use crate::ids::new_id;
use crate::model::{ACTIVITIES_ROOM, Activity, Cheers, Deleted, Liking, Participation, is_client_made_id};
use crate::queries;

const TITLE_CHARS: usize = 200;

/// The body of `POST /api/activities`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub(crate) struct NewActivity {
    /// An id that the client has made; left out, the server makes one.
    id: Option<String>,
    /// Title.
    title: String,
}

/// The body of `PATCH /api/activities/:id`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub(crate) struct EditActivity {
    /// The new title.
    title: String,
    /// The version that was edited: what `If-Match` says, for clients whose queue keeps no headers.
    version: Option<u32>,
}

pub(crate) async fn list(State(tidewire): State<Tidewire>, context: ReadContext) -> Response {
    let viewer = context.user().id.clone();
    let read = move |tx: &ReadTx<'_>| Reply::json(StatusCode::OK, &queries::viewed_activities(tx, &viewer)?);
    tidewire.read(&context, &[ACTIVITIES_ROOM], read).await
}

pub(crate) async fn show(
    State(tidewire): State<Tidewire>,
    Path(id): Path<String>,
    context: ReadContext,
) -> Response {
    let viewer = context.user().id.clone();
    let read = move |tx: &ReadTx<'_>| {
        let viewed = queries::viewed_activity(tx, &viewer, &id)?;
        Ok(Reply::json(StatusCode::OK, &viewed)?.etag(&etag(&viewed.activity)))
    };
    tidewire.read(&context, &[ACTIVITIES_ROOM], read).await
}

pub(crate) async fn create(State(tidewire): State<Tidewire>, context: WriteContext) -> Response {
    let new: NewActivity = match context.json() {
        Ok(new) => new,
        Err(reject) => return reject.into_response(),
    };
    tidewire.write(&context, move |tx| create_in(tx, new)).await
}

fn create_in(tx: &mut Tx<'_>, new: NewActivity) -> Result<Reply, Reject> {
    let title = checked_title(&new.title)?;
    let id = match new.id {
        None => new_id()?,
        Some(id) if is_client_made_id(&id) => id,
        Some(_) => return Err(Reject::bad_request("an id that you make has 8 to 64 of A-Z a-z 0-9 _ -")),
    };
    let (user, now) = (tx.user().to_owned(), tx.now());
    if let Some(there) = queries::find_activity(tx, &id)? {
        if there.title == title && there.created_by == user {
            return with_etag(StatusCode::OK, &there);
        }
        return Err(Reject::conflict("another activity has this id"));
    }
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    tx.execute(
        "INSERT INTO activity (id, title, created_by, created_at) VALUES (?1, ?2, ?3, ?4)",
        &params![&id, title, &user, now],
    )?;
    tx.execute("INSERT INTO participant (activity_id, user_id) VALUES (?1, ?2)", &params![&id, &user])?;
    let made = queries::activity(tx, &id)?;
    events::ACTIVITY_CREATED.publish(tx, ACTIVITIES_ROOM, &made)?;
    Ok(with_etag(StatusCode::CREATED, &made)?.location(&format!("/api/activities/{id}")))
}

pub(crate) async fn edit(
    State(tidewire): State<Tidewire>,
    Path(id): Path<String>,
    headers: HeaderMap,
    context: WriteContext,
) -> Response {
    let edit: EditActivity = match context.json() {
        Ok(edit) => edit,
        Err(reject) => return reject.into_response(),
    };
    let wanted =
        headers.get(header::IF_MATCH).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    tidewire.write(&context, move |tx| edit_in(tx, &id, &edit, wanted.as_deref())).await
}

fn edit_in(tx: &mut Tx<'_>, id: &str, edit: &EditActivity, wanted: Option<&str>) -> Result<Reply, Reject> {
    let title = checked_title(&edit.title)?;
    queries::demand_participant(tx, id, tx.user())?;
    let there = queries::activity(tx, id)?;
    let current = etag(&there);
    let matches =
        wanted.is_none_or(|wanted| wanted.split(',').map(str::trim).any(|tag| tag == "*" || tag == current));
    if !matches || edit.version.is_some_and(|version| version != there.version) {
        return Err(Reject::precondition_failed("somebody has edited the activity since: read it again"));
    }
    if there.title == title {
        return with_etag(StatusCode::OK, &there);
    }
    tx.execute("UPDATE activity SET title = ?2, version = version + 1 WHERE id = ?1", &params![id, title])?;
    let edited = queries::activity(tx, id)?;
    events::ACTIVITY_UPDATED.publish(tx, ACTIVITIES_ROOM, &edited)?;
    with_etag(StatusCode::OK, &edited)
}

pub(crate) async fn delete(
    State(app): State<App>,
    Path(id): Path<String>,
    context: WriteContext,
) -> Response {
    let id_of_chat = id.clone();
    let members = app.participants(&id).await;
    let delete = move |tx: &mut Tx<'_>| {
        if queries::activity(tx, &id)?.created_by != tx.user() {
            return Err(Reject::forbidden("only who made an activity may delete it"));
        }
        tx.execute("DELETE FROM activity WHERE id = ?1", &params![&id])?;
        let deleted = Deleted { activity_id: id };
        events::ACTIVITY_DELETED.publish(tx, ACTIVITIES_ROOM, &deleted)?;
        Reply::json(StatusCode::OK, &deleted)
    };
    let answer = app.tidewire().write(&context, delete).await;
    app.close_chat(&id_of_chat, &members).await;
    answer
}

pub(crate) async fn like(
    State(tidewire): State<Tidewire>,
    Path(id): Path<String>,
    context: WriteContext,
) -> Response {
    let like = "INSERT INTO activity_like (activity_id, user_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    tidewire.write(&context, move |tx| set(tx, &id, like, &events::LIKE_ADDED, liking)).await
}

pub(crate) async fn unlike(
    State(tidewire): State<Tidewire>,
    Path(id): Path<String>,
    context: WriteContext,
) -> Response {
    let unlike = "DELETE FROM activity_like WHERE activity_id = ?1 AND user_id = ?2";
    tidewire.write(&context, move |tx| set(tx, &id, unlike, &events::LIKE_REMOVED, liking)).await
}

pub(crate) async fn join(
    State(tidewire): State<Tidewire>,
    Path(id): Path<String>,
    context: WriteContext,
) -> Response {
    let join = "INSERT INTO participant (activity_id, user_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    tidewire.write(&context, move |tx| set(tx, &id, join, &events::USER_JOINED, participation)).await
}

pub(crate) async fn leave(State(app): State<App>, Path(id): Path<String>, context: WriteContext) -> Response {
    let leave = "DELETE FROM participant WHERE activity_id = ?1 AND user_id = ?2";
    let id_of_chat = id.clone();
    let answer = app
        .tidewire()
        .write(&context, move |tx| set(tx, &id, leave, &events::USER_LEFT, participation))
        .await;
    // Also after an answer that was refused or replayed: whoever does not take part hears nothing of the chat (V3).
    app.close_chat(&id_of_chat, &[context.user().clone()]).await;
    answer
}

/// Puts one person's row in or takes it out. An event tells of it only if that changed anything.
fn set<P: serde::Serialize>(
    tx: &mut Tx<'_>,
    id: &str,
    change: &str,
    event: &Event<P>,
    payload: fn(&Activity, &str) -> P,
) -> Result<Reply, Reject> {
    queries::activity(tx, id)?;
    let user = tx.user().to_owned();
    let changed = tx.execute(change, &params![id, &user])?;
    let activity = queries::activity(tx, id)?;
    if changed > 0 {
        event.publish(tx, ACTIVITIES_ROOM, &payload(&activity, &user))?;
    }
    with_etag(StatusCode::OK, &activity)
}

fn liking(activity: &Activity, user: &str) -> Liking {
    Liking { activity_id: activity.id.clone(), user_id: user.to_owned(), like_count: activity.like_count }
}

fn participation(activity: &Activity, user: &str) -> Participation {
    Participation {
        activity_id: activity.id.clone(),
        user_id: user.to_owned(),
        participant_count: activity.participant_count,
    }
}

pub(crate) async fn cheers(
    State(tidewire): State<Tidewire>,
    Path(id): Path<String>,
    context: ReadContext,
) -> Response {
    let read = move |tx: &ReadTx<'_>| Reply::json(StatusCode::OK, &cheers_of(tx, id)?);
    tidewire.read(&context, &[ACTIVITIES_ROOM], read).await
}

/// A counter that nothing but the exactly-once promise keeps from counting a write twice.
pub(crate) async fn cheer(
    State(tidewire): State<Tidewire>,
    Path(id): Path<String>,
    context: WriteContext,
) -> Response {
    let cheer = move |tx: &mut Tx<'_>| {
        tx.execute("UPDATE activity SET cheers = cheers + 1 WHERE id = ?1", &params![&id])?;
        let cheers = cheers_of(tx, id)?;
        events::CHEERED.publish(tx, ACTIVITIES_ROOM, &cheers)?;
        Reply::json(StatusCode::OK, &cheers)
    };
    tidewire.write(&context, cheer).await
}

fn cheers_of(tx: &ReadTx<'_>, id: String) -> Result<Cheers, Reject> {
    let cheers =
        tx.query_one("SELECT cheers FROM activity WHERE id = ?1", &params![&id], |row| row.get(0))?;
    match cheers {
        Some(cheers) => Ok(Cheers { activity_id: id, cheers }),
        None => Err(Reject::not_found("there is no such activity")),
    }
}

fn checked_title(title: &str) -> Result<&str, Reject> {
    let title = title.trim();
    if title.is_empty() || title.chars().count() > TITLE_CHARS {
        return Err(Reject::bad_request(format!("a title has 1 to {TITLE_CHARS} characters")));
    }
    Ok(title)
}

fn etag(activity: &Activity) -> String {
    format!("\"{}\"", activity.version)
}

fn with_etag(status: StatusCode, activity: &Activity) -> Result<Reply, Reject> {
    Ok(Reply::json(status, activity)?.etag(&etag(activity)))
}
