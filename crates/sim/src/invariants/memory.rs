//! Memory: what is kept is bounded, and at rest nothing is kept that nobody needs.

use tidewire_core::limits;

use super::Invariant;
use crate::ids::{ROOMS, User};
use crate::reference::Said;
use crate::world::World;

/// Frames within the rings, layers only of parked writes, records only of parked writes, no operation of a disk left.
#[derive(Debug)]
pub(super) struct Bounded;

impl Invariant for Bounded {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn rest(&mut self, world: &World) -> Option<String> {
        for (at, tab) in world.tabs.iter().enumerate().filter(|(_, tab)| tab.engine.is_some()) {
            let bodies = tab.host.bodies.len();
            if bodies > ROOMS * limits::ROOM_RING {
                return Some(format!("t{at} keeps {bodies} frames"));
            }
            for layer in &tab.host.layers {
                let tap = world.reference.taps.get(&layer.write);
                if tap.is_none_or(|tap| tap.said != Said::Parked && !tap.excused && tap.copies == 0) {
                    return Some(format!(
                        "t{at}: the layer of {} ({:?}) still stands",
                        layer.write, layer.tag
                    ));
                }
            }
        }
        for (at, device) in world.devices.iter().enumerate() {
            if !device.disk.queue.is_empty() {
                return Some(format!("d{at}: the disk still works"));
            }
            for user in [User::Ana, User::Ben] {
                for (key, write) in device.disk.writes(user) {
                    let tap = write.and_then(|write| world.reference.taps.get(&write));
                    let fine = world.reference.quarantined.contains(key)
                        || tap.is_some_and(|tap| tap.said == Said::Parked || tap.excused || tap.copies > 0);
                    if !fine {
                        let said = tap.map(|tap| (tap.tag, tap.said));
                        return Some(format!("d{at}: a record of {} is left: {key}, {said:?}", user.name()));
                    }
                }
            }
        }
        None
    }
}
