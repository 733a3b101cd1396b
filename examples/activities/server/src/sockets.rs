//! The live half: who may be in which room, and the events that clients send. Typing is relayed and leaves no history.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidewire_server::auth::{Authenticator, User};
use tidewire_server::event::{BoxFuture, RoomEvent};
use tidewire_server::socket::{Access, Context, Denied, Missing, RoomAuthorizer, SocketServer};
use tidewire_server::store::Store;
use tidewire_server::write::{ReadTx, Tidewire};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::model::{ACTIVITIES_ROOM, activity_of_room, chat_room};
use crate::queries;

/// Starts the socket server over the store's histories and the events that it publishes.
pub(crate) fn start(
    tidewire: &Tidewire,
    authenticator: Arc<dyn Authenticator>,
    feed: UnboundedReceiver<Vec<RoomEvent>>,
) -> Result<SocketServer, Missing> {
    let store: Store = tidewire.store().clone();
    SocketServer::builder()
        .authenticator(authenticator)
        .authorizer(Arc::new(Rooms { tidewire: tidewire.clone() }))
        .history(Arc::new(store))
        .feed(feed)
        .presence_room(ACTIVITIES_ROOM)
        .on("typing:start", |context, payload| relay(context, "typing:start", payload))
        .on("typing:stop", |context, payload| relay(context, "typing:stop", payload))
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
struct Typing {
    #[serde(alias = "chatId")]
    activity_id: String,
}

/// What the other participants hear.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Typed<'a> {
    activity_id: &'a str,
    user_id: &'a str,
}

/// Only members of the room are heard: the hub drops what others send into it.
async fn relay(context: Context, name: &'static str, payload: Value) -> Option<Value> {
    let Ok(typing) = serde_json::from_value::<Typing>(payload) else {
        return Some(serde_json::json!({ "error": "BadRequest" }));
    };
    let typed = Typed { activity_id: &typing.activity_id, user_id: &context.user().id };
    match context.broadcast(&chat_room(&typing.activity_id), name, &typed) {
        Ok(()) => None,
        Err(_) => Some(serde_json::json!({ "error": "Unavailable" })),
    }
}
