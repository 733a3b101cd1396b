//! The audit of positions heals what the feed lost (V6).

use tidewire_hub::*;

use crate::driver::{Driver, offsets};

/// Pongs, so that nobody is taken for dead.
fn wait(driver: &mut Driver, span: u64, sessions: &[SessionId]) {
    for _ in 0..span / 1_000 {
        driver.wait(1_000);
        for session in sessions {
            driver.text(*session, "3");
        }
        driver.answer_all();
    }
}

#[test]
fn v6_a_lost_wake_is_healed_within_40_s_in_order_and_once() {
    let mut driver = Driver::new(Config::default());
    let (ana, ben) = (driver.joined("ana", "r"), driver.joined("ben", "other"));
    driver.publish("r");
    for _ in 0..3 {
        driver.commit("r", "1");
    }
    driver.feed.clear();
    wait(&mut driver, 40_000, &[ana, ben]);
    assert_eq!(offsets(&driver.take(ana), "r"), [1, 2, 3, 4]);
    assert!(driver.notes.contains(&Note::FeedGap { room: RoomId::from("r"), missing: Offset(2) }));
    driver.publish("r");
    assert_eq!(offsets(&driver.take(ana), "r"), [5], "live again");
    assert_eq!(offsets(&driver.take(ben), "other"), [] as [u64; 0]);
}

#[test]
fn v6_what_the_feed_brings_a_moment_later_is_not_read_again() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.joined("ana", "r");
    driver.wait(29_999);
    driver.text(ana, "3");
    driver.commit("r", "1");
    driver.wait(1);
    driver.answer_all();
    driver.wait(999);
    driver.feed_all();
    driver.wait(5_000);
    assert_eq!((offsets(&driver.take(ana), "r"), driver.reads), (vec![1], 0));
    assert_eq!(driver.notes, []);
}

#[test]
fn v6_a_new_epoch_that_the_feed_did_not_tell_sends_the_members_to_join_anew() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.joined("ana", "r");
    driver.publish("r");
    driver.history.clear();
    driver.epoch = "e2".to_owned();
    wait(&mut driver, 40_000, &[ana]);
    assert_eq!(driver.closed(ana), Some(CloseReason::HistoryLost));
}

#[test]
fn v6_rounds_are_made_while_somebody_is_in_a_room_and_one_question_at_a_time() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.joined("ana", "r1");
    for room in ["r2", "r3"] {
        driver.join(ana, 1, room, None);
        driver.answer_all();
    }
    driver.wait(30_000);
    driver.text(ana, "3");
    let mut rounds = Vec::new();
    while let [Output::ReadHead { room, .. }] = driver.open.make_contiguous() {
        rounds.push(room.0.to_string());
        driver.answer_at(0);
    }
    assert_eq!(rounds, ["r1", "r2", "r3"]);
    driver.input(Input::Closed { session: ana });
    driver.wait(31_000);
    assert_eq!((driver.open.len(), driver.hub.poll_timeout()), (0, None));
}
