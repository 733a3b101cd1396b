//! The live half: who may be in which room, and the events that clients send. Typing is relayed and leaves no history.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use tidewire_server::auth::{Authenticator, User};
use tidewire_server::event::{BoxFuture, RoomEvent};
use tidewire_server::settings::Settings;
use tidewire_server::socket::{Access, Context, Denied, Missing, RoomAuthorizer, SocketServer};
use tidewire_server::store::Store;
use tidewire_server::write::{ReadTx, Tidewire};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::events::{Event, TYPING_START, TYPING_STOP};
use crate::model::{ACTIVITIES_ROOM, Typing, activity_of_room, chat_room};
use crate::queries;

/// Starts the socket server over the store's histories and the events that it publishes.
pub(crate) fn start(
    tidewire: &Tidewire,
    authenticator: Arc<dyn Authenticator>,
    feed: UnboundedReceiver<Vec<RoomEvent>>,
    settings: &Settings,
) -> Result<SocketServer, Missing> {
    let store: Store = tidewire.store().clone();
    settings
        .apply(SocketServer::builder())
        .authenticator(authenticator)
        .authorizer(Arc::new(Rooms { tidewire: tidewire.clone() }))
        .history(Arc::new(store))
        .feed(feed)
        .presence_room(ACTIVITIES_ROOM)
        .on_typed(TYPING_START.name, |context, typed| relay(context, TYPING_START, typed))
        .on_typed(TYPING_STOP.name, |context, typed| relay(context, TYPING_STOP, typed))
        .build()
}

/// `activities` for everyone who is signed in, `activity_<id>` for the participants, from the beginning.
struct Rooms {
    tidewire: Tidewire,
}

impl RoomAuthorizer for Rooms {
    fn authorize<'a>(&'a self, user: &'a User, room: &'a str) -> BoxFuture<'a, Result<Access, Denied>> {
        Box::pin(async move {
            if room == ACTIVITIES_ROOM {
                return Ok(Access::full());
            }
            let activity = activity_of_room(room).ok_or(Denied::Unauthorized)?.to_owned();
            let user = user.id.clone();
            let takes_part = move |tx: &ReadTx<'_>| queries::takes_part(tx, &activity, &user);
            match self.tidewire.snapshot(takes_part).await {
                Ok(true) => Ok(Access::full()),
                Ok(false) => Err(Denied::Unauthorized),
                Err(_) => Err(Denied::Unavailable),
            }
        })
    }
}

/// What a client says about its typing. `chatId` is another name for the activity.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Typed {
    #[serde(alias = "chatId")]
    activity_id: String,
}

/// Only members of the room are heard: the hub drops what others send into it.
async fn relay(context: Context, event: Event<Typing>, Typed { activity_id }: Typed) -> Option<Value> {
    let room = chat_room(&activity_id);
    match context.broadcast(
        &room,
        event.name,
        &Typing { activity_id, user_id: context.user().id.to_string() },
    ) {
        Ok(()) => None,
        Err(_) => Some(serde_json::json!({ "error": "Unavailable" })),
    }
}
