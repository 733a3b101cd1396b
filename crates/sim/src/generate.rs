//! From a seed to a script: a mood for the whole day, then steps in the proportions of that mood.

use crate::ids::{Device, QUERIES, ROOMS, Room, Tab, User};
use crate::rng::Rng;
use crate::script::{Action, Script, Step};

/// Steps of a script.
const STEPS: u64 = 60;

/// What a day is mostly about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    /// Processes die.
    Deaths,
    /// The network is bad.
    Network,
    /// Tabs fight for the lead.
    Tabs,
    /// The disk is bad.
    Disk,
    /// The server is bad.
    Server,
    /// Copies and losses of whole disks.
    Disasters,
}

const MOODS: [Mood; 6] = [Mood::Deaths, Mood::Network, Mood::Tabs, Mood::Disk, Mood::Server, Mood::Disasters];

/// The script of a seed.
#[must_use]
pub fn script(seed: u64) -> Script {
    let mut rng = Rng::new(seed, 0);
    let mood = *rng.pick(&MOODS);
    let several = if mood == Mood::Tabs || rng.chance(30) { 3 } else { 1 };
    let tabs = [several, 1, usize::from(mood == Mood::Disasters)];
    let retention = *rng.pick(&[1_000, 1_000, 20, 4]);
    let missed = *rng.pick(&[1_000, 1_000, 12]);
    let token = *rng.pick(&[0, 0, 60_000, 900_000]);
    let polling = rng.chance(40);
    let queue = *rng.pick(&[0, 0, 0, 6]);
    let all: usize = tabs.iter().sum();
    let devices = if tabs[2] > 0 { 3 } else { 2 };
    let mut dice = Dice { rng, tabs: all, devices, mood, polling };
    let steps =
        (1..=STEPS).map(|number| Step { number, action: dice.action(), then: dice.pause() }).collect();
    Script { seed, tabs, retention, missed, token, polling, queue, steps }
}

struct Dice {
    rng: Rng,
    tabs: usize,
    devices: usize,
    mood: Mood,
    polling: bool,
}

impl Dice {
    fn tab(&mut self) -> Tab {
        Tab(self.rng.below(self.tabs as u64) as usize)
    }

    fn device(&mut self) -> Device {
        Device(self.rng.below(self.devices as u64) as usize)
    }

    fn room(&mut self) -> Room {
        Room(self.rng.below(ROOMS as u64) as usize)
    }

    fn pause(&mut self) -> u64 {
        match self.rng.below(10) {
            0..=3 => self.rng.below(10),
            4..=6 => self.rng.below(300),
            7..=8 => self.rng.below(5_000),
            _ => self.rng.below(60_000),
        }
    }

    fn action(&mut self) -> Action {
        match self.rng.below(100) {
            0..=20 => self.tap(),
            21..=23 => self.foreign(),
            24..=33 => self.tie(),
            34..=38 => self.emit(),
            39 => Action::Namespace { tab: self.tab(), open: self.rng.chance(75) },
            40..=44 => Action::Refetch { tab: self.tab(), query: self.rng.below(QUERIES as u64) as usize },
            45..=49 => Action::Start { tab: self.tab() },
            50..=54 => self.person(),
            55..=59 => self.signals(),
            60..=69 => self.any(),
            _ => self.of_mood(self.mood),
        }
    }

    fn any(&mut self) -> Action {
        // Disasters excuse so much that they stay on their own days.
        let mood = *self.rng.pick(&MOODS[..5]);
        self.of_mood(mood)
    }

    fn tap(&mut self) -> Action {
        let kind = match self.rng.below(20) {
            0 => "refuse",
            1 => "conflict",
            2 => "fail",
            _ => "add",
        };
        let (own_lane, keep_layer) = (self.rng.chance(25), self.rng.chance(50));
        Action::Tap { tab: self.tab(), room: self.room(), kind, own_lane, keep_layer }
    }

