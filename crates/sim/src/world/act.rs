//! What a script does to the world.

use std::collections::{BTreeMap, BTreeSet};

use tidewire_core::{AppSignal, Command, Input, NetworkSignal, PassId, WriteId};

use super::net::{Net, Proxy, Reach};
use super::tie::Wanted;
use super::{Answering, DeviceState, TabState, World};
use crate::app::Shared;
use crate::bugs::Bug;
use crate::coverage::{Coverage, Fault};
use crate::disk::Mode;
use crate::foreign::Foreign;
use crate::ids::{Device, Tab, User};
use crate::invariants;
use crate::reference::{Reference, Said};
use crate::rng::Rng;
use crate::script::{Action, Script, Step};
use crate::server::Server;

impl World {
    /// The world of a script, before its first step: the server is up, every device has one tab open.
    #[must_use]
    pub fn new(app: &Shared, script: &Script, bug: Option<Bug>, verbose: bool) -> World {
        let users = [User::Ana, User::Ben, User::Ana];
        let mut tabs = Vec::new();
        for (device, count) in script.tabs.iter().enumerate() {
            tabs.extend((0..*count).map(|_| TabState::new(Device(device))));
        }
        let mut world = World {
            now: 10,
            rng: Rng::new(script.seed, u64::MAX),
            devices: users.into_iter().map(DeviceState::new).collect(),
            tabs,
            server: Server::new(app.clone(), script.retention, script.token),
            app: app.clone(),
            foreign: Foreign::default(),
            answering: Answering::Well,
            reference: Reference::default(),
            coverage: Coverage::default(),
            bug,
            violations: Vec::new(),
            steps: 0,
            hash: 0xcbf2_9ce4_8422_2325,
            verbose,
            checks: invariants::all(),
            screens: BTreeMap::new(),
            states: BTreeMap::new(),
            last_screens: BTreeMap::new(),
            layered: BTreeSet::new(),
            links: BTreeMap::new(),
            sessions: BTreeMap::new(),
            last_session: 0,
            queue: BTreeMap::new(),
            last_happening: 0,
            dead_voices: BTreeSet::new(),
            missed_events: script.missed,
            polling: script.polling,
            queue_limit: script.queue,
            last_life: 0,
            last_tag: 0,
        };
        for device in &mut world.devices {
            device.disk.ignore_fence = bug == Some(Bug::FenceIgnored);
        }
        world.server_up();
        for tab in (0..world.tabs.len()).map(Tab) {
            world.start(tab);
        }
        world
    }

    /// One step: its action, then time.
    pub fn step(&mut self, seed: u64, step: &Step) {
        self.rng = Rng::new(seed, step.number);
        if self.verbose {
            self.trace(&format!("== {} {:?}", step.number, step.action));
        }
        self.act(&step.action);
        self.check_step();
        self.run_until(self.now + step.then);
    }

    pub(super) fn input_all(&mut self, device: Device, input: &Input) {
        for tab in self.tabs_of(device) {
            let life = self.tabs[tab.0].life;
            self.input(tab, life, input.clone());
        }
    }

