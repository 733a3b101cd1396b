//! Limits of the hub, each at its last good value and one beyond (V1, V4, V6, V8, V9, C2). Others stand with what they limit.

use serde_json::json;
use tidewire_hub::*;

use crate::driver::{Driver, Got, offsets};

fn event(session: SessionId, name: &str, text: &str, ack: Option<(AckId, Millis)>) -> Input {
    let args = Args { json: Json(format!("\"{text}\"")), ..Args::default() };
    Input::Emit { session, name: name.into(), args, ack }
}

// Both sides of hub::LATE.
#[test]
fn c4_a_host_that_wakes_a_little_late_is_on_time() {
    for (late, from) in [(limits::LATE.0, 0), (limits::LATE.0 + 1, limits::LATE.0 + 1)] {
        let mut driver = Driver::new(Config::default());
        driver.connected("ana");
        let due = driver.hub.poll_timeout().unwrap();
        driver.now = due.after(Millis(late));
        driver.input(Input::Timeout);
        let deadline = due.after(Millis(from)).after(limits::PING_TIMEOUT);
        assert_eq!(driver.hub.poll_timeout(), Some(deadline), "{late} ms late");
    }
}

// Both sides of hub::FRAME_BYTES.
#[test]
fn c11_a_frame_of_so_many_bytes_is_taken_and_not_one_more() {
    let most = limits::FRAME_BYTES as usize;
    for (length, closed) in [(most, None), (most + 1, Some(CloseReason::Oversized))] {
        let mut driver = Driver::new(Config { msgpack: true, ..Config::default() });
        let (ana, ben) = (driver.connected("ana"), driver.raw());
        driver.text(ana, &format!(r#"42["x","{}"]"#, "x".repeat(length - 10)));
        assert_eq!(driver.closed(ana), closed);
        driver.input(Input::Received { session: ben, frame: Inbound::Binary(vec![0; length]) });
        assert_eq!(driver.closed(ben) == Some(CloseReason::Oversized), closed.is_some());
    }
}

// Both sides of hub::ATTACHMENT_BYTES.
#[test]
fn c11_attachments_of_one_packet_have_so_many_bytes_and_not_one_more() {
    for (more, closed) in [(0, None), (1, Some(CloseReason::Oversized))] {
        let mut driver = Driver::new(Config::default());
        let ana = driver.connected("ana");
        let parts = limits::ATTACHMENT_BYTES / 1_000_000;
        let places: Vec<_> = (0..=parts).map(|num| json!({ "_placeholder": true, "num": num })).collect();
        driver.text(ana, &format!("45{}-{}", parts + 1, json!(["x", places])));
        for length in vec![1_000_000; parts].into_iter().chain([more]) {
            assert_eq!(driver.closed(ana), None);
            driver.input(Input::Received { session: ana, frame: Inbound::Binary(vec![0; length]) });
        }
        assert_eq!(driver.closed(ana), closed);
    }
}

/// Whether a session is still known when its client comes back.
fn comes_back(driver: &mut Driver) -> bool {
    let back = driver.raw();
    driver.take(back);
    driver.text(back, r#"40{"token":"ben","pid":"pid1","offset":""}"#);
    driver.answer_all();
    driver.take(back).iter().any(|got| matches!(got, Got::Other(text) if text.contains("\"pid1\"")))
}

// Both sides of hub::RECOVERY_TIME.
#[test]
fn c12_a_session_waits_two_minutes_for_its_client() {
    for (short, known) in [(1, true), (0, false)] {
        let mut driver = Driver::new(Config { recovery: true, ..Config::default() });
        let ben = driver.connected_as("ben", false);
        driver.input(Input::Closed { session: ben });
        driver.wait(limits::RECOVERY_TIME.0 - short);
        assert_eq!(comes_back(&mut driver), known);
    }
}

// Both sides of hub::RECOVERY_BYTES.
#[test]
fn c12_so_many_bytes_are_kept_for_a_client_that_is_away() {
    for (more, known) in [(0, true), (1, false)] {
        let mut driver = Driver::new(Config { recovery: true, ..Config::default() });
        let ben = driver.connected_as("ben", false);
        driver.clients.get_mut(&ben).unwrap().queued = 0;
        driver.input(event(ben, "n", "", None));
        // The offset of the next one is as long.
        let empty = driver.clients[&ben].queued;
        let rest = (limits::RECOVERY_BYTES - 2 * empty + more) as usize;
        driver.input(event(ben, "n", &"x".repeat(rest), None));
        driver.input(Input::Closed { session: ben });
        assert_eq!(comes_back(&mut driver), known);
    }
}

// Both sides of hub::ACKS_OWED.
#[test]
fn a_session_owes_so_many_acknowledgements_and_not_one_more() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.connected("ana");
    let mut ask = |n: u64| {
        driver.hub.handle(event(ana, "n", "", Some((AckId(n), Millis(1_000)))), driver.now);
        let mut outputs = std::iter::from_fn(|| driver.hub.poll_output());
        outputs.any(|output| matches!(output, Output::Acked { answer: Err(Unanswered::Gone), .. }))
    };
    for n in 0..limits::ACKS_OWED as u64 {
        assert!(!ask(n), "{n}");
    }
    assert!(ask(9_999));
}

// Both sides of hub::QUEUE_BYTES.
#[test]
fn v8_so_many_bytes_wait_for_a_client_and_not_one_more() {
    let most = limits::QUEUE_BYTES;
    for (more, closed) in [(0, None), (1, Some(CloseReason::Slow))] {
        let mut driver = Driver::new(Config::default());
        let ana = driver.connected("ana");
        driver.flush(ana);
        driver.input(event(ana, "n", "", None));
        let empty = driver.clients[&ana].queued;
        driver.input(event(ana, "n", &"x".repeat((most - 2 * empty + more) as usize), None));
        assert_eq!(driver.closed(ana), closed);
    }
}

/// How many of the missed events are sent at once to a client that joins, and their bytes together with the answer's.
fn caught_up(config: Config, missed: u64) -> (usize, u64) {
    let mut driver = Driver::new(config);
    for _ in 0..missed {
        driver.publish("r");
    }
    let ana = driver.connected("ana");
    driver.flush(ana);
    driver.join(ana, 1, "r", Some(0));
    driver.answer_all();
    (offsets(&driver.take(ana), "r").len(), driver.clients[&ana].queued)
}

// Both sides of hub::CATCH_UP_BYTES.
#[test]
fn v8_while_more_than_so_many_bytes_wait_no_history_is_added() {
    let (three, bytes) = caught_up(Config { ring_events: 1, ..Config::default() }, 3);
    assert_eq!(three, 3);
    for (short, sent) in [(0, 4), (1, 3)] {
        let config = Config { catch_up_bytes: bytes - short, ring_events: 1, ..Config::default() };
        assert_eq!(caught_up(config, 9).0, sent);
    }
}

// Both sides of hub::AUDIT_INTERVAL, hub::FEED_TIME.
#[test]
fn v6_a_round_begins_on_time_and_what_the_feed_lacks_is_read_a_second_later() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.joined("ana", "r");
    let asks = |driver: &Driver| driver.open.iter().any(|asked| matches!(asked, Output::ReadHead { .. }));
    driver.wait(limits::AUDIT_INTERVAL.0 - 1);
    driver.text(ana, "3");
    assert!(!asks(&driver));
    driver.commit("r", "1");
    driver.wait(1);
    assert!(asks(&driver));
    driver.answer_all();
    driver.wait(limits::FEED_TIME.0 - 1);
    assert_eq!(driver.reads, 0);
    driver.wait(1);
    assert_eq!(driver.reads, 1);
}

/// Whether somebody who saw the first of four events gets the others from memory.
fn remembered(config: Config) -> bool {
    let mut driver = Driver::new(config);
    let _member = driver.joined("ben", "r");
    for _ in 0..4 {
        driver.commit("r", "\"ten bytes\"");
    }
    driver.feed_all();
    let ana = driver.connected("ana");
    driver.join(ana, 1, "r", Some(1));
    driver.answer_all();
    assert_eq!(offsets(&driver.take(ana), "r"), [2, 3, 4]);
    driver.reads == 0
}

// Both sides of hub::RING_EVENTS, hub::RING_BYTES.
#[test]
fn v6_so_many_events_and_bytes_of_a_room_are_kept_in_memory() {
    assert!(remembered(Config { ring_events: 3, ..Config::default() }));
    assert!(!remembered(Config { ring_events: 2, ..Config::default() }));
    let bytes = 3 * "\"ten bytes\"".len() as u64;
    assert!(remembered(Config { ring_bytes: bytes, ..Config::default() }));
    assert!(!remembered(Config { ring_bytes: bytes - 1, ..Config::default() }));
}

// Both sides of hub::READ_EVENTS.
#[test]
fn v3_so_many_events_are_read_at_a_time() {
    for (missed, reads) in [(4, 1), (5, 2)] {
        let mut driver = Driver::new(Config { read_events: 4, ..Config::default() });
        for _ in 0..missed {
            driver.publish("r");
        }
        let ana = driver.connected("ana");
        driver.join(ana, 1, "r", Some(0));
        driver.answer_all();
        assert_eq!(offsets(&driver.take(ana), "r").len(), missed);
        assert_eq!(driver.reads, reads, "{missed}");
    }
}

/// When the first and the last of so many clients come back.
fn hints(clients: usize) -> (u64, u64) {
    let mut driver = Driver::new(Config::default());
    let told: Vec<_> = (0..clients).map(|n| driver.connected(&format!("u{n}"))).collect();
    driver.input(Input::Drain(Farewell::default()));
    let mut after = |session| match driver.take(session).remove(0) {
        Got::Plain(hint) => hint[1]["after"].as_u64().unwrap(),
        other => panic!("no hint: {other:?}"),
    };
    (after(told[0]), after(told[clients - 1]))
}

// Both sides of hub::RETURN_AFTER, hub::RETURN_PACE, hub::RETURN_SPREAD.
#[test]
fn c2_clients_come_back_at_a_pace_until_there_are_too_many_and_then_evenly() {
    let (first, pace, spread) = (limits::RETURN_AFTER.0, limits::RETURN_PACE.0, limits::RETURN_SPREAD.0);
    assert_eq!(hints(2), (first, first + pace));
    let few = spread / pace;
    assert_eq!(hints(few as usize), (first, first + (few - 1) * pace));
    assert_eq!(hints(few as usize + 1_000), (first, first + spread - 1));
}

// Both sides of hub::INBOX_BYTES.
#[test]
fn v8_so_many_bytes_of_events_wait_before_reading_pauses() {
    let args = "x".repeat(limits::INBOX_BYTES - 1 - "\"\"".len());
    for (more, paused) in [("", false), ("x", true)] {
        let mut driver = Driver::new(Config::default());
        let ana = driver.connected("ana");
        driver.text(ana, r#"42["handled"]"#);
        driver.text(ana, &format!(r#"42["w","{args}{more}"]"#));
        assert_eq!(driver.clients[&ana].paused, paused);
    }
}
