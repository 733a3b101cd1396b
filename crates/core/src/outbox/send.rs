//! What is sent next, and what follows from an answer (Q1, Q6, Q9 to Q14).

use super::family::declared;
use super::outcome::{Verdict, classify};
use super::record::{Claim, ClientRecord, LocalNumber, Record, Stage};
use super::steps::Then;
use super::{Outbox, Senders};
use crate::ctx::Ctx;
use crate::engine::{KeyStyle, OriginKind, Server};
use crate::facts::Facts;
use crate::gather::Gather;
use crate::ids::*;
use crate::io::{
    AuthResult, Found, Header, Note, Output, ParkReason, Request, RequestFailure, RequestKind, Response,
    WriteState,
};
use crate::limits;
use crate::secret::Payload;
use crate::timers::TimerKind;
use tidewire_wire::http;

/// Why a request ended without an outcome.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NoOutcome {
    /// It may have reached the server.
    MaybeSent,
    /// It never left this device.
    NeverSent,
}

impl Outbox {
    /// Sends what may be sent. Called at the end of every call into the engine.
    pub(crate) fn pump(&mut self, ctx: &mut Ctx, facts: &mut Facts) {
        if self.is_outdated() {
            return;
        }
        self.watch_leader(ctx, facts);
        self.give_up_unwanted(ctx, facts);
        if self.is_suspended() {
            return self.tell_quiet(ctx);
        }
        self.clock.pass(ctx.now);
        self.follow_parents(ctx);
        self.coalesce(ctx);
        self.watch_age(ctx);
        self.sweep(ctx);
        self.store_pauses(ctx);
        self.meet_client(ctx);
        self.watch_offline(ctx);
        if self.blocked().is_some() || self.client.is_none() || self.client_busy {
            return;
        }
        self.ask_outcomes(ctx);
        for number in self.eligible() {
            self.start(number, ctx);
            if self.offline {
                // One probe is enough to find out; it is used up by a request, not by the claim before it.
                self.offline_probe = self.fetches.is_empty();
                break;
            }
        }
    }

    /// The sending tab makes the client id when the store has none.
    fn meet_client(&mut self, ctx: &mut Ctx) {
        if self.loaded && self.leading && self.client.is_none() && !self.client_busy {
            let record = ClientRecord { client: ClientId(ctx.rng.id()), high: Sequence(0) };
            self.next_sequence = Sequence(1);
            self.put_client(record, ctx);
        }
    }

    /// C3: the platform's 'offline' may be wrong; it delays a write by at most one probe interval.
    fn watch_offline(&mut self, ctx: &mut Ctx) {
        let waiting = self.offline && !self.offline_probe && self.entries.counts().pending > 0;
        if !waiting {
            ctx.timers.stop(&TimerKind::OfflineSend);
        } else if ctx.timers.get(&TimerKind::OfflineSend).is_none() {
            let at = ctx.deadline(limits::OFFLINE_PROBE);
            ctx.timers.set(TimerKind::OfflineSend, at);
        }
    }

    /// The heads of the lanes, oldest first, as many as may be in flight (Q6).
    fn eligible(&self) -> Vec<LocalNumber> {
        // Parked writes hold nobody up (Q14); a write that is not on disk yet still holds its place.
        let free = limits::IN_FLIGHT.saturating_sub(self.entries.counts().active as usize);
        let open = self.origins.iter().filter(|(_, origin)| origin.blocked().is_none());
        let mut heads: Vec<LocalNumber> = open.flat_map(|(at, _)| self.entries.ready(at).take(free)).gather();
        heads.sort_unstable();
        heads.truncate(free);
        heads
    }

