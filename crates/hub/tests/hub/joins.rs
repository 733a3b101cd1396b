//! Atomic joins (V3): never live before history, never a gap, never a room's event to somebody outside.

use serde_json::json;
use tidewire_hub::*;

use crate::driver::{Driver, Got, offsets};

fn joined(offset: u64, recovered: bool) -> serde_json::Value {
    json!([{ "success": true, "epoch": "e1", "offset": offset, "recovered": recovered }])
}

fn error(code: &str) -> serde_json::Value {
    json!([{ "error": code }])
}

/// Joins `r` at `since` with `head` events committed before, and all of them fed.
fn join_after(head: u64, since: Option<u64>, config: Config) -> (Driver, Vec<Got>) {
    let mut driver = Driver::new(config);
    for _ in 0..head {
        driver.commit("r", "1");
    }
    driver.feed_all();
    let ana = driver.connected("ana");
    driver.join(ana, 7, "r", since);
    driver.answer_all();
    let got = driver.take(ana);
    (driver, got)
}

#[test]
fn v3_without_since_the_answer_names_the_head_and_live_events_follow() {
    let (mut driver, got) = join_after(3, None, Config::default());
    assert_eq!(got, [Got::Ack(7, joined(3, false))]);
    driver.publish("r");
    assert_eq!(driver.take(SessionId(1)), [Got::Room("r".to_owned(), 4)]);
}

#[test]
fn v3_with_since_the_answer_comes_first_then_the_missed_events_in_order() {
    let (_, got) = join_after(5, Some(2), Config::default());
    assert_eq!(got[0], Got::Ack(7, joined(5, true)));
    assert_eq!(offsets(&got[1..], "r"), [3, 4, 5]);
}

// Both sides of hub::MISSED_EVENTS.
#[test]
fn v3_missed_events_up_to_the_limit_are_recovered_and_one_more_is_not() {
    let (_, got) = join_after(1_010, Some(10), Config::default());
    assert_eq!(got[0], Got::Ack(7, joined(1_010, true)));
    assert_eq!(offsets(&got, "r"), (11..=1_010).collect::<Vec<_>>());
    let (mut driver, got) = join_after(1_010, Some(9), Config::default());
    assert_eq!(got, [Got::Ack(7, joined(1_010, false))]);
    driver.publish("r");
    assert_eq!(offsets(&driver.take(SessionId(1)), "r"), [1_011]);
}

#[test]
fn v3_an_unknown_epoch_is_not_recovered() {
    let mut driver = Driver::new(Config::default());
    driver.publish("r");
    let ana = driver.connected("ana");
    driver.join_at(ana, 1, "r", Some(("other".to_owned(), 0)));
    driver.answer_all();
    assert_eq!(driver.take(ana), [Got::Ack(1, joined(1, false))]);
}

#[test]
fn v3_since_outside_the_kept_history_is_not_recovered() {
    for (since, recovered) in [(4, false), (5, true)] {
        let mut driver = Driver::new(Config::default());
        for _ in 0..8 {
            driver.commit("r", "1");
        }
        driver.feed_all();
        driver.kept.insert("r".to_owned(), 6);
        let ana = driver.connected("ana");
        driver.join(ana, 1, "r", Some(since));
        driver.answer_all();
        let got = driver.take(ana);
        assert_eq!(got[0], Got::Ack(1, joined(8, recovered)));
        assert_eq!(offsets(&got, "r"), if recovered { vec![6, 7, 8] } else { vec![] });
    }
}

#[test]
fn v3_nobody_reads_history_from_before_they_may() {
    for (since, recovered) in [(3, false), (4, true)] {
        let mut driver = Driver::new(Config::default());
        for _ in 0..6 {
            driver.commit("late", "1");
        }
        driver.feed_all();
        let ana = driver.connected("ana");
        driver.join(ana, 1, "late", Some(since));
        driver.answer_all();
        let got = driver.take(ana);
        assert_eq!(got[0], Got::Ack(1, joined(6, recovered)));
        assert_eq!(offsets(&got, "late"), if recovered { vec![5, 6] } else { vec![] });
    }
}

