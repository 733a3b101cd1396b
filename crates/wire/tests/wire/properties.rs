//! Properties over generated frames: what is written is read back, a cut head tells the truth or nothing, and no input
//! panics (C11, P4).

use super::support::frame as shown;
use proptest::prelude::*;
use serde_json::Value;
use tidewire_wire::dialect::{self, ConnectAuth, JoinRequest, Since};
use tidewire_wire::engine::{self, Handshake};
use tidewire_wire::head::{self, Frame, JoinAnswer, Meta};
use tidewire_wire::http::{self, Base, BasePosition, Outcome, RetryAfter};
use tidewire_wire::{FrameError, json, limits, socket};

/// Any text that keeps the rules of a room or an event's name.
fn name() -> impl Strategy<Value = String> {
    "[ -~äß→🌊\"\\\\/]{1,20}"
}

fn token() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_-]{1,32}"
}

fn meta() -> impl Strategy<Value = Meta<'static>> {
    (name(), token(), 1..limits::INTEGER, token(), prop_oneof![Just(String::new()), token()]).prop_map(
        |(room, epoch, offset, event_id, write_id)| Meta {
            room: room.into(),
            epoch: epoch.into(),
            offset,
            event_id: event_id.into(),
            write_id: write_id.into(),
        },
    )
}

/// A JSON value as text.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec(("[a-zü]{0,3}", inner), 0..4).prop_map(|fields| {
                let fields: Vec<String> =
                    fields.iter().map(|(key, value)| format!("\"{key}\" :{value}")).collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

/// A well-formed frame of any kind that a server sends.
fn server_frame() -> impl Strategy<Value = String> {
    let namespace = prop_oneof![Just("/".to_owned()), "/[a-zü]{1,8}"];
    let id = 0..limits::INTEGER;
    prop_oneof![
        (meta(), name(), value()).prop_map(|(meta, name, args)| dialect::event_frame(&meta, &name, &args)),
        (namespace.clone(), proptest::option::of(id.clone()), "[a-s].{0,20}", value())
            .prop_map(|(namespace, id, name, args)| socket::event(&namespace, id, &name, &args)),
        (namespace.clone(), id.clone(), value())
            .prop_map(|(namespace, id, args)| socket::ack(&namespace, id, &args)),
        (namespace.clone(), token(), any::<bool>())
            .prop_map(|(namespace, sid, tidewire)| socket::connect_reply(&namespace, &sid, tidewire)),
        (namespace.clone(), any::<String>(), token()).prop_map(|(namespace, message, code)| {
            socket::connect_error(&namespace, &message, &format!("{{\"code\":\"{code}\"}}"))
        }),
        namespace.prop_map(|namespace| socket::disconnect(&namespace)),
        (id, token(), any::<bool>())
            .prop_map(|(id, epoch, recovered)| dialect::join_answer(id, &epoch, id, recovered)),
    ]
}

/// Damages text: characters are taken out, doubled or replaced by ones that mean something to the parsers.
fn damage(text: &str, places: &[(prop::sample::Index, u8)]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for (place, kind) in places {
        if chars.is_empty() {
            break;
        }
        let at = place.index(chars.len());
        let special: Vec<char> = "[]{}\",:\\u0-/9etfn\u{1e}ü🌊\0 ".chars().collect();
        match kind % 3 {
            0 => drop(chars.remove(at)),
            1 => chars.insert(at, chars[at]),
            _ => chars[at] = special[usize::from(*kind) % special.len()],
        }
    }
    chars.into_iter().collect()
}

/// Every beginning of `text`, cut between characters.
fn beginnings(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices().map(|(at, _)| &text[..at]).chain([text])
}

