//! Golden vectors: `vectors/wire/*.json`, non-ASCII included (P2), which TypeScript can replay as well.

use std::borrow::Cow;

use super::support::{frame, handshake, join_answer, replay, text};
use serde_json::{Value, json};
use tidewire_wire::dialect::{self, ConnectAuth, JoinRequest, Since};
use tidewire_wire::engine::{self, Handshake};
use tidewire_wire::head::{self, JoinAnswer, Meta};
use tidewire_wire::http::{self, Base, BasePosition, Outcome, RetryAfter};
use tidewire_wire::{FrameError, HeaderError, json as tw_json, socket};

fn shown<T>(result: Result<T, FrameError>, show: impl FnOnce(&T) -> Value) -> Value {
    result.as_ref().map_or_else(|error| json!({"error": error.code()}), show)
}

fn header<T>(result: Result<T, HeaderError>, show: impl FnOnce(&T) -> Value) -> Value {
    result.as_ref().map_or_else(|error| json!({"error": format!("{error:?}")}), show)
}

/// C1: the dialect on and off, foreign frames. C11: malformed ones are named errors.
#[test]
fn c1_c11_heads_of_frames() {
    replay("head.json", 100, |case| {
        let parsed = head::parse(text(case, "head"), case["truncated"] == true, case["dialect"] == true);
        shown(parsed, frame)
    });
}

/// V3: what `room:join` answers, also from foreign servers (C7).
#[test]
fn v3_c7_answers_to_joins() {
    replay("join-answer.json", 20, |case| {
        shown(JoinAnswer::parse(text(case, "args"), case["truncated"] == true), join_answer)
    });
}

/// C1, V3, Y2, Q9: every frame that either side writes, and the headers.
#[test]
fn c1_v3_y2_q9_what_is_written() {
    replay("encode.json", 25, |case| {
        let [namespace, name, args] = ["namespace", "name", "args"].map(|field| text(case, field));
        let [room, epoch] = ["room", "epoch"].map(|field| Cow::Borrowed(text(case, field)));
        let id = case["id"].as_u64();
        let offset = case["offset"].as_u64().unwrap_or(0);
        let tidewire = case["tidewire"] == true;
        let written = match text(case, "write") {
            "connect" => socket::connect(namespace, args),
            "connectReply" => socket::connect_reply(namespace, name, tidewire),
            "connectError" => socket::connect_error(namespace, name, args),
            "disconnect" => socket::disconnect(namespace),
            "event" => socket::event(namespace, id, name, args),
            "ack" => socket::ack(namespace, id.unwrap(), args),
            "roomEvent" => {
                let [event_id, write_id] =
                    ["eventId", "writeId"].map(|field| Cow::Borrowed(text(case, field)));
                dialect::event_frame(&Meta { room, epoch, offset, event_id, write_id }, name, args)
            }
            "plainEvent" => dialect::plain_frame(name, args),
            "joinAnswer" => dialect::join_answer(id.unwrap(), &epoch, offset, case["recovered"] == true),
            "joinRefusal" => dialect::join_refusal(id.unwrap(), name),
            "leaveAnswer" => dialect::leave_answer(id.unwrap()),
            "joinRequest" => {
                let since = case["epoch"].is_string().then_some(Since { epoch, offset });
                JoinRequest { room, since }.encode()
            }
            "connectAuth" => dialect::connect_auth(case["name"].as_str(), tidewire),
            "handshake" => Handshake {
                sid: name.to_owned(),
                upgrades: vec!["websocket".to_owned()],
                ping_interval_ms: 25_000,
                ping_timeout_ms: 20_000,
                max_payload: 1_000_000,
            }
            .encode(),
            "payload" => {
                let packets: Vec<&str> = case["packets"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|packet| packet.as_str().unwrap())
                    .collect();
                engine::join_payload(&packets)
            }
            "base" => {
                let positions = case["positions"].as_array().unwrap().iter().map(|position| BasePosition {
                    room: position[0].as_str().unwrap().to_owned(),
                    epoch: position[1].as_str().unwrap().to_owned(),
                    offset: position[2].as_u64().unwrap(),
                });
                let applied = case["applied"].as_array().map(|ranges| {
                    ranges
                        .iter()
                        .map(|range| (range[0].as_u64().unwrap(), range[1].as_u64().unwrap()))
                        .collect()
                });
                let base = Base { positions: positions.collect(), applied };
                return header(base.encode(), |value| json!(value));
            }
            "key" => return header(http::quote_key(name), |value| json!(value)),
            other => panic!("unknown writer {other}"),
        };
        json!(written)
    });
}

