//! Rooms and bases, as most tests about them begin.

use tidewire_core::*;

use super::Rig;

/// Connected, in room `r` at offset 10, with query 1 bound and its base at 10.
pub fn synced() -> Rig {
    let mut rig = Rig::new();
    rig.bind("r", &[1]);
    rig.base(1, Some(("r", 10)));
    rig.connect();
    rig.command(Command::Join { room: "r".into() }).unwrap();
    rig.joined(10, true);
    rig.take();
    rig
}

pub fn room_states(rig: &Rig) -> Vec<RoomState> {
    rig.log
        .iter()
        .filter_map(|o| if let Output::Room { state, .. } = o { Some(state.clone()) } else { None })
        .collect()
}
