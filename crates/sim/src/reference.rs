//! The simple model beside the system: what was tapped, what was promised, what a disaster excuses. It decides nothing
//! about how the system comes to its promises.

use std::collections::{BTreeMap, BTreeSet};

use tidewire_core::{BodyId, Epoch, ParkReason, Request, RequestKind, WriteId, WriteState};
use tidewire_wire::http::Outcome;

use crate::ids::{Device, Life, Room, Tab, Tag, User};
use crate::server::Reply;

/// What the system said last about a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Accepted, nothing promised.
    Accepted,
    /// It is on disk.
    Durable,
    /// The store refused it.
    Refused,
    /// The server has it.
    Acknowledged,
    /// It waits for a person.
    Parked,
    /// A person gave it up.
    Discarded,
}

/// One tap.
#[derive(Clone, Debug)]
pub struct Tapped {
    /// Where.
    pub device: Device,
    /// In which tab.
    pub tab: Tab,
    /// In which run of it.
    pub life: Life,
    /// The run of a tab in whose order it stands in its lane: its own, or that of the write whose place it took.
    pub place: Life,
    /// By whom.
    pub user: User,
    /// To which room.
    pub room: Room,
    /// What it adds.
    pub tag: Tag,
    /// What the app chose by.
    pub choice: u64,
    /// A later write of its lane may undo it, and itself, before anybody is told.
    pub loose: bool,
    /// It may take the place of the one before it in its lane, or undo it.
    pub coalesces: bool,
    /// What the server makes of it: `add`, ...
    pub kind: &'static str,
    /// Its lane.
    pub lane: String,
    /// Place among all taps.
    pub order: u64,
    /// Its layer stays when it is parked.
    pub keep_layer: bool,
    /// The write that must have succeeded before.
    pub parent: Option<Tag>,
    /// It was parked because a parent had failed, and sent again by hand: what is gone it does not wait for any more.
    pub alone: bool,
    /// The server said that this place in the sequence will never be used: refused, or voided.
    pub unused: bool,
    /// Runs that have heard that it is parked, or in conflict, and nothing else since.
    pub heard_by: BTreeSet<Life>,
    /// The run, and its grant of the lock, for which the server has voided it.
    pub voided_for: Option<(Life, u32)>,
    /// Nobody can say what became of it: the server has never heard of its client, or who had it voided did not live, or lead, to store that.
    pub nobody_knows: bool,
    /// It took the place of a parked one, whose lane has gone on meanwhile.
    pub edited: bool,
    /// What was said.
    pub said: Said,
    /// The write that stands for it.
    pub stands: Option<WriteId>,
    /// It waits for the app's answer to a conflict.
    pub conflict: bool,
    /// It was parked as expired, and nobody has asked to send it since.
    pub expired: bool,
    /// It was parked because a parent had failed, and nobody has asked to send it since.
    pub orphan: bool,
    /// It was promised to be on disk.
    pub promised: bool,
    /// It was parked at some time: others may overtake it.
    pub ever_parked: bool,
    /// A person gave it up, and the system accepted that.
    pub given_up: bool,
    /// It left at some time.
    pub sent: bool,
    /// A disaster happened to the only place where it was: it may be gone.
    pub excused: bool,
    /// The write that took its place or undid it, as the disk has it.
    pub undone_by: Option<WriteId>,
    /// Copies of its record that nobody had sent when they were made.
    pub copies: u32,
    /// It goes to somebody else's server, and what that makes of it.
    pub foreign: Option<&'static str>,
    /// The runs, and their grants of the lock, that have sent it.
    pub senders: BTreeSet<(Life, u32)>,
    /// A person was told that nobody knows whether it was sent, or will be by a tab that stands still.
    pub unknown: bool,
    /// How often a person sent it again after it may have been sent.
    pub by_hand: u32,
}

/// How an emit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It arrived, or at least left.
    Sent,
    /// It was answered.
    Answered,
    /// No answer in time.
    TimedOut,
    /// Perhaps.
    MaybeLost,
    /// It never left.
    Dropped,
    /// Nobody can say.
    Unknown,
}

/// One emit.
#[derive(Clone, Debug)]
pub struct Emitted {
    /// In which run of a tab.
    pub life: Life,
    /// By whom.
    pub user: User,
    /// What is promised: `plain`, `reliable`, `volatile`.
    pub class: &'static str,
    /// In the second namespace.
    pub aside: bool,
    /// Which process of the server ran then.
    pub boot: u32,
    /// When.
    pub at: u64,
    /// Its argument, and its binary part if it has one.
    pub bodies: Vec<BodyId>,
    /// What was said.
    pub end: Option<End>,
}

