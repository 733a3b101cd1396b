//! Handlers in order (V8), bad frames (C11), and what a client may send before and after CONNECT.

use serde_json::json;
use tidewire_hub::*;

use crate::driver::{Driver, Got};

fn dispatched(driver: &Driver) -> Vec<String> {
    driver
        .open
        .iter()
        .filter_map(|question| match question {
            Output::Dispatch { name, .. } => Some(name.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn v8_a_connections_next_event_waits_for_the_handler_and_other_connections_do_not() {
    let mut driver = Driver::new(Config::default());
    let (ana, ben) = (driver.connected("ana"), driver.connected("ben"));
    driver.text(ana, r#"421["a1",1]"#);
    driver.text(ana, r#"422["a2",2]"#);
    driver.text(ben, r#"421["b1",3]"#);
    assert_eq!(dispatched(&driver), ["a1", "b1"]);
    driver.answer_at(0);
    assert_eq!(dispatched(&driver), ["b1", "a2"]);
    driver.answer_all();
    assert_eq!(driver.take(ana), [Got::Ack(1, json!([1])), Got::Ack(2, json!([2]))]);
}

#[test]
fn v8_an_event_behind_a_join_waits_for_the_join() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.connected("ana");
    driver.join(ana, 1, "r", None);
    driver.text(ana, r#"422["typing"]"#);
    assert_eq!(dispatched(&driver), Vec::<String>::new());
    driver.answer_at(0);
    driver.answer_at(0);
    assert_eq!(dispatched(&driver), ["typing"]);
}

#[test]
fn v8_events_sent_before_the_connect_is_answered_are_handled_after_it() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.raw();
    driver.text(ana, r#"40{"token":"ana"}"#);
    driver.text(ana, r#"421["first"]"#);
    assert_eq!(dispatched(&driver), Vec::<String>::new());
    driver.answer_at(0);
    assert_eq!(dispatched(&driver), ["first"]);
}

#[test]
fn v2_events_behind_a_refused_connect_are_dropped_and_the_next_connect_counts() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.raw();
    driver.text(ana, r#"40{"token":"bad"}"#);
    driver.text(ana, r#"42["lost"]"#);
    driver.text(ana, r#"40{"token":"ana"}"#);
    driver.text(ana, r#"42["kept"]"#);
    driver.answer_at(0);
    driver.answer_at(0);
    assert_eq!(dispatched(&driver), ["kept"]);
    assert_eq!(driver.closed(ana), None);
}

#[test]
fn c4_a_probe_is_answered_while_a_handler_is_busy() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.connected("ana");
    driver.text(ana, r#"421["slow"]"#);
    driver.text(ana, r#"422["tw:probe"]"#);
    assert_eq!(driver.take(ana), [Got::Ack(2, json!([]))]);
}

// Both sides of hub::INBOX_EVENTS.
#[test]
fn v8_a_long_backlog_pauses_reading_but_not_heartbeats() {
    let config = Config { inbox_events: 8, ..Config::default() };
    let mut driver = Driver::new(config);
    let ana = driver.connected("ana");
    for _ in 0..9 {
        driver.text(ana, r#"42["x"]"#);
    }
    assert!(!driver.clients[&ana].paused, "one is being handled, eight wait");
    driver.text(ana, r#"42["x"]"#);
    assert!(driver.clients[&ana].paused);
    driver.wait(200_000);
    assert_eq!(driver.closed(ana), None, "its pongs cannot be read");
    assert!(driver.take(ana).contains(&Got::Other("2".to_owned())), "but it is still pinged");
    driver.answer_all();
    assert!(!driver.clients[&ana].paused);
    driver.wait(200_000);
    assert_eq!(driver.closed(ana), Some(CloseReason::PingTimeout));
}

#[test]
fn v8_events_that_had_arrived_are_handled_after_the_end_and_then_the_connection_is_forgotten() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.connected("ana");
    driver.text(ana, r#"421["a"]"#);
    driver.text(ana, r#"422["b"]"#);
    driver.join(ana, 3, "r", None);
    driver.input(Input::Closed { session: ana });
    driver.answer_at(0);
    assert_eq!(dispatched(&driver), ["b"]);
    assert_eq!(driver.hub.connections(), 1);
    driver.answer_all();
    assert_eq!(driver.hub.connections(), 0);
    assert_eq!(driver.take(ana), [], "nobody to answer");
    assert_eq!(driver.hub.poll_timeout().map(|_| ()), Some(()), "only the presence grace is left");
}

#[test]
fn c11_each_bad_frame_closes_its_connection_with_its_reason() {
    use tidewire_wire::FrameError::*;
    let huge = format!("42[\"x\",\"{}\"]", "y".repeat(1_000_000));
    let cases: [(&str, CloseReason); 16] = [
        ("", CloseReason::Malformed(Empty)),
        ("x", CloseReason::Malformed(EngineType)),
        ("2", CloseReason::Malformed(EngineType)),
        ("5", CloseReason::Malformed(EngineType)),
        ("1", CloseReason::Client),
        ("4", CloseReason::Malformed(Empty)),
        ("49", CloseReason::Malformed(SocketType)),
        ("42", CloseReason::Malformed(Data)),
        ("42{}", CloseReason::Malformed(Data)),
        ("42[\"x\"", CloseReason::Malformed(Json)),
        ("42[\"connect\"]", CloseReason::Malformed(EventName)),
        ("43[]", CloseReason::Malformed(AckId)),
        ("44{}", CloseReason::Malformed(SocketType)),
        ("42/other,[\"x\"]", CloseReason::NotConnected),
        ("40{}", CloseReason::AlreadyConnected),
        (&huge, CloseReason::Oversized),
    ];
    for (frame, reason) in cases {
        let mut driver = Driver::new(Config::default());
        let witness = driver.joined("ben", "r");
        let ana = driver.joined("ana", "r");
        driver.text(ana, frame);
        driver.answer_all();
        assert_eq!(driver.closed(ana), Some(reason), "{:.20}", frame);
        assert!(driver.notes.contains(&Note::Closed { session: ana, reason }));
        driver.publish("r");
        assert_eq!(driver.take(ana), []);
        assert_eq!(driver.take(witness).len(), 1, "the other one goes on");
    }
}

#[test]
fn c11_an_event_without_connect_closes() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.raw();
    driver.text(ana, r#"42["x"]"#);
    assert_eq!(driver.closed(ana), Some(CloseReason::NotConnected));
}

#[test]
fn a_disconnect_leaves_all_rooms_and_a_new_connect_starts_without_any() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.joined("ana", "r");
    driver.text(ana, "41");
    driver.text(ana, r#"40{"token":"ana"}"#);
    driver.answer_all();
    assert_eq!(driver.take(ana).len(), 1);
    driver.publish("r");
    assert_eq!(driver.take(ana), []);
}

#[test]
fn an_ephemeral_event_needs_membership_and_a_name_that_cannot_be_mistaken() {
    let mut driver = Driver::new(Config::default());
    let (ana, ben) = (driver.joined("ana", "r"), driver.joined("ben", "r"));
    let eve = driver.connected("eve");
    let ephemeral = |from, name: &str| {
        let args = Json("1".to_owned());
        Input::Broadcast(Ephemeral { room: RoomId::from("r"), from, name: name.into(), args })
    };
    driver.input(ephemeral(Some(eve), "typing"));
    driver.input(ephemeral(None, "tw"));
    assert_eq!((driver.take(ana), driver.take(ben)), (vec![], vec![]));
    driver.input(ephemeral(Some(ana), "typing"));
    assert_eq!((driver.take(ana), driver.take(ben)), (vec![], vec![Got::Plain(json!(["typing", 1]))]));
    driver.input(ephemeral(None, "typing"));
    assert_eq!((driver.take(ana).len(), driver.take(ben).len(), driver.take(eve).len()), (1, 1, 0));
}

#[test]
fn v8_a_broadcast_is_encoded_once_per_dialect() {
    let mut driver = Driver::new(Config::default());
    for n in 0..4 {
        let session = driver.connected_as(&format!("u{n}"), n % 2 == 0);
        driver.join(session, 1, "r", None);
        driver.answer_all();
    }
    driver.commit("r", "1");
    driver.hub.handle(Input::Committed(driver.feed.drain(..).collect()), driver.now);
    let mut sent = Vec::new();
    while let Some(output) = driver.hub.poll_output() {
        let Output::Send { frame, .. } = output else { panic!("only frames") };
        let Frame::Text(text) = frame else { panic!("only text") };
        sent.push(text);
    }
    assert!(std::sync::Arc::ptr_eq(&sent[0], &sent[2]) && std::sync::Arc::ptr_eq(&sent[1], &sent[3]));
    assert_ne!(sent[0], sent[1]);
}
