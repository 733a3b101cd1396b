//! Reliable emits: once, in order, answers kept (C6).

use serde_json::{Value, json};
use tidewire_hub::*;

use crate::driver::{Driver, Got};

const STREAM: &str = "AAAAAAAAAAAAAAAAAAAAAA";

fn emit(driver: &mut Driver, session: SessionId, stream: &str, number: u64, floor: u64) {
    driver
        .text(session, &format!("42{number}[\"tw:emit\",[\"{stream}\",{number},{floor}],\"say\",{number}]"));
}

fn acks(driver: &mut Driver, session: SessionId) -> Vec<(u64, Value)> {
    let got = driver.take(session).into_iter();
    got.filter_map(|got| if let Got::Ack(id, args) = got { Some((id, args[0].clone())) } else { None })
        .collect()
}

/// What the handlers were asked to do, without answering.
fn asked(driver: &Driver) -> Vec<String> {
    let args = |question: &Output| match question {
        Output::Dispatch { args, .. } => Some(args.json.0.clone()),
        _ => None,
    };
    driver.open.iter().filter_map(args).collect()
}

#[test]
fn c6_emits_run_in_order_and_are_answered() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.connected("ana");
    for number in 1..=3 {
        emit(&mut driver, ana, STREAM, number, 1);
    }
    assert_eq!(asked(&driver), ["1"], "one after the other");
    driver.answer_all();
    assert_eq!(acks(&mut driver, ana), [(1, json!(1)), (2, json!(2)), (3, json!(3))]);
}

#[test]
fn c6_what_a_half_open_link_swallowed_the_answer_of_runs_once() {
    let mut driver = Driver::new(Config::default());
    let (old, new) = (driver.connected("ana"), driver.connected("ana"));
    for number in 1..=3 {
        emit(&mut driver, old, STREAM, number, 1);
    }
    driver.answer_at(0);
    driver.take(old);
    // 1 has run, 2 runs, 3 waits. The client saw nothing of it and sends all again, and one more.
    for number in 1..=4 {
        emit(&mut driver, new, STREAM, number, 1);
    }
    assert_eq!(asked(&driver), ["2"]);
    assert_eq!(acks(&mut driver, new), [(1, json!(1))], "the kept answer");
    driver.input(Input::Closed { session: old });
    let mut ran = Vec::new();
    while !driver.open.is_empty() {
        ran.extend(asked(&driver));
        driver.answer_at(0);
    }
    assert_eq!(ran, ["2", "3", "4"]);
    assert_eq!(acks(&mut driver, new), [(2, json!(2)), (3, json!(3)), (4, json!(4))]);
}

#[test]
fn c6_other_events_of_the_link_keep_their_order_with_emits() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.connected("ana");
    emit(&mut driver, ana, STREAM, 1, 1);
    driver.text(ana, r#"42["plain","p"]"#);
    emit(&mut driver, ana, STREAM, 2, 1);
    let mut ran = Vec::new();
    while !driver.open.is_empty() {
        ran.extend(asked(&driver));
        driver.answer_at(0);
    }
    assert_eq!(ran, ["1", "\"p\"", "2"]);
}

#[test]
fn c6_people_do_not_share_streams() {
    let mut driver = Driver::new(Config::default());
    let (ana, ben) = (driver.connected("ana"), driver.connected("ben"));
    emit(&mut driver, ana, STREAM, 1, 1);
    emit(&mut driver, ben, STREAM, 1, 1);
    assert_eq!(asked(&driver).len(), 2);
}

#[test]
fn c6_answers_are_kept_until_the_floor_passes_them() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.connected("ana");
    emit(&mut driver, ana, STREAM, 1, 1);
    emit(&mut driver, ana, STREAM, 2, 1);
    emit(&mut driver, ana, STREAM, 3, 2);
    driver.answer_all();
    driver.take(ana);
    emit(&mut driver, ana, STREAM, 2, 2);
    assert_eq!(acks(&mut driver, ana), [(2, json!(2))]);
    emit(&mut driver, ana, STREAM, 1, 1);
    assert_eq!(driver.take(ana), [Got::Ack(1, json!([]))]);
    assert_eq!(asked(&driver).len(), 0, "whatever else, it does not run again");
}