fn read_with_everything(text: &str) {
    for flags in 0..4 {
        if let Ok(Frame::Ack { args, .. }) = head::parse(text, flags & 1 == 1, flags & 2 == 2) {
            let _ = JoinAnswer::parse(args, flags & 1 == 1);
        }
        let _ = JoinAnswer::parse(text, flags & 1 == 1);
    }
    let _ = socket::parse(text).map(|header| (socket::event_data(header.rest).is_ok(), header.rest.len()));
    let _ = (engine::parse(text), engine::split_payload(text), Handshake::parse(text));
    let _ = (socket::event_data(text), socket::ack_args(text), json::validate(text), json::string(text));
    let _ = (JoinRequest::parse(text), ConnectAuth::parse(text), dialect::leave_request(text));
    let _ = (Base::parse(text), RetryAfter::parse(text), Outcome::parse(text), http::parse_key(text));
    let _ = (http::parse_client(text), http::parse_sequence(text), http::quote_key(text));
}

proptest! {
    /// C1: a room event comes back as it was written, and a head that is cut anywhere says the same or `Cut`.
    #[test]
    fn c1_room_events_round_trip(meta in meta(), name in name(), args in value()) {
        let frame = dialect::event_frame(&meta, &name, &args);
        let expected = Frame::Event { namespace: "/", id: None, meta: Some(meta.clone()), name: name.clone().into(), skip: 3, attachments: 0 };
        prop_assert!(head::parse(&frame, false, true) == Ok(expected.clone()));
        for head in beginnings(&frame).skip(3) {
            match head::parse(head, true, true) {
                Ok(read) => prop_assert!(read == expected, "another event at a cut"),
                Err(error) => prop_assert_eq!(error, FrameError::Cut),
            }
        }
        // Whoever does not speak the dialect gets the same name and arguments.
        let plain = dialect::plain_frame(&name, &args);
        let (_, packet) = engine::parse(&plain).unwrap();
        let data = socket::event_data(socket::parse(packet).unwrap().rest).unwrap();
        prop_assert_eq!((&*data.name, data.args), (&*name, &*args));
    }

    /// C1, C11: a cut head never says something else than the whole frame; only what may be long is shorter.
    #[test]
    fn c1_c11_a_cut_head_never_lies(frame in server_frame()) {
        let whole = shown(&head::parse(&frame, false, true).unwrap());
        let mut read_at_all = false;
        for head in beginnings(&frame) {
            let Ok(part) = head::parse(head, true, true) else { continue };
            // Namespaces are bounded, so they lie within every head that a host passes.
            let namespace_is_whole = frame.as_bytes().get(2) != Some(&b'/') || head.contains(',');
            if !namespace_is_whole {
                continue;
            }
            read_at_all = true;
            let part = shown(&part);
            match (&part["ack"]["args"], &part["connectError"]) {
                (Value::String(args), _) => {
                    prop_assert!(whole["ack"]["args"].as_str().unwrap().starts_with(&**args));
                    prop_assert_eq!(&part["ack"]["id"], &whole["ack"]["id"]);
                }
                (_, Value::Object(error)) => {
                    let message = error["message"].as_str().unwrap().trim_end_matches('\u{fffd}');
                    prop_assert!(whole["connectError"]["message"].as_str().unwrap().starts_with(message));
                    prop_assert!(error["code"].is_null() || error["code"] == whole["connectError"]["code"]);
                }
                _ if whole["connect"].is_object() => {
                    prop_assert_eq!(&part["connect"]["sid"], &whole["connect"]["sid"]);
                }
                _ => prop_assert_eq!(&part, &whole),
            }
        }
        prop_assert!(read_at_all);
    }

    /// V3, Y2: a join request survives.
    #[test]
    fn v3_y2_join_requests_round_trip(room in name(), epoch in token(), offset in proptest::option::of(0..limits::INTEGER)) {
        let since = offset.map(|offset| Since { epoch: epoch.into(), offset });
        let request = JoinRequest { room: room.into(), since };
        let text = request.encode();
        prop_assert_eq!(JoinRequest::parse(&text), Ok(request.clone()));
    }

    /// Y2: positions and settled sequences survive the header.
    #[test]
    fn y2_bases_round_trip(
        rooms in prop::collection::btree_map(name(), (token(), 0..limits::INTEGER), 0..10),
        steps in proptest::option::of(prop::collection::vec((1u64..1000, 0u64..1000), 0..10)),
    ) {
        let positions =
            rooms.into_iter().map(|(room, (epoch, offset))| BasePosition { room, epoch, offset }).collect();
        let applied = steps.map(|steps| {
            let mut last = 0;
            steps.into_iter().map(|(gap, length)| {
                let from = last + gap;
                last = from + length;
                (from, last)
            }).collect()
        });
        let base = Base { positions, applied };
        let text = base.encode().unwrap();
        prop_assert!(text.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "not a header value");
        prop_assert_eq!(Base::parse(&text), Ok(base));
    }

    /// P2: any text survives quoting; serde_json reads the same.
    #[test]
    fn p2_strings_round_trip(text in any::<String>()) {
        let mut quoted = String::new();
        json::quote(&text, &mut quoted);
        prop_assert_eq!(&*json::string(&quoted).unwrap(), &text);
        prop_assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), &*text);
        // Text without escapes is not copied: most names and ids are such.
        let plain = quoted.len() == text.len() + 2;
        prop_assert_eq!(matches!(json::string(&quoted).unwrap(), std::borrow::Cow::Borrowed(_)), plain);
    }

    /// P2: any integer survives.
    #[test]
    fn p2_integers_round_trip(value in prop_oneof![any::<u64>(), 0..limits::INTEGER]) {
        let mut text = String::new();
        json::number(value, &mut text);
        prop_assert_eq!(&text, &value.to_string());
        prop_assert_eq!(json::integer(&text).ok(), (value < limits::INTEGER).then_some(value));
    }

    /// C11: the grammar is RFC 8259's, also for damaged values (serde_json is the judge).
    #[test]
    fn c11_validates_like_serde_json(value in value(), places in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 0..4)) {
        let text = damage(&value, &places);
        let judge = serde_json::from_str::<serde::de::IgnoredAny>(&text);
        prop_assert_eq!(json::validate(&text).is_ok(), judge.is_ok(), "{}", text);
    }

    /// C11: walking an array finds what serde_json finds.
    #[test]
    fn c11_walks_elements(items in prop::collection::vec(value(), 0..5)) {
        let text = format!("[{}]", items.join(" , "));
        let mut scanner = json::Scanner::new(&text);
        scanner.enter_array().unwrap();
        let mut found = Vec::new();
        while let Some(item) = scanner.element().unwrap() {
            found.push(item.to_owned());
        }
        prop_assert_eq!(found, items);
        prop_assert!(scanner.end().is_ok());
    }

    /// C11, P4: damaged frames, cut at every character, panic nowhere.
    #[test]
    fn c11_p4_no_damaged_frame_panics(frame in server_frame(), places in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 0..6)) {
        let text = damage(&frame, &places);
        for head in beginnings(&text) {
            read_with_everything(head);
        }
    }

    /// C11, P4: arbitrary text panics nowhere.
    #[test]
    fn c11_p4_no_text_panics(text in any::<String>(), kind in "[0-6b]{0,2}") {
        read_with_everything(&text);
        read_with_everything(&(kind + &text));
    }
}

/// C11, P4: every text of every vector, cut at every character, panics nowhere.
#[test]
fn c11_p4_no_cut_vector_panics() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/wire");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let cases: Vec<Value> =
            serde_json::from_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
        for case in cases {
            let inner = ["head", "args", "text"].iter().find_map(|field| case["in"][field].as_str());
            for head in beginnings(inner.or(case["in"].as_str()).unwrap_or("")) {
                read_with_everything(head);
                read += 1;
            }
        }
    }
    assert!(read > 3_000, "only {read} beginnings");
}