    fn start(&mut self, number: LocalNumber, ctx: &mut Ctx) {
        let Some(entry) = self.entries.get(&number) else { return };
        match &entry.record.stage {
            Stage::Queued => self.claim(number, ctx),
            Stage::Claimed(_) if entry.senders == Senders::Anybody && !self.may_repeat(&number) => {
                self.doubt(number, ctx);
            }
            Stage::Claimed(claim) => {
                let claim = claim.clone();
                self.send(number, &claim, ctx);
            }
            Stage::Acknowledged { .. } | Stage::Parked { .. } | Stage::Undoes(_) => {}
        }
    }

    /// Q9: the sequence is stored before the write is sent for the first time.
    fn claim(&mut self, number: LocalNumber, ctx: &mut Ctx) {
        let (Some(client), Some(entry)) = (&self.client, self.entries.get(&number)) else { return };
        let counted = self.kind_of(&number) == (OriginKind::Tidewire {});
        let sequence = if counted { self.next_sequence } else { Sequence(0) };
        let claim = Claim { client: client.client.clone(), sequence };
        self.next_sequence = Sequence(self.next_sequence.0 + u64::from(counted));
        let mut record = Record { stage: Stage::Claimed(claim), ..entry.record.clone() };
        // From now on its bytes are frozen, and it depends on nobody.
        record.ties.depends_on.clear();
        self.put(number, record, Then::Claimed, ctx);
    }

    fn send(&mut self, number: LocalNumber, claim: &Claim, ctx: &mut Ctx) {
        let floor = self.floor(claim);
        let kind = self.kind_of(&number);
        let Some(mut entry) = self.entries.get_mut(&number) else { return };
        let fetch = FetchId(ctx.fresh());
        entry.fetch = Some(fetch);
        entry.attempts = entry.attempts.saturating_add(1);
        self.fetches.insert(fetch, number);
        let at = ctx.deadline(limits::REQUEST_TIMEOUT);
        ctx.timers.set(TimerKind::Request(fetch), at);
        let record = &entry.record;
        let headers = match kind {
            OriginKind::Tidewire {} => protocol_headers(&record.write, claim, floor),
            OriginKind::Keyed { style } => vec![key_header(&record.write, style)],
            OriginKind::Plain {} => Vec::new(),
        };
        let request = Request {
            write: record.write.clone(),
            method: record.method.clone(),
            path: record.path.clone(),
            headers,
            body: record.body.clone(),
            attempt: entry.attempts,
            kind: RequestKind::Write,
            temp_ids: record.ties.temp_ids.clone(),
        };
        ctx.emit(Output::Write {
            write: record.write.clone(),
            state: WriteState::Sending { attempt: entry.attempts },
        });
        ctx.emit(Output::Fetch { fetch, request });
    }

    /// The lowest sequence that this claim's client may still send (Q9), also of claims that are still on their way to the disk.
    pub(super) fn floor(&self, claim: &Claim) -> Sequence {
        let client = &claim.client;
        // A refused write leaves no trace on the server: until one was applied it does not know this client, and to an unknown
        // one with a floor above 1 it answers `client-reset`.
        if self.client.as_ref().is_some_and(|own| own.client == *client && own.high == Sequence(0))
            && self.known_as.as_ref() != Some(client)
        {
            return Sequence(1);
        }
        let coming = self.claiming.iter().filter(|coming| coming.client == *client).map(|c| c.sequence);
        let lowest = self.entries.lowest_claim(client);
        lowest.into_iter().chain(coming).fold(claim.sequence, Sequence::min)
    }

