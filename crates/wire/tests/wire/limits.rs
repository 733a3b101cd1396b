//! Every limit at one under, at, and one over (C11), and that a head of `FRAME_HEAD` characters is always enough (C1).

use tidewire_wire::dialect::{self, JoinRequest};
use tidewire_wire::engine::{self, Handshake};
use tidewire_wire::head::{self, Frame, Meta};
use tidewire_wire::http::{self, Base, BasePosition, RetryAfter};
use tidewire_wire::{FrameError, HeaderError, json, limits, names, socket};

/// Calls `read` with one under, at and one over `limit`: the last must be `error`, the others fine.
fn around<T, E: PartialEq + std::fmt::Debug>(limit: usize, error: E, read: impl Fn(usize) -> Result<T, E>) {
    assert!(read(limit - 1).is_ok(), "one under {limit}");
    assert!(read(limit).is_ok(), "at {limit}");
    assert_eq!(read(limit + 1).err(), Some(error), "one over {limit}");
}

// Both sides of wire::JSON_DEPTH.
#[test]
fn c11_json_depth() {
    around(limits::JSON_DEPTH as usize, FrameError::TooDeep, |depth| {
        json::validate(&("[".repeat(depth) + &"]".repeat(depth)))
    });
    around(limits::JSON_DEPTH as usize, FrameError::TooDeep, |depth| {
        json::validate(&("{\"a\":".repeat(depth) + "1" + &"}".repeat(depth)))
    });
    // Far over it: an error, and no recursion that could overflow the stack.
    assert_eq!(json::validate(&"[{\"a\":".repeat(200_000)), Err(FrameError::TooDeep));
}

// Both sides of wire::INTEGER.
#[test]
fn c11_integers() {
    around(limits::INTEGER as usize - 1, FrameError::Integer, |value| json::integer(&value.to_string()));
    around(limits::INTEGER as usize - 1, FrameError::AckId, |id| {
        socket::parse(&format!("2{id}[\"x\"]")).map(|header| header.id)
    });
    around(limits::INTEGER as usize - 1, FrameError::Metadata, |offset| {
        let head = format!("42[\"tw\",[\"r\",\"e\",{offset},\"v\",\"\"],\"x\"]");
        head::parse(&head, false, true).map(drop)
    });
    around(limits::INTEGER as usize - 1, FrameError::Request, |offset| {
        JoinRequest::parse(&format!("{{\"roomId\":\"r\",\"since\":{{\"epoch\":\"e\",\"offset\":{offset}}}}}"))
            .map(drop)
    });
    around(limits::INTEGER as usize - 1, HeaderError::Sequence, |value| {
        http::parse_sequence(&value.to_string())
    });
}

// Both sides of wire::ATTACHMENTS, wire::NAMESPACE_BYTES, wire::PAYLOAD_PACKETS.
#[test]
fn c11_packet_headers() {
    around(limits::ATTACHMENTS as usize, FrameError::Attachments, |count| {
        socket::parse(&format!("5{count}-[\"x\"]")).map(|header| header.attachments)
    });
    around(limits::NAMESPACE_BYTES, FrameError::Namespace, |bytes| {
        socket::parse(&format!("0/{},{{}}", "n".repeat(bytes - 1))).map(drop)
    });
    around(limits::PAYLOAD_PACKETS, FrameError::TooManyPackets, |packets| {
        engine::split_payload(&engine::join_payload(&vec!["2"; packets])).map(drop)
    });
}

