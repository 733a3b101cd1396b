//! The durable queue of writes: what is on disk before what, what is sent next, what an answer means.
//!
//! It never parses a body and knows no cache: that a layer should stand or go is said as a [`Fact`](crate::facts::Fact).

mod bytes;
mod coalesce;
mod definitions;
mod entries;
mod family;
mod leaving;
mod names;
mod news;
pub(crate) mod origin;
mod outcome;
mod pause;
mod record;
mod send;
mod status;
mod steps;
mod store;
mod tabs;
mod ties;
mod verify;

use std::collections::VecDeque;

use crate::map::{Map, Set};

use crate::ctx::Ctx;
use crate::engine::{Config, QueueLimits};
use crate::facts::{Fact, Facts};
use crate::ids::*;
use crate::io::{
    Accepted, KnownMutation, OutboxStatus, Output, QuarantineReason, Refusal, Submission, WriteState,
};
use crate::limits;
use entries::Entries;
use leaving::Leaving;
use names::Names;
pub(crate) use names::renamed_json;
use news::News;
use pause::{OriginIx, Origins};
use record::{Claim, ClientRecord, LocalNumber, Record, Stage};
use steps::{Gone, Issued};
use tabs::{Tabs, Wish};
use ties::Ties;

/// One write in memory: what is on disk, and what is under way.
#[derive(Debug)]
struct Entry {
    record: Record,
    /// Where it goes.
    origin: OriginIx,
    /// Its record is on disk.
    durable: bool,
    /// While its first step is under way another tab may have taken it up, or ended it: only the disk knows.
    overtaken: bool,
    /// Steps for it that are under way; while there is one nothing else starts.
    busy: u32,
    /// Its request is under way.
    fetch: Option<FetchId>,
    /// It waits for its `WriteRetry` timer.
    resting: bool,
    /// Requests made by this engine.
    attempts: u32,
    /// Who may have sent it.
    senders: Senders,
    /// Its layer still stands somewhere, so the record must stay (Q17).
    layer: bool,
    /// The app is asked whether it was applied (Q9).
    verifying: bool,
    /// How often it was asked.
    verifications: u32,
    /// How often there was no answer although its origin had given a sign of life, and the engine's tick of the last time.
    silence: Option<(u32, u64)>,
    /// Its parents do not let it go yet (Q7).
    waits: bool,
    /// The one that it waits for.
    parent: Option<LocalNumber>,
    /// What it was last said to wait for.
    told: Option<LocalNumber>,
    /// Its origin answers others, but not it (Q9).
    unanswered: bool,
    /// It came from the store or another tab.
    found: bool,
    /// The app is asked to bring it to this build's version (Q21).
    upcasting: bool,
    /// This build cannot send it (Q21).
    quarantined: Option<QuarantineReason>,
}

/// Who may have sent a claimed write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Senders {
    /// This engine claimed it and has led ever since: it knows of every request.
    OnlyUs,
    /// Perhaps somebody else: another tab, or this one before a kill.
    Anybody,
    /// The app asked for it again, knowing that.
    AskedAgain,
}

impl Entry {
    fn new(record: Record, origin: OriginIx, durable: bool, layer: bool) -> Entry {
        let waits = record.ties.waits();
        Entry {
            record,
            origin,
            durable,
            overtaken: false,
            busy: 0,
            fetch: None,
            resting: false,
            attempts: 0,
            senders: Senders::Anybody,
            layer,
            verifying: false,
            verifications: 0,
            silence: None,
            waits,
            parent: None,
            told: None,
            unanswered: false,
            found: durable,
            upcasting: false,
            quarantined: None,
        }
    }

    /// It waits for nothing of its own.
    fn is_idle(&self) -> bool {
        let asking = self.verifying || self.upcasting;
        let waiting = self.resting || self.waits || asking;
        self.durable && self.busy == 0 && self.fetch.is_none() && !waiting
    }
}

