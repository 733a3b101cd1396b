//! A token's life on a connection (C5, V2), and rooms whose access is checked again (V3).

use serde_json::{Value, json};
use tidewire_hub::*;

use crate::driver::{Driver, Got, offsets};

fn acks(got: Vec<Got>) -> Vec<(u64, Value)> {
    got.into_iter()
        .filter_map(|got| if let Got::Ack(id, args) = got { Some((id, args)) } else { None })
        .collect()
}

#[test]
fn c5_the_answer_to_connect_names_what_the_token_has_left_and_the_instance() {
    let mut driver = Driver::new(Config { instance: "i1".into(), ..Config::default() });
    let ask = |driver: &mut Driver, auth: &str| {
        let session = driver.raw();
        driver.take(session);
        driver.text(session, auth);
        driver.answer_all();
        driver.take(session)
    };
    let ends = ask(&mut driver, r#"40{"token":"ana+5000","tidewire":1}"#);
    let wanted = r#"40{"sid":"socket","tidewire":1,"expires":5000,"instance":"i1"}"#;
    assert_eq!(ends, [Got::Other(wanted.to_owned())]);
    let endless = ask(&mut driver, r#"40{"token":"ana","tidewire":1}"#);
    assert_eq!(endless, [Got::Other(r#"40{"sid":"socket","tidewire":1,"instance":"i1"}"#.to_owned())]);
    let foreign = ask(&mut driver, r#"40{"token":"ana+5000"}"#);
    assert_eq!(foreign, [Got::Other(r#"40{"sid":"socket"}"#.to_owned())]);
}

#[test]
fn v2_a_fresh_token_moves_the_end_also_while_a_handler_is_busy() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.connected("ana+5000");
    driver.text(ana, r#"421["slow"]"#);
    driver.text(ana, r#"422["tw:token",{"token":"ana+9000"}]"#);
    driver.answer_at(1);
    assert_eq!(acks(driver.take(ana)), [(2, json!([{ "success": true, "expires": 9000 }]))]);
    driver.wait(33_999);
    driver.text(ana, "3");
    assert_eq!(driver.closed(ana), None);
    driver.wait(1);
    assert_eq!(driver.closed(ana), Some(CloseReason::TokenExpired));
}

#[test]
fn v2_a_token_without_end_takes_the_end_away() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.connected("ana+5000");
    driver.text(ana, r#"421["tw:token",{"token":"ana"}]"#);
    driver.answer_all();
    assert_eq!(acks(driver.take(ana)), [(1, json!([{ "success": true }]))]);
    driver.wait(26_000);
    driver.text(ana, "3");
    driver.wait(10_000);
    assert_eq!(driver.closed(ana), None);
}

#[test]
fn v2_a_refused_or_foreign_token_changes_nothing_and_a_second_one_waits_its_turn() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.connected("ana+5000");
    for (id, token) in [(1, "bad"), (2, "ben+90000")] {
        driver.text(ana, &format!("42{id}[\"tw:token\",{{\"token\":\"{token}\"}}]"));
        driver.answer_all();
        assert_eq!(acks(driver.take(ana)), [(id, json!([{ "error": "AUTH" }]))]);
    }
    driver.text(ana, r#"423["tw:token",{}]"#);
    driver.text(ana, r#"424["tw:token",{"token":"ana+6000"}]"#);
    driver.text(ana, r#"425["tw:token",{"token":"ana+7000"}]"#);
    assert_eq!(
        acks(driver.take(ana)),
        [(3, json!([{ "error": "BadRequest" }])), (5, json!([{ "error": "OVERLOADED" }]))]
    );
    driver.wait(29_999);
    driver.text(ana, "3");
    driver.wait(1);
    assert_eq!(driver.closed(ana), Some(CloseReason::TokenExpired), "the check took too long");
}

#[test]
fn v3_a_fresh_token_has_the_access_to_each_room_checked_again() {
    let mut driver = Driver::new(Config::default());
    let (ana, ben) = (driver.joined("ana", "open"), driver.joined("ben", "shut"));
    for session in [ana, ben] {
        driver.join(session, 1, if session == ana { "shut" } else { "open" }, None);
        driver.answer_all();
        driver.take(session);
    }
    driver.shut.insert("shut".to_owned());
    driver.text(ana, r#"422["tw:token",{"token":"ana"}]"#);
    driver.answer_all();
    driver.take(ana);
    for room in ["shut", "open"] {
        driver.publish(room);
    }
    let got = driver.take(ana);
    assert_eq!((offsets(&got, "shut"), offsets(&got, "open")), (vec![], vec![1]));
    assert_eq!(offsets(&driver.take(ben), "shut"), [1], "nobody asked about ben");
    assert!(driver.notes.contains(&Note::Removed { session: ana, room: RoomId::from("shut") }));
}

// Both sides of hub::RECHECK_AFTER.
#[test]
fn v3_a_check_that_was_not_possible_is_made_again_later() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.joined("ana", "r");
    driver.text(ana, r#"421["tw:token",{"token":"ana"}]"#);
    driver.answer_at(0);
    let Some(Output::Authorize { request, .. }) = driver.open.pop_front() else { panic!("not asked") };
    driver.input(Input::Authorized { request, result: Err(Denied::Unavailable) });
    driver.wait(9_999);
    assert_eq!(driver.open.len(), 0);
    driver.wait(1);
    driver.shut.insert("r".to_owned());
    driver.answer_all();
    driver.take(ana);
    driver.publish("r");
    assert_eq!(offsets(&driver.take(ana), "r"), [] as [u64; 0]);
}

#[test]
fn v3_an_old_check_does_not_remove_who_was_let_in_after_it() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.joined("ana", "r");
    driver.text(ana, r#"421["tw:token",{"token":"ana"}]"#);
    driver.answer_at(0);
    let Some(Output::Authorize { request, .. }) = driver.open.pop_front() else { panic!("not asked") };
    driver.join(ana, 2, "r", None);
    driver.answer_all();
    driver.input(Input::Authorized { request, result: Err(Denied::Unauthorized) });
    driver.take(ana);
    driver.publish("r");
    assert_eq!(offsets(&driver.take(ana), "r"), [1]);
}

#[test]
fn v3_an_answer_about_a_join_that_was_revoked_lets_nobody_in_later() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.connected("ana");
    driver.join(ana, 1, "r", None);
    let stale = driver.answer(&driver.open[0]);
    driver.shut.insert("r".to_owned());
    driver.input(Input::Revoked { user: UserId::from("ana"), room: RoomId::from("r") });
    driver.join(ana, 2, "r", None);
    driver.input(stale);
    driver.answer_all();
    assert_eq!(
        acks(driver.take(ana)),
        [(1, json!([{ "error": "Unauthorized" }])), (2, json!([{ "error": "Unauthorized" }]))]
    );
}