    pub(crate) fn responded(&mut self, fetch: FetchId, response: Response, ctx: &mut Ctx) {
        if let Some(number) = self.question_ended(fetch, ctx) {
            return self.question_answered(number, &response, ctx);
        }
        let Some((number, claim)) = self.ended(fetch, ctx) else { return };
        let origin = self.entries.get(&number).map(|e| e.origin).unwrap_or_default();
        let server = match self.origins.get(origin).kind {
            OriginKind::Tidewire {} => Server::Tidewire,
            OriginKind::Keyed { .. } | OriginKind::Plain {} => Server::Foreign,
        };
        self.heard_about(number);
        let verdict = classify(server, &response);
        let status = response.status;
        let body = response.body.filter(|body| body.0.len() <= limits::STORED_ANSWER);
        match verdict {
            Verdict::Applied { replayed } => {
                self.origins.get_mut(origin).answered(ctx);
                let record = self.entries.get(&number).map(|e| &e.record);
                let names = record.map_or_else(Vec::new, |r| declared(response.names, r));
                self.advance(
                    number,
                    Stage::Acknowledged { claim, status, replayed, body, names },
                    Then::Acknowledged,
                    ctx,
                );
            }
            Verdict::Refused(reason) => {
                self.origins.get_mut(origin).answered(ctx);
                let asked = reason == ParkReason::Conflict && self.conflicts(number, status, &body, ctx);
                if !asked {
                    self.park(number, reason, status, body, None, ctx);
                }
            }
            Verdict::InProgress => {
                self.origins.get_mut(origin).answered(ctx);
                self.rest(number, status, limits::REQUEST_BACKOFF_BASE, ctx);
            }
            Verdict::ClientReset => {
                self.origins.get_mut(origin).answered(ctx);
                self.reset(number, claim, status, ctx);
            }
            // Nobody is asked for the token of a user who has left.
            Verdict::Unauthorized if self.is_suspended() => self.tell_retrying(number, status, ctx),
            Verdict::Unauthorized => {
                self.origins.get_mut(origin).unauthorized(ctx);
                self.tell_retrying(number, status, ctx);
            }
            // A gateway that gave up waiting does not know what the server behind it did.
            Verdict::Busy if matches!(status, 408 | 502 | 504) && !self.may_repeat(&number) => {
                self.no_outcome(number, claim, status, NoOutcome::MaybeSent, ctx);
            }
            Verdict::Busy => {
                let wait = response.retry_after.as_deref().and_then(|value| retry_after(value, ctx.now.wall));
                self.origins.get_mut(origin).pause(wait, ctx);
                self.tell_retrying(number, status, ctx);
            }
            Verdict::Failed => {
                self.origins.get_mut(origin).answered(ctx);
                self.use_try(number, claim, status, body, ctx);
            }
            Verdict::NoAnswer => {
                ctx.emit(Output::Log { note: Note::UnmarkedAnswer });
                self.no_outcome(number, claim, status, NoOutcome::MaybeSent, ctx);
            }
        }
    }

    pub(crate) fn request_failed(&mut self, fetch: FetchId, cause: RequestFailure, ctx: &mut Ctx) {
        if let Some(number) = self.question_ended(fetch, ctx) {
            return self.question_failed(number, ctx);
        }
        let Some((number, claim)) = self.ended(fetch, ctx) else { return };
        let sent = match cause {
            RequestFailure::Network | RequestFailure::Aborted => NoOutcome::MaybeSent,
            RequestFailure::Host => NoOutcome::NeverSent,
        };
        if cause == RequestFailure::Network && self.may_repeat(&number) && self.is_unanswered(number, ctx) {
            return;
        }
        self.no_outcome(number, claim, 0, sent, ctx);
    }

    pub(crate) fn on_request_timeout(&mut self, fetch: FetchId, ctx: &mut Ctx) {
        ctx.emit(Output::Abort { fetch });
        self.request_failed(fetch, RequestFailure::Aborted, ctx);
    }

    fn ended(&mut self, fetch: FetchId, ctx: &mut Ctx) -> Option<(LocalNumber, Claim)> {
        ctx.timers.stop(&TimerKind::Request(fetch));
        let number = self.fetches.remove(&fetch)?;
        let mut entry = self.entries.get_mut(&number)?;
        entry.fetch = None;
        match &entry.record.stage {
            Stage::Claimed(claim) => Some((number, claim.clone())),
            Stage::Queued | Stage::Acknowledged { .. } | Stage::Parked { .. } | Stage::Undoes(_) => None,
        }
    }