/// The queue.
#[derive(Debug)]
pub(crate) struct Outbox {
    partition: Partition,
    limits: QueueLimits,
    /// This engine's part of local numbers.
    origin_id: u64,
    entries: Entries,
    numbers: Map<WriteId, LocalNumber>,
    /// Submitted before the store was read (Q5).
    early: VecDeque<Record>,
    early_bytes: u64,
    next_number: u64,
    client: Option<ClientRecord>,
    /// The client's record is being written.
    client_busy: bool,
    next_sequence: Sequence,
    steps: Map<PersistId, Issued>,
    /// Claims on their way to the disk.
    claiming: Vec<Claim>,
    /// The server has applied something under this client id.
    known_as: Option<ClientId>,
    /// Steps that failed and are tried again: their memory waits for the disk.
    unsaved: Vec<Issued>,
    fetches: Map<FetchId, LocalNumber>,
    origins: Origins,
    tabs: Tabs,
    leaving: Leaving,
    /// The mutations of this build; absent: any.
    known: Option<Vec<KnownMutation>>,
    load: Option<LoadId>,
    /// Keys that were heard of or written since `load` was asked for: it may show them as they were before.
    since_load: Set<String>,
    news: News,
    loaded: bool,
    leader: Option<LeaderEpoch>,
    /// Read again since leading: another tab may have written in between.
    leading: bool,
    processing: bool,
    offline: bool,
    /// One request may go out although the platform says offline (C3).
    offline_probe: bool,
    /// Ids of own writes whose records are gone already, newest last.
    recent: VecDeque<WriteId>,
    /// The same of those that the server has applied.
    succeeded: VecDeque<WriteId>,
    names: Names,
    names_busy: bool,
    /// Writes that wait for others, or did.
    family: Set<LocalNumber>,
    reported: Option<OutboxStatus>,
}

impl Outbox {
    pub(crate) fn new(config: &Config, ctx: &mut Ctx) -> Outbox {
        let origin_id = ctx.rng.next();
        let mut outbox = Outbox {
            partition: config.partition.clone(),
            limits: config.queue.unwrap_or_default(),
            origin_id,
            entries: Entries::default(),
            numbers: Map::new(),
            early: VecDeque::new(),
            early_bytes: 0,
            next_number: 1,
            client: None,
            client_busy: false,
            next_sequence: Sequence(1),
            steps: Map::new(),
            claiming: Vec::new(),
            known_as: None,
            unsaved: Vec::new(),
            fetches: Map::new(),
            origins: Origins::new(config),
            tabs: Tabs::new(),
            leaving: Leaving::default(),
            known: None,
            load: None,
            since_load: Set::new(),
            news: News::default(),
            loaded: false,
            leader: None,
            leading: false,
            processing: true,
            offline: false,
            offline_probe: false,
            recent: VecDeque::new(),
            succeeded: VecDeque::new(),
            names: Names::default(),
            names_busy: false,
            family: Set::new(),
            reported: None,
        };
        outbox.ask_load(ctx);
        outbox
    }

    /// Q4: the layer is wanted in this call, the record is on its way to the disk; nothing is sent before `Persisted`.
    pub(crate) fn submit(&mut self, submission: Submission, ctx: &mut Ctx) -> Result<Accepted, Refusal> {
        let record = self.accept(submission, ctx)?;
        if let Some(into) = self.same_as(&record) {
            return Ok(Accepted::Merged { into });
        }
        let write = record.write.clone();
        if self.loaded {
            let number = self.next_local();
            self.enqueue(number, record, ctx);
        } else {
            self.early_bytes += record.bytes();
            self.early.push_back(record);
        }
        Ok(Accepted::Queued { write })
    }

    fn accept(&self, submission: Submission, ctx: &mut Ctx) -> Result<Record, Refusal> {
        self.leaving.refusal()?;
        let record = self.form(submission, ctx)?;
        self.check_limits(&record)?;
        Ok(record)
    }

