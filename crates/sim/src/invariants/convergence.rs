//! Screens and listeners: at rest everybody has what the server has (Q16, Y1, Y2).

use super::Invariant;
use crate::ids::{QUERIES, Room, rooms_of};
use crate::reference::{Said, Tapped};
use crate::world::World;

/// Every base is the server's state, and every screen too, but for layers of parked writes that stay.
#[derive(Debug)]
pub(super) struct Converged;

impl Invariant for Converged {
    fn name(&self) -> &'static str {
        "P1 converged"
    }

    fn rest(&mut self, world: &World) -> Option<String> {
        for (at, tab) in world.tabs.iter().enumerate().filter(|(_, tab)| tab.engine.is_some()) {
            for query in 0..QUERIES {
                let Some((screen, _)) = tab.host.fold(query) else {
                    return Some(format!("t{at}: query {query} has no base"));
                };
                for room in rooms_of(query) {
                    let server = &world.server.rooms[&room].tags;
                    let shown = screen.get(&room).map(Vec::as_slice).unwrap_or_default();
                    let kept = |tag| {
                        let tap = &world.reference.taps[&world.reference.tags[&tag]];
                        tap.excused || tap.copies > 0 || tap.said == Said::Parked && tap.keep_layer
                    };
                    let stays = |tap: &&Tapped| {
                        let whose = (tap.device, tap.user, tap.room) == (tab.device, tab.user, room);
                        let stays = tap.said == Said::Parked && tap.keep_layer && tap.promised;
                        let damaged = world.reference.damaged.contains(&tab.device);
                        whose && stays && !tap.given_up && !tap.excused && tap.copies == 0 && !damaged
                    };
                    let missing =
                        world.reference.taps.values().filter(stays).find(|tap| !shown.contains(&tap.tag));
                    if let Some(tap) = missing {
                        return Some(format!(
                            "t{at}: query {query} does not show {:?}, which is parked and stays",
                            tap.tag
                        ));
                    }
                    let shown: Vec<_> =
                        shown.iter().filter(|tag| server.contains(tag) || !kept(**tag)).copied().collect();
                    if shown != *server {
                        let extra: Vec<_> = shown.iter().filter(|tag| !server.contains(tag)).collect();
                        let missing: Vec<_> = server.iter().filter(|tag| !shown.contains(tag)).collect();
                        return Some(format!(
                            "t{at}: query {query} shows {} of {} in {room}, missing {missing:?}, extra {extra:?}",
                            shown.len(),
                            server.len()
                        ));
                    }
                }
            }
        }
        None
    }
}

/// Every listener has heard the last event of every room.
#[derive(Debug)]
pub(super) struct NothingMissed;

impl Invariant for NothingMissed {
    fn name(&self) -> &'static str {
        "Y1 nothing missed"
    }

    fn rest(&mut self, world: &World) -> Option<String> {
        for (at, tab) in world.tabs.iter().enumerate().filter(|(_, tab)| tab.engine.is_some()) {
            for room in Room::all() {
                let key = (crate::ids::Tab(at), tab.life, room);
                let Some((epoch, offset)) = world.reference.heard.get(&key) else { continue };
                let log = &world.server.rooms[&room];
                if world.reference.reset.contains(&key) {
                    continue;
                }
                if (epoch.0.as_str(), *offset) != (log.epoch(), log.head) {
                    return Some(format!(
                        "t{at}: heard {room} up to {epoch}:{offset}, the server is at {}:{}",
                        log.epoch(),
                        log.head
                    ));
                }
            }
        }
        None
    }
}
