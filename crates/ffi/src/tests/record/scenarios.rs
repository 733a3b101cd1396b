//! The scripts. Each ends with a look at what it made happen: a trace in which nothing happens proves nothing.

use super::check;
use super::world::{Answer, World, like};
use crate::Message;
use crate::sample::{Dice, Sample};
use crate::trace::Trace;
use tidewire_core::*;

/// Online, in two rooms, with a base of one query.
fn joined(about: &str) -> World {
    let mut world = World::new(about, Server::Tidewire);
    world.command(Command::Connect {});
    world.want(Command::Join { room: "activities".into() });
    world.want(Command::Join { room: "activity_ž".into() });
    world.say(Input::Bound { room: "activities".into(), queries: vec![QueryId(1), QueryId(2)] });
    world.settle();
    base(&mut world, 0, None);
    world
}

fn base(world: &mut World, offset: u64, applied: Option<(ClientId, u64)>) {
    world.input(Input::FetchStarted { query: QueryId(1), read: ReadId(1) });
    let range = |to| vec![SequenceRange { from: Sequence(1), to: Sequence(to) }];
    world.input(Input::BaseInstalled {
        query: QueryId(1),
        read: Some(ReadId(1)),
        positions: vec![Position { room: "activities".into(), epoch: "k3j".into(), offset: Offset(offset) }],
        applied: applied.map(|(client, to)| Applied { client, ranges: range(to) }),
        carries: Vec::new(),
        restored: false,
    });
}

