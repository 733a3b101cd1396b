//! Tabs: their beginning and end, freezing, the lock between them, and their news for each other.

use std::collections::BTreeMap;

use tidewire_core::{
    AppSignal, Blob, Command, Config, Engine, Input, NetworkSignal, OriginKind, OriginRule, Partition,
    QueueLimits, RoomId,
};

use super::{Happening, TabState, World};
use crate::bugs::Bug;
use crate::coverage::Fault;
use crate::disk::{Done, Op};
use crate::host::{Host, query_id};
use crate::ids::{Device, Life, QUERIES, Room, Tab, User, rooms_of};

impl TabState {
    pub(super) fn new(device: Device) -> TabState {
        TabState {
            device,
            life: Life(0),
            user: User::Ana,
            engine: None,
            host: Host::default(),
            frozen: false,
            held: Vec::new(),
            zero: 0,
            fuse: None,
            grant: 0,
            asked_load: None,
            restored: false,
            quiet: false,
            boot: 0,
            aside: false,
            temp: None,
            flushing: false,
            unstored: BTreeMap::new(),
        }
    }
}

impl World {
    /// A page is opened: an engine for who is signed in, connected, every query mounted, every room joined.
    pub(super) fn start(&mut self, tab: Tab) {
        if self.tabs[tab.0].engine.is_some() {
            return;
        }
        let device = self.tabs[tab.0].device;
        let user = self.devices[device.0].user;
        self.last_life += 1;
        let life = Life(self.last_life);
        self.tabs[tab.0] = TabState { life, user, zero: self.now.saturating_sub(7), ..TabState::new(device) };
        let partition = Partition(format!("app|sim|{}", user.name()));
        let mut origins = crate::foreign::rules();
        if self.bug == Some(Bug::ForeignTakenForOurs) {
            origins
                .push(OriginRule { origin: crate::foreign::origin("plain"), kind: OriginKind::Tidewire {} });
        }
        let (pending, parked) = (self.queue_limit, self.queue_limit);
        let small = QueueLimits { pending, parked, ..QueueLimits::default() };
        let queue = (self.queue_limit > 0).then_some(small);
        let config = Config { origins, queue, polling: self.polling, ..Config::new(partition) };
        let seed = self.rng.bytes();
        let now = self.clocks(tab);
        self.tabs[tab.0].engine = Some(Engine::new(config, seed, now));
        if self.verbose {
            self.trace(&format!("{tab} {device} starts as {} ({life:?})", user.name()));
        }
        self.reference.born(tab, life, device);
        self.drain(tab);
        self.contend(tab, life);
        let signal =
            if self.devices[device.0].background { AppSignal::Background } else { AppSignal::Foreground };
        self.input(tab, life, Input::Network { signal: NetworkSignal::Unknown });
        self.input(tab, life, Input::App { signal });
        for room in Room::all() {
            let queries =
                (0..QUERIES).filter(|query| rooms_of(*query).contains(&room)).map(query_id).collect();
            self.input(tab, life, Input::Bound { room: RoomId(room.name()), queries });
        }
        let known = self.known(device);
        self.input(tab, life, Input::Definitions { known });
        self.order(tab, Command::Connect {});
        for room in Room::all() {
            self.order(tab, Command::Join { room: RoomId(room.name()) });
        }
        for query in 0..QUERIES {
            self.fetch_query(tab, query);
        }
    }

    /// A command whose refusal does not matter.
    pub(super) fn order(&mut self, tab: Tab, command: Command) {
        let now = self.clocks(tab);
        if let Some(engine) = &mut self.tabs[tab.0].engine {
            let _ = engine.command(command, now);
            self.drain(tab);
        }
    }

    /// The end of a run, without a warning. What it asked of the disk may still happen, or not.
    pub(super) fn kill(&mut self, tab: Tab) {
        let state = &mut self.tabs[tab.0];
        if state.engine.take().is_none() {
            return;
        }
        let (life, device, user) = (state.life, state.device, state.user);
        state.frozen = false;
        state.held.clear();
        if self.verbose {
            self.trace(&format!("{tab} dies"));
        }
        if self.rng.chance(50) {
            self.dead_voices.insert((tab, life));
            self.coverage.fault(Fault::VoiceLost);
        }
        if self.rng.chance(50) {
            self.devices[device.0].disk.forget_queue_of(tab, life);
        }
        self.drop_links(tab, life);
        self.release(device, user, tab, life);
    }

