//! Steps of the store: memory follows the disk, never the other way round.
//!
//! Each step says what the record will be; the entry becomes that when `Persisted` comes. A step that fails for good for a new
//! write refuses it; any other is tried again until the disk takes it, and until then the entry does nothing else.

use super::expiry::{CLOCK_KEY, Mark};
use super::names::{Given, NAMES_KEY, Names};
use super::pass::Ended;
use super::pause::PauseRecord;
use super::record::{CLIENT_KEY, Claim, ClientRecord, LocalNumber, Record, Stage};
use super::{Entry, Outbox, Senders};
use crate::ctx::Ctx;
use crate::facts::{Fact, Facts};
use crate::gather::Gather;
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
    /// Brought to this build's version.
    Upcast,
    /// Another write stands in its place.
    Edited,
    /// Refused; the app decides (Q10).
    Conflicted,
    /// It undoes another one (Q8).
    Undone,
}

/// Why a record is removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// Acknowledged, and the bases carry it.
    Settled,
    /// Given up by the app.
    Discarded,
    /// This write has replaced it (Q8).
    Merged(WriteId),
    /// One of a pair; that it ended was told when that was decided.
    Undone,
}

/// A step under way.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Put { number: LocalNumber, record: Box<Record>, then: Then },
    Remove { number: LocalNumber, gone: Gone },
    Client(ClientRecord),
    Pause { key: String, pause: Option<PauseRecord> },
    Names(Vec<Given>),
    Clock(Mark),
}

impl Step {
    pub(super) fn key(&self) -> String {
        match self {
            Step::Put { number, .. } | Step::Remove { number, .. } => number.key(),
            Step::Client(_) => CLIENT_KEY.to_owned(),
            Step::Names(_) => NAMES_KEY.to_owned(),
            Step::Clock(_) => CLOCK_KEY.to_owned(),
            Step::Pause { key, .. } => key.clone(),
        }
    }
}

/// A step and the leadership under which it was decided. It is never issued under a later one: what another tab has stored
/// in between would be lost.
#[derive(Clone, Debug)]
pub(super) struct Issued {
    pub(super) step: Step,
    pub(super) fence: Option<LeaderEpoch>,
}

impl Issued {
    /// The place that this edit takes, if it is that one.
    pub(super) fn edit_into(&self, write: &WriteId) -> Option<LocalNumber> {
        match &self.step {
            Step::Put { number, record, then: Then::Edited } if record.write == *write => Some(*number),
            Step::Put { .. } | Step::Remove { .. } | Step::Client(_) => None,
            Step::Names(_) | Step::Clock(_) | Step::Pause { .. } => None,
        }
    }
}

impl Outbox {
    pub(super) fn put(&mut self, number: LocalNumber, record: Record, then: Then, ctx: &mut Ctx) {
        self.begin(number);
        if let (Then::Claimed, Some(claim)) = (then, record.open_claim().filter(|claim| claim.is_placed())) {
            self.claiming.push(claim.clone());
        }
        // Any tab may enqueue; everything else is the leader's, also to put back what was stored before (Q9).
        let new = then == Then::Enqueued && self.entries.get(&number).is_none_or(|e| !e.durable);
        let fence = if new { None } else { self.leader };
        self.issue(Issued { step: Step::Put { number, record: Box::new(record), then }, fence }, ctx);
    }

    pub(super) fn remove(&mut self, number: LocalNumber, gone: Gone, ctx: &mut Ctx) {
        self.begin(number);
        self.issue(Issued { step: Step::Remove { number, gone }, fence: self.leader }, ctx);
    }

    pub(super) fn put_client(&mut self, record: ClientRecord, ctx: &mut Ctx) {
        self.client_busy = true;
        self.issue(Issued { step: Step::Client(record), fence: self.leader }, ctx);
    }

    /// Pauses that began or ended since are written down (Q11).
    pub(super) fn store_pauses(&mut self, ctx: &mut Ctx) {
        if self.leading {
            for (key, pause) in self.origins.take_unstored() {
                self.issue(Issued { step: Step::Pause { key, pause }, fence: self.leader }, ctx);
            }
        }
    }

    /// Q7: what later writes may still mention outlives its record.
    pub(super) fn put_names(&mut self, more: Vec<Given>, ctx: &mut Ctx) {
        if !self.names_busy {
            self.names_busy = true;
            let all = self.names.with(more.into_iter());
            self.issue(Issued { step: Step::Names(all), fence: self.leader }, ctx);
        }
    }

    pub(super) fn put_clock(&mut self, mark: Mark, ctx: &mut Ctx) {
        self.issue(Issued { step: Step::Clock(mark), fence: self.leader }, ctx);
    }

    fn begin(&mut self, number: LocalNumber) {
        if let Some(mut entry) = self.entries.get_mut(&number) {
            entry.busy += 1;
        }
    }