// Both sides of wire::NAME_BYTES, wire::EPOCH_BYTES, wire::ID_BYTES, wire::CLIENT_ID_BYTES.
/// C1: limits of protocol section 1, and of names that a foreign server sends.
#[test]
fn c1_c11_names_and_ids() {
    fn room_event(room: &str, epoch: &str, event: &str, write: &str, name: &str) -> Result<(), FrameError> {
        let head = format!("42[\"tw\",[\"{room}\",\"{epoch}\",1,\"{event}\",\"{write}\"],\"{name}\"]");
        head::parse(&head, false, true).map(drop)
    }
    around(limits::NAME_BYTES, FrameError::Metadata, |bytes| {
        room_event(&"r".repeat(bytes), "e", "v", "", "x")
    });
    around(limits::EPOCH_BYTES, FrameError::Metadata, |bytes| {
        room_event("r", &"e".repeat(bytes), "v", "", "x")
    });
    around(limits::ID_BYTES, FrameError::Metadata, |bytes| room_event("r", "e", &"v".repeat(bytes), "", "x"));
    around(limits::ID_BYTES, FrameError::Metadata, |bytes| {
        room_event("r", "e", "v", &"w".repeat(bytes), "x")
    });
    around(limits::NAME_BYTES, FrameError::EventName, |bytes| {
        room_event("r", "e", "v", "", &"x".repeat(bytes))
    });
    around(limits::NAME_BYTES, FrameError::EventName, |bytes| {
        head::parse(&format!("42[\"{}\"]", "x".repeat(bytes)), false, false).map(drop)
    });
    around(limits::NAME_BYTES, FrameError::Request, |bytes| {
        JoinRequest::parse(&format!("{{\"roomId\":\"{}\"}}", "r".repeat(bytes))).map(drop)
    });
    for (characters, fits) in [(-1, false), (0, true), (1, false)] {
        let id = "c".repeat(limits::CLIENT_ID_BYTES.saturating_add_signed(characters));
        assert_eq!(names::is_client_id(&id), fits, "{characters}");
    }
    // Bytes, not characters: 64 of two bytes fit, 65 do not.
    assert_eq!(room_event(&"ü".repeat(64), "e", "v", "", "x"), Ok(()));
    assert_eq!(room_event(&"ü".repeat(65), "e", "v", "", "x"), Err(FrameError::Metadata));
}

// Both sides of wire::SID_BYTES, wire::UPGRADES, wire::HEARTBEAT_MS.
#[test]
fn c11_handshakes() {
    let shake = |sid: usize, upgrades: usize, interval: u64, timeout: u64| Handshake {
        sid: "s".repeat(sid),
        upgrades: vec!["websocket".to_owned(); upgrades],
        ping_interval_ms: interval,
        ping_timeout_ms: timeout,
        max_payload: 1,
    };
    let read = |shake: Handshake| Handshake::parse(&shake.encode()[1..]);
    let day = limits::HEARTBEAT_MS as usize;
    around(limits::SID_BYTES, FrameError::Handshake, |sid| read(shake(sid, 1, 1, 1)));
    around(limits::UPGRADES, FrameError::Handshake, |upgrades| read(shake(1, upgrades, 1, 1)));
    around(day, FrameError::Handshake, |interval| read(shake(1, 1, interval as u64, 1)));
    around(day, FrameError::Handshake, |timeout| read(shake(1, 1, 1, timeout as u64)));
    around(limits::SID_BYTES, FrameError::SessionId, |sid| {
        head::parse(&socket::connect_reply("/", &"s".repeat(sid), true), false, false).map(drop)
    });
}

