//! The virtual world: one queue of happenings, one clock, everything that a tab can meet. Same seed, same world.

mod act;
mod app;
mod clock;
mod device;
mod disaster;
mod emit;
mod foreign;
mod http;
mod net;
mod perform;
mod rest;
mod serve;
mod store;
mod tabs;
mod tie;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use tidewire_core::{Engine, Input, LinkId, LoadId, Transport};
use tidewire_hub as hub;

use crate::app::Shared;
use crate::bugs::Bug;
use crate::coverage::Coverage;
use crate::disk::Done;
use crate::foreign::Foreign;
use crate::host::{Host, Screen};
use crate::ids::{Device, Life, Room, Tab, Tag, User};
use crate::invariants::Invariant;
use crate::reference::Reference;
use crate::rng::Rng;
use crate::server::Server;

pub use device::{DeviceState, Lock};
pub use http::{Answering, Call};
pub use net::{Link, Net, Packet, Proxy, Reach};

/// Wall time at the beginning.
pub const WALL: u64 = 1_790_000_000_000;

/// One place for a tab, and what runs there.
#[derive(Debug)]
pub struct TabState {
    /// Where.
    pub device: Device,
    /// Counts runs.
    pub life: Life,
    /// Whose tab it is in this run.
    pub user: User,
    /// Absent: not running.
    pub engine: Option<Engine>,
    /// The cache of this run.
    pub host: Host,
    /// Nothing reaches it, and no timer of it fires.
    pub frozen: bool,
    /// What reached it while frozen.
    held: Vec<Happening>,
    /// World time of the zero of its monotonic clock.
    zero: u64,
    /// It dies when so many more outputs were performed, alone or with its device.
    pub fuse: Option<(u32, bool)>,
    /// Grants of the lock so far.
    grant: u32,
    /// The last reading that was asked for.
    asked_load: Option<LoadId>,
    /// It has left in peace: nothing more may come from it.
    pub quiet: bool,
    /// The server's process that its newest session is with.
    boot: u32,
    /// The second namespace is wanted.
    aside: bool,
    /// The last temporary id that was declared here, and by what.
    temp: Option<(String, Tag)>,
    /// The stored bases were installed in this run.
    pub restored: bool,
    /// A flush of bases is arranged.
    flushing: bool,
    /// Bases that were taken from the cache and are not known to be on the disk.
    unstored: BTreeMap<String, crate::disk::Value>,
}

/// Something that will happen.
#[derive(Clone, Debug)]
pub enum Happening {
    /// The engine of a run is told this.
    Input(Tab, Life, Box<Input>),
    /// A frame reaches a tab.
    Frame(Tab, Life, LinkId, Packet),
    /// The oldest operation of a disk takes effect.
    DiskStep(Device),
    /// A tab hears of an operation.
    DiskDone(Tab, Life, Box<Done>),
    /// Dirty bases are stored.
    Flush(Tab, Life),
    /// The lock is a tab's.
    Granted(Tab, Life),
    /// A stolen lock's holder hears of it.
    LockLost(Tab, Life),
    /// A tab wants the lock again.
    Contend(Tab, Life),
    /// News of another tab's engine; from whom, so that it can be lost with it.
    Told { to: (Tab, Life), from: (Tab, Life), key: String, value: Option<Vec<u8>> },
    /// A request reaches the server.
    Arrived(Rc<Call>),
    /// A slow handler is done.
    Commit(Rc<Call>, u32),
    /// An answer reaches a tab.
    Answered(Rc<Call>, Box<http::Answer>),
    /// A query is fetched again after a failure.
    FetchAgain(Tab, Life, usize),
    /// A transport is open at the server.
    Reached(LinkKey, Transport),
    /// A frame reaches the server.
    ServerFrame(hub::SessionId, Packet),
    /// The server hears of a transport's end.
    ServerClosed(hub::SessionId),
    /// The hub gets an answer, in the boot that asked.
    HubAnswer(u32, Rc<hub::Output>),
    /// Bytes were taken by a client.
    Flushed(hub::SessionId, u64),
    /// The oldest committed events reach the hub.
    Feed(u32),
    /// The server starts.
    ServerUp,
    /// The server of this boot ends, for so long.
    Gone(u32, u64),
    /// The links of a device break.
    Cut(Device),
    /// Who logs out has waited long enough.
    Leave(Device, User),
}

/// Which writes stand on a screen, and what the app made of them.
type Look = (Vec<Tag>, String);

/// A link as its tab knows it.
pub type LinkKey = (Tab, Life, LinkId);

/// What a whole run must keep to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Name of the invariant.
    pub invariant: &'static str,
    /// What was seen.
    pub what: String,
}

