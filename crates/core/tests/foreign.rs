//! The link to a foreign Socket.IO server: another link that takes over (C4), its own recovery (C12), its own way of joining
//! rooms (C7).
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::Rig;
use tidewire_core::*;

fn foreign(change: impl FnOnce(&mut Config)) -> Rig {
    let mut config = rig::config();
    change(&mut config);
    let mut rig = Rig::idle(config, Default::default(), 1);
    rig.settle();
    rig.dialect = false;
    rig
}

fn join(rig: &mut Rig, room: &str) {
    rig.command(Command::Join { room: room.into() }).unwrap();
}

fn rooms(rig: &Rig) -> Vec<RoomState> {
    let states = rig.log.iter().filter_map(|o| match o {
        Output::Room { state, .. } => Some(state.clone()),
        _ => None,
    });
    states.collect()
}

fn names(rig: &Rig) -> Vec<String> {
    rig.events().into_iter().map(|event| event.name).collect()
}

const CHANGED: Input = Input::Network { signal: NetworkSignal::Changed };

/// A link with a joined room that has been silent for a while; and its id.
fn quiet() -> (Rig, LinkId) {
    let mut rig = foreign(|_| {});
    rig.connect();
    join(&mut rig, "r");
    rig.answer_join("{}");
    rig.bind("r", &[1]);
    rig.base(1, None);
    rig.pass(10_000);
    rig.take();
    let old = rig.link.unwrap();
    (rig, old)
}