    fn act(&mut self, action: &Action) {
        match *action {
            Action::Tap { tab, room, kind, own_lane, keep_layer } => {
                self.tap(tab, Wanted { room, kind, own_lane, keep_layer, tie: "" });
            }
            Action::Tie { tab, room, kind, tie } => {
                self.tap(tab, Wanted { room, kind, own_lane: false, keep_layer: true, tie });
            }
            Action::Foreign { tab, room, kind, how } => self.tap_foreign(tab, room, kind, how),
            Action::Namespace { tab, open } => self.namespace(tab, open),
            Action::Proxy { device, how } => {
                self.devices[device.0].net.proxy = match how {
                    "refuses" => Proxy::Refuses,
                    "swallows" => Proxy::Swallows,
                    _ => Proxy::None,
                }
            }
            Action::Emit { tab, class, ack } => self.emit(tab, class, ack),
            Action::EditParked { tab } => self.edit_parked(tab),
            Action::Resolve { tab, how } => self.resolve(tab, how),
            Action::Export { tab } => self.command(tab, Command::Export {}),
            Action::Clear { tab } => self.clear(tab),
            Action::Processing { tab, on } => self.command(tab, Command::SetProcessing { on }),
            Action::Build { device, build } => self.build(device, build),
            Action::Farewell { after } => self.farewell(after),
            Action::Deny { user, on } => {
                if on {
                    self.coverage.fault(Fault::RoomDenied);
                    self.server.denied.insert(user);
                    self.server.ever_denied = true;
                } else {
                    self.server.denied.remove(&user);
                }
            }
            Action::Logout { device } => self.log_out(device),
            Action::Cancel { tab } => self.cancel(tab),
            Action::RetryParked { tab } => {
                for write in self.parked(tab) {
                    self.retry(tab, &write);
                }
            }
            Action::DiscardParked { tab } => {
                for write in self.parked(tab) {
                    self.give_up(tab, &write, Command::Discard { write: write.clone() });
                }
            }
            Action::Process { tab } => self.command(tab, Command::Process { pass: PassId(1) }),
            Action::Start { tab } => self.start(tab),
            Action::Kill { tab } => {
                self.coverage.fault(Fault::Kill);
                self.kill(tab);
            }
            Action::KillAfter { tab, outputs, device } => self.tabs[tab.0].fuse = Some((outputs, device)),
            Action::PowerCut { device } => {
                self.coverage.fault(Fault::PowerCut);
                self.power_cut(device);
            }
            Action::Freeze { tab } => self.freeze(tab),
            Action::Thaw { tab } => self.thaw(tab),
            Action::Steal { device } => self.steal(device),
            Action::Reach { device, reach } => self.set_reach(
                device,
                match reach {
                    "down" => Reach::Down,
                    "hole" => Reach::Hole,
                    "portal" => Reach::Portal,
                    _ => Reach::Up,
                },
            ),
            Action::Weather { device, latency, drop, duplicate, lose_answer, late } => {
                let net = &mut self.devices[device.0].net;
                *net = Net { latency: (1, latency), drop, duplicate, lose_answer, late, ..*net };
            }
            Action::Cut { device } => self.cut(device),
            Action::Disk { device, mode } => {
                self.devices[device.0].disk.mode = match mode {
                    "full" => Mode::Full,
                    "failing" => Mode::Failing,
                    "unreadable" => Mode::Unreadable,
                    _ => Mode::Well,
                }
            }
            Action::Slow { device, disk, talk } => {
                self.devices[device.0].disk_slow = disk;
                self.devices[device.0].talk_slow = talk;
            }
            Action::EmptyDisk { device } => self.empty_disk(device),
            Action::Evict { device } => self.evict(device),
            Action::Snapshot { device } => {
                self.devices[device.0].snapshot = Some(self.devices[device.0].disk.partitions.clone());
            }
            Action::RestoreSnapshot { device } => self.restore_snapshot(device),
            Action::Clone { from, to } => self.clone_phone(from, to),
            Action::FlipBit { device } => self.flip_bit(device),
            Action::KillServer { down } => self.kill_server(down),
            Action::Answering { how } => {
                self.answering = match how {
                    "busy" => Answering::Busy(None),
                    "busy-after" => Answering::Busy(Some(7)),
                    "broken" => Answering::Broken,
                    "gateway" => Answering::Gateway,
                    _ => Answering::Well,
                }
            }
            Action::ExpireTokens { user } => *self.server.tokens.entry(user).or_default() += 1,
            Action::NewEpoch { room } => {
                self.coverage.fault(Fault::NewEpoch);
                self.server.new_epoch(room);
                self.kill_server(50);
            }
            Action::Refetch { tab, query } => {
                if self.tabs[tab.0].engine.is_some() && !self.tabs[tab.0].frozen {
                    self.fetch_query(tab, query);
                }
            }
            Action::Signal { device, signal } => self.signal(device, signal),
            Action::App { device, background } => {
                self.coverage.fault(Fault::Background);
                self.devices[device.0].background = background;
                let signal = if background { AppSignal::Background } else { AppSignal::Foreground };
                self.input_all(device, &Input::App { signal });
            }
            Action::Wall { device, by } => {
                self.coverage.fault(Fault::WallStep);
                self.devices[device.0].wall_offset += by;
            }
            Action::Drift { device, per_mille } => {
                self.coverage.fault(Fault::Drift);
                self.devices[device.0].drift = per_mille;
            }
            Action::SwitchUser { device } => self.switch_user(device),
        }
    }

    pub(super) fn command(&mut self, tab: Tab, command: Command) {
        if !self.tabs[tab.0].frozen {
            self.order(tab, command);
        }
    }

    fn cancel(&mut self, tab: Tab) {
        let life = self.tabs[tab.0].life;
        let newest =
            self.reference.taps.iter().filter(|(_, tap)| tap.life == life).max_by_key(|(_, tap)| tap.order);
        if let Some(write) = newest.map(|(write, _)| write.clone()) {
            self.give_up(tab, &write, Command::Cancel { write: write.clone() });
        }
    }

