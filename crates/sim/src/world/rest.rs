//! What is looked at while the world runs, and its rest: everything heals, and it runs until nothing happens any more.

use std::collections::BTreeMap;

use tidewire_core::{
    AppSignal, Command, Event, Input, NetworkSignal, ParkReason, RoomId, RoomState, WriteId, WriteState,
};

use super::net::{Net, Reach};
use super::{Answering, World};
use crate::coverage::Fault;
use crate::disk::{By, Mode, Value};
use crate::foreign::repeats;
use crate::host::Screen;
use crate::ids::{Device, QUERIES, Room, Tab, User, rooms_of};
use crate::reference::{Said, Tapped, write_in};

impl World {
    pub(super) fn check_step(&mut self) {
        let mut checks = std::mem::take(&mut self.checks);
        for check in &mut checks {
            if let Some(what) = check.step(self) {
                self.violate(check.name(), what);
            }
        }
        self.checks = checks;
    }

    fn check_rest(&mut self) {
        let mut checks = std::mem::take(&mut self.checks);
        for check in &mut checks {
            if self.violations.is_empty()
                && let Some(what) = check.rest(self)
            {
                self.violate(check.name(), what);
            }
        }
        self.checks = checks;
    }

    /// After a drain: bases are true, and nothing vanishes from a screen without a reason.
    pub(super) fn show(&mut self, tab: Tab) {
        for query in 0..QUERIES {
            let host = &self.tabs[tab.0].host;
            let Some(base) = &host.queries[query].base else { continue };
            if let Some(what) = self.untrue(base) {
                let what = format!("{tab}: query {query}: {what}");
                self.violate("Y2 a base is what its positions say", what);
                return;
            }
            let Some((screen, changed)) = host.fold(query) else { continue };
            let state = &self.tabs[tab.0];
            let layered =
                changed.into_iter().map(|at| (state.device, state.user, query, host.layers[at].tag));
            self.layered.extend(layered);
            let key = (tab, self.tabs[tab.0].life, query);
            if let Some(before) = self.screens.get(&key) {
                for room in rooms_of(query) {
                    let now = screen.get(&room).map(Vec::as_slice).unwrap_or_default();
                    let gone = before.get(&room).into_iter().flatten().find(|tag| !now.contains(tag));
                    if let Some(tag) = gone.filter(|tag| !self.reference.may_vanish(key.1, **tag)) {
                        let what = format!("{tab}: {tag:?} vanished from query {query}");
                        self.violate("Q16 nothing flickers", what);
                        return;
                    }
                }
            }
            if let Some(what) = self.same_writes_look_the_same(tab, query, &screen) {
                self.violate("Q16 nothing flickers", what);
                return;
            }
            let state = &self.tabs[tab.0];
            // Before its first reading a start shows nothing that counts.
            if state.restored {
                self.last_screens.insert((state.device, state.user, query), screen.clone());
            }
            self.screens.insert(key, screen);
        }
    }

    fn untrue(&self, base: &crate::base::Base) -> Option<String> {
        for (room, (epoch, offset)) in &base.positions {
            let have = base.tags.get(room).map(Vec::as_slice).unwrap_or_default();
            let log = &self.server.rooms[room];
            if log.tags_at(&epoch.0, *offset) != Some(have) {
                return Some(format!("at {epoch}:{offset} of {room} it holds {} tags", have.len()));
            }
        }
        None
    }

    /// The first screen after a start shows what was shown before (Q18): nothing promised is missing from it.
    pub(super) fn restored_screen(&mut self, tab: Tab, before: &BTreeMap<(Device, User, usize), Screen>) {
        let (device, user) = (self.tabs[tab.0].device, self.tabs[tab.0].user);
        if self.tabs_of(device).count() > 1 || self.reference.damaged.contains(&device) {
            return;
        }
        for query in 0..QUERIES {
            let Some((screen, _)) = self.tabs[tab.0].host.fold(query) else { continue };
            let Some(shown) = before.get(&(device, user, query)) else { continue };
            for tap in self.reference.taps.values() {
                let counts = (tap.device, tap.user) == (device, user)
                    && tap.promised
                    && !self.reference.may_vanish(self.tabs[tab.0].life, tap.tag)
                    && !matches!(tap.said, Said::Parked | Said::Discarded | Said::Refused);
                // Where its layer never stood, it came with a base, and a base is not promised before it is stored.
                let stood = self.layered.contains(&(device, user, query, tap.tag));
                let was = stood && shown.get(&tap.room).is_some_and(|tags| tags.contains(&tap.tag));
                if counts && was && !screen[&tap.room].contains(&tap.tag) {
                    let what = format!("{tab}: {:?} is missing from query {query} after the start", tap.tag);
                    self.violate("Q18 the same screen after a restart", what);
                    return;
                }
            }
        }
    }

