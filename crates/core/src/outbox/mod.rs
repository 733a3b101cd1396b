//! The durable queue of writes: what is on disk before what, what is sent next, what an answer means.
//!
//! It never parses a body and knows no cache: that a layer should stand or go is said as a [`Fact`](crate::facts::Fact).

mod bytes;
mod coalesce;
mod definitions;
mod edit;
mod entries;
mod expiry;
mod export;
mod family;
mod leaving;
mod names;
mod news;
pub(crate) mod origin;
mod outcome;
mod pass;
mod pause;
mod record;
mod resolve;
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
use crate::ids::*;
use crate::io::{Accepted, KnownMutation, OutboxStatus, QuarantineReason, Refusal, Submission};
use crate::limits;
use crate::secret::Payload;
use entries::Entries;
use expiry::Clock;
use leaving::Leaving;
use names::Names;
pub(crate) use names::renamed_json;
use news::News;
use pass::Pass;
use pause::{OriginIx, Origins};
use record::{Claim, ClientRecord, LocalNumber, Record, Stage};
use resolve::Act;
use steps::Issued;
use tabs::Tabs;
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
    /// Its record was not there any more when the disk was last read; the news of its end may still come.
    absent: bool,
    /// Another tab has told of its end (whether it was given up) while a step of this one was under way.
    ended: Option<bool>,
    /// A question that voids it has left in this process.
    asked: bool,
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
    /// The app is asked what becomes of it (Q10): status and body of the refusal.
    conflict: Option<(u16, Option<Payload>)>,
    /// What follows when it is void (Q13).
    act: Option<Act>,
    /// It is void, and waits until it is on disk that its place is used up.
    voided: bool,
    /// The server has said that it was applied.
    applied: bool,
    /// It is about to be undone by another write (Q8).
    frozen: bool,
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
            absent: false,
            ended: None,
            asked: false,
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
            conflict: None,
            act: None,
            voided: false,
            applied: false,
            frozen: false,
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
        let decided = self.frozen || self.conflict.is_some() || self.act.is_some();
        self.durable && self.busy == 0 && self.fetch.is_none() && !waiting && !decided
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
    /// It has led, and no other tab has since: what this one knows of a write is how far it has come.
    sole: bool,
    processing: bool,
    offline: bool,
    /// One request may go out although the platform says offline (C3).
    offline_probe: bool,
    /// Ids of own writes whose records are gone already, newest last.
    recent: VecDeque<WriteId>,
    /// The same of those that the server has applied.
    succeeded: VecDeque<WriteId>,
    /// Of those whose records are gone without a word, so that they have succeeded, as a rule.
    guessed: VecDeque<WriteId>,
    names: Names,
    names_busy: bool,
    /// Writes that wait for others, or did.
    family: Set<LocalNumber>,
    /// Writes that may replace or undo the one before them (Q8).
    coalescing: Set<LocalNumber>,
    /// Writes that undo another.
    pairs: Set<LocalNumber>,
    /// Writes that are to be voided (Q13).
    acting: Set<LocalNumber>,
    /// Requests that ask for an outcome.
    questions: Set<FetchId>,
    clock: Clock,
    clock_busy: bool,
    /// The queue's clock has been put forward: no timer is right any more.
    age_dirty: bool,
    /// The first end of a life that no timer is set for yet, by the queue's clock.
    unwatched: Option<WallTime>,
    pass: Pass,
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
            sole: false,
            processing: true,
            offline: false,
            offline_probe: false,
            recent: VecDeque::new(),
            succeeded: VecDeque::new(),
            guessed: VecDeque::new(),
            names: Names::default(),
            names_busy: false,
            family: Set::new(),
            coalescing: Set::new(),
            pairs: Set::new(),
            acting: Set::new(),
            questions: Set::new(),
            clock: Clock::new(ctx.now),
            clock_busy: false,
            age_dirty: false,
            unwatched: None,
            pass: Pass::default(),
            reported: None,
        };
        outbox.ask_load(ctx);
        outbox
    }

    /// Q4: the layer is wanted in this call, the record is on its way to the disk; nothing is sent before `Persisted`.
    pub(crate) fn submit(&mut self, submission: Submission, ctx: &mut Ctx) -> Result<Accepted, Refusal> {
        self.clock.pass(ctx.now);
        let record = self.accept(submission, None, ctx)?;
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

    /// `replaced`: the write in whose place it comes.
    fn accept(
        &self,
        submission: Submission,
        replaced: Option<&Record>,
        ctx: &mut Ctx,
    ) -> Result<Record, Refusal> {
        self.leaving.refusal()?;
        let record = self.form(submission, ctx)?;
        self.check_limits(&record, replaced)?;
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
        let tries_ok = submission.tries.is_none_or(|tries| (1..=limits::TRIES_AT_MOST).contains(&tries));
        if !(method_ok && path_ok && names_ok && tries_ok) {
            return Err(Refusal::Malformed);
        }
        let ties = Ties {
            depends_on: self.open_parents(&submission.depends_on).ok_or(Refusal::UnknownWrite)?,
            awaits: Vec::new(),
            temp_ids: submission.temp_ids,
            dedupe_key: submission.dedupe_key,
            coalesce: submission.coalesce,
            stands_for: Vec::new(),
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
            born: self.clock.now(),
            ttl: ttl.unwrap_or(limits::WRITE_TTL),
            tries: 0,
            tries_allowed: submission.tries.unwrap_or(limits::TRIES),
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
    fn check_limits(&self, record: &Record, replaced: Option<&Record>) -> Result<(), Refusal> {
        let size = record.bytes();
        if !record.is_small() {
            return Err(Refusal::TooLarge);
        }
        let (early, early_bytes) = self.early_counts();
        let mut counts = self.entries.counts();
        match replaced {
            Some(old) if old.is_pending() => {
                counts.pending -= 1;
                counts.pending_bytes -= old.bytes();
            }
            Some(old) => {
                counts.parked -= 1;
                counts.parked_bytes -= old.bytes();
            }
            None => {}
        }
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
        for write in entry.record.ties.stands_for.iter().chain([&entry.record.write]) {
            self.numbers.remove(write);
        }
        self.remember(entry.record.write.clone());
        for set in [&mut self.family, &mut self.coalescing, &mut self.pairs, &mut self.acting] {
            set.remove(&number);
        }
        self.pass_ended(number, pass::Ended::Removed);
        self.names.undeclare(&entry.record);
        if matches!(entry.record.stage, Stage::Acknowledged { .. }) {
            self.has_succeeded(entry.record.write.clone());
        }
        Some(entry)
    }

    fn remember(&mut self, write: WriteId) {
        keep(&mut self.recent, write);
    }

    fn has_succeeded(&mut self, write: WriteId) {
        keep(&mut self.succeeded, write);
    }
}

/// The newest of them.
fn keep(list: &mut VecDeque<WriteId>, write: WriteId) {
    if list.len() == limits::RECENT_WRITES {
        list.pop_front();
    }
    list.push_back(write);
}
