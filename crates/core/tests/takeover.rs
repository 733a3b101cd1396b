//! A second link that may take over from a foreign one: when none is made, how it ends, how the first one ends meanwhile (C4). The plain
//! cases stand in `foreign.rs`.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::Rig;
use tidewire_core::*;

const CHANGED: Input = Input::Network { signal: NetworkSignal::Changed };

/// A link of which nothing was heard for ten seconds; the room `r` is joined.
fn quiet() -> (Rig, LinkId) {
    let mut rig = Rig::new();
    rig.dialect = false;
    rig.connect();
    rig.command(Command::Join { room: "r".into() }).unwrap();
    rig.answer_join("{}");
    rig.pass(10_000);
    rig.take();
    let old = rig.link.unwrap();
    (rig, old)
}

#[test]
fn c4_a_second_link_that_fails_is_tried_again_after_two_seconds_at_the_earliest() {
    let (mut rig, _) = quiet();
    rig.reachable = false;
    rig.input(CHANGED);
    assert_eq!(rig.opened.len(), 2);
    rig.pass(limits::FRESHLY_HEARD.0 - 1);
    rig.input(CHANGED);
    assert_eq!(rig.opened.len(), 2);
    rig.pass(1);
    rig.input(CHANGED);
    assert_eq!(rig.opened.len(), 3);
}

#[test]
fn c4_while_a_second_link_is_made_or_takes_over_there_is_no_third() {
    for joined in [false, true] {
        let (mut rig, old) = quiet();
        rig.mute = !joined;
        rig.input(CHANGED);
        rig.pass(limits::FRESHLY_HEARD.0 + 1);
        assert!(
            !rig.log.contains(&Output::Close { link: old }),
            "{joined}: the room is not joined there yet"
        );
        rig.input(CHANGED);
        assert_eq!(rig.opened.len(), 2, "{joined}");
    }
}

#[test]
fn c4_a_second_link_that_says_nothing_is_closed_after_ten_seconds() {
    let (mut rig, _) = quiet();
    rig.mute = true;
    rig.input(CHANGED);
    let second = Output::Close { link: rig.link.unwrap() };
    rig.pass(limits::ATTEMPT_TIMEOUT.0 - 1);
    assert!(!rig.log.contains(&second));
    rig.pass(1);
    assert!(rig.log.contains(&second));
}

#[test]
fn c4_when_the_old_link_ends_nothing_is_waited_for() {
    // It says goodbye, which is life: what came on the new one came there too.
    for (goodbye, heard) in [(false, vec!["news"]), (true, vec![])] {
        let (mut rig, old) = quiet();
        rig.input(CHANGED);
        rig.frame(r#"42["news",1]"#);
        assert_eq!(rig.events(), [], "it waits");
        rig.take();
        if goodbye {
            rig.frame_on(old, "41");
        } else {
            rig.input(Input::Closed { link: old, cause: CloseCause::Lost });
        }
        let names: Vec<_> = rig.events().into_iter().map(|event| event.name).collect();
        assert_eq!(names, heard);
        assert_eq!(rig.connection_or_none(), None, "the new link stays");
        rig.frame(r#"42["more",1]"#);
        assert_eq!(rig.events().pop().unwrap().name, "more");
    }
}
