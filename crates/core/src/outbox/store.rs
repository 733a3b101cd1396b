//! Reading the store, hearing of other tabs' writes, leading and following (Q5, Q18, Q19).

use super::expiry::CLOCK_KEY;
use super::names::NAMES_KEY;
use super::pause::PAUSE_PREFIX;
use super::record::{CLIENT_KEY, ClientRecord, LocalNumber, Record, Stage, WRITE_PREFIX};
use super::steps::{Then, facts_of};
use super::{Entry, Outbox, Senders};
use crate::ctx::Ctx;
use crate::facts::{Fact, Facts, LayerSeed};
use crate::gather::Gather;
use crate::ids::*;
use crate::io::{Note, Output, ParkReason, QuarantineReason, StoredRecord};
use crate::limits;
use crate::timers::TimerKind;

impl Outbox {
    pub(crate) fn ask_load(&mut self, ctx: &mut Ctx) {
        let load = LoadId(ctx.fresh());
        self.load = Some(load);
        self.since_load.clear();
        self.news.loading();
        ctx.emit(Output::Load { load });
    }

    pub(crate) fn load_failed(&mut self, load: LoadId, ctx: &mut Ctx) {
        if self.load == Some(load) || self.news.answered(load).is_some() {
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
            return self.key_read(load, records, ctx, facts);
        }
        self.load = None;
        let mut seen = std::mem::take(&mut self.since_load);
        let mut usable = true;
        for StoredRecord { key, value } in records {
            if !seen.insert(key.clone()) {
                continue; // It has changed since.
            }
            if key == CLIENT_KEY {
                usable = self.adopt_client(&value.0, ctx, facts);
            } else if key.starts_with(PAUSE_PREFIX) {
                // Who leads knows better.
                if !self.leading {
                    self.origins.restore(&key, &value.0, &self.partition, ctx);
                }
            } else if key == CLOCK_KEY {
                self.adopt_clock(&value.0);
            } else if key == NAMES_KEY {
                self.adopt_names(&value.0, ctx, facts);
            } else if key.starts_with(WRITE_PREFIX) {
                self.adopt_bytes(&key, &value.0, ctx, facts);
            }
        }
        let client_seen = seen.contains(CLIENT_KEY);
        let vanished: Vec<LocalNumber> = self
            .entries
            .iter()
            .filter(|(_, e)| e.durable && e.busy == 0 && e.fetch.is_none())
            .map(|(number, _)| *number)
            .filter(|number| !seen.contains(&number.key()))
            .gather();
        match self.client.clone() {
            Some(client) if !client_seen && !self.client_busy => {
                // Whoever leads next does it, if this tab's user has left.
                if self.leader.is_some() && !self.has_left() {
                    self.write_again(client, vanished, ctx);
                }
            }
            Some(_) | None => {
                for number in vanished {
                    if self.leader.is_some() || self.is_absent(number, ctx) {
                        self.adopt_absence(number, ctx, facts);
                    }
                }
            }
        }
        let first = !self.loaded;
        self.loaded = true;
        // What hides behind an own step is not known before that step has ended: it may hold a sequence (Q9).
        let known = usable && !self.is_outdated() && !self.entries.iter().any(|(_, e)| e.overtaken);
        let begins = self.leader.is_some() && known && !self.leading;
        self.leading = self.leader.is_some() && known;
        self.sole |= self.leading;
        if begins || first && self.holds_queued() {
            self.ask_to_look(ctx);
        }
        self.next_sequence = self.sequence_after_all();
        self.clear_what_was_read(ctx);
        self.number_early(ctx);
        if self.news.take_again() {
            self.ask_load(ctx);
        }
        self.judge_all(ctx);
    }

    /// Q4: the store was emptied under a running engine. What memory still holds goes back to the disk.
    fn write_again(&mut self, client: ClientRecord, vanished: Vec<LocalNumber>, ctx: &mut Ctx) {
        ctx.emit(Output::Log { note: Note::StoreEmptied });
        self.put_client(client, ctx);
        if !self.names.saved().is_empty() {
            self.put_names(Vec::new(), ctx);
        }
        if self.clock.is_saved() {
            self.write_clock(ctx);
        }
        for number in vanished {
            let Some(record) = self.entries.get(&number).map(|e| e.record.clone()) else { continue };
            if self.sole || record.stage != Stage::Queued {
                self.put(number, record, Then::Enqueued, ctx);
            } else {
                // Who led before may have sent it; what that one knew of it is gone (Q9).
                self.park(number, ParkReason::Unknown, 0, None, None, ctx);
            }
        }
    }

