//! Writes that may have been applied, and that the app does not want any more: our server is asked first (Q13, protocol section 5).
//!
//! The question voids: what was not applied never will be, so that the write may be given up, edited or parked. What was applied is
//! sent once more, and the server's stored answer ends it as usual.

use super::Outbox;
use super::record::{Claim, ClientRecord, LocalNumber, Record, Stage};
use super::send::retry_after;
use super::steps::{Gone, Then};
use crate::ctx::Ctx;
use crate::gather::Gather;
use crate::ids::*;
use crate::io::{Accepted, Note, Output, ParkReason, Request, RequestKind, Response, WriteState};
use crate::limits;
use crate::timers::TimerKind;
use tidewire_wire::json::{self, Scanner};

/// What follows when it is void.
#[derive(Debug)]
pub(super) enum Act {
    GiveUp,
    Edit(Box<Record>),
    Expire,
}

/// What the server says of it.
enum Found {
    Applied,
    Voided,
    /// Nobody can say; from now on it is refused.
    Reset,
}

impl Outbox {
    /// The write is to be acted upon as soon as it is void.
    pub(super) fn act(&mut self, number: LocalNumber, act: Act, ctx: &mut Ctx) -> Accepted {
        self.drop_act(number, ctx);
        let Some(mut entry) = self.entries.get_mut(&number) else { return Accepted::Asked {} };
        if let Some(fetch) = entry.fetch.take() {
            ctx.timers.stop(&TimerKind::Request(fetch));
            self.fetches.remove(&fetch);
            self.questions.remove(&fetch);
            ctx.emit(Output::Abort { fetch });
        }
        entry.act = Some(act);
        self.acting.insert(number);
        Accepted::Asked {}
    }

    /// The app, or the lead, is not what it was: the question is not asked.
    pub(super) fn drop_act(&mut self, number: LocalNumber, ctx: &mut Ctx) {
        let act = self.entries.get_mut(&number).and_then(|mut entry| {
            entry.voided = false;
            entry.act.take()
        });
        self.acting.remove(&number);
        if let Some(Act::Edit(record)) = act {
            self.remember(record.write.clone());
            ctx.emit(Output::Write { write: record.write, state: WriteState::Discarded {} });
        }
    }

    pub(super) fn ask_outcomes(&mut self, ctx: &mut Ctx) {
        for number in self.acting.iter().copied().gather() {
            let Some(entry) = self.entries.get(&number) else { continue };
            let ready = entry.durable && entry.busy == 0 && entry.fetch.is_none() && !entry.resting;
            let free = (self.entries.counts().active as usize) < limits::IN_FLIGHT;
            if ready && free && self.origins.get(entry.origin).blocked().is_none() {
                self.ask_outcome(number, ctx);
            }
        }
    }

    fn ask_outcome(&mut self, number: LocalNumber, ctx: &mut Ctx) {
        let claim = self.entries.get(&number).and_then(|entry| entry.record.open_claim()).cloned();
        let Some(claim) = claim else { return };
        let floor = self.floor(&claim);
        let Some(mut entry) = self.entries.get_mut(&number) else { return };
        let body = question(&entry.record.write, &claim, floor);
        let fetch = FetchId(ctx.fresh());
        let request = Request {
            write: entry.record.write.clone(),
            method: "POST".to_owned(),
            path: outcome_path(&entry.record.path),
            headers: Vec::new(),
            body: Some(body.into()),
            attempt: 1,
            kind: RequestKind::Outcome,
            temp_ids: Vec::new(),
        };
        entry.fetch = Some(fetch);
        entry.asked = true;
        self.fetches.insert(fetch, number);
        self.questions.insert(fetch);
        let at = ctx.deadline(limits::REQUEST_TIMEOUT);
        ctx.timers.set(TimerKind::Request(fetch), at);
        ctx.emit(Output::Fetch { fetch, request });
    }

    /// Whether this request was a question; it is over.
    pub(super) fn question_ended(&mut self, fetch: FetchId, ctx: &mut Ctx) -> Option<LocalNumber> {
        if !self.questions.remove(&fetch) {
            return None;
        }
        ctx.timers.stop(&TimerKind::Request(fetch));
        let number = self.fetches.remove(&fetch)?;
        self.entries.get_mut(&number)?.fetch = None;
        Some(number)
    }

    pub(super) fn question_failed(&mut self, number: LocalNumber, ctx: &mut Ctx) {
        let origin = self.entries.get(&number).map(|e| e.origin).unwrap_or_default();
        self.origins.get_mut(origin).pause(None, ctx);
    }