// Both sides of wire::BASE_POSITIONS, wire::APPLIED_RANGES, wire::RETRY_AFTER_SECONDS.
/// Y2, Q9, Q11: limits of the headers hold when reading and when writing.
#[test]
fn y2_q9_q11_headers() {
    around(limits::ID_BYTES, HeaderError::Key, |bytes| http::quote_key(&"k".repeat(bytes)));
    around(limits::ID_BYTES, HeaderError::Key, |bytes| {
        http::parse_key(&format!("\"{}\"", "k".repeat(bytes))).map(drop)
    });
    let position =
        |index: usize| BasePosition { room: format!("r{index}"), epoch: "e".to_owned(), offset: 1 };
    let positions = |count: usize| Base { positions: (0..count).map(position).collect(), applied: None };
    around(limits::BASE_POSITIONS, HeaderError::TooMany, |count| positions(count).encode());
    around(limits::BASE_POSITIONS, HeaderError::TooMany, |count| {
        let items: Vec<String> = (0..count).map(|index| format!("r{index}=e:1")).collect();
        Base::parse(&items.join(", "))
    });
    around(limits::INTEGER as usize - 1, HeaderError::Position, |offset| {
        let offset = offset as u64;
        Base { positions: vec![BasePosition { offset, ..position(0) }], applied: None }.encode()
    });
    around(limits::INTEGER as usize - 1, HeaderError::Applied, |to| {
        Base { positions: Vec::new(), applied: Some(vec![(1, to as u64)]) }.encode()
    });
    let range = |index: usize| (2 * index as u64 + 1, 2 * index as u64 + 1);
    around(limits::APPLIED_RANGES, HeaderError::TooMany, |count| {
        Base { positions: Vec::new(), applied: Some((0..count).map(range).collect()) }.encode()
    });
    around(limits::APPLIED_RANGES, HeaderError::TooMany, |count| {
        let items: Vec<String> = (0..count).map(|index| range(index).0.to_string()).collect();
        Base::parse(&format!("; applied={}", items.join(" ")))
    });
    let most = limits::RETRY_AFTER_SECONDS;
    for (given, kept) in [(most - 1, most - 1), (most, most), (most + 1, most)] {
        assert_eq!(RetryAfter::parse(&given.to_string()), Ok(RetryAfter::Seconds(kept)));
    }
}

/// C1: whatever our server may write, metadata and name lie within the characters that every host passes.
#[test]
fn c1_the_longest_head_fits() {
    let meta = Meta {
        room: "\"".repeat(limits::NAME_BYTES).into(),
        epoch: "e".repeat(limits::EPOCH_BYTES).into(),
        offset: limits::INTEGER - 1,
        event_id: "v".repeat(limits::ID_BYTES).into(),
        write_id: "w".repeat(limits::ID_BYTES).into(),
    };
    let name = "\\".repeat(limits::NAME_BYTES);
    let frame = dialect::event_frame(&meta, &name, &format!("\"{}\"", "ü".repeat(2_000)));
    let namespaced =
        format!("42/{},{}{}", "n".repeat(limits::NAMESPACE_BYTES - 1), limits::INTEGER - 1, &frame[2..]);
    for frame in [frame, namespaced] {
        let head: String = frame.chars().take(limits::FRAME_HEAD).collect();
        let parsed = head::parse(&head, true, true).unwrap();
        assert!(
            matches!(&parsed, Frame::Event { meta: Some(read), name: found, skip: 3, .. } if *read == meta && *found == name),
            "the longest head was not read"
        );
    }
}

// Both sides of wire::FRAME_HEAD.
/// C1: a host may cut a frame after so many characters, and what ends there is read.
#[test]
fn c1_a_head_may_end_with_the_last_character_that_a_host_passes() {
    for (more, fits) in [(0, true), (1, false)] {
        let (begin, name) = ("42[", "\"x\"");
        let space = " ".repeat(limits::FRAME_HEAD - begin.len() - name.len() + more);
        let frame = format!("{begin}{space}{name},1]");
        assert_eq!(head::parse(&frame[..limits::FRAME_HEAD], true, false).is_ok(), fits, "{more}");
    }
}

/// C11: control characters are in no name and no namespace; a comma, which ends a namespace, is in none either.
#[test]
fn c11_characters_of_names() {
    for (character, fits) in
        [('\u{0}', false), ('\u{1f}', false), (' ', true), ('~', true), ('\u{7f}', false), ('ü', true)]
    {
        assert_eq!(names::is_name(&format!("a{character}")), fits, "{character:?} in a name");
        assert_eq!(names::is_namespace(&format!("/{character}")), fits, "{character:?} in a namespace");
    }
    for (namespace, fits) in [("/", true), ("/a,b", false), ("a", false), ("", false)] {
        assert_eq!(names::is_namespace(namespace), fits, "{namespace:?}");
    }
    for character in ['/', ' ', 'ü', '+', '='] {
        assert!(
            !names::is_id(&character.to_string()) && !names::is_epoch(&character.to_string()),
            "{character:?}"
        );
    }
}