#[test]
fn v3_a_client_that_is_ahead_of_the_feed_is_recovered_if_the_history_is_as_far() {
    let mut driver = Driver::new(Config::default());
    let ben = driver.joined("ben", "r");
    driver.commit("r", "1");
    driver.commit("r", "1");
    let ana = driver.connected("ana");
    // She read 2 in an HTTP answer; the feed has brought nothing yet.
    driver.join(ana, 1, "r", Some(2));
    driver.answer_all();
    assert_eq!(driver.take(ana), [Got::Ack(1, joined(2, true))]);
    driver.commit("r", "1");
    driver.feed_all();
    assert_eq!(offsets(&driver.take(ana), "r"), [3]);
    assert_eq!(offsets(&driver.take(ben), "r"), [1, 2, 3]);
}

#[test]
fn v3_a_client_that_is_ahead_of_the_history_starts_anew() {
    let mut driver = Driver::new(Config::default());
    driver.joined("ben", "r");
    driver.publish("r");
    let ana = driver.connected("ana");
    driver.join(ana, 1, "r", Some(9));
    driver.answer_all();
    assert_eq!(driver.take(ana), [Got::Ack(1, joined(1, false))]);
    driver.publish("r");
    assert_eq!(offsets(&driver.take(ana), "r"), [2]);
}

#[test]
fn v3_no_event_is_missing_or_early_wherever_commits_fall_between_the_steps_of_a_join() {
    // A join from an empty hub asks: authorise, head, history. After each step `commits` more events appear, and are
    // fed or not.
    for first in 0..3 {
        for commits in 0..4 {
            for fed in [false, true] {
                let mut driver = Driver::new(Config { ring_events: 2, read_events: 3, ..Config::default() });
                for _ in 0..4 {
                    driver.commit("r", "1");
                }
                driver.feed.clear();
                let ana = driver.connected("ana");
                driver.join(ana, 1, "r", Some(1));
                let mut step = 0;
                while !driver.open.is_empty() {
                    // The answer is formed first and arrives after the commits, and the other way round.
                    let question = driver.open.pop_front().unwrap();
                    let early = driver.answer(&question);
                    if step >= first {
                        for _ in 0..commits {
                            driver.commit("r", "1");
                        }
                        if fed {
                            driver.feed_all();
                        }
                    }
                    driver.input(early);
                    step += 1;
                    assert!(step < 100, "the join does not end");
                    if step > 4 {
                        break;
                    }
                }
                driver.answer_all();
                driver.feed_all();
                driver.answer_all();
                let got = driver.take(ana);
                assert!(matches!(&got[0], Got::Ack(1, answer) if answer[0]["recovered"] == true), "{got:?}");
                let head = driver.history["r"].len() as u64;
                let case = format!("first {first}, commits {commits}, fed {fed}");
                assert_eq!(offsets(&got, "r"), (2..=head).collect::<Vec<_>>(), "{case}");
            }
        }
    }
}

#[test]
fn v3_joining_again_moves_the_cursor_back() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.joined("ana", "r");
    for _ in 0..3 {
        driver.publish("r");
    }
    driver.take(ana);
    driver.join(ana, 9, "r", Some(1));
    driver.answer_all();
    let got = driver.take(ana);
    assert_eq!(got[0], Got::Ack(9, joined(3, true)));
    assert_eq!(offsets(&got, "r"), [2, 3]);
    driver.publish("r");
    assert_eq!(offsets(&driver.take(ana), "r"), [4]);
}

#[test]
fn v3_a_refused_join_gets_the_reason_and_no_event() {
    for (room, code) in [("secret", "Unauthorized"), ("down", "Unavailable")] {
        let mut driver = Driver::new(Config::default());
        let ana = driver.connected("ana");
        driver.join(ana, 1, room, None);
        driver.answer_all();
        assert_eq!(driver.take(ana), [Got::Ack(1, error(code))]);
        driver.publish(room);
        assert_eq!(driver.take(ana), []);
    }
}

