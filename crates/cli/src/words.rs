//! Words for the client's states: stable ones for programs (docs/cli.md), sentences for people.

use serde_json::{Value, json};
use tidewire::{Blocked, ConnectionState, DownReason, ParkReason, PauseReason, QuarantineReason, down};

/// A connection's state for people.
pub(crate) fn connection(state: &ConnectionState) -> Option<String> {
    match state {
        ConnectionState::Idle {} => None,
        ConnectionState::Connecting { attempt: 1 } => Some("connecting".into()),
        ConnectionState::Connecting { attempt } => Some(format!("connecting, attempt {attempt}")),
        ConnectionState::Connected { tidewire: true, .. } => Some("connected".into()),
        ConnectionState::Connected { tidewire: false, .. } => {
            Some("connected to a server without history: events during an absence are missed".into())
        }
        ConnectionState::Waiting { reason, .. } => Some(format!("{}; trying again", down(*reason))),
        ConnectionState::Paused { reason: PauseReason::Offline } => Some("there is no network".into()),
        ConnectionState::Paused { reason: PauseReason::Background } => Some("in the background".into()),
        ConnectionState::Refused { code, message } => Some(format!("refused ({code}): {message}")),
    }
}

/// The same for programs.
pub(crate) fn connection_json(state: &ConnectionState) -> Value {
    match state {
        ConnectionState::Idle {} => json!({ "state": "idle" }),
        ConnectionState::Connecting { attempt } => json!({ "state": "connecting", "attempt": attempt }),
        ConnectionState::Connected { tidewire, .. } => json!({ "state": "connected", "tidewire": tidewire }),
        ConnectionState::Waiting { attempt, reason, .. } => {
            json!({ "state": "waiting", "attempt": attempt, "reason": why_down(*reason) })
        }
        ConnectionState::Paused { reason } => {
            let reason = match reason {
                PauseReason::Offline => "offline",
                PauseReason::Background => "background",
            };
            json!({ "state": "paused", "reason": reason })
        }
        ConnectionState::Refused { code, message } => {
            json!({ "state": "refused", "code": code, "message": message })
        }
    }
}

fn why_down(reason: DownReason) -> &'static str {
    match reason {
        DownReason::Unreachable => "unreachable",
        DownReason::Lost => "lost",
        DownReason::Silent => "silent",
        DownReason::AttemptTimeout => "attempt-timeout",
        DownReason::ServerClosed => "server-closed",
        DownReason::Overloaded => "overloaded",
        DownReason::Malformed => "malformed",
        DownReason::Oversized => "oversized",
        DownReason::NoToken => "no-token",
        DownReason::Refused => "refused",
    }
}

/// Why a write is kept and not sent: the words of an export.
pub(crate) fn parked(reason: ParkReason) -> &'static str {
    match reason {
        ParkReason::Permanent => "permanent",
        ParkReason::Conflict => "conflict",
        ParkReason::OutOfTries => "out-of-tries",
        ParkReason::Expired => "expired",
        ParkReason::Unknown => "unknown",
        ParkReason::ParentFailed => "parent-failed",
        ParkReason::Unnamed => "unnamed",
        ParkReason::KeyReused => "key-reused",
    }
}

/// Why this build does not send a record.
pub(crate) fn quarantined(reason: QuarantineReason) -> &'static str {
    match reason {
        QuarantineReason::Corrupt => "corrupt",
        QuarantineReason::Newer => "newer",
        QuarantineReason::Foreign => "foreign",
        QuarantineReason::Sealed => "sealed",
        QuarantineReason::UnknownName => "unknown-name",
        QuarantineReason::NotUpcast => "not-upcast",
    }
}

/// Why nothing is sent, if that is news to whoever runs a command.
pub(crate) fn blocked(why: Blocked) -> Option<&'static str> {
    match why {
        Blocked::Unreachable => Some("the server does not answer; trying again"),
        Blocked::Offline => Some("there is no network"),
        Blocked::Cors => Some("the server answers others, but not this write"),
        Blocked::Auth => Some("the server does not accept the token"),
        Blocked::ReloadNeeded => Some("the queue belongs to a newer build: use that one"),
        Blocked::Loading | Blocked::Follower | Blocked::Stopped | Blocked::Suspended => None,
    }
}
