//! Rates per person (V9): who sends too much is not read for a while, who connects too often is refused, and nobody else
//! notices.

use serde_json::json;
use tidewire_hub::*;

use crate::driver::{Driver, Got};

fn config(per_second: u64, burst: u64) -> Config {
    Config { messages_per_user: Rate { per_second, burst }, ..Config::default() }
}

fn send(driver: &mut Driver, session: SessionId, count: usize) {
    for _ in 0..count {
        driver.text(session, r#"42["x"]"#);
        driver.answer_all();
    }
}

// Both sides of hub::MESSAGES_PER_SECOND, hub::MESSAGE_BURST.
#[test]
fn v9_a_flood_is_not_read_for_a_while_loses_nothing_and_the_client_is_told() {
    let mut driver = Driver::new(config(100, 20));
    let (eve, ana) = (driver.connected("eve"), driver.connected("ana"));
    send(&mut driver, eve, 20);
    assert!(!driver.clients[&eve].paused, "exactly the burst");
    driver.text(eve, r#"421["x",7]"#);
    let dispatched = driver.open.iter().any(|asked| matches!(asked, Output::Dispatch { .. }));
    assert!(dispatched, "what was read is handled");
    driver.answer_all();
    assert!(driver.clients[&eve].paused);
    let got = driver.take(eve);
    assert_eq!(got[0], Got::Plain(json!(["tw:limited", { "retryAfter": 110 }])));
    assert_eq!(got[1], Got::Ack(1, json!([7])));
    assert!(matches!(driver.notes[..], [Note::Limited { pause: Millis(110), .. }]));
    send(&mut driver, ana, 20);
    assert!(!driver.clients[&ana].paused, "others are not disturbed");
    driver.wait(109);
    assert!(driver.clients[&eve].paused);
    driver.wait(1);
    assert!(!driver.clients[&eve].paused);
    send(&mut driver, eve, 10);
    assert!(!driver.clients[&eve].paused, "a tenth of a second's share has gathered");
    send(&mut driver, eve, 1);
    assert!(driver.clients[&eve].paused);
}

#[test]
fn v9_the_rate_is_the_persons_on_all_their_connections_and_namespaces() {
    let namespaces = [Namespace::from("/n")].into();
    let mut driver = Driver::new(Config { namespaces, ..config(1, 3) });
    let (phone, laptop) = (driver.connected("eve"), driver.connected("eve"));
    driver.text(phone, r#"40/n,{"token":"eve"}"#);
    driver.answer_all();
    driver.take(phone);
    driver.text(phone, r#"42/n,["x"]"#);
    driver.answer_all();
    send(&mut driver, phone, 1);
    send(&mut driver, laptop, 1);
    assert!(!driver.clients[&laptop].paused && !driver.clients[&phone].paused);
    send(&mut driver, phone, 1);
    assert!(driver.clients[&phone].paused && !driver.clients[&laptop].paused);
    send(&mut driver, laptop, 1);
    assert!(driver.clients[&laptop].paused);
}

#[test]
fn v9_a_limited_connection_that_answers_no_ping_is_kept_because_nobody_reads_it() {
    let mut driver = Driver::new(Config { ping_timeout: Millis(10), ..config(1, 1) });
    let eve = driver.connected("eve");
    driver.wait(24_995);
    send(&mut driver, eve, 1);
    send(&mut driver, eve, 1);
    assert!(driver.clients[&eve].paused);
    driver.wait(900);
    assert_eq!((driver.closed(eve), driver.clients[&eve].paused), (None, true));
}

#[test]
fn v9_a_slow_handler_and_a_flood_each_hold_the_reading_until_both_are_over() {
    let mut driver = Driver::new(Config { inbox_events: 2, ..config(10, 3) });
    let eve = driver.connected("eve");
    for _ in 0..4 {
        driver.text(eve, r#"42["x"]"#);
    }
    assert!(driver.clients[&eve].paused);
    driver.answer_all();
    assert!(driver.clients[&eve].paused, "the handlers are done, the flood is not over");
    driver.wait(1_000);
    assert!(!driver.clients[&eve].paused);
    for _ in 0..4 {
        driver.text(eve, r#"42["x"]"#);
    }
    driver.wait(5_000);
    assert!(driver.clients[&eve].paused, "the flood is over, the handlers are not done");
    driver.answer_all();
    assert!(!driver.clients[&eve].paused);
}

// Both sides of hub::CONNECTS_PER_SECOND, hub::CONNECT_BURST.
#[test]
fn v9_who_connects_too_often_is_refused_and_told_when_to_come_back() {
    let mut driver =
        Driver::new(Config { connects_per_user: Rate { per_second: 10, burst: 2 }, ..Config::default() });
    let ask = |driver: &mut Driver, name: &str| {
        let session = driver.raw();
        driver.take(session);
        driver.text(session, &format!(r#"40{{"token":"{name}"}}"#));
        driver.answer_all();
        let Got::Other(text) = driver.take(session).remove(0) else { panic!("no answer") };
        driver.input(Input::Closed { session });
        text
    };
    for _ in 0..2 {
        assert!(ask(&mut driver, "eve").starts_with("40{"));
    }
    let refused = ask(&mut driver, "eve");
    let wanted = r#"44{"message":"this person connects too often: try again later","data":{"code":"OVERLOADED","retryAfter":100}}"#;
    assert_eq!(refused, wanted);
    assert!(ask(&mut driver, "ana").starts_with("40{"), "others are not disturbed");
    driver.wait(99);
    assert!(ask(&mut driver, "eve").starts_with("44{"));
    driver.wait(1);
    assert!(ask(&mut driver, "eve").starts_with("40{"));
}