#[test]
fn v3_a_member_whose_new_join_is_denied_is_a_member_no_more() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.joined("ana", "r");
    driver.join(ana, 1, "r", None);
    let Some(Output::Authorize { request, .. }) = driver.open.pop_front() else { panic!("no question") };
    driver.input(Input::Authorized { request, result: Err(Denied::Unauthorized) });
    driver.take(ana);
    driver.publish("r");
    assert_eq!(driver.take(ana), []);
}

#[test]
fn v3_access_taken_away_removes_members_and_refuses_joins_at_every_step() {
    let revoked = || Input::Revoked { user: UserId::from("ana"), room: RoomId::from("r") };
    let mut driver = Driver::new(Config::default());
    let (ana, ben) = (driver.joined("ana", "r"), driver.joined("ben", "r"));
    driver.input(revoked());
    driver.publish("r");
    assert_eq!((driver.take(ana).len(), driver.take(ben).len()), (0, 1));
    // Authorising, reading the head, reading the history.
    for step in 0..3 {
        let mut driver = Driver::new(Config::default());
        driver.commit("r", "1");
        driver.feed.clear();
        let ana = driver.connected("ana");
        driver.join(ana, 1, "r", Some(0));
        driver.text(ana, r#"422["tw:probe"]"#);
        driver.take(ana);
        for _ in 0..step {
            driver.answer_at(0);
        }
        driver.input(revoked());
        assert_eq!(driver.take(ana), [Got::Ack(1, error("Unauthorized"))]);
        driver.answer_all();
        driver.publish("r");
        assert_eq!(driver.take(ana), []);
    }
}

#[test]
fn v3_nothing_reaches_a_client_before_it_is_admitted_or_after_it_left() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.connected("ana");
    driver.publish("r");
    driver.join(ana, 1, "r", None);
    driver.publish("r");
    assert_eq!(driver.take(ana), [], "not authorised yet");
    driver.answer_all();
    driver.take(ana);
    driver.text(ana, r#"422["room:leave",{"roomId":"r"}]"#);
    assert_eq!(driver.take(ana), [Got::Ack(2, json!([{ "success": true }]))]);
    driver.publish("r");
    assert_eq!(driver.take(ana), []);
}

#[test]
fn v3_a_history_that_cannot_be_read_refuses_the_join_and_a_later_one_works() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.connected("ana");
    driver.join(ana, 1, "r", None);
    driver.answer_at(0);
    let Some(Output::ReadHead { request, .. }) = driver.open.pop_front() else { panic!("no question") };
    driver.input(Input::HeadRead { request, result: Err(Unreadable) });
    assert_eq!(driver.take(ana), [Got::Ack(1, error("Unavailable"))]);
    driver.join(ana, 2, "r", None);
    driver.answer_all();
    assert_eq!(driver.take(ana), [Got::Ack(2, joined(0, false))]);
}

#[test]
fn v7_a_crowd_reads_the_head_once_and_the_same_history_once() {
    let mut driver = Driver::new(Config::default());
    for _ in 0..5 {
        driver.commit("r", "1");
    }
    driver.feed.clear();
    let crowd: Vec<SessionId> = (0..50).map(|n| driver.connected(&format!("u{n}"))).collect();
    for session in &crowd {
        driver.join(*session, 1, "r", Some(2));
    }
    for _ in 0..50 {
        driver.answer_at(0);
    }
    let heads = driver.open.iter().filter(|question| matches!(question, Output::ReadHead { .. })).count();
    assert_eq!((heads, driver.open.len()), (1, 1));
    driver.answer_all();
    assert_eq!(driver.reads, 1);
    for session in crowd {
        assert_eq!(offsets(&driver.take(session), "r"), [3, 4, 5]);
    }
}

#[test]
fn v6_a_gap_in_the_feed_is_filled_from_the_history() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.joined("ana", "r");
    driver.publish("r");
    driver.commit("r", "1");
    driver.feed.clear();
    driver.publish("r");
    assert_eq!(offsets(&driver.take(ana), "r"), [1], "3 waits for 2");
    driver.answer_all();
    assert_eq!(offsets(&driver.take(ana), "r"), [2, 3]);
}

