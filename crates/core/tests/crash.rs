//! Kill the process at every output, restart from the disk, demand the same end (Q1, Q2, Q9, P1 in small).
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod mortal;
mod rig;
mod sim;

use mortal::Mortal;
use tidewire_core::*;

const WRITES: [(&str, &str); 6] =
    [("/a", "1"), ("/b", "1"), ("/a", "2"), ("/a", "3"), ("/c", "1"), ("/b", "2")];

/// One life with a kill after `kill` outputs, then lives without. Returns whether the first was killed.
fn scenario(kill: usize, lose_answers: bool) -> bool {
    let mut world = Mortal::new(kill, lose_answers);
    let mut submitted = Vec::new();
    for (path, body) in WRITES {
        let write = Submission {
            method: "POST".into(),
            path: path.into(),
            body: Some(body.into()),
            name: "count".into(),
            optimistic: true,
            ..Default::default()
        };
        submitted.push(((path.to_owned(), body.to_owned()), world.submit(write)));
    }
    world.lead(1);
    let killed = !world.work();
    let promised: Vec<_> = submitted
        .into_iter()
        .filter(|(_, write)| world.durable.contains(write))
        .map(|(effect, _)| effect)
        .collect();
    // The next lives.
    world.restart();
    world.lead(2);
    assert!(world.work());

    let effects = &world.server.effects;
    for effect in &promised {
        let times = effects.iter().filter(|e| *e == effect).count();
        assert_eq!(times, 1, "kill after {kill}: {effect:?} was promised and applied {times} times");
    }
    for (path, _) in WRITES {
        let lane: Vec<_> = effects.iter().filter(|(p, _)| p == path).map(|(_, body)| body.clone()).collect();
        assert!(lane.is_sorted(), "kill after {kill}: {path} came as {lane:?}");
        assert!(lane.windows(2).all(|w| w[0] != w[1]), "kill after {kill}: {path} twice: {lane:?}");
    }
    if !killed {
        assert_eq!(effects.len(), WRITES.len());
        assert_eq!(world.rig.disk.keys().collect::<Vec<_>>(), ["m/client"], "nothing is left behind");
    }
    killed
}

#[test]
fn q1_q2_q9_a_kill_at_any_output_loses_nothing_promised_and_applies_nothing_twice() {
    for lose_answers in [false, true] {
        let kills = (0..).take_while(|kill| scenario(*kill, lose_answers)).count();
        assert!(kills > 60, "only {kills} places to kill at");
    }
}