    /// Writes made before the store was read come after everything in it, in their order (Q5).
    fn number_early(&mut self, ctx: &mut Ctx) {
        self.early_bytes = 0;
        for mut record in std::mem::take(&mut self.early) {
            self.names.tie(&mut record);
            let number = self.next_local();
            self.enqueue(number, record, ctx);
        }
    }

    fn sequence_after_all(&self) -> Sequence {
        let Some(client) = &self.client else { return Sequence(1) };
        let used = self.entries.iter().filter_map(|(_, e)| match &e.record.stage {
            Stage::Claimed(claim) | Stage::Acknowledged { claim, .. } => Some(claim),
            Stage::Parked { unresolved, .. } => unresolved.as_ref(),
            Stage::Queued | Stage::Undoes(_) => None,
        });
        let used = used.filter(|claim| claim.client == client.client).map(|claim| claim.sequence);
        let highest = used.max().unwrap_or_default().max(client.high);
        Sequence(highest.0.saturating_add(1)).max(self.next_sequence)
    }

    /// False: it belongs to a newer build or to somebody else, so that nothing may be sent or changed here (Q21).
    pub(super) fn adopt_client(&mut self, bytes: &[u8], ctx: &mut Ctx, facts: &mut Facts) -> bool {
        match ClientRecord::decode(bytes, &self.partition) {
            Ok(_) if self.client_busy => true,
            Ok(record) => {
                if self.client.as_ref().is_none_or(|known| known.client != record.client) {
                    self.next_sequence = Sequence(1);
                }
                self.set_client(record, ctx);
                true
            }
            Err(reason) => {
                self.quarantine(CLIENT_KEY, reason, ctx, facts);
                reason == QuarantineReason::Corrupt
            }
        }
    }

    pub(super) fn adopt_bytes(&mut self, key: &str, bytes: &[u8], ctx: &mut Ctx, facts: &mut Facts) {
        let number = LocalNumber::from_key(key);
        if let Some(number) = number {
            // Even a record that cannot be read keeps its place.
            self.next_number = self.next_number.max(number.number.saturating_add(1));
        }
        let record = Record::decode(key, bytes, &self.partition);
        match (number, record) {
            (Some(number), Ok(record)) => self.adopt(number, record, ctx, facts),
            (_, Err(reason)) => self.quarantine(key, reason, ctx, facts),
            (None, Ok(_)) => self.quarantine(key, QuarantineReason::Corrupt, ctx, facts),
        }
    }

    /// A sequence that is on disk is used, also where a step of this tab that is under way hides its record.
    fn avoid_sequence(&mut self, record: &Record) {
        let claim = match &record.stage {
            Stage::Acknowledged { claim, .. } => {
                if claim.is_placed() {
                    self.known_as = Some(claim.client.clone());
                }
                Some(claim)
            }
            Stage::Claimed(claim) => Some(claim),
            Stage::Parked { unresolved, .. } => unresolved.as_ref(),
            Stage::Queued | Stage::Undoes(_) => None,
        };
        if let (Some(claim), Some(own)) = (claim, &self.client)
            && claim.client == own.client
        {
            self.next_sequence = self.next_sequence.max(Sequence(claim.sequence.0.saturating_add(1)));
        }
    }