    pub(super) fn question_answered(&mut self, number: LocalNumber, response: &Response, ctx: &mut Ctx) {
        let Some(entry) = self.entries.get(&number) else { return };
        let origin = entry.origin;
        match response.status {
            200 => match response.body.as_ref().and_then(|body| found(&body.0)) {
                Some(found) => {
                    self.origins.get_mut(origin).answered(ctx);
                    self.found(number, &found, ctx);
                }
                None => {
                    ctx.emit(Output::Log { note: Note::UnmarkedAnswer });
                    self.origins.get_mut(origin).pause(None, ctx);
                }
            },
            401 => self.origins.get_mut(origin).unauthorized(ctx),
            409 => {
                // It is running at this moment.
                self.origins.get_mut(origin).answered(ctx);
                if let Some(mut entry) = self.entries.get_mut(&number) {
                    entry.resting = true;
                    let at = ctx.deadline(limits::REQUEST_BACKOFF_BASE);
                    ctx.timers.set(TimerKind::WriteRetry(entry.record.write.clone()), at);
                }
            }
            // A server that cannot be asked: everything stays as it was.
            400 | 403..=405 | 501 => self.drop_act(number, ctx),
            _ => {
                let wait = response.retry_after.as_deref().and_then(|value| retry_after(value, ctx.now.wall));
                self.origins.get_mut(origin).pause(wait, ctx);
            }
        }
    }

    fn found(&mut self, number: LocalNumber, found: &Found, ctx: &mut Ctx) {
        let claim = self.entries.get(&number).and_then(|entry| entry.record.open_claim()).cloned();
        let kept = match (found, &claim) {
            (Found::Voided, Some(claim)) => self.keep_used_up(claim, ctx),
            _ => true,
        };
        let Some(mut entry) = self.entries.get_mut(&number) else { return };
        entry.voided = !kept;
        if !kept {
            return;
        }
        let act = entry.act.take();
        let parked = matches!(entry.record.stage, Stage::Parked { .. });
        let write = entry.record.write.clone();
        entry.applied |= matches!(found, Found::Applied);
        drop(entry);
        self.acting.remove(&number);
        let (Some(act), Some(claim)) = (act, claim) else { return };
        match (found, act) {
            (Found::Applied, act) => {
                if let Act::Edit(record) = act {
                    self.remember(record.write.clone());
                    ctx.emit(Output::Write {
                        write: record.write,
                        state: WriteState::Merged { into: write },
                    });
                }
                if parked {
                    self.advance(number, Stage::Claimed(claim), Then::Requeued, ctx);
                }
            }
            (Found::Voided, Act::GiveUp) => self.remove(number, Gone::Discarded, ctx),
            // Its outcome was open already, and giving it up was wished for all the same.
            (Found::Reset, Act::GiveUp) if parked => self.remove(number, Gone::Discarded, ctx),
            // Nothing is void: a request that is still under way may be applied.
            (Found::Reset, Act::GiveUp) => self.park(number, ParkReason::Unknown, 0, None, Some(claim), ctx),
            (Found::Voided, Act::Edit(record)) => self.put(number, *record, Then::Edited, ctx),
            (Found::Reset, Act::Edit(record)) => {
                self.remember(record.write.clone());
                ctx.emit(Output::Write { write: record.write, state: WriteState::Discarded {} });
            }
            (Found::Voided, Act::Expire) => self.park(number, ParkReason::Expired, 0, None, None, ctx),
            (Found::Reset, Act::Expire) => self.park(number, ParkReason::Unknown, 0, None, Some(claim), ctx),
        }
    }
}

impl Outbox {
    /// Whether it is on disk that this void place is never used again. The record that names it stays until then.
    fn keep_used_up(&mut self, claim: &Claim, ctx: &mut Ctx) -> bool {
        let own = self.client.clone().filter(|own| own.client == claim.client && own.high < claim.sequence);
        let Some(client) = own else { return true };
        if !self.client_busy {
            let high = Sequence(self.next_sequence.0.saturating_sub(1));
            self.put_client(ClientRecord { high, ..client }, ctx);
        }
        false
    }

    /// The client's record is on disk: what is void may go.
    pub(super) fn act_on_voided(&mut self, ctx: &mut Ctx) {
        for number in self.acting.iter().copied().gather() {
            if self.entries.get(&number).is_some_and(|entry| entry.voided) {
                self.found(number, &Found::Voided, ctx);
            }
        }
    }
}

fn question(write: &WriteId, claim: &Claim, floor: Sequence) -> String {
    let mut body = String::from("{\"client\":");
    json::quote(&claim.client.0, &mut body);
    body.push_str(",\"sequence\":");
    json::number(claim.sequence.0, &mut body);
    body.push_str(",\"floor\":");
    json::number(floor.0, &mut body);
    body.push_str(",\"key\":");
    json::quote(&write.0, &mut body);
    body.push_str(",\"void\":true}");
    body
}

/// Where the server of this path is asked.
fn outcome_path(path: &str) -> String {
    let origin = match path.find("://") {
        Some(at) => {
            let host = at + 3;
            let end = path[host..].find('/').map_or(path.len(), |slash| host + slash);
            &path[..end]
        }
        None => "",
    };
    let mut whole = origin.to_owned();
    whole.push_str("/tidewire/outcome");
    whole
}

fn found(body: &str) -> Option<Found> {
    let mut scanner = Scanner::new(body);
    scanner.enter_object().ok()?;
    while let Ok(Some((key, value))) = scanner.field() {
        if key == "outcome" {
            return match json::string(value).ok()?.as_ref() {
                "applied" => Some(Found::Applied),
                "voided" => Some(Found::Voided),
                "client-reset" => Some(Found::Reset),
                _ => None,
            };
        }
    }
    None
}