    pub(super) fn advance(&mut self, number: LocalNumber, stage: Stage, then: Then, ctx: &mut Ctx) {
        let Some(entry) = self.entries.get(&number) else { return };
        let record = Record { stage, ..entry.record.clone() };
        self.put(number, record, then, ctx);
    }

    pub(super) fn park(
        &mut self,
        number: LocalNumber,
        reason: ParkReason,
        status: u16,
        body: Option<Payload>,
        unresolved: Option<Claim>,
        ctx: &mut Ctx,
    ) {
        self.advance(number, Stage::Parked { reason, status, body, unresolved }, Then::Parked, ctx);
    }

    /// Q11: an answer about this write itself uses up a try.
    fn use_try(
        &mut self,
        number: LocalNumber,
        claim: Claim,
        status: u16,
        body: Option<Payload>,
        ctx: &mut Ctx,
    ) {
        let Some(entry) = self.entries.get(&number) else { return };
        let tries = entry.record.tries.saturating_add(1);
        let (stage, then) = if tries >= entry.record.tries_allowed {
            let reason = ParkReason::OutOfTries;
            (Stage::Parked { reason, status, body, unresolved: Some(claim) }, Then::Parked)
        } else {
            (Stage::Claimed(claim), Then::Tried)
        };
        let record = Record { tries, stage, ..entry.record.clone() };
        self.tell_retrying(number, status, ctx);
        self.put(number, record, then, ctx);
    }

    fn no_outcome(&mut self, number: LocalNumber, claim: Claim, status: u16, sent: NoOutcome, ctx: &mut Ctx) {
        let Some(mut entry) = self.entries.get_mut(&number) else { return };
        let (origin, verify) = (entry.origin, entry.record.verify);
        if verify && sent == NoOutcome::MaybeSent {
            entry.senders = Senders::Anybody;
        }
        drop(entry);
        if self.may_repeat(&number) || sent == NoOutcome::NeverSent || verify {
            self.origins.get_mut(origin).pause(None, ctx);
            self.tell_retrying(number, status, ctx);
        } else {
            // Nobody can say whether a foreign server applied it: sending it again could apply it twice.
            self.park(number, ParkReason::Unknown, status, None, Some(claim), ctx);
        }
    }

    /// It alone waits a little, unchanged.
    pub(super) fn rest(&mut self, number: LocalNumber, status: u16, span: Millis, ctx: &mut Ctx) {
        {
            let Some(mut entry) = self.entries.get_mut(&number) else { return };
            entry.resting = true;
            let at = ctx.deadline(span);
            ctx.timers.set(TimerKind::WriteRetry(entry.record.write.clone()), at);
        }
        self.tell_retrying(number, status, ctx);
    }

    /// Q9: a write whose first attempt was answered so was never applied and goes out under a new client id; one that had been sent
    /// before may have been applied under the old one.
    fn reset(&mut self, number: LocalNumber, claim: Claim, status: u16, ctx: &mut Ctx) {
        ctx.emit(Output::Log { note: Note::ClientReset });
        if self.client.as_ref().is_some_and(|client| client.client == claim.client) && !self.client_busy {
            let record = ClientRecord { client: ClientId(ctx.rng.id()), high: Sequence(0) };
            self.next_sequence = Sequence(1);
            self.put_client(record, ctx);
        }
        let Some(entry) = self.entries.get(&number) else { return };
        if entry.senders == Senders::OnlyUs && entry.attempts == 1 {
            self.advance(number, Stage::Queued, Then::Requeued, ctx);
        } else {
            self.park(number, ParkReason::Unknown, status, None, Some(claim), ctx);
        }
    }