#[test]
fn v6_a_feed_that_is_behind_the_head_is_no_gap() {
    let mut driver = Driver::new(Config::default());
    driver.commit("r", "1");
    driver.commit("r", "1");
    let ana = driver.joined("ana", "r");
    driver.feed_one();
    let ben = driver.connected("ben");
    driver.join(ben, 1, "r", None);
    driver.answer_all();
    assert_eq!(driver.take(ben), [Got::Ack(1, joined(2, false))], "the head does not go back");
    driver.feed_all();
    assert_eq!((driver.take(ana), driver.take(ben)), (vec![], vec![]));
    assert_eq!(driver.notes, []);
}

#[test]
fn v6_an_answer_to_an_older_reading_does_not_disturb_a_newer_one() {
    let mut driver = Driver::new(Config { ring_events: 1, read_events: 1, ..Config::default() });
    let ana = driver.joined("ana", "r");
    driver.publish("r");
    driver.publish("r");
    driver.commit("r", "1");
    driver.feed.clear();
    driver.publish("r");
    let Some(older) = driver.open.pop_front() else { panic!("3 is to be read") };
    driver.take(ana);
    driver.join(ana, 1, "r", Some(0));
    driver.answer_at(0);
    driver.answer_at(0);
    assert_eq!(offsets(&driver.take(ana), "r"), [1]);
    let late = driver.answer(&older);
    driver.input(late);
    driver.answer_all();
    assert_eq!(offsets(&driver.take(ana), "r"), [2, 3, 4]);
    assert_eq!(driver.closed(ana), None);
}

#[test]
fn v6_a_promised_event_that_left_the_history_ends_the_connection() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.joined("ana", "r");
    driver.publish("r");
    driver.commit("r", "1");
    driver.feed.clear();
    driver.kept.insert("r".to_owned(), 3);
    driver.publish("r");
    driver.answer_all();
    assert_eq!(driver.closed(ana), Some(CloseReason::HistoryLost));
}

#[test]
fn v6_a_new_epoch_reaches_members_with_its_first_event() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.joined("ana", "r");
    driver.publish("r");
    driver.take(ana);
    driver.epoch = "e2".to_owned();
    driver.history.clear();
    driver.publish("r");
    assert_eq!(offsets(&driver.take(ana), "r"), [1]);
    driver.join(ana, 1, "r", Some(1));
    driver.answer_all();
    assert!(matches!(&driver.take(ana)[0], Got::Ack(1, answer) if answer[0]["epoch"] == "e2"));
}

// Both sides of hub::ROOMS.
#[test]
fn v9_one_room_above_the_limit_is_refused() {
    let mut driver = Driver::new(Config { rooms: 2, ..Config::default() });
    let ana = driver.joined("ana", "a");
    for (room, expected) in [("b", joined(0, false)), ("c", error("TooManyRooms")), ("a", joined(0, false))] {
        driver.join(ana, 1, room, None);
        driver.answer_all();
        assert_eq!(driver.take(ana), [Got::Ack(1, expected)]);
    }
}

// Both sides of hub::IDLE_ROOMS.
#[test]
fn rooms_that_nobody_is_in_are_forgotten_beyond_the_limit() {
    let mut driver = Driver::new(Config { idle_rooms: 1, ..Config::default() });
    let ana = driver.connected("ana");
    let reads_head = |driver: &mut Driver, room: &str| {
        driver.join(ana, 1, room, None);
        driver.answer_at(0);
        let asked = !driver.open.is_empty();
        driver.answer_all();
        driver.text(ana, &format!("422[\"room:leave\",{{\"roomId\":\"{room}\"}}]"));
        asked
    };
    assert!(reads_head(&mut driver, "a"));
    assert!(!reads_head(&mut driver, "a"), "kept while idle");
    assert!(reads_head(&mut driver, "b"));
    assert!(reads_head(&mut driver, "a"), "b took its place");
}