    /// The power of a device goes: all its tabs end, the tail of the disk's queue is lost or torn.
    pub(super) fn power_cut(&mut self, device: Device) {
        let tabs: Vec<Tab> = self.tabs_of(device).collect();
        for tab in tabs {
            let state = &mut self.tabs[tab.0];
            let (life, user) = (state.life, state.user);
            state.held.clear();
            state.frozen = false;
            if state.engine.take().is_some() {
                self.dead_voices.insert((tab, life));
                self.drop_links(tab, life);
            }
            self.devices[device.0].locks.entry(user).or_default().holder = None;
        }
        self.devices[device.0].locks.clear();
        let queued = self.devices[device.0].disk.queue.len();
        let kept = self.rng.below(queued as u64 + 1) as usize;
        if kept < queued {
            self.coverage.fault(Fault::UnsyncedTailLost);
        }
        let tear = self.rng.chance(50);
        let (happened, torn) = self.devices[device.0].disk.power_cut(kept, tear);
        if torn {
            self.coverage.fault(Fault::TornWrite);
        }
        for (by, done) in happened {
            if let Done::Written { result: Ok(()), steps, .. } = done {
                self.stored(device, by, &steps);
            }
        }
        if self.verbose {
            self.trace(&format!("{device} loses power"));
        }
    }

    pub(super) fn tabs_of(&self, device: Device) -> impl Iterator<Item = Tab> + use<> {
        let tabs: Vec<Tab> = self
            .tabs
            .iter()
            .enumerate()
            .filter(|(_, tab)| tab.device == device)
            .map(|(at, _)| Tab(at))
            .collect();
        tabs.into_iter()
    }

    /// Nothing reaches the tab any more.
    pub(super) fn freeze(&mut self, tab: Tab) {
        let state = &mut self.tabs[tab.0];
        if state.engine.is_some() {
            state.frozen = true;
            self.coverage.fault(Fault::Freeze);
            let (device, user, life) = (state.device, state.user, state.life);
            if self.devices[device.0].locks.get(&user).and_then(|lock| lock.holder) == Some((tab, life)) {
                self.coverage.fault(Fault::FrozenLeader);
            }
        }
    }

    /// What reached it meanwhile comes now, in order.
    pub(super) fn thaw(&mut self, tab: Tab) {
        let state = &mut self.tabs[tab.0];
        if !std::mem::take(&mut state.frozen) {
            return;
        }
        self.coverage.fault(Fault::Thaw);
        for (at, what) in std::mem::take(&mut self.tabs[tab.0].held).into_iter().enumerate() {
            self.later(at as u64 / 8, what);
        }
    }

    /// Whether it is frozen; then `what` waits for it.
    pub(super) fn hold(&mut self, tab: Tab, what: impl FnOnce() -> Happening) -> bool {
        let state = &mut self.tabs[tab.0];
        if state.frozen {
            state.held.push(what());
        }
        state.frozen
    }

    // ---- the lock

    pub(super) fn contend(&mut self, tab: Tab, life: Life) {
        if !self.alive(tab, life) || self.hold(tab, || Happening::Contend(tab, life)) {
            return;
        }
        let (device, user) = (self.tabs[tab.0].device, self.tabs[tab.0].user);
        let lock = self.devices[device.0].locks.entry(user).or_default();
        if lock.holder != Some((tab, life)) && !lock.waiting.contains(&(tab, life)) {
            lock.waiting.push_back((tab, life));
        }
        self.grant_next(device, user);
    }

    fn grant_next(&mut self, device: Device, user: User) {
        let lock = self.devices[device.0].locks.entry(user).or_default();
        if lock.holder.is_none()
            && let Some((tab, life)) = lock.waiting.pop_front()
        {
            lock.holder = Some((tab, life));
            self.later(1, Happening::Granted(tab, life));
        }
    }