    fn form(&self, submission: Submission, ctx: &mut Ctx) -> Result<Record, Refusal> {
        let Submission { name, version, variables, method, path, body, lane, ttl, .. } = submission;
        let lane = lane.unwrap_or_else(|| Lane(path.split('?').next().unwrap_or_default().to_owned()));
        let method_ok = (1..=16).contains(&method.len()) && method.bytes().all(|b| b.is_ascii_alphabetic());
        let path_ok = (path.starts_with('/') || path.starts_with("http://") || path.starts_with("https://"))
            && path.len() <= limits::PATH_BYTES
            && !path.chars().any(char::is_control);
        let names_ok = name.len() <= limits::NAME_BYTES && lane.0.len() <= limits::PATH_BYTES;
        if !(method_ok && path_ok && names_ok) {
            return Err(Refusal::Malformed);
        }
        let ties = Ties {
            depends_on: self.open_parents(&submission.depends_on).ok_or(Refusal::UnknownWrite)?,
            awaits: Vec::new(),
            temp_ids: submission.temp_ids,
            dedupe_key: submission.dedupe_key,
            coalesce: submission.coalesce,
        };
        let mut record = Record {
            write: WriteId(ctx.rng.id()),
            name,
            version,
            variables,
            method,
            path,
            body,
            lane,
            optimistic: submission.optimistic,
            keep_layer_when_parked: submission.keep_layer_when_parked,
            idempotent: submission.idempotent,
            verify: submission.verify,
            on_conflict: submission.on_conflict,
            created: ctx.now.wall,
            born: ctx.now.wall,
            ttl: ttl.unwrap_or(limits::WRITE_TTL),
            tries: 0,
            ties,
            stage: Stage::Queued,
        };
        if !record.ties.is_well_formed() {
            return Err(Refusal::Malformed);
        }
        self.names.tie(&mut record);
        Ok(record)
    }

    /// Q15: over the limit new writes are refused; nothing is evicted.
    fn check_limits(&self, record: &Record) -> Result<(), Refusal> {
        let size = record.bytes();
        if !record.is_small() {
            return Err(Refusal::TooLarge);
        }
        let (early, early_bytes) = self.early_counts();
        let counts = self.entries.counts();
        let full = counts.pending + early >= self.limits.pending
            || counts.pending_bytes + early_bytes + size > self.limits.pending_bytes
            || counts.parked >= self.limits.parked
            || counts.parked_bytes >= self.limits.parked_bytes;
        if full { Err(Refusal::QueueFull) } else { Ok(()) }
    }

    /// Number and bytes of the writes that wait for the store to be read.
    fn early_counts(&self) -> (u32, u64) {
        (self.early.len() as u32, self.early_bytes)
    }

    fn next_local(&mut self) -> LocalNumber {
        let number = LocalNumber { number: self.next_number, origin: self.origin_id };
        self.next_number = self.next_number.saturating_add(1);
        number
    }

    fn enqueue(&mut self, number: LocalNumber, record: Record, ctx: &mut Ctx) {
        self.numbers.insert(record.write.clone(), number);
        let layer = record.optimistic;
        let origin = self.origins.of(&record.path);
        self.entries.insert(number, Entry::new(record.clone(), origin, false, layer));
        self.joins_family(number);
        self.put(number, record, steps::Then::Enqueued, ctx);
    }

    fn find(&self, write: &WriteId) -> Option<(LocalNumber, &Entry)> {
        let number = *self.numbers.get(write)?;
        Some((number, self.entries.get(&number)?))
    }

    /// Takes back a write that was never sent (A2).
    pub(crate) fn cancel(
        &mut self,
        write: &WriteId,
        ctx: &mut Ctx,
        facts: &mut Facts,
    ) -> Result<Accepted, Refusal> {
        if let Some(at) = self.early.iter().position(|r| r.write == *write) {
            self.early_bytes -= self.early.remove(at).map_or(0, |record| record.bytes());
            facts.push(Fact::LayerDropped(write.clone()));
            ctx.emit(Output::Write { write: write.clone(), state: WriteState::Discarded {} });
            return Ok(Accepted::Done {});
        }
        self.leaving.refusal()?;
        let (number, entry) = self.find(write).ok_or(Refusal::UnknownWrite)?;
        // While its enqueueing is under way it may go; while it is being claimed it may be sent at any moment.
        if entry.record.stage != Stage::Queued || entry.busy > 0 && entry.durable {
            return Err(Refusal::AlreadySent);
        }
        // A follower cannot know whether the sending tab is claiming it at this moment, or will be before the removal.
        if !self.leading {
            return Err(Refusal::Follower);
        }
        facts.push(Fact::LayerDropped(write.clone()));
        self.remove(number, Gone::Discarded, ctx);
        Ok(Accepted::Done {})
    }

