//! The exactly-once rule in memory, on the cases of `crates/server/tests/write_rules.rs` (Q9, V5).
#![allow(missing_docs)]
#![allow(clippy::wildcard_enum_match_arm)]
use tidewire_sim::server::ledger::{ANSWERS_PER_CLIENT, Answer, Fate, Identity, KEY_MILLIS, Ledger, Verdict};

const CLIENT: &str = "AAAAAAAAAAAAAAAAAAAAAA";

/// A write is judged and, if it may run, settled; answers the outcome.
fn write(
    ledger: &mut Ledger,
    by: (&str, &str),
    key: &str,
    sequence: u64,
    floor: u64,
    request: &str,
) -> &'static str {
    let (user, client) = by;
    let identity = Identity::Sequenced { key: key.into(), client: client.into(), sequence, floor };
    settle(ledger, user, &identity, request, 0)
}

fn settle(ledger: &mut Ledger, user: &str, identity: &Identity, request: &str, now: u64) -> &'static str {
    match ledger.judge(user, identity, request, now) {
        Verdict::Run => {
            ledger.settle(user, identity, request, Answer { status: 201, body: Some("x".into()) }, now);
            "applied"
        }
        Verdict::Replay(_) => "replayed",
        Verdict::KeyReused => "key-reused",
        Verdict::ClientReset => "client-reset",
    }
}

/// Writes of one client in a row: key, sequence, floor, request, and the outcome.
fn check(cases: &[(&str, u64, u64, &str, &str)]) -> Ledger {
    let mut ledger = Ledger::default();
    for (key, sequence, floor, request, expected) in cases {
        let outcome = write(&mut ledger, ("ana", CLIENT), key, *sequence, *floor, request);
        assert_eq!(outcome, *expected, "{key} {sequence} {floor} {request}");
    }
    ledger
}

#[test]
fn q9_v5_the_rule_of_protocol_section_3_case_by_case() {
    check(&[("k1", 1, 1, "", "applied"), ("k1", 1, 1, "", "replayed")]);
    check(&[
        ("k1", 1, 1, "", "applied"),
        ("k1", 1, 1, "other", "key-reused"),
        ("k2", 1, 1, "", "client-reset"),
    ]);
    check(&[
        ("k1", 1, 1, "", "applied"),
        ("k2", 2, 2, "", "applied"),
        ("k1", 1, 1, "", "client-reset"),
        ("k2", 2, 2, "", "replayed"),
    ]);
    check(&[("k7", 7, 2, "", "client-reset"), ("k7", 7, 1, "", "applied")]);
    check(&[
        ("k1", 1, 1, "", "applied"),
        ("k4", 4, 3, "", "applied"),
        ("k3", 3, 1, "", "applied"),
        ("k2", 2, 1, "", "client-reset"),
    ]);
}

#[test]
fn q9_settled_sequences_are_kept_in_any_order_and_named_as_ranges() {
    let mut ledger = check(&[
        ("k5", 5, 1, "", "applied"),
        ("k2", 2, 1, "", "applied"),
        ("k4", 4, 1, "", "applied"),
        ("k1", 1, 1, "", "applied"),
        ("k2", 2, 1, "", "replayed"),
    ]);
    assert_eq!(ledger.applied("ana", CLIENT), Some(vec![(1, 2), (4, 5)]));
    assert_eq!(write(&mut ledger, ("ana", CLIENT), "k3", 3, 3, ""), "applied");
    assert_eq!(ledger.applied("ana", CLIENT), Some(vec![(1, 5)]));
    assert_eq!(ledger.kept(), 3);
    assert_eq!(ledger.applied("ana", "unknown"), None);
}

#[test]
fn q9_clients_and_users_do_not_see_each_others_sequences() {
    let mut ledger = Ledger::default();
    for by in [("ana", CLIENT), ("ben", CLIENT), ("ana", "BBBBBBBBBBBBBBBBBBBBBB")] {
        assert_eq!(write(&mut ledger, by, "k1", 1, 1, ""), "applied");
    }
}

#[test]
fn q9_a_key_alone_is_known_per_user_for_seven_days() {
    let mut ledger = Ledger::default();
    let key = Identity::Keyed("k1".into());
    assert_eq!(settle(&mut ledger, "ana", &key, "", 0), "applied");
    assert_eq!(settle(&mut ledger, "ben", &key, "", 0), "applied");
    assert_eq!(settle(&mut ledger, "ana", &key, "", KEY_MILLIS), "replayed");
    assert_eq!(settle(&mut ledger, "ana", &key, "x", KEY_MILLIS), "key-reused");
    assert_eq!(settle(&mut ledger, "ana", &key, "x", KEY_MILLIS + 1), "applied");
    assert_eq!(settle(&mut ledger, "ana", &Identity::Unnamed, "x", 0), "applied");
}

#[test]
fn q9_an_old_answer_above_a_floor_that_does_not_move_shrinks_to_its_status() {
    let mut ledger = Ledger::default();
    for sequence in 1..=ANSWERS_PER_CLIENT + 1 {
        assert_eq!(write(&mut ledger, ("ana", CLIENT), &format!("k{sequence}"), sequence, 1, ""), "applied");
    }
    let body = |sequence: u64| {
        let identity =
            Identity::Sequenced { key: format!("k{sequence}"), client: CLIENT.into(), sequence, floor: 1 };
        match ledger.judge("ana", &identity, "", 0) {
            Verdict::Replay(answer) => answer.body,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((body(1), body(2)), (None, Some("x".to_owned())));
}

#[test]
fn q9_q13_what_is_voided_for_a_new_client_is_not_applied_when_it_comes_late() {
    let mut ledger = Ledger::default();
    let ana = ("ana", CLIENT);
    let second = |floor| Identity::Sequenced { key: "k2".into(), client: CLIENT.into(), sequence: 2, floor };
    assert_eq!(ledger.fate("ana", &second(2), true), Fate::ClientReset, "it is not new");
    assert_eq!(ledger.fate("ana", &second(1), false), Fate::Open);
    assert!(!ledger.knows("ana", CLIENT));
    assert_eq!(ledger.fate("ana", &second(1), true), Fate::Voided);
    assert_eq!(ledger.fate("ana", &second(2), true), Fate::Voided, "asked again");
    assert_eq!(write(&mut ledger, ana, "k2", 2, 1, ""), "client-reset");
    assert_eq!(write(&mut ledger, ana, "k3", 3, 3, ""), "applied", "it is known");
}
