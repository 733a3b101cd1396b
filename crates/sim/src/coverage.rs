//! What was seen to occur: kinds of fault, and rules of `semantics.md`. A kind that never occurs tests nothing.

use std::collections::BTreeMap;

use tidewire_core::{
    Blocked, ConnectionState, DownReason, Note, Output, ParkReason, PauseReason, RefetchReason, RoomState,
    StoreError, WriteState,
};
use tidewire_hub as hub;
use tidewire_wire::http::Outcome;

use crate::server::Reply;

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// A kind of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault { $($(#[$doc])* $name),* }
        impl Fault {
            /// All of them.
            pub const ALL: &'static [Fault] = &[$(Fault::$name),*];
        }
    };
}

faults! {
    /// A tab ends in the middle of performing outputs.
    KillAtOutput,
    /// A device loses power in the middle of performing outputs.
    PowerCutAtOutput,
    /// A tab ends between two turns.
    Kill,
    /// A device loses power between two turns.
    PowerCut,
    /// Operations of the disk that were not done are gone.
    UnsyncedTailLost,
    /// Half a record is on the disk.
    TornWrite,
    /// The disk is full.
    DiskFull,
    /// The disk refuses to write.
    DiskFailed,
    /// The disk cannot be read.
    ReadFailed,
    /// A leadership cannot be stored.
    LeadFailed,
    /// The disk is empty.
    DiskEmptied,
    /// The disk was emptied under running tabs.
    DiskEvicted,
    /// The disk is as it was some time ago.
    DiskRestored,
    /// Another device begins with a copy of this disk.
    PhoneCloned,
    /// A bit of a record is another one.
    BitFlipped,
    /// A step of an earlier leader is refused.
    Fenced,
    /// The lock is taken from a leader that lives.
    LockStolen,
    /// Nothing reaches a tab, and none of its timers fires.
    Freeze,
    /// All that reaches it at once.
    Thaw,
    /// A tab's last news are lost with it.
    VoiceLost,
    /// A request is lost.
    RequestLost,
    /// A request arrives twice.
    RequestTwice,
    /// A request goes nowhere, and nobody says so.
    RequestSwallowed,
    /// It arrives when nobody waits for it any more.
    RequestLate,
    /// An answer is lost after the commit.
    AnswerLost,
    /// An answer goes nowhere, and nobody says so.
    AnswerSwallowed,
    /// An answer comes late.
    AnswerLate,
    /// Somebody else answers.
    Portal,
    /// A link breaks and both sides hear of it.
    LinkCut,
    /// A link carries nothing any more and nobody knows.
    HalfOpen,
    /// A frame goes nowhere.
    FrameSwallowed,
    /// An attempt to connect goes nowhere.
    LinkSwallowed,
    /// The server's process is killed.
    ServerKilled,
    /// The server says: later.
    ServerBusy,
    /// The server fails on a write.
    ServerBroken,
    /// A gateway hides the answer of a write that is applied.
    GatewayAfterCommit,
    /// The same write comes while it runs.
    InProgress,
    /// A token is not accepted.
    TokenRefused,
    /// A token's time is over.
    TokenExpired,
    /// The server says goodbye and ends.
    Farewell,
    /// A person may not be in a room.
    RoomDenied,
    /// A binary part comes back to a tab.
    Attachment,
    /// An emit may be lost, and the system says so.
    EmitLost,
    /// A WebSocket does not come up: something on the way refuses it, or says nothing.
    WebSocketBlocked,
    /// A link comes up by long-polling.
    Polled,
    /// A request of a link that polls is lost.
    PollLost,
    /// A request of a link that polls arrives, and its answer is lost.
    PollAnswerLost,
    /// A second namespace comes up.
    NamespaceUp,
    /// A foreign server does what it is asked for.
    ForeignApplied,
    /// Nobody can say whether a foreign server has done it.
    ForeignUnknown,
    /// The app is asked what a foreign server has done.
    ForeignAsked,
    /// A request arrives before an earlier one.
    Reordered,
    /// The tab that is frozen leads.
    FrozenLeader,
    /// A room gets a new history.
    NewEpoch,
    /// A wall clock steps.
    WallStep,
    /// A wall clock drifts.
    Drift,
    /// The platform says offline, rightly or wrongly.
    OfflineSignal,
    /// The app goes to the background.
    Background,
    /// Another person signs in.
    UserSwitch,
    /// A person logs out.
    Logout,
    /// A tab takes the lead from one that does not answer.
    LeadTaken,
}

/// Rules whose situations must occur.
pub const RULES: &[&str] = &[
    "C1", "C2", "C3", "C4", "C5", "C6", "C7", "C10", "Q1", "Q2", "Q4", "Q5", "Q6", "Q7", "Q8", "Q9", "Q10",
    "Q11", "Q12", "Q13", "Q14", "Q15", "Q16", "Q17", "Q18", "Q19", "Q20", "Q21", "Q22", "V3", "V5", "V6",
    "Y1", "Y2", "Y5", "Y6",
];

