//! Kill the process at every output while a write waits for a name that only the server can give (Q7, Q9, P1 in small).
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod mortal;
mod rig;
mod sim;

use mortal::Mortal;
use tidewire_core::*;

const TEMP: &str = "tmp_5fV9xQ2kLm";

fn submit(world: &mut Mortal, path: &str, body: &str, temp_ids: Vec<String>) -> WriteId {
    world.submit(Submission {
        method: "POST".into(),
        path: path.into(),
        body: Some(body.into()),
        name: "count".into(),
        temp_ids,
        ..Default::default()
    })
}

/// One life with a kill after `kill` outputs, then one without. Returns whether the first was killed.
fn scenario(kill: usize, lose_answers: bool) -> bool {
    let mut world = Mortal::new(kill, lose_answers);
    let first = submit(&mut world, "/activities", "new", vec![TEMP.into()]);
    let path = format!("/activities/{TEMP}/messages");
    let second = submit(&mut world, &path, &format!(r#"{{"activity":"{TEMP}"}}"#), Vec::new());
    world.lead(1);
    let killed = !world.work();
    let promised = [first, second].map(|write| world.durable.contains(&write));
    world.restart();
    world.lead(2);
    assert!(world.work());

    for (path, body) in &world.server.taken {
        assert!(!path.contains(TEMP) && !body.contains(TEMP), "kill after {kill}: a temporary id was sent");
    }
    let effects = &world.server.effects;
    let named = [("/activities", "new"), ("/activities/7/messages", r#"{"activity":"7"}"#)];
    for (effect, promised) in named.into_iter().zip(promised) {
        let times = effects.iter().filter(|(p, b)| (p.as_str(), b.as_str()) == effect).count();
        assert!(times <= 1, "kill after {kill}: {effect:?} was applied {times} times");
        assert!(times == 1 || !promised, "kill after {kill}: {effect:?} was promised and is lost");
    }
    if let Some(at) = effects.iter().position(|(path, _)| path != "/activities") {
        assert_eq!(at, 1, "kill after {kill}: the dependant came before its parent");
    }
    killed
}

#[test]
fn q7_q9_a_kill_at_any_output_sends_no_temporary_id_and_loses_no_dependant() {
    for lose_answers in [false, true] {
        let kills = (0..).take_while(|kill| scenario(*kill, lose_answers)).count();
        assert!(kills > 20, "only {kills} places to kill at");
    }
}
