//! Events of one connection that are handed over together (V8): in order, each with its own answer, and given back where one waits.

use serde_json::json;
use tidewire_hub::*;

use crate::driver::{Driver, Got};

fn together(batch_events: usize) -> Config {
    Config { batch_events, ..Config::default() }
}

/// What the app is asked to handle now: of each question its id and the names of its events.
fn asked(driver: &Driver) -> Vec<(RequestId, Vec<String>)> {
    let events = driver.open.iter().filter_map(|question| match question {
        Output::Dispatch { request, name, behind, .. } => {
            let behind = behind.iter().map(|event| event.name.clone());
            Some((*request, std::iter::once(name.clone()).chain(behind).collect()))
        }
        _ => None,
    });
    events.collect()
}

/// The one question that is open.
fn one(driver: &Driver) -> (RequestId, Vec<String>) {
    let asked = asked(driver);
    assert_eq!(asked.len(), 1, "{asked:?}");
    asked.into_iter().next().unwrap()
}

/// A handler ends with this answer.
fn handled(driver: &mut Driver, request: RequestId, answer: &str) {
    let answer = Answer::Acknowledged(Args::from(Json(answer.to_owned())));
    driver.input(Input::Handled { request, answer });
}

/// The last events of the one question come back as they were asked.
fn returned(driver: &mut Driver, request: RequestId, begun: usize) {
    let question = driver.open.pop_front().unwrap();
    let Output::Dispatch { name, args, behind, .. } = question else { panic!("{question:?}") };
    let events = std::iter::once(Event { name, args }).chain(behind).skip(begun).collect();
    driver.input(Input::Returned { request, events });
}

fn acks(driver: &mut Driver, session: SessionId) -> Vec<(u64, serde_json::Value)> {
    let got = driver.take(session).into_iter().map(|got| match got {
        Got::Ack(id, answer) => (id, answer),
        other => panic!("{other:?}"),
    });
    got.collect()
}

/// A connection whose handler is busy with `first`, and whose other events wait.
fn busy(driver: &mut Driver, names: &[&str]) -> SessionId {
    let ana = driver.connected("ana");
    driver.text(ana, r#"420["first"]"#);
    for (name, id) in names.iter().zip(1..) {
        driver.text(ana, &format!("42{id}{}", json!([name, id])));
    }
    ana
}

#[test]
fn v8_events_that_wait_are_handed_over_together_up_to_one_that_is_not_for_the_app() {
    let mut driver = Driver::new(together(3));
    let ana = busy(&mut driver, &["a", "b", "c", "d"]);
    driver.join(ana, 5, "r", None);
    driver.text(ana, r#"426["e"]"#);
    let (request, names) = one(&driver);
    assert_eq!(names, ["first"]);
    driver.open.clear();
    handled(&mut driver, request, "0");
    let (request, names) = one(&driver);
    assert_eq!(names, ["a", "b", "c"]);
    driver.open.clear();
    handled(&mut driver, request, "1");
    assert_eq!(
        acks(&mut driver, ana),
        [(0, json!([0])), (1, json!([1]))],
        "each is answered when it has ended"
    );
    assert!(driver.open.is_empty(), "and nothing else begins");
    driver.input(Input::Handled { request, answer: Answer::Silent });
    assert!(driver.open.is_empty());
    handled(&mut driver, request, "3");
    assert_eq!(acks(&mut driver, ana), [(3, json!([3]))]);
    let (request, names) = one(&driver);
    assert_eq!(names, ["d"], "the join is in between");
    driver.open.clear();
    handled(&mut driver, request, "4");
    assert!(matches!(driver.open[0], Output::Authorize { .. }) && asked(&driver).is_empty());
    driver.answer_at(0);
    driver.answer_at(0);
    assert_eq!(one(&driver).1, ["e"]);
    driver.answer_all();
    let ids: Vec<u64> = acks(&mut driver, ana).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, [4, 5, 6]);
}

#[test]
fn v8_events_that_are_given_back_wait_again_before_all_others() {
    let mut driver = Driver::new(together(4));
    let ana = busy(&mut driver, &["a", "b", "c", "d", "e"]);
    driver.answer_at(0);
    acks(&mut driver, ana);
    let (request, names) = one(&driver);
    assert_eq!(names, ["a", "b", "c", "d"]);
    handled(&mut driver, request, "1");
    // The handler of `b` waits.
    returned(&mut driver, request, 2);
    assert!(driver.open.is_empty(), "nothing begins before it has ended");
    handled(&mut driver, request, "2");
    let (request, names) = one(&driver);
    assert_eq!(names, ["c", "d", "e"]);
    // `d` has not begun, and nothing is waited for.
    handled(&mut driver, request, "3");
    returned(&mut driver, request, 1);
    let (again, names) = one(&driver);
    assert_eq!(names, ["d", "e"]);
    // An answer to what is over, and more events than were asked, are nothing.
    handled(&mut driver, request, "9");
    let events = vec![Event { name: "x".to_owned(), args: Args::default() }; 3];
    driver.input(Input::Returned { request: again, events });
    driver.open.clear();
    handled(&mut driver, again, "4");
    handled(&mut driver, again, "5");
    let expected: Vec<_> = (1..=5).map(|id| (id, json!([id]))).collect();
    assert_eq!(acks(&mut driver, ana), expected);
    assert!(driver.open.is_empty());
}

#[test]
fn v8_events_that_are_given_back_are_handled_after_the_end_but_not_after_the_app_has_ended_the_session() {
    for (end, after) in [(true, vec!["b", "c"]), (false, vec![])] {
        let mut driver = Driver::new(together(16));
        let ana = busy(&mut driver, &["a", "b", "c"]);
        driver.answer_at(0);
        let (request, _) = one(&driver);
        driver.input(if end { Input::Closed { session: ana } } else { Input::Dismissed { session: ana } });
        handled(&mut driver, request, "1");
        returned(&mut driver, request, 1);
        let names: Vec<String> = asked(&driver).into_iter().flat_map(|(_, names)| names).collect();
        assert_eq!(names, after);
        assert_eq!(driver.hub.connections(), 1);
        while let Some((request, names)) = asked(&driver).pop() {
            driver.open.clear();
            names.iter().for_each(|_| handled(&mut driver, request, "1"));
        }
        driver.input(Input::Closed { session: ana });
        assert_eq!(driver.hub.connections(), 0);
    }
}

// Both sides of hub::BATCH_EVENTS, hub::BATCH_BYTES.
#[test]
fn v8_so_many_events_and_bytes_are_handed_over_together() {
    let mut driver = Driver::new(together(limits::BATCH_EVENTS));
    busy(&mut driver, &vec!["x"; limits::BATCH_EVENTS + 1]);
    driver.answer_at(0);
    let (request, names) = one(&driver);
    assert_eq!(names.len(), limits::BATCH_EVENTS);
    driver.open.clear();
    names.iter().for_each(|_| handled(&mut driver, request, "1"));
    assert_eq!(one(&driver).1.len(), 1);

    for (more, together_bytes) in [(0, 3), (1, 2)] {
        let mut driver = Driver::new(together(limits::BATCH_EVENTS));
        let ana = busy(&mut driver, &["a", "b"]);
        // The name and two quotes, beside the two bytes of `b`.
        let text = "y".repeat(limits::BATCH_BYTES - 2 - 3 + more);
        driver.text(ana, &json!(["c", text]).to_string().replace("[\"c", "42[\"c"));
        driver.answer_at(0);
        assert_eq!(one(&driver).1.len(), together_bytes);
    }
}
