//! Reads vector files and shows values of the crate as JSON, so that vectors are data that TypeScript can replay too.
//! `UPDATE_VECTORS=1 cargo test -p tidewire-wire` writes what the code says now; read the difference before committing it.

use std::path::PathBuf;

use serde_json::{Value, json};
use tidewire_wire::engine::Handshake;
use tidewire_wire::head::{Frame, JoinAnswer};

/// Runs every case of `vectors/wire/<name>.json` through `actual`, and compares with its `out`.
pub(crate) fn replay(name: &str, least: usize, actual: impl Fn(&Value) -> Value) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/wire").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(cases.len() >= least, "{name}: {} cases, at least {least} were expected", cases.len());
    let update = std::env::var_os("UPDATE_VECTORS").is_some();
    for case in &mut cases {
        let out = actual(&case["in"]);
        if update {
            case["out"] = out;
        } else {
            assert_eq!(case["out"], out, "{name}: {}", case["in"]);
        }
    }
    if update {
        let lines: Vec<String> = cases.iter().map(|case| format!("  {case}")).collect();
        std::fs::write(&path, format!("[\n{}\n]\n", lines.join(",\n"))).unwrap();
    }
}

/// A field that is text, empty if absent.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or("")
}

/// A handshake as JSON.
pub(crate) fn handshake(shake: &Handshake) -> Value {
    json!({"sid": shake.sid, "upgrades": shake.upgrades, "pingInterval": shake.ping_interval_ms,
           "pingTimeout": shake.ping_timeout_ms, "maxPayload": shake.max_payload})
}

/// A frame as JSON.
pub(crate) fn frame(frame: &Frame<'_>) -> Value {
    match frame {
        Frame::Open(shake) => json!({"open": handshake(shake)}),
        Frame::Close => json!("close"),
        Frame::Ping { probe } => json!({"ping": {"probe": probe}}),
        Frame::Pong => json!("pong"),
        Frame::Noop => json!("noop"),
        Frame::Upgrade => json!("upgrade"),
        Frame::Connect { namespace, sid, tidewire, expires, instance, pid } => {
            let mut fields = json!({"namespace": namespace, "sid": sid, "tidewire": tidewire});
            let more = [("expires", json!(expires)), ("instance", json!(instance)), ("pid", json!(pid))];
            for (name, value) in more.into_iter().filter(|(_, value)| !value.is_null()) {
                fields[name] = value;
            }
            json!({ "connect": fields })
        }
        Frame::ConnectError { namespace, message, code } => {
            json!({"connectError": {"namespace": namespace, "message": message, "code": code}})
        }
        Frame::Disconnect { namespace } => json!({"disconnect": {"namespace": namespace}}),
        Frame::Event { namespace, id, meta, name, skip, attachments } => {
            let meta = meta
                .as_ref()
                .map(|meta| json!([meta.room, meta.epoch, meta.offset, meta.event_id, meta.write_id]));
            let mut fields =
                json!({"namespace": namespace, "id": id, "meta": meta, "name": name, "skip": skip});
            if *attachments > 0 {
                fields["attachments"] = json!(attachments);
            }
            json!({ "event": fields })
        }
        Frame::Ack { namespace, id, args, attachments } => {
            let mut fields = json!({"namespace": namespace, "id": id, "args": args});
            if *attachments > 0 {
                fields["attachments"] = json!(attachments);
            }
            json!({ "ack": fields })
        }
        Frame::Return { after, url } => json!({"return": {"after": after, "url": url}}),
        Frame::Binary => json!("binary"),
    }
}

/// An answer to a join as JSON.
pub(crate) fn join_answer(answer: &JoinAnswer<'_>) -> Value {
    match answer {
        JoinAnswer::Joined { epoch, offset, recovered } => {
            json!({"joined": {"epoch": epoch, "offset": offset, "recovered": recovered}})
        }
        JoinAnswer::Denied { reason } => json!({"denied": reason}),
        JoinAnswer::Foreign => json!("foreign"),
    }
}