    fn adopt(&mut self, number: LocalNumber, mut record: Record, ctx: &mut Ctx, facts: &mut Facts) {
        self.names.apply_unsent(&mut record);
        self.clock_of(&record);
        self.avoid_sequence(&record);
        if self.entries.contains_key(&number) {
            let origin = self.origins.of(&record.path);
            let Some(mut entry) = self.entries.get_mut(&number) else { return };
            (entry.absent, entry.ended) = (false, None);
            entry.overtaken |= !entry.durable && entry.record != record;
            if entry.busy > 0 || entry.fetch.is_some() || entry.record == record {
                return;
            }
            let parked_before = matches!(entry.record.stage, Stage::Parked { .. });
            let upcast = entry.layer && entry.record.version != record.version;
            // A base may have taken the layer's place because `applied=` counts the places of what was refused or voided.
            let moved = entry.record.open_claim().is_some_and(|claim| record.open_claim() != Some(claim));
            let before = std::mem::replace(&mut entry.record, record).write;
            let another = (before != entry.record.write).then_some(before);
            entry.origin = origin;
            entry.waits = entry.record.ties.waits();
            entry.upcasting = false;
            entry.quarantined = None;
            entry.durable = true;
            entry.senders = Senders::Anybody;
            if let Some(old) = another {
                drop(entry);
                self.is_another(number, old, ctx, facts);
                return self.adopted(number, ctx, facts);
            }
            let named = !entry.record.name.is_empty();
            let (goes, comes) = match &entry.record.stage {
                Stage::Parked { .. } if !entry.record.keep_layer_when_parked => (true, false),
                Stage::Parked { unresolved, .. } => {
                    (false, named && !parked_before && (moved || unresolved.is_none()))
                }
                Stage::Queued | Stage::Claimed(_) => {
                    (false, parked_before && !entry.layer || named && (moved || upcast))
                }
                Stage::Undoes(_) => (true, false),
                Stage::Acknowledged { .. } => (false, false),
            };
            let comes = comes && entry.record.optimistic;
            if goes || comes {
                entry.layer = false;
                facts.push(Fact::LayerDropped(entry.record.write.clone()));
            }
            drop(entry);
            if comes {
                self.layer_found(number, facts);
            }
        } else {
            self.numbers.insert(record.write.clone(), number);
            // An unnamed write's layer was a closure of a page that is gone.
            let layer = record.shows() && !record.name.is_empty();
            let Record { write, name, version, variables, .. } = record.clone();
            ctx.emit(Output::WriteFound { write, name, version, variables });
            let origin = self.origins.of(&record.path);
            self.entries.insert(number, Entry::new(record, origin, true, false));
            if layer {
                self.layer_found(number, facts);
            }
        }
        self.adopted(number, ctx, facts);
    }

    fn adopted(&mut self, number: LocalNumber, ctx: &mut Ctx, facts: &mut Facts) {
        self.joins_family(number);
        self.learn_from(number, ctx, facts);
        if let Some(entry) = self.entries.get(&number) {
            facts.extend(facts_of(entry));
        }
        self.say(number, ctx);
        self.judge(number, ctx);
    }

    /// Set aside and left alone. One of a newer build says that the store is that one's (Q21).
    fn quarantine(&mut self, key: &str, reason: QuarantineReason, ctx: &mut Ctx, facts: &mut Facts) {
        ctx.emit(Output::Quarantined { key: key.to_owned(), reason });
        if reason == QuarantineReason::Newer {
            self.store_newer(ctx, facts);
        }
    }

    /// Asks for the layer of a write at its place among the others.
    pub(super) fn layer_found(&mut self, number: LocalNumber, facts: &mut Facts) {
        let mut above: Vec<WriteId> = self
            .entries
            .range(number..)
            .skip(1)
            .filter(|(_, e)| e.layer)
            .map(|(_, e)| e.record.write.clone())
            .gather();
        above.extend(self.early.iter().filter(|r| r.optimistic).map(|r| r.write.clone()));
        let Some(mut entry) = self.entries.get_mut(&number) else { return };
        entry.layer = true;
        let Record { write, name, version, variables, .. } = entry.record.clone();
        facts.push(Fact::LayerFound(LayerSeed { write, name, version, variables, above }));
    }

    pub(crate) fn layer_finished(&mut self, write: &WriteId) {
        if let Some(number) = self.numbers.get(write)
            && let Some(mut entry) = self.entries.get_mut(number)
        {
            entry.layer = false;
        }
    }

    /// The lock is another tab's.
    pub(crate) fn lock_lost(&mut self, ctx: &mut Ctx, facts: &mut Facts) {
        self.sole = false;
        self.leader_lost(ctx, facts);
    }

    pub(crate) fn lead(&mut self, epoch: LeaderEpoch, ctx: &mut Ctx, facts: &mut Facts) {
        self.leader_lost(ctx, facts);
        if self.is_outdated() {
            return;
        }
        self.leader = Some(epoch);
        self.leading = false;
        self.ask_load(ctx);
    }
}
