//! `/api/activities/:id/messages` and `/api/messages/:id/read`: the chat of an activity's participants.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tidewire_server::params;
use tidewire_server::write::{ReadContext, ReadTx, Reject, Reply, Tidewire, Tx, WriteContext};

use crate::events;
use crate::ids::new_id;
use crate::model::{MessageRead, chat_room, is_client_made_id};
use crate::queries;

const TEXT_CHARS: usize = 4_000;

/// The body of `POST /api/activities/:id/messages`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub(crate) struct NewMessage {
    /// An id that the client has made; left out, the server makes one.
    id: Option<String>,
    /// What is said.
    text: String,
}

pub(crate) async fn list(
    State(tidewire): State<Tidewire>,
    Path(activity): Path<String>,
    context: ReadContext,
) -> Response {
    let (viewer, room) = (context.user().id.clone(), chat_room(&activity));
    let read = move |tx: &ReadTx<'_>| {
        queries::demand_participant(tx, &activity, &viewer)?;
        Reply::json(StatusCode::OK, &queries::messages(tx, &activity)?)
    };
    tidewire.read(&context, &[&room], read).await
}

pub(crate) async fn send(
    State(tidewire): State<Tidewire>,
    Path(activity): Path<String>,
    context: WriteContext,
) -> Response {
    let new: NewMessage = match context.json() {
        Ok(new) => new,
        Err(reject) => return reject.into_response(),
    };
    tidewire.write(&context, move |tx| send_in(tx, &activity, new)).await
}

fn send_in(tx: &mut Tx<'_>, activity: &str, new: NewMessage) -> Result<Reply, Reject> {
    queries::demand_participant(tx, activity, tx.user())?;
    if new.text.trim().is_empty() || new.text.chars().count() > TEXT_CHARS {
        return Err(Reject::bad_request(format!("a message has 1 to {TEXT_CHARS} characters")));
    }
    let id = match new.id {
        None => new_id()?,
        Some(id) if is_client_made_id(&id) => id,
        Some(_) => return Err(Reject::bad_request("an id that you make has 8 to 64 of A-Z a-z 0-9 _ -")),
    };
    let (user, now) = (tx.user().to_owned(), i64::try_from(tx.now()).unwrap_or(i64::MAX));
    if let Some(there) = queries::find_message(tx, &id)? {
        if there.activity_id == activity && there.sender_id == user && there.text == new.text {
            return Reply::json(StatusCode::OK, &there);
        }
        return Err(Reject::conflict("another message has this id"));
    }
    tx.execute(
        "INSERT INTO message (id, activity_id, sender_id, text, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        &params![&id, activity, &user, &new.text, now],
    )?;
    let message =
        queries::find_message(tx, &id)?.ok_or_else(|| Reject::internal("the new message is not there"))?;
    events::MESSAGE_NEW.publish(tx, &chat_room(activity), &message)?;
    Reply::json(StatusCode::CREATED, &message)
}

pub(crate) async fn read(
    State(tidewire): State<Tidewire>,
    Path(id): Path<String>,
    context: WriteContext,
) -> Response {
    tidewire.write(&context, move |tx| read_in(tx, &id)).await
}

fn read_in(tx: &mut Tx<'_>, id: &str) -> Result<Reply, Reject> {
    let user = tx.user().to_owned();
    let none = || Reject::not_found("there is no such message");
    let message = queries::find_message(tx, id)?.ok_or_else(none)?;
    if !queries::takes_part(tx, &message.activity_id, &user)? {
        // Who may not read a message does not learn that it exists.
        return Err(none());
    }
    if message.sender_id == user {
        return Reply::json(StatusCode::OK, &message);
    }
    let changed = tx.execute(
        "INSERT INTO message_read (message_id, user_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        &params![id, &user],
    )?;
    if changed > 0 {
        let event = MessageRead { message_id: id.to_owned(), user_id: user };
        events::MESSAGE_READ.publish(tx, &chat_room(&message.activity_id), &event)?;
    }
    let message = queries::find_message(tx, id)?.ok_or_else(none)?;
    Reply::json(StatusCode::OK, &message)
}