    /// Steps are on a disk.
    pub(super) fn stored(&mut self, device: Device, by: By, steps: &[(String, Option<Value>)]) {
        for (key, value) in steps {
            match value {
                Some(Value::Record(bytes)) if key.starts_with("w/") => {
                    if let Some(write) = write_in(bytes) {
                        let at = (device, by.user, key.clone());
                        if let Some(old) = self.reference.records.insert(at, write.clone()) {
                            self.reference.replaced(&old, &write);
                        }
                    }
                }
                Some(Value::Base(query, base)) => {
                    if let Some(what) = self.untrue(base) {
                        let what = format!("{device}: stored query {query}: {what}");
                        self.violate("Y2 a base is what its positions say", what);
                    }
                }
                None if key.starts_with("w/") => {
                    let at = (device, by.user, key.clone());
                    if let Some(write) = self.reference.records.get(&at).cloned() {
                        self.removed(device, by.user, &write);
                    }
                }
                Some(Value::Record(_)) | None => {}
            }
        }
    }

    fn removed(&mut self, device: Device, user: User, write: &WriteId) {
        let tag = self.reference.taps.get(write).map(|tap| tap.tag);
        let applied = self.server.effects.iter().any(|effect| Some(effect.tag) == tag);
        if !applied {
            let records = self.devices[device.0].disk.writes(user);
            let standing = records.filter_map(|(_, write)| write).collect();
            self.reference.removed(device, write, &standing);
        }
    }

    /// Whether the record of a write stands on the disk of its device.
    #[must_use]
    pub fn has_record(&self, tap: &Tapped) -> bool {
        let mut records = self.devices[tap.device.0].disk.writes(tap.user);
        let write = self.reference.tags.get(&tap.tag);
        records.any(|(_, stored)| stored.as_ref() == write)
    }

    pub(super) fn write_state(&mut self, tab: Tab, write: &WriteId, state: &WriteState) {
        let device = self.tabs[tab.0].device;
        self.reference.says(device, self.tabs[tab.0].life, write, state);
        let Some(tap) = self.reference.taps.get(write) else {
            self.violate("writes", format!("{tab}: news of {write}, which nobody tapped"));
            return;
        };
        let applied = || self.server.effects.iter().any(|effect| effect.tag == tap.tag);
        if let (true, WriteState::Parked { reason: ParkReason::Unknown, .. }) = (tap.foreign.is_some(), state)
        {
            self.coverage.fault(Fault::ForeignUnknown);
        }
        match state {
            WriteState::Acknowledged { .. } if !applied() => {
                let what = format!("{write} ({:?}) is acknowledged and was never applied", tap.tag);
                self.violate("Q9 answers are true", what);
            }
            WriteState::Parked { reason: ParkReason::Unknown, .. }
                if tap.copies == 0
                    && tap.foreign.is_none_or(repeats)
                    && !tap.nobody_knows
                    && !self.server.strangers.contains(&write.0)
                    && !self.reference.damaged.contains(&tap.device) =>
            {
                let what = format!(
                    "{write} ({:?}) is parked as unknown, and no disk was copied or damaged",
                    tap.tag
                );
                self.violate("Q9 our server always knows", what);
            }
            // A tab that finds a record gone takes it for applied: so it is, or it was given up, or another took its place.
            WriteState::Settled {}
                if !applied()
                    && tap.said != Said::Discarded
                    && !tap.given_up
                    && !tap.excused
                    && tap.copies == 0 =>
            {
                let what = format!("{write} ({:?}) is settled and was never applied", tap.tag);
                self.violate("Q9 answers are true", what);
            }
            WriteState::Refused { .. } if tap.promised && !tap.excused => {
                let what = format!("{write} ({:?}) is refused after it was promised", tap.tag);
                self.violate("Q1 a promise is kept", what);
            }
            _ => {}
        }
    }

    pub(super) fn room_state(&mut self, tab: Tab, room: &RoomId, state: &RoomState) {
        let Some(room) = Room::named(&room.0) else { return };
        let key = (tab, self.tabs[tab.0].life, room);
        if let RoomState::Joined { recovered: false, .. } = state {
            self.reference.reset.insert(key);
        }
    }

