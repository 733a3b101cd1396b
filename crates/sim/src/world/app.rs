//! What the app makes of the writes that stand on a screen: its events over what the base has, then its layers.

use crate::app::State;
use crate::host::Screen;
use crate::ids::{Room, Tab, rooms_of};

use super::{TabState, World};

impl World {
    /// What a query of a tab shows of a room; `None` if the query has no base.
    #[must_use]
    pub fn shown(&self, tab: &TabState, query: usize, room: Room) -> Option<String> {
        let base = tab.host.queries[query].base.as_ref()?;
        let has = base.tags.get(&room).map(Vec::as_slice).unwrap_or_default();
        let mut state = State::new();
        for payload in self.server.rooms[&room].payloads.iter().take(has.len()) {
            self.app.event(&mut state, payload);
        }
        for layer in &tab.host.layers {
            // A layer changes nothing of a base that has its write (Q17).
            let stands = !base.carries.contains(&layer.write) && !has.contains(&layer.tag);
            if layer.room == room && stands {
                self.app.layer(&mut state, &layer.asks.0, &layer.asks.1);
            }
        }
        Some(self.app.shown(&state))
    }

    /// As long as the same writes stand on a screen in the same order, it looks the same, whether they stand there as layers or as
    /// what the server made of them (Q16).
    pub(super) fn same_writes_look_the_same(
        &mut self,
        tab: Tab,
        query: usize,
        screen: &Screen,
    ) -> Option<String> {
        for room in rooms_of(query) {
            let tags = screen.get(&room).cloned().unwrap_or_default();
            let state = &self.tabs[tab.0];
            let shown = self.shown(state, query, room)?;
            let key = (tab, state.life, query, room);
            let before = self.states.insert(key, (tags.clone(), shown.clone()));
            if let Some((_, before)) = before.filter(|(same, before)| *same == tags && *before != shown) {
                return Some(format!(
                    "{tab}: query {query} shows {room} as {before}, then as {shown}: {tags:?}"
                ));
            }
        }
        None
    }
}
