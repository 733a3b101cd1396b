//! The app's own definitions: handlers that refuse change nothing (V5), and at rest everybody sees what the server has (Y1, Y4).

use super::Invariant;
use crate::ids::{QUERIES, rooms_of};
use crate::world::World;

/// What every screen shows at rest is what the server's handlers made of the room.
#[derive(Debug, Default)]
pub(super) struct AppState {
    seen: usize,
}

impl Invariant for AppState {
    fn name(&self) -> &'static str {
        "the app's state"
    }

    fn step(&mut self, world: &World) -> Option<String> {
        let wrong = world.server.handled_wrongly.get(self.seen)?;
        self.seen += 1;
        Some(wrong.clone())
    }

    fn rest(&mut self, world: &World) -> Option<String> {
        for (at, tab) in world.tabs.iter().enumerate().filter(|(_, tab)| tab.engine.is_some()) {
            for query in 0..QUERIES {
                for room in rooms_of(query) {
                    if tab.host.layers.iter().any(|layer| layer.room == room) {
                        continue;
                    }
                    let shown = world.shown(tab, query, room)?;
                    let has = world.app.shown(&world.server.rooms[&room].state);
                    if shown != has {
                        return Some(format!(
                            "t{at}: query {query} shows {room} as {shown}, the server has {has}"
                        ));
                    }
                }
            }
        }
        None
    }
}
