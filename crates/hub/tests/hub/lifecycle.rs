//! Heartbeats, deadlines, presence, the end (V2, V4, C4).

use serde_json::json;
use tidewire_hub::*;

use crate::driver::{Driver, Got};

#[test]
fn the_handshake_has_socket_ios_values() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.raw();
    let shake =
        r#"0{"sid":"sid1","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
    assert_eq!(driver.take(ana), [Got::Other(shake.to_owned())]);
}

#[test]
fn the_first_ping_comes_after_the_interval_and_a_pong_keeps_the_connection() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.connected("ana");
    driver.wait(24_999);
    assert_eq!(driver.take(ana), []);
    for _ in 0..100 {
        driver.wait(1);
        assert_eq!(driver.take(ana), [Got::Other("2".to_owned())]);
        driver.wait(19_999);
        driver.text(ana, "3");
        driver.wait(24_999);
        assert_eq!(driver.take(ana), []);
    }
    assert_eq!(driver.closed(ana), None);
}

// Both sides of hub::PING_INTERVAL, hub::PING_TIMEOUT.
#[test]
fn c4_silence_closes_after_interval_and_timeout_and_any_frame_is_life() {
    let mut driver = Driver::new(Config::default());
    let (silent, busy) = (driver.connected("ana"), driver.connected("ben"));
    driver.wait(30_000);
    driver.text(busy, r#"42["x"]"#);
    driver.wait(14_999);
    assert_eq!(driver.closed(silent), None);
    driver.wait(1);
    assert_eq!(driver.closed(silent), Some(CloseReason::PingTimeout));
    assert_eq!(driver.closed(busy), None);
    driver.wait(20_000);
    assert_eq!(driver.closed(busy), Some(CloseReason::PingTimeout));
}

// Both sides of hub::CONNECT_TIMEOUT.
#[test]
fn v2_no_granted_connect_within_15_s_closes() {
    let mut driver = Driver::new(Config::default());
    let (mute, pending, granted) = (driver.raw(), driver.raw(), driver.connected("ana"));
    driver.text(pending, r#"40{"token":"ana"}"#);
    driver.wait(14_999);
    assert_eq!((driver.closed(mute), driver.closed(pending)), (None, None));
    driver.wait(1);
    for session in [mute, pending] {
        assert_eq!(driver.closed(session), Some(CloseReason::NoConnect));
    }
    assert_eq!(driver.closed(granted), None);
    driver.answer_all();
    assert_eq!(driver.hub.connections(), 1, "a late grant revives nobody");
}

// Both sides of hub::EXPIRY_GRACE.
#[test]
fn v2_a_connection_outlives_its_token_by_the_grace() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.connected("ana+5000");
    driver.wait(29_999);
    driver.text(ana, "3");
    assert_eq!(driver.closed(ana), None);
    driver.wait(1);
    assert_eq!(driver.closed(ana), Some(CloseReason::TokenExpired));
}

// Both sides of hub::PRESENCE_GRACE.
#[test]
fn v4_a_person_is_online_once_and_offline_after_the_grace() {
    let config = Config { presence_room: Some(RoomId::from("all")), ..Config::default() };
    let mut driver = Driver::new(config);
    let watcher = driver.joined("watcher", "all");
    let told = |driver: &mut Driver| -> Vec<serde_json::Value> {
        let got = driver.take(watcher).into_iter();
        got.filter_map(|got| if let Got::Plain(value) = got { Some(value) } else { None }).collect()
    };
    let phone = driver.connected("ana \"quoted\"");
    let laptop = driver.connected("ana \"quoted\"");
    let online = json!(["user:online", { "userId": "ana \"quoted\"", "version": 2 }]);
    assert_eq!(told(&mut driver), [online]);
    driver.input(Input::Closed { session: phone });
    driver.wait(20_000);
    assert_eq!(told(&mut driver), [] as [serde_json::Value; 0], "the laptop is still there");
    driver.text(watcher, "3");
    driver.input(Input::Closed { session: laptop });
    driver.wait(9_999);
    let back = driver.connected("ana \"quoted\"");
    driver.wait(10_000);
    assert_eq!(told(&mut driver), [] as [serde_json::Value; 0], "back within the grace");
    driver.text(watcher, "3");
    driver.input(Input::Closed { session: back });
    driver.wait(9_999);
    assert_eq!(told(&mut driver), [] as [serde_json::Value; 0]);
    driver.wait(1);
    let offline = json!(["user:offline", { "userId": "ana \"quoted\"", "version": 3 }]);
    assert_eq!(told(&mut driver), [offline]);
}

#[test]
fn v9_a_drain_closes_everybody_and_lets_nobody_in() {
    let mut driver = Driver::new(Config::default());
    let (ana, raw) = (driver.joined("ana", "r"), driver.raw());
    driver.input(Input::Drain(Farewell::default()));
    let late = driver.raw();
    for session in [ana, raw, late] {
        assert_eq!(driver.closed(session), Some(CloseReason::Drain));
    }
    assert_eq!(driver.hub.connections(), 0);
}

#[test]
fn a_closed_connection_leaves_nothing_behind() {
    let mut driver = Driver::new(Config { idle_rooms: 1, ..Config::default() });
    for n in 0..1_000 {
        let ana = driver.joined("ana", &format!("r{}", n % 3));
        driver.text(ana, r#"421["x"]"#);
        driver.join(ana, 2, "other", Some(1));
        driver.input(Input::Closed { session: ana });
        driver.answer_all();
    }
    assert_eq!((driver.hub.connections(), driver.hub.rooms()), (0, 1));
    driver.wait(31_000);
    assert_eq!(driver.hub.poll_timeout(), None, "no deadline is left");
}

#[test]
fn c2_who_is_sent_away_is_told_to_come_back_one_after_the_other() {
    let hints = |clients: u64, spread: u64| -> Vec<u64> {
        let mut driver = Driver::new(Config::default());
        let told: Vec<_> = (0..clients).map(|n| driver.connected(&format!("u{n}"))).collect();
        let (plain, bare) = (driver.connected_as("plain", false), driver.raw());
        driver.take(bare);
        let url = Some("https://b.example".into());
        driver.input(Input::Drain(Farewell { after: Millis(500), spread: Millis(spread), url }));
        assert_eq!((driver.take(plain), driver.take(bare)), (vec![], vec![]), "they would not understand");
        let mut after = Vec::new();
        for session in told {
            let Got::Plain(hint) = driver.take(session).remove(0) else { panic!("no hint") };
            assert_eq!((&hint[0], &hint[1]["url"]), (&json!("tw:return"), &json!("https://b.example")));
            assert_eq!(driver.closed(session), Some(CloseReason::Drain));
            after.push(hint[1]["after"].as_u64().unwrap());
        }
        after
    };
    assert_eq!(hints(4, 5_000), [500, 501, 502, 503], "a few are not made to wait");
    assert_eq!(hints(8, 4), [500, 500, 501, 501, 502, 502, 503, 503], "many share the window evenly");
}

// Both sides of hub::SESSIONS_PER_USER.
#[test]
fn v9_a_person_has_so_many_sessions_and_one_more_is_refused_until_one_ends() {
    let mut driver = Driver::new(Config { sessions_per_user: 2, ..Config::default() });
    let first = driver.connected("ana");
    let ask = |driver: &mut Driver, name: &str| {
        let session = driver.raw();
        driver.take(session);
        driver.text(session, &format!(r#"40{{"token":"{name}"}}"#));
        driver.answer_all();
        driver.take(session)
    };
    assert!(matches!(&ask(&mut driver, "ana")[..], [Got::Other(text)] if text.starts_with("40")));
    let refused = ask(&mut driver, "ana");
    assert!(matches!(&refused[..], [Got::Other(text)] if text.contains("OVERLOADED")), "{refused:?}");
    assert!(matches!(&ask(&mut driver, "ben")[..], [Got::Other(text)] if text.starts_with("40")));
    driver.input(Input::Closed { session: first });
    assert!(matches!(&ask(&mut driver, "ana")[..], [Got::Other(text)] if text.starts_with("40")));
}

#[test]
fn v9_clients_that_cannot_be_told_when_to_come_back_are_sent_away_one_after_the_other() {
    let mut driver = Driver::new(Config::default());
    let plain: Vec<_> = (0..8).map(|n| driver.connected_as(&format!("u{n}"), false)).collect();
    let (ours, bare) = (driver.connected("ana"), driver.raw());
    let member = plain[7];
    driver.join(member, 0, "r", None);
    driver.answer_all();
    driver.take(member);
    driver.input(Input::Drain(Farewell { after: Millis(500), spread: Millis(4), url: None }));
    let closed = |driver: &Driver| plain.iter().filter(|id| driver.closed(**id).is_some()).count();
    assert_eq!(
        (driver.closed(ours), driver.closed(bare)),
        (Some(CloseReason::Drain), Some(CloseReason::Drain))
    );
    assert_eq!(closed(&driver), 2);
    driver.publish("r");
    assert_eq!(driver.take(member).len(), 1, "until then nothing is missed");
    for wanted in [4, 6, 8] {
        driver.wait(1);
        assert_eq!(closed(&driver), wanted);
    }
    assert_eq!(driver.hub.connections(), 0);
}

#[test]
fn v10_a_person_who_is_forgotten_is_sent_away_and_their_events_leave_the_memory() {
    let mut driver = Driver::new(Config { recovery: true, ..Config::default() });
    let (ana, ben) = (driver.joined("ana", "r"), driver.joined("ben", "r"));
    let away = driver.connected_as("ana", false);
    driver.input(Input::Closed { session: away });
    driver.publish("r");
    let reads = driver.reads;
    driver.input(Input::Forgotten { user: UserId::from("ana"), rooms: vec![RoomId::from("r")] });
    assert_eq!((driver.closed(ana), driver.closed(ben)), (Some(CloseReason::TokenExpired), None));
    assert_eq!(driver.hub.connections(), 1, "nor does a session wait for them");
    driver.take(ben);
    driver.join(ben, 1, "r", Some(0));
    driver.answer_all();
    assert_eq!(driver.reads, reads + 1, "asked of the history, not of the memory");
}