    fn tie(&mut self) -> Action {
        let kind = if self.rng.chance(80) { "add" } else { *self.rng.pick(&["refuse", "conflict", "fail"]) };
        let ties: [&'static str; 8] =
            ["child", "temp", "temp-child", "replace", "pair", "dedupe", "short", "handled"];
        Action::Tie {
            tab: self.tab(),
            room: self.room(),
            kind,
            tie: ties[self.rng.below(ties.len() as u64) as usize],
        }
    }

    fn foreign(&mut self) -> Action {
        let kind = if self.rng.chance(80) { "add" } else { *self.rng.pick(&["refuse", "conflict", "fail"]) };
        let how = *self.rng.pick(&crate::foreign::KINDS);
        Action::Foreign { tab: self.tab(), room: self.room(), kind, how }
    }

    fn emit(&mut self) -> Action {
        let class = *self.rng.pick::<&'static str>(&["plain", "reliable", "reliable", "volatile"]);
        Action::Emit { tab: self.tab(), class, ack: self.rng.chance(60) }
    }

    fn person(&mut self) -> Action {
        let tab = self.tab();
        match self.rng.below(24) {
            0..=4 => Action::Cancel { tab },
            5..=8 => Action::RetryParked { tab },
            9..=11 => Action::DiscardParked { tab },
            12..=14 => Action::Process { tab },
            15..=16 => Action::SwitchUser { device: self.device() },
            17 => Action::Logout { device: self.device() },
            18 => Action::EditParked { tab },
            19..=20 => {
                let how = *self.rng.pick::<&'static str>(&["again", "park", "discard"]);
                Action::Resolve { tab, how }
            }
            21 => Action::Export { tab },
            22 if self.rng.chance(40) => {
                Action::Build { device: self.device(), build: *self.rng.pick(&[1, 2, 2, 3]) }
            }
            22 => Action::Processing { tab, on: self.rng.chance(70) },
            _ => Action::Clear { tab },
        }
    }

    fn signals(&mut self) -> Action {
        let device = self.device();
        match self.rng.below(6) {
            0 => Action::App { device, background: true },
            1 => Action::App { device, background: false },
            2 => Action::Wall { device, by: *self.rng.pick(&[-3_600_000, 3_600_000, -90_000_000, 500]) },
            3 => Action::Drift { device, per_mille: *self.rng.pick(&[-50, 0, 20]) },
            _ => Action::Signal {
                device,
                signal: self.rng.pick::<&'static str>(&["offline", "online", "changed", "unknown"]),
            },
        }
    }

    fn of_mood(&mut self, mood: Mood) -> Action {
        let (tab, device) = (self.tab(), self.device());
        match (mood, self.rng.below(8)) {
            (Mood::Deaths, 0..=1) => Action::Kill { tab },
            (Mood::Deaths, 2) => Action::PowerCut { device },
            (Mood::Deaths, 3..=5) => {
                Action::KillAfter { tab, outputs: self.rng.below(60) as u32, device: self.rng.chance(50) }
            }
            (Mood::Deaths, _) => Action::Start { tab },
            (Mood::Network, 0..=2) => Action::Reach {
                device,
                reach: self.rng.pick::<&'static str>(&["up", "up", "up", "down", "hole", "portal"]),
            },
            (Mood::Network, 3) => Action::Cut { device },
            (Mood::Network, 4) if self.polling => {
                let how = *self.rng.pick::<&'static str>(&["none", "refuses", "refuses", "swallows"]);
                Action::Proxy { device, how }
            }
            (Mood::Network, _) => Action::Weather {
                device,
                latency: *self.rng.pick(&[10, 100, 1_500]),
                drop: *self.rng.pick(&[0, 20, 60]),
                duplicate: *self.rng.pick(&[0, 30]),
                lose_answer: *self.rng.pick(&[0, 20, 60]),
                late: *self.rng.pick(&[0, 20]),
            },
            (Mood::Tabs, 0..=1) => Action::Steal { device: Device(0) },
            (Mood::Tabs, 2) => Action::Freeze { tab },
            (Mood::Tabs, 3..=4) => Action::Thaw { tab },
            (Mood::Tabs, 5) => Action::Kill { tab },
            (Mood::Tabs, 6) => Action::Start { tab },
            (Mood::Tabs, _) => self.slow(device),
            (Mood::Disk, 0..=3) => {
                let mode = *self.rng.pick::<&'static str>(&[
                    "well",
                    "well",
                    "well",
                    "full",
                    "failing",
                    "unreadable",
                ]);
                Action::Disk { device, mode }
            }
            (Mood::Disk, 4) => self.slow(device),
            (Mood::Disk, 5) => Action::FlipBit { device },
            (Mood::Disk, 6) => Action::PowerCut { device },
            (Mood::Disk, _) => Action::Start { tab },
            (Mood::Server, 0..=2) => Action::KillServer { down: *self.rng.pick(&[100, 2_000, 40_000]) },
            (Mood::Server, 3..=5) => {
                let how = *self.rng.pick::<&'static str>(&[
                    "well",
                    "well",
                    "well",
                    "busy",
                    "busy-after",
                    "broken",
                    "gateway",
                ]);
                Action::Answering { how }
            }
            (Mood::Server, 6) if self.rng.chance(40) => {
                Action::Farewell { after: *self.rng.pick(&[200, 3_000, 20_000]) }
            }
            (Mood::Server, 6) if self.rng.chance(40) => {
                Action::Deny { user: *self.rng.pick(&[User::Ana, User::Ben]), on: self.rng.chance(50) }
            }
            (Mood::Server, 6) => Action::ExpireTokens { user: *self.rng.pick(&[User::Ana, User::Ben]) },
            (Mood::Server, _) => Action::NewEpoch { room: self.room() },
            (Mood::Disasters, 0) if self.rng.chance(50) => Action::Evict { device },
            (Mood::Disasters, 0) => Action::EmptyDisk { device },
            (Mood::Disasters, 1..=2) => Action::Snapshot { device },
            (Mood::Disasters, 3) => Action::RestoreSnapshot { device },
            (Mood::Disasters, 4) => Action::Clone { from: Device(0), to: Device(2) },
            (Mood::Disasters, 5) => Action::FlipBit { device },
            (Mood::Disasters, _) => Action::Start { tab },
        }
    }

    fn slow(&mut self, device: Device) -> Action {
        Action::Slow { device, disk: *self.rng.pick(&[2, 30, 400]), talk: *self.rng.pick(&[0, 20, 2_500]) }
    }
}
