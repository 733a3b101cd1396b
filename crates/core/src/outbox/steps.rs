//! Steps of the store: memory follows the disk, never the other way round.
//!
//! Each step says what the record will be; the entry becomes that when `Persisted` comes. A step that fails for good for a new
//! write refuses it; any other is tried again until the disk takes it, and until then the entry does nothing else.

use super::record::{CLIENT_KEY, Claim, ClientRecord, LocalNumber, Record, Stage};
use super::{Entry, Outbox};
use crate::ctx::Ctx;
use crate::facts::{Fact, Facts};
use crate::ids::*;
use crate::io::{Note, Output, StoreError, WriteState};
use crate::limits;
use crate::secret::Blob;
use crate::timers::TimerKind;

/// What follows when a record is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Enqueued,
    Claimed,
    Acknowledged,
    Parked,
    /// A try was used up.
    Tried,
    /// To be sent anew.
    Requeued,
}

/// Why a record is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// Acknowledged, and the bases carry it.
    Settled,
    /// Given up by the app.
    Discarded,
}

/// A step under way.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Put { number: LocalNumber, record: Box<Record>, then: Then },
    Remove { number: LocalNumber, gone: Gone },
    Client(ClientRecord),
}

impl Outbox {
    pub(super) fn put(&mut self, number: LocalNumber, record: Record, then: Then, ctx: &mut Ctx) {
        self.begin(number);
        self.issue(Step::Put { number, record: Box::new(record), then }, ctx);
    }

    pub(super) fn remove(&mut self, number: LocalNumber, gone: Gone, ctx: &mut Ctx) {
        self.begin(number);
        self.issue(Step::Remove { number, gone }, ctx);
    }

    pub(super) fn put_client(&mut self, record: ClientRecord, ctx: &mut Ctx) {
        self.client_busy = true;
        self.issue(Step::Client(record), ctx);
    }

    fn begin(&mut self, number: LocalNumber) {
        if let Some(entry) = self.entries.get_mut(&number) {
            entry.busy += 1;
        }
    }

    fn issue(&mut self, step: Step, ctx: &mut Ctx) {
        let persist = PersistId(ctx.fresh());
        let (key, value) = self.bytes_of(&step);
        // Any tab may enqueue; everything else is the leader's.
        let fence = match step {
            Step::Put { then: Then::Enqueued, .. } => None,
            Step::Put { .. } | Step::Remove { .. } | Step::Client(_) => self.leader,
        };
        self.steps.insert(persist, step);
        ctx.emit(Output::Persist { persist, key, value, fence });
    }

    fn bytes_of(&self, step: &Step) -> (String, Option<Blob>) {
        match step {
            Step::Put { number, record, .. } => {
                let key = number.key();
                let value = record.encode(&key, &self.partition);
                (key, Some(value))
            }
            Step::Remove { number, .. } => (number.key(), None),
            Step::Client(record) => (CLIENT_KEY.to_owned(), Some(record.encode(&self.partition))),
        }
    }

    pub(crate) fn persisted(&mut self, persist: PersistId, ctx: &mut Ctx, facts: &mut Facts) {
        let Some(step) = self.steps.remove(&persist) else { return };
        let (key, value) = self.bytes_of(&step);
        ctx.emit(Output::Broadcast { key, value });
        match step {
            Step::Put { number, record, then } => {
                let Some(entry) = self.entries.get_mut(&number) else { return };
                entry.record = *record;
                entry.busy -= 1;
                entry.durable = true;
                self.follow(number, then, ctx, facts);
            }
            Step::Remove { number, gone } => {
                let Some(entry) = self.forget(number) else { return };
                let state = match gone {
                    Gone::Settled => WriteState::Settled {},
                    Gone::Discarded => WriteState::Discarded {},
                };
                ctx.emit(Output::Write { write: entry.record.write, state });
            }
            Step::Client(record) => self.set_client(record, ctx),
        }
    }

    pub(super) fn set_client(&mut self, record: ClientRecord, ctx: &mut Ctx) {
        self.client_busy = false;
        if self.client.as_ref().is_none_or(|known| known.client != record.client) {
            ctx.emit(Output::Client { client: record.client.clone() });
        }
        self.client = Some(record);
    }

    fn follow(&mut self, number: LocalNumber, then: Then, ctx: &mut Ctx, facts: &mut Facts) {
        let Some(entry) = self.entries.get_mut(&number) else { return };
        facts.extend(facts_of(entry));
        match then {
            Then::Enqueued | Then::Acknowledged => {}
            // The request goes out in this call's pump, which says so.
            Then::Claimed => {
                entry.claimed_here = true;
                return;
            }
            Then::Parked => {
                if !entry.record.keep_layer_when_parked {
                    entry.layer = false;
                    facts.push(Fact::LayerDropped(entry.record.write.clone()));
                }
            }
            Then::Tried => {
                entry.resting = true;
                let write = entry.record.write.clone();
                let failures = entry.record.tries.saturating_sub(1);
                let span = super::origin::jittered(
                    failures,
                    limits::REQUEST_BACKOFF_BASE,
                    limits::REQUEST_BACKOFF_CAP,
                    ctx,
                );
                let at = ctx.deadline(span);
                ctx.timers.set(TimerKind::WriteRetry(write), at);
                return;
            }
            Then::Requeued => {
                entry.claimed_here = false;
                entry.attempts = 0;
                if entry.record.optimistic && !entry.layer {
                    self.layer_found(number, facts);
                }
            }
        }
        if let Some(entry) = self.entries.get(&number) {
            ctx.emit(Output::Write { write: entry.record.write.clone(), state: state_of(&entry.record) });
        }
    }