/// The model.
#[derive(Clone, Debug, Default)]
pub struct Reference {
    /// By id.
    pub taps: BTreeMap<WriteId, Tapped>,
    /// Emits, by tag.
    pub emits: BTreeMap<Tag, Emitted>,
    /// By tag.
    pub tags: BTreeMap<Tag, WriteId>,
    /// Which write a record holds, per device, user and key.
    pub records: BTreeMap<(Device, User, String), WriteId>,
    /// The last event that the listeners of a run heard of a room.
    pub heard: BTreeMap<(Tab, Life, Room), (Epoch, u64)>,
    /// Runs whose room was reset since the last event.
    pub reset: BTreeSet<(Tab, Life, Room)>,
    /// Devices whose disk was copied, restored, emptied or damaged.
    pub damaged: BTreeSet<Device>,
    /// Keys that were reported as quarantined.
    pub quarantined: BTreeSet<String>,
    claimed: BTreeSet<String>,
    order: u64,
}

impl Reference {
    /// A run begins.
    pub fn born(&mut self, _tab: Tab, _life: Life, _device: Device) {}

    /// A tap was accepted.
    pub fn tapped(&mut self, write: WriteId, mut tap: Tapped) {
        self.order += 1;
        tap.order = self.order;
        self.tags.insert(tap.tag, write.clone());
        self.taps.insert(write, tap);
    }

    /// The system says something about a write.
    pub fn says(&mut self, device: Device, life: Life, write: &WriteId, state: &WriteState) {
        let Some(tap) = self.taps.get_mut(write) else { return };
        if matches!(state, WriteState::Parked { .. } | WriteState::Conflict { .. }) {
            tap.heard_by.insert(life);
        } else {
            tap.heard_by.remove(&life);
        }
        // What becomes of a copy says nothing about the original, but that the server has it.
        if tap.device != device && !matches!(state, WriteState::Acknowledged { .. }) {
            return;
        }
        // A tab that hears late says old things.
        let ended = matches!(tap.said, Said::Acknowledged | Said::Refused | Said::Discarded);
        if ended && !matches!(state, WriteState::Acknowledged { .. }) {
            return;
        }
        tap.conflict = matches!(state, WriteState::Conflict { .. });
        tap.expired = matches!(state, WriteState::Parked { reason: ParkReason::Expired, .. });
        tap.orphan = matches!(state, WriteState::Parked { reason: ParkReason::ParentFailed, .. });
        tap.unknown = matches!(state, WriteState::Parked { reason: ParkReason::Unknown, .. });
        if let WriteState::Merged { into } = state {
            tap.stands = Some(into.clone());
        }
        match state {
            WriteState::Durable { .. } | WriteState::Quarantined { .. } => {
                tap.promised = true;
                tap.said = Said::Durable;
            }
            WriteState::Refused { .. } => tap.said = Said::Refused,
            WriteState::Sending { .. } | WriteState::Retrying { .. } | WriteState::Conflict { .. } => {
                tap.promised = true;
                if tap.said == Said::Parked {
                    tap.said = Said::Durable;
                }
            }
            WriteState::Acknowledged { .. } | WriteState::Settled {} => {
                tap.promised = true;
                tap.said = Said::Acknowledged;
            }
            WriteState::Parked { .. } => {
                tap.promised = true;
                tap.said = Said::Parked;
                tap.ever_parked = true;
            }
            WriteState::Discarded {} | WriteState::Merged { .. } | WriteState::Cancelled {} => {
                tap.said = Said::Discarded;
            }
        }
    }

    /// A request leaves, under this grant of the lock.
    pub fn sent(&mut self, grant: (Life, u32), request: &Request) {
        if let Some(tap) = self.taps.get_mut(&request.write) {
            tap.sent = true;
            tap.senders.insert(grant);
        }
    }

    /// A record could not be read, and the system said so.
    pub fn quarantined(&mut self, _tab: Tab, _life: Life, key: &str) {
        self.quarantined.insert(key.to_owned());
    }

    /// Whether a step for this key was decided by a leader before; from now on one was.
    pub fn claimed(&mut self, key: &str) -> bool {
        !self.claimed.insert(key.to_owned())
    }