    fn retry(&mut self, tab: Tab, write: &WriteId) {
        if self.tabs[tab.0].frozen {
            return;
        }
        let now = self.clocks(tab);
        let Some(engine) = &mut self.tabs[tab.0].engine else { return };
        if engine.command(Command::Retry { write: write.clone() }, now).is_ok() {
            self.reference.retried(write);
        }
        self.drain(tab);
    }

    /// A person wants a write no more; its layer may go as soon as the system accepts that.
    pub(super) fn give_up(&mut self, tab: Tab, write: &WriteId, command: Command) {
        if self.tabs[tab.0].frozen {
            return;
        }
        let now = self.clocks(tab);
        let Some(engine) = &mut self.tabs[tab.0].engine else { return };
        if engine.command(command, now).is_ok()
            && let Some(tap) = self.reference.taps.get_mut(write)
        {
            tap.given_up = true;
        }
        self.drain(tab);
    }

    pub(super) fn parked(&self, tab: Tab) -> Vec<WriteId> {
        let (device, user) = (self.tabs[tab.0].device, self.tabs[tab.0].user);
        let parked = self
            .reference
            .taps
            .iter()
            .filter(|(_, tap)| (tap.device, tap.user, tap.said) == (device, user, Said::Parked));
        parked.map(|(write, _)| write.clone()).collect()
    }

    /// Everything is given up that may be.
    fn clear(&mut self, tab: Tab) {
        let (device, user) = (self.tabs[tab.0].device, self.tabs[tab.0].user);
        if self.tabs[tab.0].frozen {
            return;
        }
        let now = self.clocks(tab);
        let Some(engine) = &mut self.tabs[tab.0].engine else { return };
        if engine.command(Command::Clear {}, now).is_ok() {
            self.devices[device.0].cleared_until = self.now + 10_000;
            for tap in self.reference.taps.values_mut() {
                tap.given_up |= (tap.device, tap.user) == (device, user) && tap.said != Said::Acknowledged;
            }
        }
        self.drain(tab);
    }

    /// Another build of the app runs from now on, in open tabs too.
    pub(super) fn build(&mut self, device: Device, build: u32) {
        self.devices[device.0].build = build;
        let known = self.known(device);
        self.input_all(device, &Input::Definitions { known });
    }

    fn signal(&mut self, device: Device, signal: &str) {
        let signal = match signal {
            "offline" => NetworkSignal::Offline,
            "online" => NetworkSignal::Online,
            "changed" => NetworkSignal::Changed,
            _ => NetworkSignal::Unknown,
        };
        if signal == NetworkSignal::Offline {
            self.coverage.fault(Fault::OfflineSignal);
        }
        self.input_all(device, &Input::Network { signal });
    }

    /// A person logs out: the tabs end in peace, or after half a minute.
    fn log_out(&mut self, device: Device) {
        self.coverage.fault(Fault::Logout);
        self.devices[device.0].leaving = true;
        for tab in self.tabs_of(device) {
            self.command(tab, Command::Suspend {});
        }
        let user = self.devices[device.0].user;
        self.later(30_000, super::Happening::Leave(device, user));
        self.left(device);
    }

    /// A tab has left in peace; after the last one another person signs in.
    pub(super) fn left(&mut self, device: Device) {
        let still =
            self.tabs_of(device).any(|tab| self.tabs[tab.0].engine.is_some() && !self.tabs[tab.0].quiet);
        if !still && self.devices[device.0].leaving {
            self.coverage.rule("Q20");
            let user = self.devices[device.0].user;
            self.later(0, super::Happening::Leave(device, user));
        }
    }

    pub(super) fn leave(&mut self, device: Device, user: User) {
        let state = &mut self.devices[device.0];
        if state.user == user && std::mem::take(&mut state.leaving) {
            self.switch_user(device);
        }
    }

    /// Another person signs in: the tabs of the first end, the partition stays (Q20).
    pub(super) fn switch_user(&mut self, device: Device) {
        self.coverage.fault(Fault::UserSwitch);
        self.coverage.rule("Q20");
        let open: Vec<Tab> = self.tabs_of(device).filter(|tab| self.tabs[tab.0].engine.is_some()).collect();
        for tab in &open {
            self.kill(*tab);
        }
        let state = &mut self.devices[device.0];
        state.user = match state.user {
            User::Ana => User::Ben,
            User::Ben => User::Ana,
        };
        (state.token, state.token_made) = (0, 0);
        state.leaving = false;
        for tab in open {
            self.start(tab);
        }
    }
}
