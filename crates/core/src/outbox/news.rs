//! News between tabs (Q19): a tab says that a record has changed, and whoever hears it reads that record. What is told is never believed
//! in place of the disk, because it may come late: from a tab that was frozen, or behind another tab's later news. Only an end is final.

use crate::map::Map;

use super::names::NAMES_KEY;
use super::record::{CLIENT_KEY, LocalNumber, Stage, WRITE_PREFIX};
use super::steps::{Gone, Step};
use super::{Outbox, keep};
use crate::ctx::Ctx;
use crate::facts::{Fact, Facts};
use crate::ids::*;
use crate::io::{Output, StoredRecord, WriteState};
use crate::limits;
use crate::secret::Blob;
use crate::timers::TimerKind;

/// Keys that are only told, never stored: what a tab wants of the others.
const WISH_PREFIX: &str = "i/";
/// Something may have been stored, or removed, that nobody was told of.
const LOOK: &str = "i/read";
/// A record was given up; without a value it has settled.
const GIVEN_UP: &[u8] = b"given up";

/// What has happened to a record since its reading was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// Nothing that is known of.
    No,
    /// Another tab changed it: what is read is good, and may be old.
    Changed,
    /// This tab's own step has ended: what is read may be older than that.
    Stored,
}

/// What is being read because of news.
#[derive(Debug, Default)]
pub(super) struct News {
    /// By key.
    reading: Map<String, (LoadId, Again)>,
    /// Everything is to be read again after the reading that is under way.
    again: bool,
}

impl News {
    /// Everything is read: that shows what single readings would.
    pub(super) fn loading(&mut self) {
        self.reading.clear();
        self.again = false;
    }

    pub(super) fn take_again(&mut self) -> bool {
        std::mem::take(&mut self.again)
    }

    /// The key of this reading, and what has happened to it since.
    pub(super) fn answered(&mut self, load: LoadId) -> Option<(String, Again)> {
        let key = self.reading.iter().find(|(_, (id, _))| *id == load).map(|(key, _)| key.clone())?;
        let (_, again) = self.reading.remove(&key)?;
        Some((key, again))
    }
}

impl Outbox {
    /// Tells the other tabs what a step has done.
    pub(super) fn tell(&self, step: &Step, key: String, ctx: &mut Ctx) {
        let value = match step {
            Step::Pause { .. } | Step::Clock(_) => return, // Only who leads next needs it, and that tab reads it.
            Step::Put { .. } | Step::Client(_) | Step::Names(_) => Some(Blob(Vec::new())),
            Step::Remove { gone: Gone::Discarded | Gone::Merged(_) | Gone::Undone, .. } => {
                Some(Blob(GIVEN_UP.to_vec()))
            }
            Step::Remove { gone: Gone::Settled, .. } => None,
        };
        ctx.emit(Output::Broadcast { key, value });
    }

    /// What a tab that died did last may never have been told. Whoever begins to lead, or finds writes at its start, says so; it is
    /// said once, so that nobody answers for ever.
    pub(super) fn ask_to_look(&self, ctx: &mut Ctx) {
        ctx.emit(Output::Broadcast { key: LOOK.to_owned(), value: None });
    }

    pub(super) fn holds_queued(&self) -> bool {
        self.entries.iter().any(|(_, e)| e.durable && e.record.stage == Stage::Queued)
    }

    /// Another tab's engine persisted this.
    pub(crate) fn store_changed(
        &mut self,
        key: &str,
        value: Option<&[u8]>,
        ctx: &mut Ctx,
        facts: &mut Facts,
    ) {
        if key == LOOK {
            return self.look_again(ctx);
        }
        if key.starts_with(WISH_PREFIX) {
            return self.hear(key, ctx, facts);
        }
        let number = LocalNumber::from_key(key);
        if self.leader.is_some() {
            // Who leads knows all but what other tabs queue. It reads everything, because another tab's news of an earlier write of
            // the lane may come later (Q6).
            if number.is_some_and(|number| value.is_some() && !self.entries.contains_key(&number)) {
                self.look_again(ctx);
            }
            return;
        }
        match value {
            Some(marker) if marker != GIVEN_UP => self.read_key(key, ctx),
            ended => {
                self.heard_of(key);
                self.news.reading.remove(key);
                if let Some(number) = number {
                    self.adopt_end(number, ended.is_some(), ctx, facts);
                }
            }
        }
    }

    /// A reading that is under way may show this as it was before.
    pub(super) fn heard_of(&mut self, key: &str) {
        if let Some((_, again)) = self.news.reading.get_mut(key) {
            *again = Again::Stored;
        }
        if self.load.is_some() {
            self.since_load.insert(key.to_owned());
        }
    }