    /// A disaster on a device: what was only there may be gone.
    pub fn excuse(&mut self, device: Device, user: Option<User>) {
        self.damaged.insert(device);
        for tap in self.taps.values_mut() {
            if tap.device == device && user.is_none_or(|user| user == tap.user) {
                tap.excused = true;
            }
        }
    }

    /// A write is tapped that may undo the last one of its lane.
    pub fn loosen(&mut self, device: Device, user: User, lane: &str) {
        let taps = self.taps.values_mut();
        for tap in taps.filter(|tap| (tap.device, tap.user) == (device, user) && tap.lane == lane) {
            tap.loose |= !matches!(tap.said, Said::Acknowledged);
        }
    }

    /// A person sends a parked write again.
    pub fn retried(&mut self, write: &WriteId) {
        if let Some(tap) = self.taps.get_mut(write) {
            tap.alone |= std::mem::take(&mut tap.orphan);
            tap.by_hand += u32::from(tap.sent || tap.unknown);
        }
    }

    /// The record of a write that was not applied is gone, and these records of its owner stand. If one of its lane may take the
    /// place of others, it has done so (Q8), whether or not the tab that did it lived long enough to say so; the same if this is
    /// the second of a pair of which the first went like that.
    pub fn removed(&mut self, device: Device, write: &WriteId, standing: &BTreeSet<WriteId>) {
        let Some(tap) = self.taps.get(write).filter(|tap| tap.device == device) else { return };
        let same_lane = |other: &Tapped| {
            (other.device, other.user, &other.lane) == (tap.device, tap.user, &tap.lane)
                && other.tag != tap.tag
        };
        let by = standing
            .iter()
            .find(|other| self.taps.get(*other).is_some_and(|other| other.coalesces && same_lane(other)));
        let second = tap.coalesces && self.taps.values().any(|first| first.undone_by.as_ref() == Some(write));
        let by = by.cloned();
        if (by.is_some() || second)
            && let Some(tap) = self.taps.get_mut(write)
        {
            tap.undone_by = by;
            tap.said = Said::Discarded;
        }
    }

    /// A disk has another write in the place of this one (Q13), whether or not the tab that put it there lived long enough to say so.
    pub fn replaced(&mut self, old: &WriteId, into: &WriteId) {
        if let Some(tap) = self.taps.get_mut(old).filter(|_| old != into) {
            tap.stands = Some(into.clone());
            if !matches!(tap.said, Said::Acknowledged | Said::Refused) {
                tap.said = Said::Discarded;
            }
        }
    }

    /// There is one more copy of this record; nobody had sent it yet, perhaps.
    pub fn copied(&mut self, write: &WriteId) {
        if let Some(tap) = self.taps.get_mut(write) {
            tap.copies += 1;
        }
    }

    /// The server has answered a request about a write, which left under this grant of the lock.
    pub fn answered(&mut self, grant: (Life, u32), request: &Request, reply: &Reply) {
        let Some(tap) = self.taps.get_mut(&request.write) else { return };
        let asks = request.kind == RequestKind::Outcome;
        if asks && reply.body.contains("\"voided\"") {
            tap.unused = true;
            tap.voided_for = Some(grant);
        }
        tap.unused |= reply.outcome == Some(Outcome::Rejected);
        let reset = reply.outcome == Some(Outcome::ClientReset) || reply.body.contains("\"client-reset\"");
        tap.nobody_knows |= reset && tap.voided_for.is_some_and(|voider| voider != grant);
    }

    /// Whether the layer of this write may be gone from a screen of this run without the server having it.
    #[must_use]
    pub fn may_vanish(&self, life: Life, tag: Tag) -> bool {
        let Some(tap) = self.tags.get(&tag).and_then(|write| self.taps.get(write)) else { return false };
        tap.excused
            || tap.copies > 0
            || self.damaged.contains(&tap.device)
            || tap.given_up
            || tap.loose && !tap.sent
            // Known: a tab that has not heard yet that a write's place stays unused may take `applied=` of that place for it.
            || tap.unused && !tap.heard_by.contains(&life)
            || matches!(tap.said, Said::Refused | Said::Discarded)
            || tap.ever_parked && !tap.keep_layer
    }
}

/// The write's id in a record's bytes: magic, version, kind, then partition and id as counted texts.
#[must_use]
pub fn write_in(bytes: &[u8]) -> Option<WriteId> {
    fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        rest.split_at_checked(u32::from_le_bytes(*length) as usize)
    }
    let (_, rest) = text(bytes.get(4..)?)?;
    let (write, _) = text(rest)?;
    Some(WriteId(String::from_utf8(write.to_vec()).ok()?))
}
