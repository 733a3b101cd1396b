//! All pending and parked writes as JSON, for a bug report or another device (Q13). There are no tokens in a record.

use super::Outbox;
use super::record::{Record, Stage};
use crate::ctx::Ctx;
use crate::io::{Output, ParkReason};
use tidewire_wire::json;

impl Outbox {
    pub(crate) fn export(&self, ctx: &mut Ctx) {
        let mut out = String::from("[");
        let entries = self.entries.iter().map(|(_, e)| (&e.record, e.attempts));
        for (record, attempts) in entries.chain(self.early.iter().map(|record| (record, 0))) {
            let (state, reason, status) = match &record.stage {
                Stage::Queued => ("queued", None, 0),
                Stage::Claimed(_) => ("sent", None, 0),
                Stage::Parked { reason, status, .. } => ("parked", Some(*reason), *status),
                Stage::Acknowledged { .. } | Stage::Undoes(_) => continue,
            };
            if out.len() > 1 {
                out.push(',');
            }
            write(record, state, reason, status, attempts, &mut out);
        }
        out.push(']');
        ctx.emit(Output::Exported { json: out.into() });
    }
}

fn write(
    record: &Record,
    state: &str,
    reason: Option<ParkReason>,
    status: u16,
    attempts: u32,
    out: &mut String,
) {
    let mut before = '{';
    let mut key = |name: &str, out: &mut String| {
        out.push(before);
        before = ',';
        json::quote(name, out);
        out.push(':');
    };
    let body = record.body.as_ref().map(|body| body.0.as_str());
    for (name, value) in [
        ("id", Some(record.write.0.as_str())),
        ("name", Some(&record.name)),
        ("variables", Some(&record.variables.0)),
        ("method", Some(&record.method)),
        ("path", Some(&record.path)),
        ("body", body),
        ("lane", Some(&record.lane.0)),
        ("state", Some(state)),
        ("reason", reason.map(word)),
    ] {
        if let Some(value) = value {
            key(name, out);
            json::quote(value, out);
        }
    }
    for (name, value) in [
        ("version", u64::from(record.version)),
        ("created", record.created.0),
        ("tries", u64::from(record.tries)),
        ("attempts", u64::from(attempts)),
        ("status", u64::from(status)),
    ] {
        key(name, out);
        json::number(value, out);
    }
    out.push('}');
}

fn word(reason: ParkReason) -> &'static str {
    match reason {
        ParkReason::Permanent => "permanent",
        ParkReason::Conflict => "conflict",
        ParkReason::OutOfTries => "out-of-tries",
        ParkReason::Expired => "expired",
        ParkReason::Unknown => "unknown",
        ParkReason::KeyReused => "key-reused",
        ParkReason::ParentFailed => "parent-failed",
        ParkReason::Unnamed => "unnamed",
    }
}