    fn issue(&mut self, issued: Issued, ctx: &mut Ctx) {
        let persist = PersistId(ctx.fresh());
        let (key, value) = self.bytes_of(&issued.step);
        let fence = issued.fence;
        self.steps.insert(persist, issued);
        ctx.emit(Output::Persist { persist, key, value, fence });
    }

    fn bytes_of(&self, step: &Step) -> (String, Option<Blob>) {
        let key = step.key();
        let value = match step {
            Step::Put { record, .. } => Some(record.encode(&key, &self.partition)),
            Step::Remove { .. } => None,
            Step::Names(given) => Some(Names::encode(given, &self.partition)),
            Step::Clock(mark) => Some(mark.encode(&self.partition)),
            Step::Client(record) => Some(record.encode(&self.partition)),
            Step::Pause { pause, .. } => pause.as_ref().map(|pause| pause.encode(&key, &self.partition)),
        };
        (key, value)
    }

    pub(crate) fn persisted(&mut self, persist: PersistId, ctx: &mut Ctx, facts: &mut Facts) {
        let Some(Issued { step, fence }) = self.steps.remove(&persist) else { return };
        let key = step.key();
        self.heard_of(&key);
        self.tell(&step, key, ctx);
        match step {
            Step::Put { number, record, then } => {
                self.claimed(&record, then);
                self.has_stored(number, *record, then, ctx, facts);
            }
            Step::Remove { number, gone } => {
                if let Some(entry) = self.forget(number) {
                    let write = entry.record.write;
                    let state = match gone {
                        Gone::Settled => Some(WriteState::Settled {}),
                        Gone::Discarded => Some(WriteState::Discarded {}),
                        Gone::Merged(into) => Some(WriteState::Merged { into }),
                        Gone::Undone => None,
                    };
                    if state != Some(WriteState::Settled {}) {
                        facts.push(Fact::LayerDropped(write.clone()));
                    }
                    if let Some(state) = state {
                        ctx.emit(Output::Write { write, state });
                    }
                }
            }
            Step::Client(record) => {
                self.client_busy = false;
                self.set_client(record, ctx);
                self.act_on_voided(ctx);
            }
            Step::Pause { .. } => {}
            Step::Names(given) => {
                self.names_busy = false;
                self.has_saved_names(given, ctx, facts);
            }
            Step::Clock(mark) => self.clock_stored(mark),
        }
        self.reread_after(fence, ctx);
    }

    fn has_stored(
        &mut self,
        number: LocalNumber,
        record: Record,
        then: Then,
        ctx: &mut Ctx,
        facts: &mut Facts,
    ) {
        let origin = self.origins.of(&record.path);
        let Some(mut entry) = self.entries.get_mut(&number) else { return };
        entry.origin = origin;
        let before = std::mem::replace(&mut entry.record, record).write;
        let another = (before != entry.record.write).then_some(before);
        // It was made before something had a name.
        self.names.apply_unsent(&mut entry.record);
        entry.busy = entry.busy.saturating_sub(1);
        entry.durable = true;
        entry.waits = entry.record.ties.waits();
        let overtaken = std::mem::take(&mut entry.overtaken);
        drop(entry);
        self.joins_family(number);
        self.watch(number);
        if let Some(old) = another {
            self.is_another(number, old, ctx, facts);
        }
        self.learn_from(number, ctx, facts);
        self.follow(number, then, ctx, facts);
        if overtaken {
            self.leading = false; // Until it is read what became of it.
            self.ask_load(ctx);
        }
    }

    /// A step with a claim has ended, well or not.
    fn claimed(&mut self, record: &Record, then: Then) {
        if then == Then::Claimed {
            self.claiming.retain(|claim| record.open_claim() != Some(claim));
        }
    }

    /// A step of an earlier leadership has ended: another tab may have written since, and the disk says what holds.
    fn reread_after(&mut self, fence: Option<LeaderEpoch>, ctx: &mut Ctx) {
        if fence.is_some() && fence != self.leader {
            self.leading = false; // Nothing is decided before the disk has said what holds.
            self.ask_load(ctx);
        }
    }

    pub(super) fn set_client(&mut self, record: ClientRecord, ctx: &mut Ctx) {
        if self.client.as_ref().is_none_or(|known| known.client != record.client) {
            ctx.emit(Output::Client { client: record.client.clone() });
        }
        self.client = Some(record);
    }

