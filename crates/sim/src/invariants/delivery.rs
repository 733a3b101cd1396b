//! Writes: nothing twice, lanes in order, nothing lost (Q1, Q6, Q9, Q13).

use std::collections::{BTreeMap, BTreeSet};

use tidewire_core::WriteId;

use super::Invariant;
use crate::foreign::repeats;
use crate::reference::Said;
use crate::world::World;

/// No write is applied twice, and none that was taken back or refused.
#[derive(Debug, Default)]
pub(super) struct Once {
    seen: usize,
    times: BTreeMap<String, u32>,
}

impl Invariant for Once {
    fn name(&self) -> &'static str {
        "Q9 once"
    }

    fn step(&mut self, world: &World) -> Option<String> {
        while let Some(effect) = world.server.effects.get(self.seen) {
            self.seen += 1;
            let times = self.times.entry(effect.key.clone()).or_default();
            *times += 1;
            // A planted bug may change keys: then the tag tells whose effect it is.
            let Some(write) = world.reference.tags.get(&effect.tag) else {
                return Some(format!("an effect that nobody asked for: {effect:?}"));
            };
            let tap = &world.reference.taps[write];
            let by_tag =
                world.server.effects[..self.seen].iter().filter(|other| other.tag == effect.tag).count();
            if let Some(how) = tap.foreign {
                // A leader that does not know yet that it is none may send what the next one has found out not to be done. Only a server
                // that knows the write again can prevent that.
                let most = if how == "verify" { tap.senders.len() as u32 } else { 1 };
                if !repeats(how) && *times > most + tap.copies + tap.by_hand {
                    return Some(format!(
                        "{write} ({:?}, {how}) was applied {times} times elsewhere",
                        tap.tag
                    ));
                }
            } else if *times > 1 + tap.copies || by_tag as u32 > 1 + tap.copies {
                return Some(format!("{write} ({:?}) was applied {by_tag} times", tap.tag));
            }
            let over = matches!(tap.said, Said::Refused | Said::Discarded) && tap.foreign.is_none();
            if over && tap.copies == 0 && !tap.excused {
                return Some(format!("{write} ({:?}) was {:?} and then applied", tap.tag, tap.said));
            }
            if effect.user != tap.user.name() {
                return Some(format!("{write} of {} was applied for {}", tap.user.name(), effect.user));
            }
        }
        None
    }
}

/// Within a lane, what one run of a tab tapped is applied in that order; only what was parked may be overtaken.
#[derive(Debug, Default)]
pub(super) struct LaneOrder {
    seen: usize,
    applied: BTreeSet<WriteId>,
}

impl Invariant for LaneOrder {
    fn name(&self) -> &'static str {
        "Q6 lane order"
    }

    fn step(&mut self, world: &World) -> Option<String> {
        while let Some(effect) = world.server.effects.get(self.seen) {
            self.seen += 1;
            let write = world.reference.tags.get(&effect.tag)?;
            self.applied.insert(write.clone());
            let tap = &world.reference.taps[write];
            if tap.ever_parked || tap.excused || tap.copies > 0 {
                continue;
            }
            let before = world.reference.taps.iter().filter(|(_, other)| {
                (other.place, &other.lane) == (tap.place, &tap.lane) && other.order < tap.order
            });
            for (other_write, other) in before {
                let out = other.ever_parked
                    || other.excused
                    || other.copies > 0
                    || other.given_up
                    || other.edited
                    || !other.promised
                    || matches!(other.said, Said::Refused | Said::Discarded);
                if !out && !self.applied.contains(other_write) {
                    return Some(format!("{:?} was applied before {:?} of its lane", tap.tag, other.tag));
                }
            }
        }
        None
    }
}

/// At rest every promised write is applied, or parked and visible, or was given up by a person.
#[derive(Debug)]
pub(super) struct NothingLost;

impl Invariant for NothingLost {
    fn name(&self) -> &'static str {
        "Q1 nothing lost"
    }

    fn rest(&mut self, world: &World) -> Option<String> {
        let applied: BTreeSet<_> = world.server.effects.iter().map(|effect| effect.tag).collect();
        for (write, tap) in &world.reference.taps {
            if applied.contains(&tap.tag)
                || tap.excused
                || !tap.promised
                || tap.said == Said::Discarded
                || tap.given_up
            {
                continue;
            }
            let what =
                format!("{write} ({:?}, {} on {} in {})", tap.tag, tap.user.name(), tap.device, tap.tab);
            if tap.said != Said::Parked {
                return Some(format!("{what} was promised and is {:?} at rest", tap.said));
            }
            let disk = &world.devices[tap.device.0].disk;
            let here = disk.writes(tap.user).any(|(_, stored)| stored.as_ref() == Some(write));
            if !here {
                return Some(format!("{what} is parked and its record is gone"));
            }
        }
        None
    }
}