    /// One reading of everything at a time; what it may have missed is read after it.
    fn look_again(&mut self, ctx: &mut Ctx) {
        if self.load.is_some() {
            self.news.again = true;
        } else {
            self.ask_load(ctx);
        }
    }

    fn read_key(&mut self, key: &str, ctx: &mut Ctx) {
        if key != CLIENT_KEY && key != NAMES_KEY && !key.starts_with(WRITE_PREFIX) {
            return;
        }
        if let Some((_, again)) = self.news.reading.get_mut(key) {
            if *again == Again::No {
                *again = Again::Changed;
            }
            return;
        }
        let load = LoadId(ctx.fresh());
        self.news.reading.insert(key.to_owned(), (load, Again::No));
        ctx.emit(Output::Read { load, key: key.to_owned() });
    }

    /// The answer to a reading of one record.
    pub(super) fn key_read(
        &mut self,
        load: LoadId,
        records: Vec<StoredRecord>,
        ctx: &mut Ctx,
        facts: &mut Facts,
    ) {
        let Some((key, again)) = self.news.answered(load) else { return };
        if again == Again::Stored {
            return self.read_key(&key, ctx);
        }
        self.heard_of(&key);
        match records.into_iter().find(|record| record.key == key) {
            Some(record) if key == CLIENT_KEY => {
                self.adopt_client(&record.value.0, ctx, facts);
            }
            Some(record) if key == NAMES_KEY => self.adopt_names(&record.value.0, ctx, facts),
            Some(record) => self.adopt_bytes(&key, &record.value.0, ctx, facts),
            None => {
                if let Some(number) = LocalNumber::from_key(&key) {
                    self.is_absent(number, ctx);
                }
            }
        }
        if again == Again::Changed {
            self.read_key(&key, ctx);
        }
    }

    /// Its record is gone: whether that was known before. The news of how it ended are on their way, or were lost with their tab:
    /// then the disk is asked for everything once more.
    pub(super) fn is_absent(&mut self, number: LocalNumber, ctx: &mut Ctx) -> bool {
        let Some(mut entry) = self.entries.get_mut(&number) else { return true };
        if std::mem::replace(&mut entry.absent, true) || entry.ended.is_some() {
            return true;
        }
        let at = ctx.deadline(limits::STORE_RETRY);
        ctx.timers.set(TimerKind::Reload, at);
        false
    }

    /// It ended while this tab heard nothing. What has left the queue was applied, as a rule: its layer stands until a base that is
    /// fetched from now on shows what is true. Also one that was set aside: it may have been sent again.
    pub(super) fn adopt_absence(&mut self, number: LocalNumber, ctx: &mut Ctx, facts: &mut Facts) {
        let Some(entry) = self.entries.get(&number) else { return };
        let heard = entry.ended;
        let given_up = heard.unwrap_or(false);
        let write = entry.record.write.clone();
        self.adopt_end(number, given_up, ctx, facts);
        // No proof: nobody who depends on it is sent for that (Q7).
        if heard.is_none()
            && let Some(at) = self.succeeded.iter().position(|one| *one == write)
        {
            self.succeeded.remove(at);
            keep(&mut self.guessed, write);
        }
    }

    /// A record was removed by another tab.
    fn adopt_end(&mut self, number: LocalNumber, given_up: bool, ctx: &mut Ctx, facts: &mut Facts) {
        if let Some(mut entry) = self.entries.get_mut(&number) {
            entry.overtaken |= !entry.durable;
            entry.ended = Some(given_up);
        }
        if self.entries.get(&number).is_none_or(|e| !e.durable || e.busy > 0 || e.fetch.is_some()) {
            return;
        }
        let Some(entry) = self.forget(number) else { return };
        let write = entry.record.write.clone();
        let state = match entry.record.stage {
            // Its layer here goes when this tab's own bases carry it.
            Stage::Acknowledged { .. } => WriteState::Settled {},
            // Its end was told when it was stored as that.
            Stage::Undoes(_) => return,
            Stage::Queued | Stage::Claimed(_) | Stage::Parked { .. } if given_up => {
                facts.push(Fact::LayerDropped(write.clone()));
                WriteState::Discarded {}
            }
            Stage::Queued | Stage::Claimed(_) | Stage::Parked { .. } => {
                self.names.await_names(&entry.record);
                self.has_succeeded(write.clone());
                facts.push(Fact::Acknowledged(write.clone()));
                WriteState::Settled {}
            }
        };
        ctx.emit(Output::Write { write, state });
    }
}
