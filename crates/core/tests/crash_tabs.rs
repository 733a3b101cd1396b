//! Two tabs over one store: the lead changes hands at every single thing that happens, by a kill or by a message that
//! comes, comes back or is never told; steps of the store fail once. Every time the end must be the same (Q1, Q2, Q9, Q19, P1).
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod sim;

use sim::{Broadcasts, World};
use tidewire_core::*;

/// Which tab queues what: path and body. Within a lane the bodies of one tab rise.
const WRITES: [(usize, &str, &str); 7] = [
    (0, "/a", "a1"),
    (1, "/a", "b1"),
    (0, "/b", "a1"),
    (0, "/a", "a2"),
    (1, "/c", "b1"),
    (1, "/a", "b2"),
    (0, "/b", "a2"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Handover {
    /// The leader dies.
    Kill,
    /// It is told.
    Told,
    /// It finds out by a fence.
    Fenced,
    /// It is told, and leads again a little later.
    Back,
    /// It is never told, and leads again a little later.
    FencedBack,
}

#[derive(Clone, Copy, Debug)]
struct Case {
    cut: usize,
    handover: Handover,
    broadcasts: Broadcasts,
    lose_answers: bool,
    fail: Option<(usize, StoreError)>,
}

/// Returns whether the cut came before the end, and how many steps the store was asked for.
fn run(case: Case) -> (bool, usize) {
    let what = format!("{case:?}");
    let mut world = World::new(case.broadcasts, case.lose_answers);
    world.fail = case.fail;
    let (first, second) = (world.open_tab(), world.open_tab());
    world.lead(first);
    let mut writes = Vec::new();
    let submit = |world: &mut World, writes: &mut Vec<_>, range: std::ops::Range<usize>| {
        for (tab, path, body) in &WRITES[range] {
            let write = world.submit(*tab, path, body);
            writes.push((write, (*path).to_owned(), (*body).to_owned()));
        }
    };
    submit(&mut world, &mut writes, 0..3);
    let mut steps = 0;
    while steps < case.cut && world.step() {
        steps += 1;
        if steps == 12 {
            submit(&mut world, &mut writes, 3..WRITES.len());
        }
    }
    let cut = steps == case.cut;
    if steps < 12 {
        submit(&mut world, &mut writes, 3..WRITES.len());
    }
    match case.handover {
        Handover::Kill => world.kill(first),
        Handover::Told | Handover::Back => world.handle(first, Input::LeaderLost {}),
        Handover::Fenced | Handover::FencedBack => {}
    }
    world.lead(second);
    if matches!(case.handover, Handover::Back | Handover::FencedBack) {
        for _ in 0..25 {
            world.step();
        }
        if case.handover == Handover::Back {
            world.handle(second, Input::LeaderLost {});
        }
        world.lead(first);
    }
    world.settle(&what);
    let survivors = if case.handover == Handover::Kill { 1..2 } else { 0..2 };
    for tab in survivors {
        let tab = &world.tabs[tab];
        assert_eq!(tab.parked, [], "{what}: nothing was refused, and nobody was in doubt");
        if case.broadcasts == Broadcasts::Delivered {
            assert_eq!(tab.pending, 0, "{what}");
            assert!(tab.layers.is_empty(), "{what}: {:?}", tab.layers);
        }
    }
    // Whatever was not heard of is found by the next one that leads.
    world.kill(first);
    world.kill(second);
    let third = world.open_tab();
    world.lead(third);
    world.settle(&what);
    assert_eq!(world.tabs[third].parked, [], "{what}");
    assert!(world.tabs[third].layers.is_empty(), "{what}");
    check(&what, &world, &writes);
    (cut, world.persists)
}

fn check(what: &str, world: &World, writes: &[(WriteId, String, String)]) {
    let effects = &world.server.effects;
    for (write, path, body) in writes {
        let times = effects.iter().filter(|(p, b)| p == path && b == body).count();
        assert!(times <= 1, "{what}: {path} {body} {times} times");
        if world.durable.contains(write) {
            assert_eq!(times, 1, "{what}: {path} {body} was promised; {effects:?}");
        }
    }
    for (path, tab) in [("/a", "a"), ("/a", "b"), ("/b", "a"), ("/c", "b")] {
        let lane = effects.iter().filter(|(p, b)| p == path && b.starts_with(tab));
        let lane: Vec<_> = lane.map(|(_, body)| body).collect();
        assert!(lane.is_sorted(), "{what}: {path} came as {lane:?}");
    }
    assert_eq!(world.disk.keys().collect::<Vec<_>>(), ["m/client"], "{what}: nothing is left behind");
}

const HANDOVERS: [Handover; 5] =
    [Handover::Kill, Handover::Told, Handover::Fenced, Handover::Back, Handover::FencedBack];

#[test]
fn q1_q2_q9_q19_the_lead_may_change_hands_at_any_moment() {
    for handover in HANDOVERS {
        for broadcasts in [Broadcasts::Delivered, Broadcasts::Lost, Broadcasts::Late] {
            for lose_answers in [false, true] {
                let cuts = (0..).take_while(|cut| {
                    run(Case { cut: *cut, handover, broadcasts, lose_answers, fail: None }).0
                });
                let cuts = cuts.count();
                assert!(cuts > 100, "only {cuts} places");
            }
        }
    }
}

#[test]
fn q2_q4_q19_any_step_of_the_store_may_fail_once() {
    for error in [StoreError::Failed, StoreError::Full] {
        for handover in HANDOVERS {
            for cut in [0, 30, 60, 90, 120, 10_000] {
                for lose_answers in [false, true] {
                    let mut at = 1;
                    loop {
                        let broadcasts = Broadcasts::Delivered;
                        let fail = Some((at, error));
                        let (_, persists) = run(Case { cut, handover, broadcasts, lose_answers, fail });
                        if at > persists {
                            break;
                        }
                        at += 1;
                    }
                    assert!(at > 10, "only {at} steps");
                }
            }
        }
    }
}