    fn tell_retrying(&mut self, number: LocalNumber, status: u16, ctx: &mut Ctx) {
        self.pass_tried(number);
        if let Some(entry) = self.entries.get(&number) {
            ctx.emit(Output::Write {
                write: entry.record.write.clone(),
                state: WriteState::Retrying { status },
            });
        }
    }

    pub(crate) fn on_write_retry(&mut self, write: &WriteId, ctx: &mut Ctx) {
        if self.find(write).is_some_and(|(_, entry)| entry.verifying) {
            return self.verified(write, Found::Unknown {}, ctx); // No word from the app either.
        }
        if let Some(number) = self.numbers.get(write)
            && let Some(mut entry) = self.entries.get_mut(number)
        {
            entry.resting = false;
        }
    }

    pub(crate) fn on_pause_over(&mut self, origin: &str, ctx: &mut Ctx) {
        if !self.is_suspended() {
            self.origins.on_pause_over(origin, ctx);
        }
    }

    /// Returns whether the token was asked for by the queue.
    pub(crate) fn on_auth(&mut self, auth: AuthId, result: &AuthResult, ctx: &mut Ctx) -> bool {
        self.origins.on_auth(auth, result, ctx)
    }

    pub(crate) fn set_offline(&mut self, offline: bool, ctx: &mut Ctx) {
        if self.offline && !offline {
            self.origins.each(|origin| origin.resume(ctx));
        }
        self.offline = offline;
        self.offline_probe &= offline;
    }

    pub(crate) fn on_offline_probe(&mut self) {
        self.offline_probe = true;
    }

    /// The link is up: the origin is there too. A request from before, that has waited for a while, went into the same hole as the old
    /// link did: it is sent again where that is harmless, instead of being waited for.
    pub(crate) fn link_up(&mut self, ctx: &mut Ctx) {
        let stale: Vec<FetchId> = self
            .fetches
            .iter()
            .filter(|(fetch, number)| self.is_stale(**fetch, ctx) && self.may_repeat(number))
            .map(|(fetch, _)| *fetch)
            .gather();
        for fetch in stale {
            self.on_request_timeout(fetch, ctx);
        }
        self.origins.reached("", ctx);
    }

    /// Some other request of the app was answered by this origin.
    pub(crate) fn reached(&mut self, origin: &str, ctx: &mut Ctx) {
        self.origins.reached(origin, ctx);
    }

    fn is_stale(&self, fetch: FetchId, ctx: &Ctx) -> bool {
        let deadline = ctx.timers.get(&TimerKind::Request(fetch));
        deadline
            .is_some_and(|at| ctx.now.mono.after(limits::REQUEST_TIMEOUT).since(at) >= limits::STALE_REQUEST)
    }
}

fn key_header(write: &WriteId, style: KeyStyle) -> Header {
    let quote = match style {
        KeyStyle::Quoted => "\"",
        KeyStyle::Bare => "",
    };
    Header { name: http::IDEMPOTENCY_KEY.to_owned(), value: [quote, &write.0, quote].concat() }
}

fn protocol_headers(write: &WriteId, claim: &Claim, floor: Sequence) -> Vec<Header> {
    let header = |name: &str, value: String| Header { name: name.to_owned(), value };
    let number = |value: u64| {
        let mut text = String::new();
        tidewire_wire::json::number(value, &mut text);
        text
    };
    vec![
        key_header(write, KeyStyle::Quoted),
        header(http::CLIENT, claim.client.0.clone()),
        header(http::SEQUENCE, number(claim.sequence.0)),
        header(http::FLOOR, number(floor.0)),
    ]
}

/// How long `Retry-After` says to wait; a malformed one says nothing.
pub(super) fn retry_after(value: &str, now: WallTime) -> Option<Millis> {
    match http::RetryAfter::parse(value).ok()? {
        http::RetryAfter::Seconds(seconds) => Some(Millis(seconds.saturating_mul(1000))),
        http::RetryAfter::At(at) => Some(Millis(at.saturating_sub(now.0))),
    }
}