    /// Listeners hear every event once and in order; what they miss they are told of by a reset (Y1).
    pub(super) fn heard(&mut self, tab: Tab, event: &Event) {
        let Some(position) = event.position.as_ref().filter(|_| event.dispatch) else { return };
        let Some(room) = Room::named(&position.room.0) else { return };
        let key = (tab, self.tabs[tab.0].life, room);
        let now = (position.epoch.clone(), position.offset.0);
        let reset = self.reference.reset.remove(&key);
        if let Some((epoch, offset)) = self.reference.heard.get(&key) {
            let next = *epoch == now.0 && now.1 == offset + 1;
            let jump = reset && (*epoch != now.0 || now.1 > *offset);
            if !next && !jump {
                let what = format!("{tab}: {room} {epoch}:{offset} is followed by {}:{}", now.0, now.1);
                self.violate("Y1 events once and in order", what);
            }
        }
        self.reference.heard.insert(key, now);
    }

    pub(super) fn applied(&mut self, _user: User) {}

    /// Everything that is broken is whole again.
    fn heal(&mut self) {
        self.answering = Answering::Well;
        self.server.denied.clear();
        self.server_up();
        for device in (0..self.devices.len()).map(Device) {
            let state = &mut self.devices[device.0];
            state.disk.mode = Mode::Well;
            state.disk_slow = 5;
            state.talk_slow = 5;
            state.background = false;
            state.net = Net::default();
            self.set_reach(device, Reach::Up);
            if self.server.ever_denied {
                // Who lost a room was not told (protocol section 2): only a new session asks for it again.
                self.cut(device);
            }
        }
        for device in (0..self.devices.len()).map(Device) {
            self.leave(device, self.devices[device.0].user);
            self.build(device, 2);
        }
        for tab in (0..self.tabs.len()).map(Tab) {
            self.tabs[tab.0].fuse = None;
            self.thaw(tab);
            self.start(tab);
        }
        self.run_until(self.now + 1_000);
        for tab in (0..self.tabs.len()).map(Tab) {
            let life = self.tabs[tab.0].life;
            // A person who was refused signs in again.
            self.order(tab, Command::Connect {});
            self.order(tab, Command::SetProcessing { on: true });
            for room in Room::all() {
                self.order(tab, Command::Rejoin { room: RoomId(room.name()) });
            }
            self.input(tab, life, Input::App { signal: AppSignal::Foreground });
            self.input(tab, life, Input::Network { signal: NetworkSignal::Online });
        }
    }

    fn is_idle(&self) -> bool {
        let waits = |device: usize, user: User| {
            self.tabs.iter().any(|tab| tab.device.0 == device && tab.user == user && tab.engine.is_some())
        };
        let pending = self.reference.taps.values().any(|tap| {
            waits(tap.device.0, tap.user)
                && !tap.excused
                && matches!(tap.said, Said::Accepted | Said::Durable)
                && (tap.promised || self.tabs.iter().any(|tab| tab.life == tap.life && tab.engine.is_some()))
        });
        let layers = self.tabs.iter().any(|tab| !tab.host.layers.is_empty());
        let fetching =
            self.tabs.iter().any(|tab| tab.host.queries.iter().any(|query| query.fetching.is_some()));
        !pending && !layers && !fetching
    }

    /// Heals, runs until nothing is open any more, checks; then the same for whoever else has writes on a device.
    pub fn rest(&mut self) {
        for round in 0..2 {
            self.heal();
            for _ in 0..30 {
                self.run_until(self.now + 60_000);
                for tab in (0..self.tabs.len()).map(Tab) {
                    self.resolve(tab, "park");
                }
                if self.is_idle() || !self.violations.is_empty() {
                    break;
                }
            }
            self.run_until(self.now + 60_000);
            let mut switched = false;
            for device in (0..self.devices.len()).map(Device) {
                let other = match self.devices[device.0].user {
                    User::Ana => User::Ben,
                    User::Ben => User::Ana,
                };
                if round == 0 && !self.devices[device.0].disk.write_keys(other).is_empty() {
                    self.switch_user(device);
                    switched = true;
                }
            }
            if !switched {
                break;
            }
        }
        // What a copy or a damaged record still asks of a disk is not waited for, but its step is.
        for _ in 0..100 {
            if self.devices.iter().all(|device| device.disk.queue.is_empty()) {
                break;
            }
            self.run_until(self.now + 20);
        }
        if self.violations.is_empty() {
            self.check_rest();
        }
    }
}