// Both sides of hub::STREAM_ANSWER_BYTES, hub::STREAM_ANSWER_COST.
#[test]
fn c6_kept_answers_are_bounded_in_bytes() {
    for (more, wanted) in [(0, [false, true, true]), (1, [false, false, true])] {
        let mut driver = Driver::new(Config::default());
        let ana = driver.connected("ana");
        let half = limits::STREAM_ANSWER_BYTES / 2 - limits::STREAM_ANSWER_COST - 2;
        for (number, length) in [(1, half), (2, half), (3, half + more)] {
            let text = "x".repeat(length);
            driver
                .text(ana, &format!("42{number}[\"tw:emit\",[\"{STREAM}\",{number},1],\"say\",\"{text}\"]"));
            driver.answer_all();
        }
        driver.take(ana);
        for number in 1..=3 {
            emit(&mut driver, ana, STREAM, number, 1);
        }
        let kept: Vec<bool> = acks(&mut driver, ana).iter().map(|(_, answer)| answer.is_string()).collect();
        assert_eq!(kept, wanted, "{more}");
    }
}

#[test]
fn c6_a_number_that_was_left_out_does_not_run_any_more() {
    let mut driver = Driver::new(Config::default());
    let (old, new) = (driver.connected("ana"), driver.connected("ana"));
    emit(&mut driver, new, STREAM, 1, 1);
    emit(&mut driver, new, STREAM, 3, 1);
    driver.answer_all();
    assert_eq!(acks(&mut driver, new), [(1, json!(1)), (3, json!(3))]);
    emit(&mut driver, old, STREAM, 2, 1);
    assert_eq!((driver.take(old), asked(&driver).len()), (vec![Got::Ack(2, json!([]))], 0));
}

#[test]
fn c6_what_the_client_has_given_up_never_runs() {
    let mut driver = Driver::new(Config::default());
    let (old, new) = (driver.connected("ana"), driver.connected("ana"));
    emit(&mut driver, old, STREAM, 1, 1);
    emit(&mut driver, old, STREAM, 2, 1);
    emit(&mut driver, new, STREAM, 3, 3);
    driver.answer_at(0);
    assert_eq!(asked(&driver), ["3"]);
    driver.answer_all();
    assert_eq!(asked(&driver).len(), 0);
}

// Both sides of hub::STREAM_TIME.
#[test]
fn c6_a_stream_is_kept_ten_minutes_after_its_last_link() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.connected("ana");
    emit(&mut driver, ana, STREAM, 1, 1);
    driver.answer_all();
    driver.input(Input::Closed { session: ana });
    driver.wait(599_999);
    assert_eq!(driver.hub.streams(), 1);
    let back = driver.connected("ana");
    emit(&mut driver, back, STREAM, 1, 1);
    assert_eq!(acks(&mut driver, back), [(1, json!(1))]);
    driver.input(Input::Closed { session: back });
    driver.wait(599_999);
    assert_eq!(driver.hub.streams(), 1, "counted from the last link");
    driver.wait(1);
    assert_eq!((driver.hub.streams(), driver.hub.poll_timeout()), (0, None));
}

#[test]
fn c6_an_emit_that_runs_for_long_keeps_its_stream() {
    let mut driver = Driver::new(Config::default());
    let ana = driver.connected("ana");
    emit(&mut driver, ana, STREAM, 1, 1);
    driver.input(Input::Closed { session: ana });
    driver.wait(700_000);
    let back = driver.connected("ana");
    emit(&mut driver, back, STREAM, 1, 1);
    driver.answer_all();
    assert_eq!(acks(&mut driver, back), [(1, json!(1))]);
    driver.input(Input::Closed { session: back });
    driver.wait(600_000);
    assert_eq!((driver.hub.streams(), driver.hub.connections()), (0, 0));
}

// Both sides of hub::STREAMS_PER_USER, hub::STREAMS_PER_LINK.
#[test]
fn c6_streams_are_bounded_per_link_and_per_person() {
    let mut driver = Driver::new(Config::default());
    let name = |n: usize| format!("{n:022}");
    let ana = driver.connected("ana");
    for n in 0..=limits::STREAMS_PER_LINK {
        assert_eq!(driver.closed(ana), None);
        emit(&mut driver, ana, &name(n), 1, 1);
        driver.answer_all();
    }
    assert!(driver.closed(ana).is_some(), "one link needs one");
    let mut links = Vec::new();
    for n in 0..limits::STREAMS_PER_USER {
        let link = driver.connected("ana");
        emit(&mut driver, link, &name(n), 1, 1);
        driver.answer_all();
        links.push(link);
    }
    assert_eq!(driver.hub.streams(), limits::STREAMS_PER_USER, "those without a link made room");
    let one_more = driver.connected("ana");
    emit(&mut driver, one_more, &name(999), 1, 1);
    assert_eq!(acks(&mut driver, one_more), [(1, json!({ "error": "TooManyStreams" }))]);
    driver.input(Input::Closed { session: links[0] });
    emit(&mut driver, one_more, &name(999), 1, 1);
    driver.answer_all();
    assert_eq!(acks(&mut driver, one_more), [(1, json!(1))]);
    assert_eq!(driver.hub.streams(), limits::STREAMS_PER_USER);
}
