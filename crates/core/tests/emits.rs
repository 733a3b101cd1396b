//! Classes of emits against a scripted server: semantics.md C6, protocol section 7.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use std::collections::BTreeMap;

use rig::Rig;
use tidewire_core::*;

fn emit(id: u32, class: EmitClass) -> Command {
    Command::Emit {
        emit: EmitId(id),
        namespace: None,
        name: "say".into(),
        body: Some(BodyId(10_000 + id)),
        attachments: vec![],
        size: 3,
        ack: true,
        timeout: Millis(3_600_000),
        class,
    }
}

fn reliable(id: u32) -> Command {
    emit(id, EmitClass::Reliable { idempotent: false })
}

fn volatile(id: u32, key: Option<&str>) -> Command {
    emit(id, EmitClass::Volatile { key: key.map(str::to_owned) })
}

fn session(instance: &str) -> Option<String> {
    Some(format!(r#"40{{"sid":"s1","tidewire":1,"instance":"{instance}"}}"#))
}

/// Connected to our server, process `a`.
fn connected() -> Rig {
    let mut rig = Rig::new();
    rig.grant = session("a");
    rig.connect();
    rig
}

/// Reliable emits in the order in which they went out: link, acknowledgement, number, floor, body.
fn sent(rig: &Rig) -> Vec<(u32, u64, u64, u64, u32)> {
    let mut found = Vec::new();
    for output in &rig.log {
        let Output::Send { link, text, body: Some(body) } = output else { continue };
        let Some((ack, rest)) = text.0.strip_prefix("42").and_then(|text| text.split_once(r#"["tw:emit",["#))
        else {
            continue;
        };
        let place: Vec<&str> = rest.split(']').next().unwrap().split(',').collect();
        assert_eq!(place[0].len(), 24, "a stream of 22 characters: {}", text.0);
        assert!(rest.ends_with(r#"],"say","#), "{}", text.0);
        found.push((
            link.0,
            ack.parse().unwrap(),
            place[1].parse().unwrap(),
            place[2].parse().unwrap(),
            body.0,
        ));
    }
    found
}

/// The server's side of section 7, for one stream.
#[derive(Default)]
struct Server {
    last: u64,
    kept: BTreeMap<u64, u32>,
    ran: Vec<u32>,
}

impl Server {
    fn take(&mut self, number: u64, floor: u64, body: u32) {
        if number > self.last {
            self.last = number;
            self.ran.push(body);
            self.kept.insert(number, body);
        }
        self.kept.retain(|number, _| *number >= floor);
    }
}

#[test]
fn c6_over_a_half_open_link_six_of_six_arrive_exactly_once_and_in_order() {
    let mut rig = connected();
    let mut server = Server::default();
    // Two are answered, two arrive and their answers are lost, two never arrive.
    for id in 1..=6 {
        rig.command(reliable(id)).unwrap();
    }
    let first = sent(&rig);
    assert_eq!(first.iter().map(|s| s.2).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6], "pipelined");
    for (at, (_, ack, number, floor, body)) in first.iter().enumerate().take(4) {
        server.take(*number, *floor, *body);
        if at < 2 {
            rig.frame(&format!(r#"43{ack}["ok"]"#));
        }
    }
    rig.take();
    // The link is silent until its deadline; the next one comes up, and everything without an answer goes again.
    rig.pass(50_000);
    let again = sent(&rig);
    assert_eq!(again.iter().map(|s| (s.2, s.3)).collect::<Vec<_>>(), [(3, 3), (4, 3), (5, 3), (6, 3)]);
    for (_, ack, number, floor, body) in again {
        server.take(number, floor, body);
        rig.frame(&format!(r#"43{ack}["ok"]"#));
    }
    assert_eq!(server.ran, [10_001, 10_002, 10_003, 10_004, 10_005, 10_006]);
    assert!(rig.results().iter().all(|(_, result)| matches!(result, EmitResult::Answered { .. })));
    assert_eq!(rig.results().iter().map(|r| r.0).collect::<Vec<_>>(), [3, 4, 5, 6]);
    rig.take();
    rig.command(reliable(7)).unwrap();
    assert_eq!((sent(&rig)[0].2, sent(&rig)[0].3), (7, 7), "the floor has passed what was answered");
}

#[test]
fn c6_where_another_process_answers_what_was_sent_is_unknown_and_the_rest_is_sent() {
    for (instance, silence, known) in
        [("a", 100, true), ("b", 100, false), ("a", limits::STREAM_KEPT.0 + 60_000, false)]
    {
        let mut rig = connected();
        rig.command(reliable(1)).unwrap();
        rig.command(emit(2, EmitClass::Reliable { idempotent: true })).unwrap();
        rig.reachable = false;
        rig.break_link();
        rig.command(reliable(3)).unwrap();
        rig.take();
        rig.pass(silence);
        (rig.reachable, rig.grant) = (true, session(instance));
        rig.pass(31_000);
        let numbers: Vec<u64> = sent(&rig).iter().map(|s| s.2).collect();
        if known {
            assert_eq!((numbers, rig.results()), (vec![1, 2, 3], vec![]), "{instance} {silence}");
        } else {
            assert_eq!(numbers, [2, 3], "{instance} {silence}");
            assert_eq!(rig.results(), [(1, EmitResult::Unknown {})], "{instance} {silence}");
        }
    }
}

// Both sides of core::STREAM_KEPT.
#[test]
fn c6_an_answer_is_known_up_to_the_last_millisecond_that_a_stream_is_kept() {
    for (silence, known) in [(limits::STREAM_KEPT.0, true), (limits::STREAM_KEPT.0 + 1, false)] {
        let mut rig = connected();
        rig.command(reliable(1)).unwrap();
        rig.reachable = false;
        rig.break_link();
        rig.pass(silence);
        rig.reachable = true;
        rig.input(Input::Network { signal: NetworkSignal::Changed });
        assert!(matches!(rig.connection(), ConnectionState::Connected { .. }));
        let unknown = rig.results().contains(&(1, EmitResult::Unknown {}));
        assert_eq!(unknown, !known, "{silence}");
    }
}

#[test]
fn c6_on_a_foreign_server_what_was_sent_is_unknown_when_the_link_dies_unless_idempotent() {
    let mut rig = Rig::new();
    rig.dialect = false;
    rig.connect();
    rig.command(reliable(1)).unwrap();
    rig.command(emit(2, EmitClass::Reliable { idempotent: true })).unwrap();
    assert!(
        rig.sent().iter().all(|text| !text.contains("tw:emit")),
        "a foreign server does not know streams"
    );
    rig.take();
    rig.break_link();
    assert_eq!(rig.results(), [(1, EmitResult::Unknown {})]);
    rig.command(reliable(3)).unwrap();
    rig.pass(1_000);
    let bodies: Vec<u32> = rig
        .log
        .iter()
        .filter_map(|o| if let Output::Send { body: Some(body), .. } = o { Some(body.0) } else { None })
        .collect();
    assert_eq!(bodies, [10_002, 10_003], "again, and in order");
}

#[test]
fn c6_an_acknowledgement_that_the_app_did_not_ask_for_is_not_told_but_known() {
    let mut rig = connected();
    let Command::Emit { emit, namespace, name, body, attachments, size, timeout, class, .. } = reliable(1)
    else {
        panic!()
    };
    rig.command(Command::Emit { emit, namespace, name, body, attachments, size, ack: false, timeout, class })
        .unwrap();
    assert_eq!(rig.results(), []);
    let ack = sent(&rig)[0].1;
    rig.frame(&format!("43{ack}[]"));
    assert_eq!(rig.results(), [(1, EmitResult::Sent {})]);
}

// Both sides of core::RELIABLE_BUFFER, core::RELIABLE_BUFFER_BYTES.
#[test]
fn c6_the_reliable_buffer_has_limits_and_an_answer_makes_room() {
    let mut rig = connected();
    for id in 0..limits::RELIABLE_BUFFER as u32 {
        rig.command(reliable(id)).unwrap();
    }
    assert_eq!(rig.command(reliable(999)), Err(Refusal::BufferFull));
    let ack = sent(&rig)[0].1;
    rig.frame(&format!("43{ack}[]"));
    assert_eq!(rig.command(reliable(999)), Ok(Accepted::Done {}));
    let sized = |id, bytes| {
        let mut command = reliable(id);
        if let Command::Emit { size, .. } = &mut command {
            *size = bytes;
        }
        command
    };
    let mut rig = Rig::new();
    rig.command(sized(1, 900_000)).unwrap();
    assert_eq!(rig.command(sized(2, 148_577)), Err(Refusal::BufferFull), "a mebibyte and one");
    rig.command(sized(2, 148_576)).unwrap();
}

#[test]
fn c6_a_reliable_emit_that_ends_without_an_answer_leaves_its_number_out() {
    let mut rig = connected();
    for id in 1..=3 {
        let mut command = reliable(id);
        if let (2, Command::Emit { timeout, .. }) = (id, &mut command) {
            *timeout = Millis(1_000);
        }
        rig.command(command).unwrap();
    }
    rig.pass(1_000);
    assert_eq!(rig.results(), [(2, EmitResult::TimedOut {})]);
    rig.take();
    rig.break_link();
    rig.pass(1_000);
    assert_eq!(sent(&rig).iter().map(|s| (s.2, s.3)).collect::<Vec<_>>(), [(1, 1), (3, 1)]);
}

#[test]
fn c6_disconnect_ends_every_reliable_emit() {
    let mut rig = connected();
    rig.command(reliable(1)).unwrap();
    rig.command(Command::Disconnect {}).unwrap();
    rig.command(reliable(2)).unwrap();
    rig.command(Command::Disconnect {}).unwrap();
    assert_eq!(rig.results(), [(1, EmitResult::Unknown {}), (2, EmitResult::Dropped {})]);
    assert_eq!(rig.engine.poll_timeout(), None);
}

#[test]
fn c6_a_volatile_emit_is_never_buffered_offline() {
    let mut rig = Rig::new();
    rig.command(volatile(1, Some("cursor"))).unwrap();
    assert_eq!(rig.results(), [(1, EmitResult::Dropped {})]);
    rig.connect();
    rig.command(volatile(2, None)).unwrap();
    assert!(rig.sent().last().unwrap().starts_with(r#"421["say","#));
}

// Both sides of core::VOLATILE_KEYS.
#[test]
fn c6_while_the_link_takes_no_more_the_latest_volatile_of_each_key_waits() {
    let mut rig = connected();
    let link = rig.link.unwrap();
    rig.input(Input::Writable { link, on: false });
    rig.take();
    for (id, key) in [(1, Some("a")), (2, Some("b")), (3, None), (4, Some("a"))] {
        rig.command(volatile(id, key)).unwrap();
    }
    assert_eq!(rig.results(), [(3, EmitResult::Dropped {}), (1, EmitResult::Dropped {})]);
    assert_eq!(rig.sent().len(), 0);
    rig.input(Input::Writable { link, on: true });
    assert_eq!(rig.sent().len(), 2, "the latest of `a`, and `b`");
    rig.input(Input::Writable { link, on: false });
    rig.take();
    for id in 0..=limits::VOLATILE_KEYS as u32 {
        rig.command(volatile(100 + id, Some(&format!("k{id}")))).unwrap();
    }
    assert_eq!(rig.results(), [(100 + limits::VOLATILE_KEYS as u32, EmitResult::Dropped {})], "one over");
    rig.take();
    rig.break_link();
    let dropped = rig.results().iter().filter(|(_, result)| *result == EmitResult::Dropped {}).count();
    assert_eq!(dropped, limits::VOLATILE_KEYS, "none outlives the link");
}

/// Of a thousand each. Enough for a leak to be seen: the rest of a million is the same again.
const ROUNDS: u32 = 200;

#[test]
fn c6_acknowledgements_that_time_out_leak_nothing() {
    let mut rig = connected();
    rig.pass(6_000);
    rig.take();
    let mut id = 0;
    for _ in 0..ROUNDS {
        for _ in 0..1_000 {
            id += 1;
            let class = match id % 5 {
                0 => EmitClass::Volatile { key: None },
                _ => EmitClass::Plain {},
            };
            let command = Command::Emit {
                emit: EmitId(id),
                namespace: None,
                name: "x".into(),
                body: None,
                attachments: vec![],
                size: 0,
                ack: true,
                timeout: Millis(10),
                class,
            };
            rig.engine.command(command, rig.now()).unwrap();
        }
        rig.now += 10;
        rig.engine.handle(Input::Timeout {}, rig.now());
        let mut ended = 0;
        while let Some(output) = rig.engine.poll_output() {
            ended += u32::from(matches!(output, Output::Emitted { result: EmitResult::TimedOut {}, .. }));
        }
        assert_eq!(ended, 1_000);
        rig.frame("2");
        rig.take();
    }
    let left = format!("{:?}", rig.engine).len();
    let fresh = format!("{:?}", connected().engine).len();
    assert!(left < fresh + 500, "the engine's state is as small as at its start: {left} and {fresh}");
    rig.command(Command::Disconnect {}).unwrap();
    assert_eq!(rig.engine.poll_timeout(), None);
}
