//! Names of what there is in the simulated world.

use std::fmt;

macro_rules! index {
    ($($(#[$doc:meta])* $name:ident $letter:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub usize);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, concat!($letter, "{}"), self.0) }
        }
    )*};
}

index! {
    /// A device: one disk, one clock, one network.
    Device "d";
    /// A place where a tab may run, on one device.
    Tab "t";
    /// A room of the server, with its counter.
    Room "r";
}

/// One run of a tab, from start to end: never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Life(pub u32);

/// A person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum User {
    /// Owns devices 0 and 2.
    Ana,
    /// Owns device 1.
    Ben,
}

impl User {
    /// Their name, which is also their user id.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            User::Ana => "ana",
            User::Ben => "ben",
        }
    }

    /// Whose name this is.
    #[must_use]
    pub fn named(name: &str) -> Option<User> {
        [User::Ana, User::Ben].into_iter().find(|user| user.name() == name)
    }
}

/// What one tap adds to a room: unique for the whole run, so that nothing that happens twice can hide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u32);

/// Rooms of the world.
pub const ROOMS: usize = 3;
/// The query that shows all rooms at once.
pub const BOARD: usize = ROOMS;
/// Queries of a tab: one per room, and the board.
pub const QUERIES: usize = ROOMS + 1;

impl Room {
    /// Its name on the server.
    #[must_use]
    pub fn name(self) -> String {
        format!("r{}", self.0)
    }

    /// Which room is called so.
    #[must_use]
    pub fn named(name: &str) -> Option<Room> {
        let number = name.strip_prefix('r')?.parse().ok()?;
        (number < ROOMS).then_some(Room(number))
    }

    /// All.
    pub fn all() -> impl Iterator<Item = Room> {
        (0..ROOMS).map(Room)
    }
}

/// The rooms that a query shows.
#[must_use]
pub fn rooms_of(query: usize) -> Vec<Room> {
    if query == BOARD { Room::all().collect() } else { vec![Room(query)] }
}
