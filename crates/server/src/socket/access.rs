//! What the app decides about rooms: who may read what. It knows no sockets.

use std::fmt;

use crate::auth::User;
use crate::event::BoxFuture;

/// What a person may read of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The first event of the room's history that this person may read; 0 or 1 for all of it.
    pub earliest_offset: u64,
}

impl Access {
    /// All of the history.
    #[must_use]
    pub const fn full() -> Access {
        Access { earliest_offset: 0 }
    }
}

/// Why a person is not let into a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// They may not, or there is no such room (which must look the same).
    Unauthorized,
    /// It could not be found out now; asking again may help.
    Unavailable,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Denied::Unauthorized => "this person may not be in this room",
            Denied::Unavailable => "who may be in this room cannot be found out now; try again",
        })
    }
}

impl std::error::Error for Denied {}

/// Says who may be in a room (V3). Asked at every join; there is no default, because the default would be everybody.
pub trait RoomAuthorizer: Send + Sync {
    /// May this person be in this room, and from which event on may they read?
    fn authorize<'a>(&'a self, user: &'a User, room: &'a str) -> BoxFuture<'a, Result<Access, Denied>>;
}