    pub(super) fn release(&mut self, device: Device, user: User, tab: Tab, life: Life) {
        let lock = self.devices[device.0].locks.entry(user).or_default();
        lock.waiting.retain(|waiting| *waiting != (tab, life));
        if lock.holder == Some((tab, life)) {
            lock.holder = None;
        }
        self.grant_next(device, user);
    }

    pub(super) fn granted(&mut self, tab: Tab, life: Life) {
        if !self.alive(tab, life) || self.hold(tab, || Happening::Granted(tab, life)) {
            return;
        }
        self.tabs[tab.0].grant += 1;
        let grant = self.tabs[tab.0].grant;
        self.disk_op(tab, Op::Lead { grant });
    }

    /// The lock goes to the next tab although the holder lives, as with a stolen Web Lock.
    pub(super) fn steal(&mut self, device: Device) {
        let user = self.devices[device.0].user;
        let lock = self.devices[device.0].locks.entry(user).or_default();
        if lock.waiting.is_empty() {
            return;
        }
        if let Some((tab, life)) = lock.holder.take() {
            self.coverage.fault(Fault::LockStolen);
            let after = self.rng.below(3_000);
            self.later(after, Happening::LockLost(tab, life));
        }
        self.grant_next(device, user);
    }

    /// A tab takes the lock from one that does not answer (Q19).
    pub(super) fn take_lead(&mut self, tab: Tab) {
        let (device, life, user) = (self.tabs[tab.0].device, self.tabs[tab.0].life, self.tabs[tab.0].user);
        self.coverage.fault(Fault::LeadTaken);
        let lock = self.devices[device.0].locks.entry(user).or_default();
        lock.waiting.retain(|waiting| *waiting != (tab, life));
        let before = lock.holder.replace((tab, life));
        if let Some((other, other_life)) = before.filter(|before| *before != (tab, life)) {
            self.later(1, Happening::LockLost(other, other_life));
        }
        self.later(1, Happening::Granted(tab, life));
    }

    pub(super) fn lock_lost(&mut self, tab: Tab, life: Life) {
        if !self.alive(tab, life) || self.hold(tab, || Happening::LockLost(tab, life)) {
            return;
        }
        let (device, user) = (self.tabs[tab.0].device, self.tabs[tab.0].user);
        if self.devices[device.0].locks.get(&user).is_some_and(|lock| lock.holder == Some((tab, life))) {
            return; // Of a lock that it had before this one.
        }
        self.tabs[tab.0].grant += 1;
        self.input(tab, life, Input::LeaderLost {});
        self.contend(tab, life);
    }

    /// A step was fenced although the lock is this tab's: an older lead reached the disk late. It must lead anew, or nobody
    /// would send any more.
    pub(super) fn lead_again(&mut self, tab: Tab, life: Life) {
        let (device, user) = (self.tabs[tab.0].device, self.tabs[tab.0].user);
        let holder = self.devices[device.0].locks.get(&user).and_then(|lock| lock.holder);
        if self.alive(tab, life) && holder == Some((tab, life)) {
            self.granted(tab, life);
        }
    }

    // ---- news

    pub(super) fn broadcast(&mut self, tab: Tab, key: &str, value: Option<&Blob>) {
        let (device, life, user) = {
            let state = &self.tabs[tab.0];
            (state.device, state.life, state.user)
        };
        if self.bug == Some(Bug::NewsLost) {
            return;
        }
        let slow = self.devices[device.0].talk_slow;
        let others: Vec<Tab> = self.tabs_of(device).filter(|other| *other != tab).collect();
        for other in others {
            let state = &self.tabs[other.0];
            if state.engine.is_none() || state.user != user {
                continue;
            }
            let to = (other, state.life);
            let value = value.map(|value| value.0.clone());
            let last = self.devices[device.0].talk.entry(other).or_default();
            *last = (*last).max(self.now + slow);
            let when = *last;
            self.at(when, Happening::Told { to, from: (tab, life), key: key.to_owned(), value });
        }
    }

    pub(super) fn told(&mut self, to: (Tab, Life), from: (Tab, Life), key: String, value: Option<Vec<u8>>) {
        if self.dead_voices.contains(&from) {
            return;
        }
        self.coverage.rule("Q19");
        self.input(to.0, to.1, Input::StoreChanged { key, value: value.map(Blob) });
    }
}