    /// Q13: acts only on writes whose outcome is known.
    pub(crate) fn discard(
        &mut self,
        write: &WriteId,
        ctx: &mut Ctx,
        facts: &mut Facts,
    ) -> Result<Accepted, Refusal> {
        self.leaving.refusal()?;
        if self.find(write).is_some_and(|(_, entry)| entry.quarantined.is_some()) {
            return self.cancel(write, ctx, facts);
        }
        let (number, stage) = self.find_parked(write)?;
        if matches!(stage, Stage::Parked { unresolved: Some(_), .. }) {
            return Err(Refusal::AlreadySent);
        }
        if !self.leading {
            self.wish(Wish::Discard(write.clone()), ctx);
            return Ok(Accepted::Done {});
        }
        facts.push(Fact::LayerDropped(write.clone()));
        self.remove(number, Gone::Discarded, ctx);
        Ok(Accepted::Done {})
    }

    /// Q13: the same bytes and key again, with new tries. A refused write gets a new place in the sequence: its old one stays unused.
    pub(crate) fn retry(&mut self, write: &WriteId, ctx: &mut Ctx) -> Result<Accepted, Refusal> {
        self.leaving.refusal()?;
        let (number, stage) = self.find_parked(write)?;
        let Stage::Parked { unresolved, .. } = stage else { return Err(Refusal::NotParked) };
        let stage = unresolved.clone().map_or(Stage::Queued, Stage::Claimed);
        if !self.leading {
            self.wish(Wish::Retry(write.clone()), ctx);
            return Ok(Accepted::Done {});
        }
        let Some(entry) = self.entries.get(&number) else { return Err(Refusal::UnknownWrite) };
        let mut record = Record { tries: 0, stage, ..entry.record.clone() };
        // What is gone cannot be waited for: the app knows, and asks all the same.
        record.ties.depends_on.retain(|parent| self.numbers.contains_key(parent));
        self.put(number, record, steps::Then::Requeued, ctx);
        Ok(Accepted::Done {})
    }

    fn find_parked(&self, write: &WriteId) -> Result<(LocalNumber, &Stage), Refusal> {
        let (number, entry) = self.find(write).ok_or(Refusal::UnknownWrite)?;
        match &entry.record.stage {
            stage @ Stage::Parked { .. } if entry.busy == 0 => Ok((number, stage)),
            Stage::Parked { .. }
            | Stage::Queued
            | Stage::Claimed(_)
            | Stage::Acknowledged { .. }
            | Stage::Undoes(_) => Err(Refusal::NotParked),
        }
    }

    pub(crate) fn process(&mut self, pass: PassId, ctx: &mut Ctx) {
        self.origins.each(|origin| origin.force(ctx));
        self.offline_probe = self.offline;
        for number in self.entries.numbers_where(|e| e.resting) {
            if let Some(mut entry) = self.entries.get_mut(&number) {
                ctx.timers.stop(&crate::timers::TimerKind::WriteRetry(entry.record.write.clone()));
                entry.resting = false;
            }
        }
        ctx.emit(Output::PassDone { pass, processed: 0, failed: 0, skipped: 0 });
    }

    pub(crate) fn set_processing(&mut self, on: bool) {
        self.processing = on;
    }

    /// Whether this write came from this partition's queue.
    pub(crate) fn is_own(&self, write: &WriteId) -> bool {
        self.numbers.contains_key(write)
            || self.recent.contains(write)
            || self.early.iter().any(|r| r.write == *write)
    }

    fn forget(&mut self, number: LocalNumber) -> Option<Entry> {
        let entry = self.entries.remove(&number)?;
        self.numbers.remove(&entry.record.write);
        if self.recent.len() == limits::RECENT_WRITES {
            self.recent.pop_front();
        }
        self.recent.push_back(entry.record.write.clone());
        self.names.undeclare(&entry.record);
        if matches!(entry.record.stage, Stage::Acknowledged { .. }) {
            self.has_succeeded(entry.record.write.clone());
        }
        Some(entry)
    }

    fn has_succeeded(&mut self, write: WriteId) {
        if self.succeeded.len() == limits::RECENT_WRITES {
            self.succeeded.pop_front();
        }
        self.succeeded.push_back(write);
    }
}
