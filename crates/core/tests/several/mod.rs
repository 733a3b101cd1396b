//! Several tabs over one store: whose disk is whose, and who hears what. Knows no rule.
#![allow(dead_code, clippy::wildcard_enum_match_arm, missing_docs)]

use crate::rig::{self, Rig};
use tidewire_core::*;

/// A tab over this disk that does not lead.
pub(crate) fn follower(disk: &Rig, seed: u8) -> Rig {
    let mut rig = Rig::idle(rig::config(), disk.disk.clone(), seed);
    rig.settle();
    rig.take();
    rig
}

/// What a tab has told the others since it was asked last.
pub(crate) fn news(rig: &mut Rig) -> Vec<Input> {
    let told = rig.take().into_iter().filter_map(|o| match o {
        Output::Broadcast { key, value } => Some(Input::StoreChanged { key, value }),
        _ => None,
    });
    told.collect()
}

/// What `from` did reaches the disk and the ears of `to`.
pub(crate) fn tell(from: &mut Rig, to: &mut Rig) {
    to.disk = from.disk.clone();
    for input in news(from) {
        to.input(input);
    }
}

/// Whether it was set aside, as far as this tab has said.
pub(crate) fn parked(rig: &Rig, write: &WriteId) -> bool {
    matches!(rig.states(write).last(), Some(WriteState::Parked { .. }))
}
