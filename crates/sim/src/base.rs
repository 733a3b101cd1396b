//! What a query of the cache holds of the server: tags per room, the positions that they are the state of, and the
//! writes whose layers do not stand on it. A base is right if and only if its tags are those of its positions.

use std::collections::{BTreeMap, BTreeSet};

use tidewire_core::{Epoch, WriteId};

use crate::ids::{Room, Tag};

/// A base.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base {
    /// What each room holds, oldest first.
    pub tags: BTreeMap<Room, Vec<Tag>>,
    /// Epoch and offset per room.
    pub positions: BTreeMap<Room, (Epoch, u64)>,
    /// Writes that it has.
    pub carries: BTreeSet<WriteId>,
}
