//! Reading the store, hearing of other tabs' writes, leading and following (Q5, Q18, Q19).

use std::collections::BTreeSet;

use super::record::{CLIENT_KEY, ClientRecord, LocalNumber, Record, Stage, WRITE_PREFIX};
use super::steps::{Then, facts_of, state_of};
use super::{Entry, Outbox};
use crate::ctx::Ctx;
use crate::facts::{Fact, Facts, LayerSeed};
use crate::ids::*;
use crate::io::{Note, Output, QuarantineReason, StoredRecord, WriteState};
use crate::limits;
use crate::timers::TimerKind;

impl Outbox {
    pub(crate) fn ask_load(&mut self, ctx: &mut Ctx) {
        let load = LoadId(ctx.fresh());
        self.load = Some(load);
        ctx.emit(Output::Load { load });
    }

    pub(crate) fn load_failed(&mut self, load: LoadId, ctx: &mut Ctx) {
        if self.load == Some(load) {
            let at = ctx.deadline(limits::STORE_RETRY);
            ctx.timers.set(TimerKind::Reload, at);
        }
    }

    /// The disk is the truth, but for steps of this engine that are still on their way.
    pub(crate) fn loaded(
        &mut self,
        load: LoadId,
        records: Vec<StoredRecord>,
        ctx: &mut Ctx,
        facts: &mut Facts,
    ) {
        if self.load != Some(load) {
            return;
        }
        self.load = None;
        let mut seen = BTreeSet::new();
        let mut client_seen = false;
        for StoredRecord { key, value } in records {
            if key == CLIENT_KEY {
                client_seen = true;
                self.adopt_client(&value.0, ctx);
            } else if key.starts_with(WRITE_PREFIX) {
                seen.extend(self.adopt_bytes(&key, &value.0, ctx, facts));
            }
        }
        let vanished: Vec<LocalNumber> = self
            .entries
            .iter()
            .filter(|(number, e)| e.durable && e.busy == 0 && e.fetch.is_none() && !seen.contains(number))
            .map(|(number, _)| *number)
            .collect();
        match self.client.clone() {
            Some(client) if !client_seen && !self.client_busy => self.write_again(client, vanished, ctx),
            _ => {
                for number in vanished {
                    self.adopt_removal(number, ctx, facts);
                }
            }
        }
        self.loaded = true;
        self.leading = self.leader.is_some();
        self.next_sequence = self.sequence_after_all();
        self.number_early(ctx);
    }

    /// Q4: the store was emptied under a running engine. What memory still holds goes back to the disk.
    fn write_again(&mut self, client: ClientRecord, vanished: Vec<LocalNumber>, ctx: &mut Ctx) {
        ctx.emit(Output::Log { note: Note::StoreEmptied });
        self.put_client(client, ctx);
        for number in vanished {
            if let Some(record) = self.entries.get(&number).map(|e| e.record.clone()) {
                self.put(number, record, Then::Enqueued, ctx);
            }
        }
    }

    /// Writes made before the store was read come after everything in it, in their order (Q5).
    fn number_early(&mut self, ctx: &mut Ctx) {
        for record in std::mem::take(&mut self.early) {
            let number = self.next_local();
            self.enqueue(number, record, ctx);
        }
    }

    fn sequence_after_all(&self) -> Sequence {
        let Some(client) = &self.client else { return Sequence(1) };
        let used = self.entries.values().filter_map(|e| match &e.record.stage {
            Stage::Claimed(claim) | Stage::Acknowledged { claim, .. } => Some(claim),
            Stage::Parked { unresolved, .. } => unresolved.as_ref(),
            Stage::Queued => None,
        });
        let used = used.filter(|claim| claim.client == client.client).map(|claim| claim.sequence);
        let highest = used.max().unwrap_or_default().max(client.high);
        Sequence(highest.0 + 1).max(self.next_sequence)
    }

    fn adopt_client(&mut self, bytes: &[u8], ctx: &mut Ctx) {
        match ClientRecord::decode(bytes, &self.partition) {
            Ok(record) => {
                if self.client.as_ref().is_none_or(|known| known.client != record.client) {
                    self.next_sequence = Sequence(1);
                }
                if !self.client_busy {
                    self.set_client(record, ctx);
                }
            }
            Err(reason) => quarantine(CLIENT_KEY, reason, ctx),
        }
    }

    /// Another tab's engine persisted this.
    pub(crate) fn store_changed(
        &mut self,
        key: &str,
        value: Option<&[u8]>,
        ctx: &mut Ctx,
        facts: &mut Facts,
    ) {
        if !self.loaded {
            return; // The reading that is under way will show it.
        }
        match value {
            Some(bytes) if key == CLIENT_KEY => self.adopt_client(bytes, ctx),
            Some(bytes) => {
                self.adopt_bytes(key, bytes, ctx, facts);
            }
            None => {
                if let Some(number) = LocalNumber::from_key(key) {
                    self.adopt_removal(number, ctx, facts);
                }
            }
        }
    }