    fn follow(&mut self, number: LocalNumber, then: Then, ctx: &mut Ctx, facts: &mut Facts) {
        if let Some(mut entry) = self.entries.get_mut(&number) {
            match then {
                Then::Requeued => (entry.senders, entry.attempts) = (Senders::AskedAgain, 0),
                // What it shows may be another thing now.
                Then::Upcast => {
                    entry.layer = false;
                    facts.push(Fact::LayerDropped(entry.record.write.clone()));
                }
                Then::Enqueued
                | Then::Claimed
                | Then::Acknowledged
                | Then::Parked
                | Then::Tried
                | Then::Edited
                | Then::Conflicted
                | Then::Undone => {}
            }
        }
        let anew = matches!(then, Then::Requeued | Then::Upcast);
        if self.entries.get(&number).is_some_and(|e| anew && e.record.optimistic && !e.layer) {
            self.layer_found(number, facts);
        }
        if let Some(Stage::Acknowledged { claim, .. }) = self.entries.get(&number).map(|e| &e.record.stage)
            && claim.is_placed()
        {
            self.known_as = Some(claim.client.clone());
        }
        let Some(mut entry) = self.entries.get_mut(&number) else { return };
        facts.extend(facts_of(&entry));
        match then {
            Then::Enqueued | Then::Requeued | Then::Edited => {}
            Then::Acknowledged => {
                drop(entry);
                self.pass_ended(number, Ended::Applied);
                return self.say(number, ctx);
            }
            Then::Conflicted => {
                let write = entry.record.write.clone();
                let Some((status, body)) = entry.conflict.clone() else { return };
                let at = ctx.deadline(limits::CONFLICT_TIMEOUT);
                ctx.timers.set(TimerKind::Conflict(write.clone()), at);
                ctx.emit(Output::Write { write, state: WriteState::Conflict { status, body } });
                return;
            }
            Then::Undone => {
                entry.layer = false;
                drop(entry);
                return self.pair_undone(number, ctx, facts);
            }
            Then::Upcast => entry.quarantined = None,
            // The request goes out in this call's pump, which says so.
            Then::Claimed => {
                entry.senders = Senders::OnlyUs;
                return;
            }
            Then::Parked => {
                drop(entry);
                self.pass_ended(number, Ended::Parked);
                let Some(parked) = self.entries.get_mut(&number) else { return };
                entry = parked;
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
        }
        drop(entry);
        self.say(number, ctx);
    }

    pub(crate) fn persist_failed(
        &mut self,
        persist: PersistId,
        error: StoreError,
        ctx: &mut Ctx,
        facts: &mut Facts,
    ) {
        let Some(issued) = self.steps.remove(&persist) else { return };
        if error == StoreError::Newer {
            self.store_newer(ctx, facts);
        }
        ctx.emit(Output::Log { note: Note::StoreFailed });
        if let Step::Put { number, then: Then::Enqueued, .. } = &issued.step
            && self.entries.get(number).is_none_or(|e| !e.durable)
        {
            // Q4: this write alone is refused; its layer goes in the next frame.
            if let Some(entry) = self.forget(*number) {
                facts.push(Fact::LayerDropped(entry.record.write.clone()));
                ctx.emit(Output::Write { write: entry.record.write, state: WriteState::Refused { error } });
                if entry.overtaken {
                    self.ask_load(ctx); // Leading may wait for it.
                }
            }
            return;
        }
        if matches!(issued.step, Step::Pause { .. }) && error != StoreError::Fenced {
            return; // It holds in memory; only a restart would not know of it.
        }
        let current = issued.fence == self.leader;
        if error == StoreError::Fenced || !current && issued.fence.is_some() {
            let fence = issued.fence;
            self.abandon(issued.step, ctx, facts);
            if current {
                self.leader_lost(ctx, facts);
            } else {
                self.reread_after(fence, ctx);
            }
        } else {
            self.unsaved.push(issued);
            let at = ctx.deadline(limits::STORE_RETRY);
            ctx.timers.set(TimerKind::StoreRetry, at);
        }
    }

    /// What the disk says is true; what this tab wanted is not.
    fn abandon(&mut self, step: Step, ctx: &mut Ctx, facts: &mut Facts) {
        match step {
            Step::Put { number, record, then } => {
                self.claimed(&record, then);
                self.thaw(&record);
                if then == Then::Edited {
                    let state = WriteState::Refused { error: StoreError::Fenced };
                    ctx.emit(Output::Write { write: record.write.clone(), state });
                }
                self.idle_again(number);
            }
            Step::Remove { number, gone } => {
                self.idle_again(number);
                let Some(entry) = self.entries.get(&number) else { return };
                if gone == Gone::Discarded {
                    // What is still on its way to the disk is not promised.
                    if entry.durable {
                        ctx.emit(Output::Write {
                            write: entry.record.write.clone(),
                            state: state_of(&entry.record),
                        });
                    }
                    if entry.layer {
                        self.layer_found(number, facts);
                    }
                }
            }
            Step::Client(_) => self.client_busy = false,
            Step::Pause { .. } => {}
            Step::Names(_) => self.names_busy = false,
            Step::Clock(_) => self.clock_busy = false,
        }
    }

    fn idle_again(&mut self, number: LocalNumber) {
        if let Some(mut entry) = self.entries.get_mut(&number) {
            entry.busy = entry.busy.saturating_sub(1);
        }
    }

    /// Who does not lead has no request under way and writes nothing down that was decided before: another tab takes over,
    /// and the disk says how far it has come.
    pub(crate) fn leader_lost(&mut self, ctx: &mut Ctx, facts: &mut Facts) {
        self.overtake();
        if self.leader.take().is_none() {
            return;
        }
        self.leading = false;
        let questions = std::mem::take(&mut self.questions);
        for (fetch, number) in std::mem::take(&mut self.fetches) {
            ctx.timers.stop(&TimerKind::Request(fetch));
            ctx.emit(Output::Abort { fetch });
            if let Some(mut entry) = self.entries.get_mut(&number) {
                entry.fetch = None;
                if questions.contains(&fetch) {
                    continue;
                }
                let write = entry.record.write.clone();
                ctx.emit(Output::Write { write, state: WriteState::Retrying { status: 0 } });
            }
        }
        for number in
            self.entries.numbers_where(|e| e.senders != Senders::Anybody || e.verifying || e.upcasting)
        {
            if let Some(mut entry) = self.entries.get_mut(&number) {
                entry.senders = Senders::Anybody;
                entry.verifying = false;
                entry.upcasting = false;
            }
        }
        for number in self.acting.iter().copied().gather() {
            self.drop_act(number, ctx);
        }
        for number in self.entries.numbers_where(|e| e.conflict.is_some()) {
            self.end_conflict(number, ctx);
            self.say(number, ctx);
        }
        for issued in std::mem::take(&mut self.unsaved) {
            match issued.fence {
                Some(_) => self.abandon(issued.step, ctx, facts),
                None => self.unsaved.push(issued),
            }
        }
        self.ask_load(ctx);
    }

    /// The lead passes on: what is on its way to the disk may be read there, sent and removed before this tab hears that it arrived.
    fn overtake(&mut self) {
        for number in self.entries.numbers_where(|e| !e.durable) {
            if let Some(mut entry) = self.entries.get_mut(&number) {
                entry.overtaken = true;
            }
        }
    }

    pub(crate) fn on_store_retry(&mut self, ctx: &mut Ctx) {
        for issued in std::mem::take(&mut self.unsaved) {
            self.issue(issued, ctx);
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
            .done()
            .filter_map(|number| Some((number, self.entries.get(number)?)))
            .filter(|(_, e)| !self.is_awaited(&e.record.write))
            .filter_map(|(number, e)| match &e.record.stage {
                Stage::Acknowledged { claim, .. } if claim.client == client.client => {
                    Some((*number, claim.sequence))
                }
                Stage::Acknowledged { .. } => Some((*number, Sequence(0))),
                Stage::Queued | Stage::Claimed(_) | Stage::Parked { .. } | Stage::Undoes(_) => None,
            })
            .gather();
        let Some(highest) = done.iter().map(|(_, sequence)| *sequence).max() else { return };
        if highest > client.high {
            let high = highest.max(Sequence(self.next_sequence.0.saturating_sub(1)));
            self.put_client(ClientRecord { high, ..client }, ctx);
            return;
        }
        let mut done: Vec<LocalNumber> = done.into_iter().map(|(number, _)| number).gather();
        if !self.unsaved_names(&done).is_empty() {
            // As many as have room in the record of names together.
            done.truncate(limits::RECENT_NAMES / limits::TEMP_IDS);
        }
        let names = self.unsaved_names(&done);
        if !names.is_empty() {
            self.put_names(names, ctx);
            return;
        }
        for number in done {
            self.remove(number, Gone::Settled, ctx);
        }
    }
}

/// What a record's stage says to the layers.
pub(super) fn facts_of(entry: &Entry) -> impl Iterator<Item = Fact> + use<> {
    let write = entry.record.write.clone();
    let pair = |claim: &Claim| (claim.client.clone(), claim.sequence);
    let (claim, acknowledged) = match &entry.record.stage {
        Stage::Queued | Stage::Undoes(_) => (None, false),
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
        Stage::Queued => WriteState::Durable { behind: None },
        Stage::Undoes(_) => WriteState::Cancelled {},
        Stage::Claimed(_) => WriteState::Retrying { status: 0 },
        Stage::Acknowledged { status, replayed, body, .. } => {
            WriteState::Acknowledged { status: *status, body: body.clone(), replayed: *replayed }
        }
        Stage::Parked { reason, status, body, .. } => {
            WriteState::Parked { reason: *reason, status: *status, body: body.clone() }
        }
    }
}
