//! A tab and its disk: records, bases that go with them, readings, leads. As `records.ts` does it: dirty bases are
//! stored after 150 ms, or in one step with the removal of any record.

use std::collections::BTreeMap;

use tidewire_core::{
    Blob, Epoch, Input, LeaderEpoch, Offset, PersistId, Position, RoomId, StoreError, StoredRecord,
};

use super::{Happening, World};
use crate::base::Base;
use crate::bugs::Bug;
use crate::coverage::Fault;
use crate::disk::{By, Done, Mode, Op, Value};
use crate::host::query_id;
use crate::ids::{Device, Life, Tab};

impl World {
    pub(super) fn disk_op(&mut self, tab: Tab, op: Op) {
        let state = &self.tabs[tab.0];
        let by = By { tab, life: state.life, user: state.user };
        let device = state.device;
        let slow = self.devices[device.0].disk_slow;
        let takes = self.rng.range(1, slow.max(1));
        let disk = &mut self.devices[device.0];
        disk.disk.queue.push_back((by, op));
        disk.disk_busy = disk.disk_busy.max(self.now) + takes;
        let at = disk.disk_busy;
        self.at(at, Happening::DiskStep(device));
    }

    pub(super) fn persist(
        &mut self,
        tab: Tab,
        persist: PersistId,
        key: String,
        value: Option<Value>,
        fence: Option<u64>,
    ) {
        let early = self.bug == Some(Bug::PersistedEarly);
        let unstored_claim =
            self.bug == Some(Bug::ClaimNotStored) && fence.is_some() && key.starts_with("w/");
        if unstored_claim && value.is_some() && !self.reference.claimed(&key) {
            let life = self.tabs[tab.0].life;
            self.later(1, Happening::Input(tab, life, Box::new(Input::Persisted { persist })));
            return;
        }
        let removes = value.is_none() && self.bug != Some(Bug::RemovedBeforeBase);
        let mut steps = if removes { self.take_bases(tab) } else { Vec::new() };
        steps.push((key, value));
        let named = if early { None } else { Some(persist) };
        self.disk_op(tab, Op::Write { steps, fence, persist: named });
        if early {
            let life = self.tabs[tab.0].life;
            self.later(0, Happening::Input(tab, life, Box::new(Input::Persisted { persist })));
        }
    }

    /// Bases that are not known to be on the disk: those that are dirty, and those that are on their way or failed.
    fn take_bases(&mut self, tab: Tab) -> Vec<(String, Option<Value>)> {
        let state = &mut self.tabs[tab.0];
        for (query, base) in state.host.take_dirty() {
            state.unstored.insert(format!("q/{query}"), Value::Base(query, base));
        }
        state.unstored.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect()
    }

    pub(super) fn flush(&mut self, tab: Tab, life: Life) {
        if !self.alive(tab, life) || self.hold(tab, || Happening::Flush(tab, life)) {
            return;
        }
        self.tabs[tab.0].flushing = false;
        let steps = self.take_bases(tab);
        if !steps.is_empty() {
            self.disk_op(tab, Op::Write { steps, fence: None, persist: None });
        }
    }

    pub(super) fn disk_step(&mut self, device: Device) {
        let mode = self.devices[device.0].disk.mode;
        let Some((by, done)) = self.devices[device.0].disk.step() else { return };
        if let Done::Written { result: Ok(()), steps, .. } = &done {
            self.stored(device, by, steps);
        }
        match (&done, mode) {
            (Done::Written { result: Err(tidewire_core::StoreError::Fenced), .. }, _) => {
                self.coverage.fault(Fault::Fenced)
            }
            (Done::Written { result: Err(_), .. }, Mode::Full) => self.coverage.fault(Fault::DiskFull),
            (Done::Written { result: Err(_), .. }, _) => self.coverage.fault(Fault::DiskFailed),
            (Done::Read { result: Err(_), .. }, _) => self.coverage.fault(Fault::ReadFailed),
            (Done::Led { result: Err(_), .. }, _) => self.coverage.fault(Fault::LeadFailed),
            _ => {}
        }
        let late = if self.rng.chance(5) { self.rng.below(400) } else { 0 };
        self.later(late, Happening::DiskDone(by.tab, by.life, Box::new(done)));
    }