    pub(crate) fn persist_failed(
        &mut self,
        persist: PersistId,
        error: StoreError,
        ctx: &mut Ctx,
        facts: &mut Facts,
    ) {
        let Some(step) = self.steps.remove(&persist) else { return };
        ctx.emit(Output::Log { note: Note::StoreFailed });
        if let Step::Put { number, then: Then::Enqueued, .. } = &step {
            // Q4: this write alone is refused; its layer goes in the next frame.
            if let Some(entry) = self.forget(*number) {
                facts.push(Fact::LayerDropped(entry.record.write.clone()));
                ctx.emit(Output::Write { write: entry.record.write, state: WriteState::Refused { error } });
            }
            return;
        }
        if error == StoreError::Fenced {
            self.give_way(step, ctx);
        } else {
            self.unsaved.push(step);
            let at = ctx.deadline(limits::STORE_RETRY);
            ctx.timers.set(TimerKind::StoreRetry, at);
        }
    }

    /// Another tab leads now. What the disk says is true; what this tab wanted is not.
    fn give_way(&mut self, step: Step, ctx: &mut Ctx) {
        match step {
            Step::Put { number, .. } | Step::Remove { number, .. } => {
                if let Some(entry) = self.entries.get_mut(&number) {
                    entry.busy -= 1;
                }
            }
            Step::Client(_) => self.client_busy = false,
        }
        self.leader_lost();
        self.ask_load(ctx);
    }

    pub(crate) fn on_store_retry(&mut self, ctx: &mut Ctx) {
        for step in std::mem::take(&mut self.unsaved) {
            self.issue(step, ctx);
        }
    }

    /// Removes the records of acknowledged writes that no layer needs any more (Q2, Q17). The client's record first remembers
    /// the highest sequence, so that none is ever used twice.
    pub(super) fn sweep(&mut self, ctx: &mut Ctx) {
        if !self.leading || self.client_busy {
            return;
        }
        let Some(client) = self.client.clone() else { return };
        let done: Vec<(LocalNumber, Sequence)> = self
            .entries
            .iter()
            .filter(|(_, e)| e.busy == 0 && !e.layer)
            .filter_map(|(number, e)| match &e.record.stage {
                Stage::Acknowledged { claim, .. } if claim.client == client.client => {
                    Some((*number, claim.sequence))
                }
                Stage::Acknowledged { .. } => Some((*number, Sequence(0))),
                Stage::Queued | Stage::Claimed(_) | Stage::Parked { .. } => None,
            })
            .collect();
        let Some(highest) = done.iter().map(|(_, sequence)| *sequence).max() else { return };
        if highest > client.high {
            let high = Sequence(self.next_sequence.0.saturating_sub(1));
            self.put_client(ClientRecord { high, ..client }, ctx);
            return;
        }
        for (number, _) in done {
            self.remove(number, Gone::Settled, ctx);
        }
    }
}

/// What a record's stage says to the layers.
pub(super) fn facts_of(entry: &Entry) -> impl Iterator<Item = Fact> + use<> {
    let write = entry.record.write.clone();
    let pair = |claim: &Claim| (claim.client.clone(), claim.sequence);
    let (claim, acknowledged) = match &entry.record.stage {
        Stage::Queued => (None, false),
        Stage::Claimed(claim) => (Some(pair(claim)), false),
        Stage::Acknowledged { claim, .. } => (Some(pair(claim)), true),
        Stage::Parked { unresolved, .. } => (unresolved.as_ref().map(pair), false),
    };
    let acknowledged = acknowledged.then(|| Fact::Acknowledged(write.clone()));
    std::iter::once(Fact::Claimed { write, claim }).chain(acknowledged)
}

/// What the app is told about a record as it stands on disk.
pub(super) fn state_of(record: &Record) -> WriteState {
    match &record.stage {
        Stage::Queued => WriteState::Durable {},
        Stage::Claimed(_) => WriteState::Retrying { status: 0 },
        Stage::Acknowledged { status, replayed, body, .. } => {
            WriteState::Acknowledged { status: *status, body: body.clone(), replayed: *replayed }
        }
        Stage::Parked { reason, status, body, .. } => {
            WriteState::Parked { reason: *reason, status: *status, body: body.clone() }
        }
    }
}
