//! What is done to the world, as data: a script can be printed, read back, cut shorter, kept.

use std::fmt;

use crate::ids::{Device, Room, Tab, User};

/// One thing that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A person taps: a write to a room. `kind` is `add`, `refuse`, `conflict` or `fail`.
    Tap { tab: Tab, room: Room, kind: &'static str, own_lane: bool, keep_layer: bool },
    /// A person taps something that is tied to other writes: `child` depends on the tab's last write, `temp` declares a temporary
    /// id, `temp-child` mentions the last one, `replace`, `pair` and `dedupe` look at the last write of the lane, `short` lives for
    /// five seconds, `handled` decides its conflicts itself.
    Tie { tab: Tab, room: Room, kind: &'static str, tie: &'static str },
    /// A write to somebody else's server: `plain`, `keyed`, `bare` (a key without quotes), `put`, `idempotent` or `verify`.
    Foreign { tab: Tab, room: Room, kind: &'static str, how: &'static str },
    /// The second namespace is wanted, or no more.
    Namespace { tab: Tab, open: bool },
    /// What stands between a device and the server lets WebSockets through (`none`), or `refuses` or `swallows` them.
    Proxy { device: Device, how: &'static str },
    /// Something is emitted: `plain`, `reliable` or `volatile`.
    Emit { tab: Tab, class: &'static str, ack: bool },
    /// All parked writes are edited, and so sent as others.
    EditParked { tab: Tab },
    /// All conflicts are decided: `again`, `park` or `discard`.
    Resolve { tab: Tab, how: &'static str },
    /// All writes are exported.
    Export { tab: Tab },
    /// Everything is given up.
    Clear { tab: Tab },
    /// Sending is stopped, or goes on.
    Processing { tab: Tab, on: bool },
    /// The newest write of a tab is taken back.
    Cancel { tab: Tab },
    /// All parked writes are sent again.
    RetryParked { tab: Tab },
    /// All parked writes are given up.
    DiscardParked { tab: Tab },
    /// Forget waiting times.
    Process { tab: Tab },
    /// A tab is opened.
    Start { tab: Tab },
    /// A tab ends.
    Kill { tab: Tab },
    /// A tab ends after so many outputs, alone or with its device.
    KillAfter { tab: Tab, outputs: u32, device: bool },
    /// A device loses power.
    PowerCut { device: Device },
    /// A tab is frozen.
    Freeze { tab: Tab },
    /// And thawed.
    Thaw { tab: Tab },
    /// The lock goes to the next tab.
    Steal { device: Device },
    /// Where packets go: `up`, `down`, `hole`, `portal`.
    Reach { device: Device, reach: &'static str },
    /// Latency and percentages of loss.
    Weather { device: Device, latency: u64, drop: u64, duplicate: u64, lose_answer: u64, late: u64 },
    /// All links of a device break.
    Cut { device: Device },
    /// The disk: `well`, `full`, `failing`, `unreadable`.
    Disk { device: Device, mode: &'static str },
    /// How slow the disk and the news between tabs are.
    Slow { device: Device, disk: u64, talk: u64 },
    /// The disk is emptied, and the power goes.
    EmptyDisk { device: Device },
    /// The disk is emptied under running tabs.
    Evict { device: Device },
    /// A copy of the disk is kept.
    Snapshot { device: Device },
    /// The power goes, and the copy is what the disk holds when it comes back.
    RestoreSnapshot { device: Device },
    /// Another device of the same person begins with a copy of the disk.
    Clone { from: Device, to: Device },
    /// A bit of a stored write flips.
    FlipBit { device: Device },
    /// The server is killed and comes back.
    KillServer { down: u64 },
    /// How the server answers: `well`, `busy`, `busy-after`, `broken`, `gateway`.
    Answering { how: &'static str },
    /// The server says goodbye, ends, and comes back.
    Farewell { after: u64 },
    /// A person may be in no room, or again.
    Deny { user: User, on: bool },
    /// All tokens of a person end.
    ExpireTokens { user: User },
    /// A room gets a new history.
    NewEpoch { room: Room },
    /// A query is fetched again.
    Refetch { tab: Tab, query: usize },
    /// The platform's network signal: `offline`, `online`, `changed`, `unknown`.
    Signal { device: Device, signal: &'static str },
    /// The app goes to the background or comes back.
    App { device: Device, background: bool },
    /// The wall clock steps.
    Wall { device: Device, by: i64 },
    /// The wall clock drifts.
    Drift { device: Device, per_mille: i64 },
    /// Another person signs in; the tabs just end.
    SwitchUser { device: Device },
    /// Another build of the app: 1 and 2 know the mutations in that version, 3 knows none.
    Build { device: Device, build: u32 },
    /// A person logs out, the tabs end in peace, another person signs in.
    Logout { device: Device },
}

/// An action, and how long the world then runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number in the script that was generated: the source of its randomness.
    pub number: u64,
    /// What is done.
    pub action: Action,
    /// Milliseconds that pass after it.
    pub then: u64,
}

/// A script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// What it was generated from, and the source of all randomness.
    pub seed: u64,
    /// How many tabs each device may have.
    pub tabs: [usize; 3],
    /// Events that a room keeps.
    pub retention: usize,
    /// Missed events up to which the hub catches up.
    pub missed: u64,
    /// Milliseconds that a token lives; 0: for ever.
    pub token: u64,
    /// The hosts can do long-polling.
    pub polling: bool,
    /// Writes that a queue holds, pending and parked; 0: as many as the engine's default says.
    pub queue: u32,
    /// The steps.
    pub steps: Vec<Step>,
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c] = self.tabs;
        writeln!(
            f,
            "seed {} tabs {a} {b} {c} retention {} missed {} token {}{}",
            self.seed,
            self.retention,
            self.missed,
            self.token,
            if self.polling { " polling" } else { "" }
        )?;
        if self.queue > 0 {
            writeln!(f, "     queue {}", self.queue)?;
        }
        for step in &self.steps {
            writeln!(f, "{:>4} +{:<6} {:?}", step.number, step.then, step.action)?;
        }
        Ok(())
    }
}