    pub(super) fn disk_done(&mut self, tab: Tab, life: Life, done: Done) {
        if !self.alive(tab, life) {
            return;
        }
        if self.tabs[tab.0].frozen {
            self.tabs[tab.0].held.push(Happening::DiskDone(tab, life, Box::new(done)));
            return;
        }
        match done {
            Done::Written { persist, result, steps } => {
                if result.is_ok() {
                    // What has changed since is on its way by itself.
                    let unstored = &mut self.tabs[tab.0].unstored;
                    for (key, value) in &steps {
                        if unstored.get(key) == value.as_ref() {
                            unstored.remove(key);
                        }
                    }
                }
                let fenced = result == Err(StoreError::Fenced);
                if let Some(persist) = persist {
                    self.input(
                        tab,
                        life,
                        match result {
                            Ok(()) => Input::Persisted { persist },
                            Err(error) => Input::PersistFailed { persist, error },
                        },
                    );
                }
                if fenced {
                    self.lead_again(tab, life);
                }
            }
            Done::Read { load, result: Err(_), .. } => self.input(tab, life, Input::LoadFailed { load }),
            Done::Read { load, key: Some(_), result: Ok(found) } => {
                let records = found.into_iter().filter_map(|(key, value)| match value {
                    Value::Record(bytes) => Some(StoredRecord { key, value: Blob(bytes) }),
                    Value::Base(..) => None,
                });
                self.input(tab, life, Input::Loaded { load, records: records.collect() });
            }
            // A reading that the engine does not wait for any more restores nothing.
            Done::Read { load, .. } if self.tabs[tab.0].asked_load != Some(load) => {}
            Done::Read { load, key: None, result: Ok(found) } => {
                let mut records = Vec::new();
                let mut bases = Vec::new();
                for (key, value) in found {
                    match value {
                        Value::Record(bytes) => records.push(StoredRecord { key, value: Blob(bytes) }),
                        Value::Base(query, base) => bases.push((query, base)),
                    }
                }
                self.loaded(tab, life, Input::Loaded { load, records }, bases);
            }
            Done::Led { grant, result } => {
                if grant != self.tabs[tab.0].grant {
                    return;
                }
                match result {
                    Ok(epoch) => self.input(tab, life, Input::Leader { epoch: LeaderEpoch(epoch) }),
                    Err(_) => {
                        let (device, user) = (self.tabs[tab.0].device, self.tabs[tab.0].user);
                        self.release(device, user, tab, life);
                        self.later(1_000, Happening::Contend(tab, life));
                    }
                }
            }
        }
    }

    /// The first reading brings the stored bases, in the same turn, unless the query has been fetched already.
    fn loaded(&mut self, tab: Tab, life: Life, answer: Input, bases: Vec<(usize, Base)>) {
        let now = self.clocks(tab);
        let Some(engine) = &mut self.tabs[tab.0].engine else { return };
        engine.handle(answer, now);
        let first = !std::mem::replace(&mut self.tabs[tab.0].restored, true);
        if first {
            for (query, base) in bases {
                if self.tabs[tab.0].host.queries[query].base.is_some() {
                    continue;
                }
                let positions = positions_of(&base);
                let carries = base.carries.iter().cloned().collect();
                self.tabs[tab.0].host.queries[query].base = Some(base);
                let input = Input::BaseInstalled {
                    query: query_id(query),
                    read: None,
                    positions,
                    applied: None,
                    carries,
                    restored: true,
                };
                if let Some(engine) = &mut self.tabs[tab.0].engine {
                    engine.handle(input, now);
                }
            }
        }
        let before = if first { self.last_screens.clone() } else { BTreeMap::new() };
        self.drain(tab);
        if first && self.alive(tab, life) {
            self.restored_screen(tab, &before);
        }
    }
}

/// As the engine is told.
pub(super) fn positions_of(base: &Base) -> Vec<Position> {
    let positions = base.positions.iter();
    positions
        .map(|(room, (epoch, offset))| Position {
            room: RoomId(room.name()),
            epoch: Epoch(epoch.0.clone()),
            offset: Offset(*offset),
        })
        .collect()
}
