//! The snapshot of who is online: at a join and after each resume, then changes in the order of their versions (V4).

use serde_json::{Value, json};
use tidewire_hub::*;

use crate::driver::{Driver, Got};

fn config() -> Config {
    Config { presence_room: Some(RoomId::from("all")), ..Config::default() }
}

fn plain(driver: &mut Driver, session: SessionId) -> Vec<Value> {
    let got = driver.take(session).into_iter();
    got.filter_map(|got| if let Got::Plain(value) = got { Some(value) } else { None }).collect()
}

fn snapshot(version: u64, count: u64, users: &[&str]) -> Value {
    json!(["user:snapshot", { "version": version, "count": count, "userIds": users }])
}

#[test]
fn v4_who_joins_gets_a_snapshot_first_and_then_every_change_with_the_next_version() {
    let mut driver = Driver::new(config());
    let (ben, _, _) = (driver.connected("ben"), driver.connected("ana \"q\""), driver.connected("ana \"q\""));
    driver.join(ben, 0, "all", None);
    driver.answer_all();
    let got = driver.take(ben);
    assert!(matches!(&got[0], Got::Ack(0, answer) if answer[0]["success"] == true), "the answer comes first");
    assert_eq!(got[1..], [Got::Plain(snapshot(2, 2, &["ana \"q\"", "ben"]))]);
    let cyd = driver.connected("cyd");
    assert_eq!(plain(&mut driver, ben), [json!(["user:online", { "userId": "cyd", "version": 3 }])]);
    driver.input(Input::Closed { session: cyd });
    driver.wait(9_999);
    driver.join(ben, 1, "all", None);
    driver.answer_all();
    assert_eq!(plain(&mut driver, ben), [snapshot(3, 3, &["ana \"q\"", "ben", "cyd"])], "within the grace");
    driver.wait(1);
    assert_eq!(plain(&mut driver, ben), [json!(["user:offline", { "userId": "cyd", "version": 4 }])]);
    driver.join(ben, 2, "other", None);
    driver.answer_all();
    assert_eq!(plain(&mut driver, ben), [] as [Value; 0], "other rooms say nothing of it");
}

#[test]
fn v4_history_and_the_snapshot_do_not_get_into_each_others_way_at_a_resume() {
    let mut driver = Driver::new(config());
    driver.publish("all");
    driver.publish("all");
    let ben = driver.connected("ben");
    driver.join(ben, 0, "all", Some(1));
    driver.answer_all();
    let got = driver.take(ben);
    assert_eq!(got[1..], [Got::Plain(snapshot(1, 1, &["ben"])), Got::Room("all".to_owned(), 2)]);
}

// Both sides of hub::SNAPSHOT_PEOPLE.
#[test]
fn v4_a_snapshot_names_so_many_people_and_says_how_many_there_are() {
    let people = |online: usize| {
        let mut driver = Driver::new(Config { snapshot_people: 2, ..config() });
        let sessions: Vec<_> = (0..online).map(|n| driver.connected(&format!("u{n}"))).collect();
        driver.join(sessions[0], 0, "all", None);
        driver.answer_all();
        plain(&mut driver, sessions[0]).remove(0)
    };
    assert_eq!(people(1), snapshot(1, 1, &["u0"]));
    assert_eq!(people(2), snapshot(2, 2, &["u0", "u1"]));
    assert_eq!(people(3), snapshot(3, 3, &["u0", "u1"]), "the rest is only counted");
}

#[test]
fn v4_a_client_that_socket_io_brings_back_gets_a_snapshot_too() {
    let mut driver = Driver::new(Config { recovery: true, ..config() });
    let ben = driver.connected_as("ben", false);
    driver.join(ben, 0, "all", None);
    driver.answer_all();
    assert_eq!(plain(&mut driver, ben)[0][0], "user:snapshot");
    driver.input(Input::Closed { session: ben });
    let back = driver.raw();
    driver.text(back, r#"40{"token":"ben","pid":"pid1"}"#);
    driver.answer_all();
    let names: Vec<_> = plain(&mut driver, back).iter().map(|event| event[0].clone()).collect();
    assert_eq!(names, ["user:snapshot", "user:snapshot"], "the one that it may have missed, and today's");
}