#[test]
fn c4_a_probe_event_that_the_app_names_checks_a_foreign_link() {
    let mut rig = foreign(|config| config.probe_event = Some("are you there".into()));
    rig.connect();
    rig.take();
    rig.input(CHANGED);
    assert_eq!(rig.sent(), [r#"421["are you there"]"#]);
    rig.frame("431[]");
    rig.pass(5_000);
    assert!(rig.connection_or_none().is_none(), "alive");
    rig.input(Input::App { signal: AppSignal::Foreground });
    let link = rig.link.unwrap();
    rig.input(CHANGED);
    rig.pass(limits::PROBE_TIMEOUT.0);
    assert!(rig.log.contains(&Output::Close { link }), "dead");
}

#[test]
fn c4_without_a_probe_a_second_link_takes_over_once_the_rooms_are_joined_there() {
    let (mut rig, old) = quiet();
    rig.input(CHANGED);
    let new = rig.link.unwrap();
    assert_ne!(old, new);
    assert!(!rig.log.contains(&Output::Close { link: old }), "the room is not joined there yet");
    assert!(rig.last_join().1.contains("\"r\""));
    // Nobody knows yet whether the old link is dead: what comes on the new one waits.
    rig.frame(r#"42["news",1]"#);
    assert_eq!(names(&rig), Vec::<String>::new());
    rig.answer_join("{}");
    assert!(rig.log.contains(&Output::Close { link: old }));
    assert_eq!(names(&rig), ["news"], "the old one was dead: nobody has had it");
    assert_eq!(rig.refetched(), [(1, RefetchReason::Foreign)], "Y3");
    assert!(
        !rig.log.iter().any(|o| matches!(o, Output::Connection { state: ConnectionState::Waiting { .. } }))
    );
    rig.frame(r#"42["more",1]"#);
    assert_eq!(names(&rig), ["news", "more"]);
    rig.pass(200_000);
    assert!(!rig.log.contains(&Output::Close { link: LinkId(0) }));
}

#[test]
fn c4_an_event_that_comes_on_both_links_is_heard_once() {
    let (mut rig, old) = quiet();
    rig.input(CHANGED);
    rig.frame(r#"42["news",1]"#);
    rig.frame_on(old, r#"42["news",1]"#);
    assert_eq!(names(&rig), ["news"]);
    let before = rig.released().len();
    rig.answer_join("{}");
    assert_eq!(names(&rig), ["news"]);
    assert!(rig.released().len() > before + 1, "what waited is given back, beside the answer");
}

#[test]
fn c4_anything_that_is_heard_proves_the_old_link_alive_and_no_link_is_made_for_a_fresh_one() {
    let (mut rig, old) = quiet();
    rig.mute = true;
    rig.input(CHANGED);
    let second = rig.link.unwrap();
    rig.frame_on(old, "2");
    assert!(rig.log.contains(&Output::Close { link: second }));
    let opened = rig.opened.len();
    rig.input(CHANGED);
    assert_eq!(rig.opened.len(), opened, "heard of just now");
    rig.frame_on(old, r#"42["news",1]"#);
    assert_eq!(names(&rig), ["news"]);
}

#[test]
fn c4_a_second_link_that_comes_to_nothing_leaves_the_first_one_as_it_is() {
    for how in 0..4 {
        let (mut rig, old) = quiet();
        match how {
            0 => rig.reachable = false,
            1 => rig.mute = true,
            2 => rig.refusal = Some(r#"44{"message":"no"}"#),
            _ => rig.token = AuthResult::Missing {},
        }
        rig.input(CHANGED);
        rig.pass(limits::ATTEMPT_TIMEOUT.0);
        assert!(!rig.log.contains(&Output::Close { link: old }), "{how}");
        rig.frame_on(old, r#"42["news",1]"#);
        assert_eq!(names(&rig), ["news"], "{how}");
        assert!(rig.connection_or_none().is_none(), "{how}: nothing is told of it");
    }
}

#[test]
fn c4_when_the_first_link_dies_meanwhile_the_second_one_is_the_attempt() {
    let (mut rig, old) = quiet();
    rig.mute = true;
    rig.input(CHANGED);
    let second = rig.link.unwrap();
    rig.input(Input::Closed { link: old, cause: CloseCause::Lost });
    assert!(matches!(rig.connection(), ConnectionState::Connecting { .. }));
    rig.frame_on(second, r#"0{"sid":"e","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#);
    assert!(matches!(rig.connection(), ConnectionState::Connected { .. }));
    assert_eq!(rig.opened.len(), 2);
}

#[test]
fn c4_disconnect_during_a_takeover_closes_both_links() {
    for joined in [false, true] {
        let (mut rig, old) = quiet();
        rig.mute = !joined;
        rig.input(CHANGED);
        let second = rig.link.unwrap();
        rig.command(Command::Disconnect {}).unwrap();
        for link in [old, second] {
            assert!(rig.log.contains(&Output::Close { link }), "{joined}");
        }
        assert_eq!(rig.engine.poll_timeout(), None);
    }
}

/// An offset of the in-memory adapter at this time.
fn offset(wall: u64) -> String {
    let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
    (0..7).rev().map(|place| char::from(digits[(wall >> (6 * place)) as usize & 63])).collect()
}

fn recovering() -> Rig {
    let mut rig = foreign(|_| {});
    rig.grant = Some(r#"40{"sid":"s1","pid":"p1"}"#.into());
    rig.connect();
    rig.bind("r", &[1]);
    rig.base(1, None);
    rig
}

fn claim(rig: &mut Rig) -> String {
    rig.take();
    rig.break_link();
    rig.pass(1_000);
    rig.sent().remove(0)
}

#[test]
fn c12_a_session_is_restored_from_its_pid_and_the_offset_of_the_last_event() {
    let mut rig = recovering();
    let at = offset(rig::WALL);
    rig.last = Some(at.clone());
    rig.frame(&format!(r#"42["x",1,"{at}"]"#));
    rig.last = None;
    rig.frame(r#"42["volatile",1]"#);
    let claim = claim(&mut rig);
    assert_eq!(claim, format!(r#"40{{"pid":"p1","offset":"{at}","token":"jwt","tidewire":1}}"#));
    assert_eq!(rig.refetched(), [], "the same session: nothing was missed");
    rig.grant = Some(r#"40{"sid":"s2","pid":"p2"}"#.into());
    rig.break_link();
    rig.pass(10_000);
    assert_eq!(rig.refetched(), [(1, RefetchReason::Foreign)], "Y3: a new one");
    rig.take();
    rig.break_link();
    rig.pass(10_000);
    assert_eq!(rig.sent()[0], r#"40{"token":"jwt","tidewire":1}"#, "it has no offset yet");
}

// Both sides of core::RESTORED_EVENTS.
#[test]
fn c12_what_a_restored_session_has_missed_comes_before_the_answer_and_is_heard_once_it_is_there() {
    let most = limits::RESTORED_EVENTS;
    for (sid, pid, many, heard) in
        [("s1", "p1", 3, 3), ("s2", "p2", 3, 0), ("s1", "p1", most, most), ("s1", "p1", most + 1, 0)]
    {
        let mut rig = recovering();
        rig.last = Some(offset(rig::WALL));
        rig.frame(r#"42["x",1]"#);
        rig.refusal = Some("6"); // Nothing: the answer comes below.
        rig.break_link();
        rig.pass(1_000);
        rig.take();
        for _ in 0..many {
            rig.frame(r#"42["missed",1]"#);
        }
        assert_eq!(names(&rig), Vec::<String>::new());
        if rig.link.is_some() {
            rig.frame(&format!(r#"40{{"sid":"{sid}","pid":"{pid}"}}"#));
            assert!(matches!(rig.connection(), ConnectionState::Connected { .. }));
        }
        assert_eq!(names(&rig), vec!["missed"; heard], "{sid} {many}");
        let events = rig.log.iter().position(|o| matches!(o, Output::Event(_)));
        let up = rig.log.iter().position(|o| matches!(o, Output::Connection { .. }));
        assert!(events.is_none() || up < events, "the session first");
        assert!(rig.released().len() >= many, "every body is given back");
    }
}

#[test]
fn c12_a_last_argument_that_is_text_is_no_offset() {
    let near = offset(rig::WALL);
    let other_day = offset(rig::WALL - 3 * 24 * 3_600_000);
    let object_id = format!("{:08x}0123456789abcdef", rig::WALL / 1_000);
    let stream_id = format!("{}-0", rig::WALL);
    for (last, taken) in [
        (near.as_str(), true),
        (&format!("{near}.1Z"), true),
        (&stream_id, true),
        (&object_id, true),
        ("hello", false),
        ("tuesday", false),
        (&other_day, false),
        (&format!("{near}."), false),
        (&format!("{near}.!"), false),
        ("1000000000000-0", false),
        ("507f1f77bcf86cd799439011", false),
        ("", false),
    ] {
        let mut rig = recovering();
        rig.last = Some(last.to_owned());
        rig.frame(r#"42["x",1]"#);
        assert_eq!(claim(&mut rig).contains("offset"), taken, "{last}");
    }
    for frame in [r#"427["asks",1]"#, r#"43/n,1["x"]"#] {
        let mut rig = recovering();
        rig.last = Some(near.clone());
        rig.frame(frame);
        assert!(!claim(&mut rig).contains("offset"), "{frame}");
    }
}

#[test]
fn c12_a_room_that_was_left_meanwhile_is_not_restored() {
    let mut rig = recovering();
    join(&mut rig, "r");
    rig.answer_join("{}");
    rig.last = Some(offset(rig::WALL));
    rig.frame(r#"42["x",1]"#);
    rig.take();
    rig.break_link();
    rig.command(Command::Leave { room: "r".into() }).unwrap();
    rig.pass(1_000);
    assert!(!rig.sent()[0].contains("pid"));
}

fn shaped(leave: Option<&str>, key: Option<&str>, answers: bool) -> Rig {
    let join = ForeignJoin {
        event: "subscribe".into(),
        leave: leave.map(str::to_owned),
        key: key.map(str::to_owned),
        answers,
    };
    let mut rig = foreign(|config| config.join = Some(join));
    rig.connect();
    rig.take();
    rig
}

#[test]
fn c7_the_join_event_and_its_shape_are_the_apps() {
    for (leave, key, answers, sent) in [
        (Some("unsubscribe"), None, true, [r#"421["subscribe","r\"1"]"#, r#"422["unsubscribe","r\"1"]"#]),
        (
            Some("unsubscribe"),
            Some("room"),
            false,
            [r#"42["subscribe",{"room":"r\"1"}]"#, r#"42["unsubscribe",{"room":"r\"1"}]"#],
        ),
        (None, None, false, [r#"42["subscribe","r\"1"]"#, ""]),
    ] {
        let mut rig = shaped(leave, key, answers);
        join(&mut rig, "r\"1");
        let joined = RoomState::Joined { recovered: false, head: None };
        if answers {
            assert_eq!(rooms(&rig), [RoomState::Joining {}]);
            rig.pass(limits::JOIN_TIMEOUT.0 - 1);
            assert_eq!(rooms(&rig).len(), 1);
            rig.pass(1);
        }
        assert_eq!(rooms(&rig).last(), Some(&joined), "it need not answer");
        rig.command(Command::Leave { room: "r\"1".into() }).unwrap();
        let sent: Vec<&str> = sent.into_iter().filter(|text| !text.is_empty()).collect();
        assert_eq!(rig.sent(), sent);
    }
}

#[test]
fn c7_our_own_server_is_asked_in_its_own_way_whatever_the_app_says() {
    let mut rig = foreign(|config| {
        let event = "subscribe".into();
        config.join = Some(ForeignJoin { event, leave: None, key: None, answers: false });
    });
    rig.dialect = true;
    rig.connect();
    join(&mut rig, "r");
    assert!(rig.sent().last().unwrap().contains(r#"["room:join",{"roomId":"r"}]"#));
}

fn denied(reason: &str) -> RoomState {
    RoomState::Denied { reason: reason.into() }
}

#[test]
fn c7_a_refusal_is_told_once_until_the_reason_changes_or_the_app_asks() {
    let mut rig = Rig::new();
    rig.connect();
    join(&mut rig, "r");
    rig.answer_join(r#"{"error":"no"}"#);
    assert_eq!(rooms(&rig), [RoomState::Joining {}, denied("no")]);
    rig.take();
    let again = |rig: &mut Rig, answer: &str| {
        rig.break_link();
        rig.pass(5_000);
        rig.answer_join(answer);
    };
    again(&mut rig, r#"{"error":"no"}"#);
    assert_eq!(rooms(&rig), [], "the app knows");
    again(&mut rig, r#"{"error":"never"}"#);
    assert_eq!(rooms(&rig), [denied("never")]);
    rig.take();
    rig.command(Command::Rejoin { room: "r".into() }).unwrap();
    rig.answer_join(r#"{"error":"never"}"#);
    assert_eq!(rooms(&rig), [RoomState::Joining {}, denied("never")], "it asked");
    rig.take();
    again(&mut rig, r#"{"success":true,"epoch":"ep","offset":4,"recovered":false}"#);
    let head = Some(Position { room: "r".into(), epoch: "ep".into(), offset: Offset(4) });
    assert_eq!(
        rooms(&rig),
        [RoomState::Joined { recovered: false, head }],
        "and a first listener has a place"
    );
    rig.take();
    rig.command(Command::Rejoin { room: "r".into() }).unwrap();
    assert_eq!(rig.sent().len(), 0, "there is nothing to ask for");
}