    fn adopt_bytes(
        &mut self,
        key: &str,
        bytes: &[u8],
        ctx: &mut Ctx,
        facts: &mut Facts,
    ) -> Option<LocalNumber> {
        let number = LocalNumber::from_key(key);
        if let Some(number) = number {
            // Even a record that cannot be read keeps its place.
            self.next_number = self.next_number.max(number.number.saturating_add(1));
        }
        let record = Record::decode(key, bytes, &self.partition);
        match (number, record) {
            (Some(number), Ok(record)) => {
                self.adopt(number, record, ctx, facts);
                Some(number)
            }
            (_, Err(reason)) => {
                quarantine(key, reason, ctx);
                None
            }
            (None, Ok(_)) => {
                quarantine(key, QuarantineReason::Corrupt, ctx);
                None
            }
        }
    }

    fn adopt(&mut self, number: LocalNumber, record: Record, ctx: &mut Ctx, facts: &mut Facts) {
        if let Some(entry) = self.entries.get_mut(&number) {
            if entry.busy > 0 || entry.fetch.is_some() || entry.record == record {
                return;
            }
            let parked_before = matches!(entry.record.stage, Stage::Parked { .. });
            entry.record = record;
            entry.durable = true;
            match &entry.record.stage {
                Stage::Parked { .. } if !entry.record.keep_layer_when_parked => {
                    entry.layer = false;
                    facts.push(Fact::LayerDropped(entry.record.write.clone()));
                }
                Stage::Queued | Stage::Claimed(_)
                    if parked_before && entry.record.optimistic && !entry.layer =>
                {
                    self.layer_found(number, facts);
                }
                Stage::Parked { .. } | Stage::Queued | Stage::Claimed(_) | Stage::Acknowledged { .. } => {}
            }
        } else {
            self.numbers.insert(record.write.clone(), number);
            let parked = matches!(record.stage, Stage::Parked { .. });
            // An unnamed write's layer was a closure of a page that is gone.
            let layer =
                record.optimistic && !record.name.is_empty() && (!parked || record.keep_layer_when_parked);
            let entry = Entry {
                record,
                durable: true,
                busy: 0,
                fetch: None,
                resting: false,
                attempts: 0,
                claimed_here: false,
                layer: false,
            };
            self.entries.insert(number, entry);
            if layer {
                self.layer_found(number, facts);
            }
        }
        if let Some(entry) = self.entries.get(&number) {
            facts.extend(facts_of(entry));
            ctx.emit(Output::Write { write: entry.record.write.clone(), state: state_of(&entry.record) });
        }
    }

    fn adopt_removal(&mut self, number: LocalNumber, ctx: &mut Ctx, facts: &mut Facts) {
        if self.entries.get(&number).is_none_or(|e| !e.durable || e.busy > 0 || e.fetch.is_some()) {
            return;
        }
        let Some(entry) = self.forget(number) else { return };
        let write = entry.record.write;
        let state = match entry.record.stage {
            // Its layer here goes when this tab's own bases carry it.
            Stage::Acknowledged { .. } => WriteState::Settled {},
            Stage::Queued | Stage::Claimed(_) | Stage::Parked { .. } => {
                facts.push(Fact::LayerDropped(write.clone()));
                WriteState::Discarded {}
            }
        };
        ctx.emit(Output::Write { write, state });
    }

    /// Asks for the layer of a write at its place among the others.
    pub(super) fn layer_found(&mut self, number: LocalNumber, facts: &mut Facts) {
        let mut above: Vec<WriteId> = self
            .entries
            .range(number..)
            .skip(1)
            .filter(|(_, e)| e.layer)
            .map(|(_, e)| e.record.write.clone())
            .collect();
        above.extend(self.early.iter().filter(|r| r.optimistic).map(|r| r.write.clone()));
        let Some(entry) = self.entries.get_mut(&number) else { return };
        entry.layer = true;
        let Record { write, name, version, variables, .. } = entry.record.clone();
        facts.push(Fact::LayerFound(LayerSeed { write, name, version, variables, above }));
    }

    pub(crate) fn layer_finished(&mut self, write: &WriteId) {
        if let Some(number) = self.numbers.get(write)
            && let Some(entry) = self.entries.get_mut(number)
        {
            entry.layer = false;
        }
    }

    pub(crate) fn lead(&mut self, epoch: LeaderEpoch, ctx: &mut Ctx) {
        self.leader = Some(epoch);
        self.leading = false;
        self.ask_load(ctx);
    }

    pub(crate) fn leader_lost(&mut self) {
        self.leader = None;
        self.leading = false;
    }
}

fn quarantine(key: &str, reason: QuarantineReason, ctx: &mut Ctx) {
    ctx.emit(Output::Quarantined { key: key.to_owned(), reason });
}
