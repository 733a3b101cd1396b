//! Emits and ties: heard once and in order, answered always (C6); never before what they depend on, never under a temporary id (Q7).

use std::collections::BTreeMap;

use super::Invariant;
use crate::ids::{Life, Tag};
use crate::server::real;
use crate::world::World;

/// No emit is heard twice or for somebody else; reliable ones of a run are heard in their order; each is told its end.
#[derive(Debug, Default)]
pub(super) struct Emits {
    seen: usize,
    times: BTreeMap<Tag, u32>,
    last: BTreeMap<(Life, bool), Tag>,
}

impl Invariant for Emits {
    fn name(&self) -> &'static str {
        "C6 emits"
    }

    fn step(&mut self, world: &World) -> Option<String> {
        while let Some(heard) = world.server.heard.get(self.seen) {
            self.seen += 1;
            let Some(emitted) = world.reference.emits.get(&heard.tag) else {
                return Some(format!("{heard:?}, which nobody emitted"));
            };
            let times = self.times.entry(heard.tag).or_default();
            *times += 1;
            if *times > 1 {
                return Some(format!("{} {:?} is heard {times} times", emitted.class, heard.tag));
            }
            if heard.user != emitted.user.name() {
                return Some(format!(
                    "{:?} of {} is heard from {}",
                    heard.tag,
                    emitted.user.name(),
                    heard.user
                ));
            }
            if heard.aside != emitted.aside {
                return Some(format!("{:?} is heard in another namespace", heard.tag));
            }
            if emitted.class == "reliable" {
                let last = self.last.insert((emitted.life, emitted.aside), heard.tag);
                if last.is_some_and(|last| last > heard.tag) {
                    return Some(format!("{:?} is heard after {last:?}", heard.tag));
                }
            }
        }
        None
    }

    fn rest(&mut self, world: &World) -> Option<String> {
        let open = world.reference.emits.iter().find(|(_, emitted)| {
            let alive = world.tabs.iter().any(|tab| tab.life == emitted.life && tab.engine.is_some());
            alive && emitted.end.is_none()
        });
        open.map(|(tag, emitted)| format!("{} {tag:?} has no end", emitted.class))
    }
}

/// A dependant is applied after its parent, under the parent's real name; what was parked as expired is not applied.
#[derive(Debug, Default)]
pub(super) struct Ties {
    seen: usize,
}

impl Invariant for Ties {
    fn name(&self) -> &'static str {
        "Q7 ties"
    }

    fn step(&mut self, world: &World) -> Option<String> {
        while let Some(effect) = world.server.effects.get(self.seen) {
            let before = &world.server.effects[..self.seen];
            self.seen += 1;
            let tap = &world.reference.taps[world.reference.tags.get(&effect.tag)?];
            if tap.copies > 0 || tap.excused {
                continue;
            }
            if tap.expired {
                return Some(format!("{:?} had expired and is applied", effect.tag));
            }
            let Some(parent) = tap.parent else { continue };
            let known = &world.reference.taps[world.reference.tags.get(&parent)?];
            if known.stands.is_some() || known.copies > 0 || known.excused {
                continue;
            }
            // Its parent was given up, it was parked for that, and a person sent it all the same.
            if tap.alone && !world.has_record(known) {
                continue;
            }
            if !before.iter().any(|earlier| earlier.tag == parent) {
                return Some(format!("{:?} is applied before {parent:?}, on which it depends", effect.tag));
            }
            if effect.of.as_ref().is_some_and(|of| *of != real(parent)) {
                return Some(format!("{:?} belongs to {:?} and not to {parent:?}", effect.tag, effect.of));
            }
        }
        world.server.wrong.first().cloned()
    }
}