/// The world.
#[derive(Debug)]
pub struct World {
    /// Milliseconds since the beginning.
    pub now: u64,
    /// Everything random while a step runs.
    pub rng: Rng,
    /// Devices.
    pub devices: Vec<DeviceState>,
    /// Tabs.
    pub tabs: Vec<TabState>,
    /// The server.
    pub server: Server,
    /// Somebody else's server.
    pub foreign: Foreign,
    /// How the server answers now.
    pub answering: Answering,
    /// What was asked of the system, and what it said.
    pub reference: Reference,
    /// What was seen to occur.
    pub coverage: Coverage,
    /// The bug that is planted.
    pub bug: Option<Bug>,
    /// The app that runs everywhere.
    pub app: Shared,
    /// Breaches so far; the first one ends the run.
    pub violations: Vec<Violation>,
    /// Happenings and outputs so far.
    pub steps: u64,
    /// Over every output of every engine, and when.
    pub hash: u64,
    /// Every output is printed.
    pub verbose: bool,
    checks: Vec<Box<dyn Invariant>>,
    screens: BTreeMap<(Tab, Life, usize), Screen>,
    /// What a run showed last of a room in a query: which writes, and what the app made of them.
    states: BTreeMap<(Tab, Life, usize, Room), Look>,
    /// What each person saw last on a device.
    last_screens: BTreeMap<(Device, User, usize), Screen>,
    /// Writes whose layers changed a query on a device.
    layered: BTreeSet<(Device, User, usize, Tag)>,
    links: BTreeMap<LinkKey, Link>,
    sessions: BTreeMap<hub::SessionId, LinkKey>,
    last_session: u64,
    queue: BTreeMap<(u64, u64), Happening>,
    last_happening: u64,
    dead_voices: BTreeSet<(Tab, Life)>,
    missed_events: u64,
    /// The hosts can do long-polling.
    polling: bool,
    /// Writes that a queue holds, if it is not the engine's default.
    queue_limit: u32,
    last_life: u32,
    last_tag: u32,
}

impl World {
    /// Something happens `after` milliseconds from now.
    fn later(&mut self, after: u64, what: Happening) {
        self.at(self.now + after, what);
    }

    fn at(&mut self, when: u64, what: Happening) {
        self.last_happening += 1;
        self.queue.insert((when.max(self.now), self.last_happening), what);
    }

    /// A breach.
    pub fn violate(&mut self, invariant: &'static str, what: String) {
        if self.verbose {
            self.trace(&format!("!! {invariant}: {what}"));
        }
        self.violations.push(Violation { invariant, what });
    }

    #[allow(clippy::print_stderr, reason = "a replay tells its story to the person at the terminal")]
    fn trace(&self, line: &str) {
        eprintln!("{:>9} {line}", self.now);
    }

    /// The run of a tab, if it is that one.
    fn alive(&self, tab: Tab, life: Life) -> bool {
        let state = &self.tabs[tab.0];
        state.life == life && state.engine.is_some()
    }

    fn happen(&mut self, what: Happening) {
        match what {
            Happening::Input(tab, life, input) => self.input(tab, life, *input),
            Happening::Frame(tab, life, link, packet) => self.frame(tab, life, link, &packet),
            Happening::DiskStep(device) => self.disk_step(device),
            Happening::DiskDone(tab, life, done) => self.disk_done(tab, life, *done),
            Happening::Flush(tab, life) => self.flush(tab, life),
            Happening::Granted(tab, life) => self.granted(tab, life),
            Happening::LockLost(tab, life) => self.lock_lost(tab, life),
            Happening::Contend(tab, life) => self.contend(tab, life),
            Happening::Told { to, from, key, value } => self.told(to, from, key, value),
            Happening::Arrived(call) => self.arrived(&call),
            Happening::Commit(call, boot) => self.commit(&call, boot),
            Happening::Answered(call, answer) => self.answered(&call, *answer),
            Happening::FetchAgain(tab, life, query) => self.fetch_again(tab, life, query),
            Happening::Reached(key, transport) => self.reached(key, transport),
            Happening::ServerFrame(session, packet) => self.server_frame(session, &packet),
            Happening::ServerClosed(session) => self.server_closed(session),
            Happening::HubAnswer(boot, question) => self.hub_answer(boot, &question),
            Happening::Flushed(session, bytes) => self.hub_input(hub::Input::Flushed { session, bytes }),
            Happening::Feed(boot) => self.feed(boot),
            Happening::ServerUp => self.server_up(),
            Happening::Gone(boot, down) => self.gone(boot, down),
            Happening::Cut(device) => self.cut(device),
            Happening::Leave(device, user) => self.leave(device, user),
        }
    }
}