/// Counts.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// By kind.
    pub faults: BTreeMap<Fault, u64>,
    /// By id.
    pub rules: BTreeMap<&'static str, u64>,
}

impl Coverage {
    /// A fault occurred.
    pub fn fault(&mut self, fault: Fault) {
        *self.faults.entry(fault).or_default() += 1;
    }

    /// A rule's situation occurred.
    pub fn rule(&mut self, id: &'static str) {
        *self.rules.entry(id).or_default() += 1;
    }

    /// Adds those of another run.
    pub fn add(&mut self, other: &Coverage) {
        for (fault, count) in &other.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        for (id, count) in &other.rules {
            *self.rules.entry(id).or_default() += count;
        }
    }

    /// What never occurred.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let faults = Fault::ALL
            .iter()
            .filter(|fault| !self.faults.contains_key(fault))
            .map(|fault| format!("{fault:?}"));
        let rules = RULES.iter().filter(|id| !self.rules.contains_key(*id)).map(|id| (*id).to_owned());
        faults.chain(rules).collect()
    }

    /// What an output says.
    #[allow(clippy::wildcard_enum_match_arm, reason = "only what proves a rule is of interest")]
    pub(crate) fn output(&mut self, output: &Output) {
        match output {
            Output::Connection { state: ConnectionState::Waiting { reason, .. } } => {
                self.rule("C2");
                if *reason == DownReason::Silent {
                    self.rule("C4");
                }
            }
            Output::Connection {
                state: ConnectionState::Paused { reason: PauseReason::Offline | PauseReason::Background },
            } => {
                self.rule("C3");
            }
            Output::Connection { .. } => self.rule("C10"),
            Output::Room { state: RoomState::Joined { recovered, .. }, .. } => {
                self.rule("C7");
                if !recovered {
                    self.rule("V3");
                }
            }
            Output::Persist { fence: None, .. } => self.rule("Q1"),
            Output::Persist { value: None, .. } => self.rule("Q2"),
            Output::Quarantined { .. } => self.rule("Q4"),
            Output::Refetch { reason, .. } => self.rule(match reason {
                RefetchReason::WriteUnseen => "Q17",
                RefetchReason::Reset | RefetchReason::Gap => "Y2",
                RefetchReason::Raced | RefetchReason::Foreign => "Y5",
            }),
            Output::BaseRefused { .. } => self.rule("Y6"),
            Output::Event(event) if !event.dispatch => self.rule("Y6"),
            Output::Event(event) => self.rule(if event.own { "Q16" } else { "Y1" }),
            Output::LayerAdded { restored: true, .. } => self.rule("Q18"),
            Output::Log { note: Note::GapSeen } => self.rule("Y1"),
            Output::Log { note: Note::UnmarkedAnswer } => self.rule("Q10"),
            Output::Outbox { status } => {
                self.rule("Q22");
                match status.blocked {
                    Some(Blocked::Unreachable) => self.rule("Q11"),
                    Some(Blocked::Auth) => self.rule("Q12"),
                    Some(Blocked::Loading) if status.pending > 0 => self.rule("Q5"),
                    _ => {}
                }
                if status.in_flight > 1 {
                    self.rule("Q6");
                }
                if status.parked > 0 && status.in_flight > 0 {
                    self.rule("Q14");
                }
            }
            Output::Write {
                state: WriteState::Refused { error: StoreError::Full | StoreError::Failed },
                ..
            } => {
                self.rule("Q4");
            }
            Output::Write { state: WriteState::Merged { .. } | WriteState::Cancelled {}, .. } => {
                self.rule("Q8")
            }
            Output::Write { state: WriteState::Parked { reason, .. }, .. } => {
                self.rule("Q13");
                if *reason == ParkReason::Unknown {
                    self.rule("Q9");
                }
            }
            _ => {}
        }
    }

    pub(crate) fn reply(&mut self, reply: &Reply) {
        match reply.outcome {
            Some(Outcome::Applied) => {
                self.rule("V5");
                self.rule("V6");
            }
            Some(Outcome::Replayed | Outcome::ClientReset) => self.rule("Q9"),
            Some(Outcome::Rejected | Outcome::InProgress | Outcome::KeyReused) | None => {}
        }
    }

    pub(crate) fn closed(&mut self, _reason: hub::CloseReason) {
        self.rule("C2");
    }

    pub(crate) fn hub_note(&mut self, note: &hub::Note) {
        if let hub::Note::FeedGap { .. } = note {
            self.rule("V6");
        }
    }
}