pub(super) fn tunnel() -> Trace {
    let mut world = joined("One like, made in a tunnel: offline, killed, restarted, back.");
    world.event("activities", "", "activity:like_added", r#"{"activityId":"ä7","likeCount":1}"#);
    world.settle();
    world.cut(true);
    world.input(Input::Network { signal: NetworkSignal::Offline });
    world.command(Command::Submit { write: like("/api/activities/ä7/like") });
    let write = world.last_write();
    world.later(5_000);
    world.restart();
    world.command(Command::Connect {});
    world.command(Command::Join { room: "activities".into() });
    world.later(40_000);
    world.up = true;
    world.input(Input::Network { signal: NetworkSignal::Online });
    world.later(2_000);
    world.event("activities", &write.0, "activity:like_added", r#"{"activityId":"ä7","likeCount":2}"#);
    world.settle();
    base(&mut world, 2, Some((ClientId::default(), 0)));
    world.later(60_000);
    assert_eq!(world.states(|s| matches!(s, WriteState::Acknowledged { .. })), 1);
    assert!(world.count(|o| matches!(o, Output::LayerAdded { restored: true, .. })) == 1);
    assert!(world.count(|o| matches!(o, Output::LayerRetired { .. })) >= 1);
    world.trace
}

#[test]
fn p2_trace_of_a_like_in_a_tunnel() {
    check("tunnel", &tunnel());
}

#[test]
fn p2_trace_of_rooms_and_gaps() {
    let mut world =
        joined("Rooms: a refusal, a gap, a missed stretch, a reset, texts of many scripts, a large frame.");
    for text in ["grün", "Žluťoučký kůň", "日本語のメッセージ", "👩‍🚀👨‍👩‍👧 🏳️‍🌈", "\\u0000\\\"\\\\", "שלום עולם"]
    {
        let payload = format!(r#"{{"activityId":"ž","text":"{text}"}}"#);
        world.event("activities", "", "message:new", &payload);
        world.event("activity_ž", "", if text.contains('"') { "zitat" } else { text }, &payload);
        world.settle();
    }
    let long = format!("\"{}\"", "ďalej ".repeat(300));
    world.event("activities", "", "activity:updated", &long);
    world.settle();
    // A gap: two events are lost, the third one shows it.
    let link_frames = world.seen.len();
    world.hear(r#"42["tw",["activities","k3j",999,"e999",""],"activity:updated",{}]"#);
    world.settle();
    assert!(world.seen.len() > link_frames);
    world.closed_rooms.push("geheim");
    world.command(Command::Join { room: "geheim".into() });
    world.command(Command::Leave { room: "activity_ž".into() });
    // Silent: found out by the heartbeat.
    world.cut(false);
    world.later(60_000);
    world.up = true;
    world.later(60_000);
    world.hear("2");
    world.settle();
    world.input(Input::App { signal: AppSignal::Background });
    world.later(1_000);
    world.input(Input::App { signal: AppSignal::Foreground });
    world.later(10_000);
    assert!(world.count(|o| matches!(o, Output::Event(_))) >= 13);
    assert!(world.count(|o| matches!(o, Output::Room { state: RoomState::Denied { .. }, .. })) >= 1);
    assert!(world.count(|o| matches!(o, Output::Log { note: Note::GapSeen })) >= 1);
    assert!(world.count(|o| matches!(o, Output::Open { .. })) >= 2);
    check("rooms", &world.trace);
}

#[test]
fn p2_trace_of_emits() {
    let mut world = World::new("Emits: buffered, sent, acknowledged, timed out, dropped.", Server::Tidewire);
    let emit = |id: u32, name: &str, ack| Command::Emit {
        emit: EmitId(id),
        name: name.into(),
        body: Some(BodyId(900 + id)),
        size: 20,
        ack,
        timeout: Millis(5_000),
        namespace: None,
        attachments: vec![],
        class: EmitClass::Plain {},
    };
    world.command(emit(1, "typing", false));
    world.command(emit(2, "píše", true));
    world.later(6_000);
    world.command(emit(3, "píše", true));
    world.command(Command::Connect {});
    world.command(emit(4, "frage", true));
    world.command(emit(5, "", true));
    world.up = false;
    world.command(emit(6, "verloren", true));
    world.later(10_000);
    world.command(emit(7, "wieder", true));
    world.cut(true);
    world.command(Command::Disconnect {});
    world.later(20_000);
    assert!(world.count(|o| matches!(o, Output::Emitted { result: EmitResult::Answered { .. }, .. })) >= 1);
    assert!(world.count(|o| matches!(o, Output::Emitted { .. })) >= 4);
    check("emits", &world.trace);
}

#[test]
fn p2_trace_of_trouble() {
    let mut world =
        joined("Trouble: every class of outcome, a full store, garbage frames, refusals, two more restarts.");
    let answers = [
        Answer::Status(503, None, "<h1>wartet</h1>"),
        Answer::Status(200, None, "<html>Bitte anmelden</html>"),
        Answer::Status(401, None, "{}"),
        Answer::Lost,
        Answer::Status(409, Some("in-progress"), "{}"),
        Answer::Status(500, None, "{}"),
        Answer::Status(201, Some("replayed"), r#"{"größe":1}"#),
        Answer::Status(404, Some("rejected"), r#"{"error":{"code":"NOT_FOUND","message":"není"}}"#),
        Answer::Status(412, Some("rejected"), "{}"),
        Answer::Status(422, Some("key-reused"), "{}"),
        Answer::Status(409, Some("client-reset"), "{}"),
    ];
    world.answers.extend(answers);
    for path in
        ["/api/activities/a/like", "/api/activities/b/like", "/api/activities/b/like", "/api/messages"]
    {
        world.want(Command::Submit { write: like(path) });
    }
    world.settle();
    world.later(400_000);
    for path in ["/api/x", "/api/y", "/api/z", "kein Pfad", ""] {
        world.command(Command::Submit { write: like(path) });
    }
    world.later(400_000);
    world.store_errors.extend([StoreError::Full, StoreError::Failed]);
    world.command(Command::Submit { write: like("/api/voll") });
    world.command(Command::Submit { write: like("/api/kaputt") });
    world.later(60_000);
    world.command(Command::SetProcessing { on: false });
    world.command(Command::Submit { write: like("/api/zurück") });
    let write = world.last_write();
    world.command(Command::Cancel { write });
    world.command(Command::Discard { write: "nie-gesehen".into() });
    world.command(Command::SetProcessing { on: true });
    for frame in
        ["", "x", "42", "42[\"a\"", "4", "451-[]", "42[\"tw\",[\"activities\",\"k3j\",-1,\"\",\"\"],\"a\"]"]
    {
        world.hear_as(frame, FrameBody::Invalid {});
        world.settle();
        world.later(40_000);
    }
    world.restart();
    world.command(Command::Connect {});
    world.later(100_000);
    let is_parked = |o: &&Output| matches!(o, Output::Write { state: WriteState::Parked { .. }, .. });
    let last = world.seen.iter().rev().find(is_parked);
    let parked =
        last.and_then(|o| if let Output::Write { write, .. } = o { Some(write.clone()) } else { None });
    let parked = parked.expect("something was parked");
    world.command(Command::Retry { write: parked.clone() });
    world.command(Command::Discard { write: parked });
    world.restart();
    world.later(100_000);
    assert!(world.states(|s| matches!(s, WriteState::Parked { .. })) >= 3);
    assert!(world.states(|s| matches!(s, WriteState::Refused { .. })) >= 1);
    assert!(world.states(|s| matches!(s, WriteState::Acknowledged { replayed: true, .. })) >= 1);
    assert!(world.count(|o| matches!(o, Output::Log { note: Note::UnmarkedAnswer })) >= 1);
    check("trouble", &world.trace);
}

/// Bytes without a pattern, the same each time.
fn noise(count: usize, mut state: u32) -> Vec<u8> {
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(count).collect()
}

#[test]
fn p2_trace_of_noise() {
    let mut world = World::new("Noise: messages of every kind in no sensible order.", Server::Foreign);
    world.brief = true;
    for round in 0..250 {
        let bytes = noise(120, 77 + round);
        let mut dice = Dice::new(&bytes);
        let mut messages: Vec<_> = (0..3).map(|_| Message::sample(&mut dice)).collect();
        // After these there is little left to say.
        let last = |m: &Message| {
            matches!(m, Message::Input(Input::StoreNewer {}) | Message::Command(Command::Suspend {}))
        };
        messages.retain(|message| round >= 200 || !last(message));
        world.raw(messages);
        world.now.mono = Timestamp(world.now.mono.0 + u64::from(bytes[0]) * 50);
    }
    assert!(world.seen.len() > 100);
    check("noise", &world.trace);
}

#[test]
fn p2_trace_of_a_long_walk() {
    let mut world =
        joined("A long walk: likes, messages, events, cuts and restarts in an order that dice decide.");
    world.brief = true;
    let dice = noise(260, 4_680);
    for (step, roll) in dice.iter().enumerate() {
        match roll % 12 {
            0 => world.cut(roll & 64 == 0),
            1 | 2 => {
                world.up = true;
                world.input(Input::Network { signal: NetworkSignal::Changed });
            }
            3 if roll & 128 == 0 => {
                world.restart();
                world.want(Command::Connect {});
                world.want(Command::Join { room: "activities".into() });
                world.say(Input::Bound { room: "activities".into(), queries: vec![QueryId(1)] });
                world.settle();
            }
            4 => world.command(Command::Connect {}),
            5 | 6 => {
                let lane = format!("/api/activities/{}/like", roll / 60);
                world.command(Command::Submit { write: like(&lane) });
            }
            7 | 8 => {
                let payload = format!(r#"{{"text":"zpráva {step} ✉️"}}"#);
                world.event("activities", "", "message:new", &payload);
                world.settle();
            }
            9 => base(&mut world, u64::from(roll / 12), None),
            10 => world.command(Command::Join { room: "activities".into() }),
            _ => world.later(u64::from(*roll) * 40),
        }
    }
    assert!(world.states(|s| matches!(s, WriteState::Acknowledged { .. })) > 10);
    assert!(world.count(|o| matches!(o, Output::Event(_))) > 10);
    check("walk", &world.trace);
}
