//! Limits of links, emits and rooms, each at its last good value and one beyond (C2, C4, C6, C12, Y2). Others stand with what they limit.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::Rig;
use tidewire_core::*;

/// A link to a foreign server; the room `r` is joined.
fn foreign() -> (Rig, LinkId) {
    let mut rig = Rig::new();
    rig.dialect = false;
    rig.grant = Some(r#"40{"sid":"s1","pid":"p1"}"#.into());
    rig.connect();
    rig.command(Command::Join { room: "r".into() }).unwrap();
    rig.answer_join("{}");
    let link = rig.link.unwrap();
    (rig, link)
}

const CHANGED: Input = Input::Network { signal: NetworkSignal::Changed };

// Both sides of core::FRESHLY_HEARD.
#[test]
fn c4_a_foreign_link_of_which_nothing_was_heard_for_two_seconds_is_checked() {
    for (short, checked) in [(1, false), (0, true)] {
        let (mut rig, link) = foreign();
        rig.pass(10_000);
        rig.frame_on(link, "2");
        rig.pass(limits::FRESHLY_HEARD.0 - short);
        let opened = rig.opened.len();
        rig.input(CHANGED);
        assert_eq!(rig.opened.len() > opened, checked, "{short}");
    }
}

// Both sides of core::TAKEOVER_EVENTS.
#[test]
fn c4_so_many_events_wait_for_a_takeover_and_then_the_old_link_is_dropped() {
    let (mut rig, old) = foreign();
    rig.pass(10_000);
    rig.input(CHANGED);
    assert_ne!(rig.link, Some(old), "another link");
    let dropped = |rig: &Rig| rig.log.contains(&Output::Close { link: old });
    for _ in 1..limits::TAKEOVER_EVENTS {
        rig.frame(r#"42["news",1]"#);
    }
    assert!(!dropped(&rig));
    assert_eq!(rig.events().len(), 0);
    rig.frame(r#"42["news",1]"#);
    assert!(dropped(&rig));
    assert_eq!(rig.events().len(), limits::TAKEOVER_EVENTS, "none is lost");
}

// Both sides of core::OFFSET_CLOCK_SKEW.
#[test]
fn c12_an_offset_tells_a_time_within_a_day_of_ours() {
    let skew = limits::OFFSET_CLOCK_SKEW.0;
    for (time, taken) in [
        (rig::WALL - skew, true),
        (rig::WALL - skew - 1, false),
        (rig::WALL + skew, true),
        (rig::WALL + skew + 1, false),
    ] {
        let (mut rig, _) = foreign();
        rig.last = Some(format!("{time}-0"));
        rig.frame(r#"42["x",1]"#);
        rig.take();
        rig.break_link();
        rig.pass(1_000);
        assert_eq!(rig.sent()[0].contains("offset"), taken, "{time}");
    }
}

// Both sides of core::ATTEMPT_TIMEOUT.
#[test]
fn c5_an_attempt_ends_with_its_tenth_second() {
    let mut rig = Rig::new();
    rig.mute = true;
    rig.connect();
    rig.pass(limits::ATTEMPT_TIMEOUT.0 - 1);
    assert!(matches!(rig.connection(), ConnectionState::Connecting { .. }));
    rig.pass(1);
    assert!(matches!(rig.connection(), ConnectionState::Waiting { .. }));
}

// Both sides of core::STABLE_AFTER.
#[test]
fn c2_a_session_is_stable_from_its_fifth_second_on() {
    for (short, attempt) in [(1, 4), (0, 1)] {
        let mut rig = Rig::new();
        rig.reachable = false;
        rig.connect();
        rig.next_deadline();
        rig.reachable = true;
        rig.next_deadline();
        rig.pass(limits::STABLE_AFTER.0 - short);
        rig.break_link();
        let ConnectionState::Waiting { attempt: next, .. } = rig.connection() else { panic!() };
        assert_eq!(next, attempt);
    }
}

/// The number of fresh tokens that were asked for.
fn asked(rig: &Rig) -> usize {
    rig.tokens_asked.iter().filter(|fresh| **fresh).count()
}

/// A session whose token ends soon, at the time when a fresh one is asked for.
fn renewing(token: AuthResult) -> Rig {
    let mut rig = Rig::new();
    rig.grant = Some(r#"40{"sid":"s1","tidewire":1,"expires":10000,"instance":"a"}"#.into());
    rig.connect();
    rig.token = token;
    rig.pass(7_999);
    assert_eq!(asked(&rig), 0);
    rig.pass(1);
    assert_eq!(asked(&rig), 1, "in the last fifth of its life");
    rig
}

// Both sides of core::TOKEN_RETRY.
#[test]
fn c5_a_failed_renewal_is_tried_again_after_five_seconds() {
    let mut rig = renewing(AuthResult::Failed {});
    rig.pass(limits::TOKEN_RETRY.0 - 1);
    assert_eq!(asked(&rig), 1);
    rig.pass(1);
    assert_eq!(asked(&rig), 2);
}

// Both sides of core::TOKEN_TIMEOUT.
#[test]
fn c5_an_unanswered_token_is_asked_for_again_after_ten_seconds() {
    let mut rig = renewing(AuthResult::Token { token: "jwt".into() });
    rig.pass(limits::TOKEN_TIMEOUT.0 - 1);
    assert_eq!(asked(&rig), 1);
    rig.pass(1);
    assert_eq!(asked(&rig), 2);
}

// Both sides of core::FRAME, core::FRAME_HEAD.
#[test]
fn c6_an_emit_may_be_as_long_as_a_frame_less_its_head() {
    let most = limits::FRAME - limits::FRAME_HEAD as u32 - 1;
    for (size, taken) in [(most, Ok(Accepted::Done {})), (most + 1, Err(Refusal::TooLarge))] {
        let mut rig = Rig::new();
        rig.connect();
        let emit = Command::Emit {
            emit: EmitId(1),
            namespace: None,
            name: "say".into(),
            body: Some(BodyId(1)),
            attachments: vec![],
            size,
            ack: false,
            timeout: Millis(1_000),
            class: EmitClass::Plain {},
        };
        assert_eq!(rig.command(emit), taken);
    }
}

// Both sides of core::READS.
#[test]
fn y2_so_many_fetches_of_a_query_are_told_apart() {
    for (more, refused) in [(0, false), (1, true)] {
        let mut rig = Rig::new();
        rig.connect();
        rig.start_read(1, 1_000);
        rig.read_done(1, 1_000, Some(("r", 1)));
        for read in 0..limits::READS as u32 + more {
            rig.start_read(1, read);
        }
        rig.read_done(1, 0, Some(("r", 2)));
        assert_eq!(!rig.refused().is_empty(), refused);
    }
}

// Both sides of core::JOIN_TIMEOUT.
#[test]
fn c7_an_answer_to_a_join_is_waited_for_ten_seconds() {
    let mut rig = Rig::new();
    rig.connect();
    rig.command(Command::Join { room: "r".into() }).unwrap();
    let joins = |rig: &Rig| rig.sent().iter().filter(|text| text.contains("room:join")).count();
    assert_eq!(joins(&rig), 1);
    rig.pass(limits::JOIN_TIMEOUT.0 - 1);
    assert_eq!(joins(&rig), 1);
    rig.pass(1);
    assert_eq!(joins(&rig), 2);
}
