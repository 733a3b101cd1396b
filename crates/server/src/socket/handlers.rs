//! The app's handlers of events from clients, and what they can do. It does not know in which order they run: the hub
//! asks for one at a time per connection (V8).

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use tidewire_hub::{Ephemeral, Input, Json, RoomId, SessionId, SocketId};
use tokio::sync::mpsc::UnboundedSender;

use crate::auth::User;
use crate::event::BoxFuture;

/// Why an ephemeral event could not be sent.
#[derive(Debug)]
pub enum BroadcastError {
    /// The payload does not become JSON.
    Payload(serde_json::Error),
    /// The socket server has stopped.
    Stopped,
}

impl std::fmt::Display for BroadcastError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BroadcastError::Payload(error) => write!(f, "the payload does not become JSON: {error}"),
            BroadcastError::Stopped => f.write_str("the socket server has stopped"),
        }
    }
}

impl std::error::Error for BroadcastError {}

/// Who sent an event, and ways to react to it.
#[derive(Clone)]
pub struct Context {
    pub(crate) session: SessionId,
    pub(crate) socket: SocketId,
    pub(crate) user: User,
    pub(crate) facts: UnboundedSender<Input>,
}

impl Context {
    /// Who sent it.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.user
    }

    /// The public id of the connection that it came over.
    #[must_use]
    pub fn socket_id(&self) -> &str {
        &self.socket.0
    }

    /// Sends an ephemeral event (typing, presence) to the members of a room but the sender. It has no place in history.
    /// Nothing is sent if the sender is no member of the room.
    pub fn broadcast(&self, room: &str, name: &str, payload: &impl Serialize) -> Result<(), BroadcastError> {
        let args = Json(serde_json::to_string(payload).map_err(BroadcastError::Payload)?);
        let event = Ephemeral { room: RoomId::from(room), from: Some(self.session), name: name.into(), args };
        self.facts.send(Input::Broadcast(event)).map_err(|_| BroadcastError::Stopped)
    }
}

/// A handler behind a pointer: the first argument goes in, the acknowledgement's value comes out.
pub(crate) type Handler = Arc<dyn Fn(Context, Value) -> BoxFuture<'static, Option<Value>> + Send + Sync>;

/// Handlers by the name of their event.
#[derive(Clone, Default)]
pub(crate) struct Handlers(Arc<BTreeMap<String, Handler>>);

impl Handlers {
    pub(crate) fn add<F, R>(&mut self, name: &str, handler: F)
    where
        F: Fn(Context, Value) -> R + Send + Sync + 'static,
        R: Future<Output = Option<Value>> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |context, payload| Box::pin(handler(context, payload)));
        Arc::make_mut(&mut self.0).insert(name.to_owned(), handler);
    }

    /// Runs the handler of an event. The result is the acknowledgement's arguments, raw.
    pub(crate) async fn run(&self, context: Context, name: &str, args: &Json) -> Json {
        let Some(handler) = self.0.get(name) else { return Json("{\"error\":\"UnknownEvent\"}".to_owned()) };
        // The hub has validated the JSON; a number that serde cannot hold is the only way to fail.
        let Ok(values) = serde_json::from_str::<Vec<Value>>(&format!("[{}]", args.0)) else {
            return Json("{\"error\":\"BadRequest\"}".to_owned());
        };
        let payload = values.into_iter().next().unwrap_or(Value::Null);
        Json(handler(context, payload).await.map(|value| value.to_string()).unwrap_or_default())
    }
}
