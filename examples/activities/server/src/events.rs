//! Every event that the server sends, with its payload: the one definition (A6). The TypeScript types of the web app are made
//! from it. Knows no database.

use std::marker::PhantomData;

use serde::Serialize;
use tidewire_server::store::StoreError;
use tidewire_server::write::Tx;

use crate::model::{
    Activity, Cheers, Deleted, Liking, Message, MessageRead, Participation, Presence, PresenceSnapshot,
    Typing,
};

/// An event's name, tied to the type of its payload.
pub(crate) struct Event<P> {
    pub(crate) name: &'static str,
    payload: PhantomData<fn(&P)>,
}

impl<P: Serialize> Event<P> {
    const fn new(name: &'static str) -> Self {
        Self { name, payload: PhantomData }
    }

    /// Publishes it with the write that causes it.
    pub(crate) fn publish(&self, tx: &mut Tx<'_>, room: &str, payload: &P) -> Result<(), StoreError> {
        tx.publish(room, self.name, payload)
    }
}

macro_rules! events {
    ($($(#[$doc:meta])* $constant:ident: $name:literal => $payload:ty;)*) => {
        $($(#[$doc])* pub(crate) const $constant: Event<$payload> = Event::new($name);)*

        /// Name, and the payload's name in TypeScript.
        #[cfg(test)]
        pub(crate) fn table(config: &ts_rs::Config) -> Vec<(&'static str, String)> {
            vec![$(($constant.name, <$payload as ts_rs::TS>::name(config))),*]
        }
    };
}

events! {
    ACTIVITY_CREATED: "activity:created" => Activity;
    ACTIVITY_UPDATED: "activity:updated" => Activity;
    ACTIVITY_DELETED: "activity:deleted" => Deleted;
    USER_JOINED: "activity:user_joined" => Participation;
    USER_LEFT: "activity:user_left" => Participation;
    LIKE_ADDED: "activity:like_added" => Liking;
    LIKE_REMOVED: "activity:like_removed" => Liking;
    CHEERED: "activity:cheered" => Cheers;
    MESSAGE_NEW: "message:new" => Message;
    MESSAGE_READ: "message:read" => MessageRead;
    /// Sent by the hub.
    #[cfg_attr(not(test), expect(dead_code, reason = "the hub knows its name; here it has its type"))]
    USER_ONLINE: "user:online" => Presence;
    /// Sent by the hub.
    #[cfg_attr(not(test), expect(dead_code, reason = "the hub knows its name; here it has its type"))]
    USER_OFFLINE: "user:offline" => Presence;
    /// Sent by the hub.
    #[cfg_attr(not(test), expect(dead_code, reason = "the hub knows its name; here it has its type"))]
    USER_SNAPSHOT: "user:snapshot" => PresenceSnapshot;
    TYPING_START: "typing:start" => Typing;
    TYPING_STOP: "typing:stop" => Typing;
}