/// V3: join requests; C1: CONNECT auth; C11: whole packets are validated by the server.
#[test]
fn v3_c1_c11_what_a_server_reads() {
    replay("read.json", 45, |case| {
        let input = text(case, "text");
        match text(case, "read") {
            "join" => shown(JoinRequest::parse(input), |request| {
                let since = request.since.as_ref().map(|since| json!([since.epoch, since.offset]));
                json!({"room": request.room, "since": since})
            }),
            "auth" => shown(
                ConnectAuth::parse(input),
                |auth| json!({"token": auth.token, "tidewire": auth.tidewire}),
            ),
            "event" => {
                shown(socket::event_data(input), |event| json!({"name": event.name, "args": event.args}))
            }
            "ack" => shown(socket::ack_args(input), |args| json!(args)),
            "string" => shown(tw_json::string(input), |text| json!(text)),
            "payload" => shown(engine::split_payload(input), |packets| json!(packets)),
            other => panic!("unknown reader {other}"),
        }
    });
}

/// Q9: key, client id, sequence. Q10: outcomes. Q11: Retry-After. Y2: Tidewire-Base.
#[test]
fn q9_q10_q11_y2_headers() {
    replay("headers.json", 75, |case| {
        let input = text(case, "text");
        match text(case, "read") {
            "base" => header(Base::parse(input), |base| {
                let positions: Vec<Value> = base
                    .positions
                    .iter()
                    .map(|position| json!([position.room, position.epoch, position.offset]))
                    .collect();
                json!({"positions": positions, "applied": base.applied})
            }),
            "key" => header(http::parse_key(input), |key| json!(key)),
            "client" => header(http::parse_client(input), |client| json!(client)),
            "sequence" => header(http::parse_sequence(input), |sequence| json!(sequence)),
            "retryAfter" => header(RetryAfter::parse(input), |after| match after {
                RetryAfter::Seconds(seconds) => json!({"seconds": seconds}),
                RetryAfter::At(at) => json!({"at": at}),
            }),
            "outcome" => json!(Outcome::parse(input).map(|outcome| format!("{outcome:?}"))),
            other => panic!("unknown header {other}"),
        }
    });
}

/// C11: the grammar of RFC 8259, checked against serde_json where both must agree.
#[test]
fn c11_json_grammar() {
    replay("json.json", 40, |case| {
        let input = case.as_str().unwrap();
        let valid = tw_json::validate(input).is_ok();
        // serde_json refuses lone surrogates, which JavaScript allows.
        if input != "\"\\ud800\"" {
            assert_eq!(valid, serde_json::from_str::<Value>(input).is_ok(), "{input}");
        }
        json!(valid)
    });
}

/// C1: a handshake survives writing and reading.
#[test]
fn c1_handshake_round_trip() {
    let packet =
        "0{\"sid\":\"ü\",\"upgrades\":[],\"pingInterval\":1,\"pingTimeout\":86400000,\"maxPayload\":7}";
    let shake = Handshake::parse(&packet[1..]).unwrap();
    assert_eq!(shake.encode(), packet);
    assert_eq!(handshake(&shake)["pingTimeout"], 86_400_000);
}
