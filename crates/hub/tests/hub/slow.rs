//! Slow readers (V8): closed by name when live events pile up, paced while they catch up; never a silent loss.

use tidewire_hub::*;

use crate::driver::{Driver, Got, offsets};

const PAYLOAD: usize = 1_000;

fn big() -> String {
    format!("\"{}\"", "x".repeat(PAYLOAD))
}

#[test]
fn v8_a_reader_is_closed_as_slow_at_the_limit_and_the_others_go_on() {
    let mut driver = Driver::new(Config::default());
    let (slow, quick) = (driver.joined("ana", "r"), driver.joined("ben", "r"));
    driver.flush(slow);
    let mut sent = 0;
    while driver.closed(slow).is_none() {
        driver.commit("r", &big());
        driver.feed_all();
        driver.flush(quick);
        sent += 1;
        assert!(driver.clients[&slow].queued <= 1_000_000);
        assert!(sent < 2_000);
    }
    assert_eq!(driver.closed(slow), Some(CloseReason::Slow));
    assert!(driver.clients[&slow].queued > 1_000_000 - 2 * PAYLOAD as u64, "not long before the limit");
    assert_eq!(offsets(&driver.take(quick), "r").len(), sent);
}

#[test]
fn v8_catching_up_never_closes_as_slow_and_loses_nothing() {
    let mut driver = Driver::new(Config { missed_events: 3_000, ..Config::default() });
    for _ in 0..2_000 {
        driver.commit("r", &big());
    }
    driver.feed_all();
    let ana = driver.connected("ana");
    driver.flush(ana);
    driver.join(ana, 1, "r", Some(0));
    driver.answer_all();
    let first = driver.take(ana);
    assert!(matches!(first[0], Got::Ack(1, _)));
    let mut got = offsets(&first, "r");
    assert!(got.len() < 400, "it waits for the client: {}", got.len());
    // Live events meanwhile stay behind the history.
    for _ in 0..1_500 {
        driver.commit("r", &big());
        driver.feed_all();
    }
    assert_eq!(driver.closed(ana), None);
    while got.len() < 3_500 {
        let before = got.len();
        driver.flush(ana);
        driver.answer_all();
        got.extend(offsets(&driver.take(ana), "r"));
        assert!(got.len() > before, "no progress at {before}");
        assert!(driver.clients[&ana].queued < 300_000);
    }
    assert_eq!(got, (1..=3_500).collect::<Vec<_>>());
    driver.flush(ana);
    driver.publish("r");
    assert_eq!(offsets(&driver.take(ana), "r"), [3_501], "live at the end");
}
