//! The cache by itself, on virtual time: what it shows, tells and asks for. With the engine it is tested in `tests/queries.rs`.

use std::sync::Arc;

use serde_json::{Value, json};
use tidewire_core::{
    Event, Input, Now, Offset, ParkReason, Position, QueryId, ReadId, Timestamp, WallTime, WriteId,
    WriteState,
};
use tokio::sync::watch;

use super::entry::{Fetched, Shown};
use super::fold::Operation;
use super::{Cache, Effect, Entity, IDLE_QUERIES, QueryIds, QueryKey, Rules, Settings};
use crate::query::QueryError;

fn at(millis: u64) -> Now {
    Now { mono: Timestamp(millis), wall: WallTime(millis) }
}

fn place(offset: u64) -> Position {
    Position { room: "activities".into(), epoch: "e".into(), offset: Offset(offset) }
}

fn cache() -> Cache {
    let entity = Entity::new("activity").under("activities").under("activity");
    let rules = Rules::new().entity(entity).room("activities", ["activities", "activity"]);
    let settings = Settings { rules, fresh_for: std::time::Duration::ZERO };
    let mut cache = unread(settings);
    cache.begin_to_show();
    cache
}

fn unread(settings: Settings) -> Cache {
    Cache::new(settings, "ana".into(), "app|dev|ana".into(), QueryIds::default())
}

fn open(cache: &mut Cache, key: impl Into<QueryKey>, now: u64) -> (QueryId, watch::Receiver<Shown>) {
    cache.open(key.into(), Arc::new(|_| Box::pin(std::future::pending())), at(now))
}

/// Everything that is to be done, and the fetches among it.
fn effects(cache: &mut Cache) -> (Vec<Effect>, Vec<(QueryId, ReadId)>) {
    let all: Vec<Effect> = std::iter::from_fn(|| cache.next_effect()).collect();
    let mut fetches = Vec::new();
    for effect in &all {
        if let Effect::Fetch { query, read, .. } = effect {
            fetches.push((*query, *read));
        }
    }
    (all, fetches)
}

fn told(cache: &mut Cache) -> Vec<Input> {
    let mut told = Vec::new();
    while let Some(effect) = cache.next_effect() {
        if let Effect::Tell(input) = effect {
            told.push(*input);
        }
    }
    told
}

fn fetches(cache: &mut Cache, now: u64) -> Vec<(QueryId, ReadId)> {
    cache.settle(at(now));
    effects(cache).1
}

/// The fetch that is due brings this.
fn answer(cache: &mut Cache, data: Value, offset: u64, now: u64) {
    let [(query, read)] = fetches(cache, now)[..] else { panic!("one fetch") };
    let fetched = Fetched { data, positions: vec![place(offset)], applied: None };
    cache.fetched(query, read, Ok(fetched), at(now));
    cache.settle(at(now));
}

fn event(name: &str, offset: u64, apply: &[QueryId]) -> Event {
    Event {
        namespace: None,
        body: tidewire_core::BodyId(1),
        attachments: Vec::new(),
        ack: None,
        skip: 3,
        name: name.into(),
        position: Some(place(offset)),
        write: None,
        own: false,
        replayed: false,
        dispatch: true,
        apply: apply.to_vec(),
    }
}

fn data(shown: &watch::Receiver<Shown>) -> Value {
    shown.borrow().data.as_deref().cloned().unwrap_or_default()
}

/// A layer that likes, over a base that may have the like already.
fn like(cache: &Cache, write: &str) -> (WriteId, Vec<Operation>) {
    let write = WriteId::from(write);
    let mut writer = cache.writer(&write);
    writer.patch("activity", 1, |it: &mut Value| {
        if it["liked"] == false {
            *it = json!({"id": 1, "liked": true, "n": it["n"].as_u64().unwrap() + 1});
        }
    });
    let operations = writer.finish().unwrap();
    (write, operations)
}

#[test]
fn y5_a_burst_of_events_is_shown_once_a_frame() {
    let mut cache = cache();
    let (query, mut shown) = open(&mut cache, "activities", 0);
    answer(&mut cache, json!([{"id": 1, "n": 0}]), 0, 0);
    shown.mark_unchanged();
    for n in 1..=1_000 {
        cache.event(&event("activity:updated", n, &[query]), &json!({"id": 1, "n": n}), at(100));
        cache.settle(at(100));
        if n == 1 {
            assert!(shown.has_changed().unwrap(), "the first at once");
            assert_eq!(data(&shown)[0]["n"], 1);
            shown.mark_unchanged();
        }
    }
    assert!(!shown.has_changed().unwrap(), "the others wait for the end of the frame");
    assert_eq!(cache.deadline(), Some(Timestamp(116)));
    cache.settle(at(116));
    assert_eq!(data(&shown)[0]["n"], 1_000);
}

#[test]
fn q16_what_the_user_does_does_not_wait_for_a_frame() {
    let mut cache = cache();
    let (query, shown) = open(&mut cache, "activities", 0);
    answer(&mut cache, json!([{"id": 1, "liked": false, "n": 0}]), 0, 0);
    for n in 1..=2 {
        cache.event(&event("activity:updated", n, &[query]), &json!({"id": 1, "n": n}), at(100));
        cache.settle(at(100));
    }
    assert_eq!(data(&shown)[0]["n"], 1);
    let (write, operations) = like(&cache, "w");
    cache.layer_added(write, operations);
    cache.settle(at(101));
    assert_eq!(data(&shown), json!([{"id": 1, "liked": true, "n": 3}]));
}

#[test]
fn q16_q18_layers_stand_in_order_and_one_goes_alone() {
    let mut cache = cache();
    let (query, shown) = open(&mut cache, "activities", 0);
    answer(&mut cache, json!([{"id": 1, "liked": false, "n": 1}]), 0, 0);
    let (first, operations) = like(&cache, "first");
    cache.layer_added(first.clone(), operations);
    let second = WriteId::from("second");
    let mut writer = cache.writer(&second);
    writer.insert("activities", &json!({"id": 2}), super::Place::Start);
    let operations = writer.finish().unwrap();
    cache.layer_added(second.clone(), operations);
    cache.settle(at(1));
    assert_eq!(data(&shown), json!([{"id": 2}, {"id": 1, "liked": true, "n": 2}]));
    assert!(shown.borrow().unconfirmed);
    let mut touched = Vec::new();
    for input in told(&mut cache) {
        if let Input::Touched { write, queries } = input {
            touched.push((write, queries));
        }
    }
    assert_eq!(touched, [(first.clone(), vec![query]), (second.clone(), vec![query])]);
    cache.layer_retired(&first, None, at(2));
    cache.settle(at(2));
    assert_eq!(data(&shown), json!([{"id": 2}, {"id": 1, "liked": false, "n": 1}]));
    // This base has the second; other bases may not.
    cache.layer_retired(&second, Some(query), at(3));
    cache.settle(at(3));
    assert_eq!(data(&shown), json!([{"id": 1, "liked": false, "n": 1}]));
    assert!(!shown.borrow().unconfirmed);
    let parked = WriteState::Parked { reason: ParkReason::Permanent, status: 404, body: None };
    cache.write_changed(&second, &parked, at(4));
    cache.settle(at(4));
    assert_eq!(
        data(&shown)[0]["id"],
        2,
        "no base can have what was refused: its layer stands until the engine takes it"
    );
}

#[test]
fn y6_a_base_that_the_engine_refuses_is_taken_back() {
    let mut cache = cache();
    let (query, shown) = open(&mut cache, "activities", 0);
    answer(&mut cache, json!([{"id": 1, "n": 5}]), 5, 0);
    cache.refetch_one(query);
    let [(_, read)] = fetches(&mut cache, 10)[..] else { panic!("one fetch") };
    let stale = Fetched { data: json!([{"id": 1, "n": 4}]), positions: vec![place(4)], applied: None };
    cache.fetched(query, read, Ok(stale), at(20));
    cache.base_refused(query);
    cache.settle(at(20));
    assert_eq!(data(&shown)[0]["n"], 5);
    assert!(!shown.borrow().fetching);
}

#[test]
fn y5_only_what_is_concerned_is_fetched_again_and_what_nobody_looks_at_is_marked() {
    let mut cache = cache();
    let (list, list_shown) = open(&mut cache, "activities", 0);
    answer(&mut cache, json!([]), 0, 0);
    let (detail, _detail_shown) = open(&mut cache, ["activity", "1"], 0);
    answer(&mut cache, json!({"id": 1}), 0, 0);
    for n in 1..=100 {
        cache.event(&event("activity:created", n, &[list, detail]), &json!({"id": n}), at(1_000));
    }
    let due = fetches(&mut cache, 1_000);
    assert_eq!(due.iter().map(|(query, _)| *query).collect::<Vec<_>>(), [list], "only lists");
    let read = due[0].1;
    cache.fetched(list, read, Err(QueryError::NotJson), at(1_001));
    cache.close(list);
    cache.event(&event("activity:created", 101, &[list]), &json!({"id": 101}), at(2_000));
    assert!(fetches(&mut cache, 2_000).is_empty());
    assert!(list_shown.borrow().stale, "marked");
    let (again, _shown) = open(&mut cache, "activities", 3_000);
    assert_eq!(again, list, "the same query");
    assert_eq!(fetches(&mut cache, 3_000).len(), 1, "now somebody looks");
}

#[test]
fn y1_a_room_without_an_entry_fetches_what_somebody_looks_at() {
    let mut cache = cache();
    let (query, _shown) = open(&mut cache, "activities", 0);
    answer(&mut cache, json!([]), 0, 0);
    let mut stranger = event("something", 1, &[]);
    stranger.position = Some(Position { room: "other".into(), ..place(1) });
    cache.event(&stranger, &Value::Null, at(1_000));
    assert_eq!(fetches(&mut cache, 1_000).first().map(|(query, _)| *query), Some(query));
}

#[test]
fn y6_a_fetch_without_an_answer_is_tried_again_later_or_when_a_connection_comes_up() {
    let mut cache = cache();
    let (query, shown) = open(&mut cache, "activities", 0);
    let [(_, read)] = fetches(&mut cache, 0)[..] else { panic!("one fetch") };
    cache.fetched(query, read, Err(QueryError::NoToken), at(0));
    assert!(fetches(&mut cache, 999).is_empty());
    assert_eq!(cache.deadline(), Some(Timestamp(1_000)));
    let [(_, read)] = fetches(&mut cache, 1_000)[..] else { panic!("one fetch") };
    cache.fetched(query, read, Err(QueryError::NoToken), at(1_000));
    assert_eq!(cache.deadline(), Some(Timestamp(3_000)), "twice as long");
    assert!(shown.borrow().error.is_some());
    cache.connected();
    let [(_, read)] = fetches(&mut cache, 1_100)[..] else { panic!("one fetch") };
    cache.fetched(query, read, Err(QueryError::NotJson), at(1_100));
    assert_eq!(cache.deadline(), None, "asking again would not help");
}

#[test]
fn y2_q18_a_stored_base_is_shown_with_the_layers_of_the_queue() {
    let mut first = cache();
    open(&mut first, "activities", 0);
    answer(&mut first, json!([{"id": 1, "liked": false, "n": 1}]), 7, 0);
    let (write, operations) = like(&first, "w");
    first.layer_added(write.clone(), operations);
    first.settle(at(1));
    let stored: Vec<_> = first
        .flush()
        .into_iter()
        .map(|step| tidewire_core::StoredRecord { key: step.key, value: step.value.unwrap() })
        .collect();
    assert_eq!(stored.len(), 1);
    assert!(
        String::from_utf8_lossy(&stored[0].value.0).contains("\"n\":1"),
        "the base, never the folded value"
    );

    let mut second = cache();
    let (query, shown) = open(&mut second, "activities", 0);
    second.layer_added(write, like(&second, "w").1);
    second.restore(&stored);
    let mut bases = Vec::new();
    for input in told(&mut second) {
        if let Input::BaseInstalled { query, positions, restored: true, .. } = input {
            bases.push((query, positions));
        }
    }
    assert_eq!(bases, [(query, vec![place(7)])]);
    second.settle(at(1));
    assert_eq!(data(&shown), json!([{"id": 1, "liked": true, "n": 2}]));
}

#[test]
fn q18_nothing_is_shown_or_fetched_before_the_store_was_read() {
    let mut cache = unread(Settings::default());
    let (_, shown) = open(&mut cache, "activities", 0);
    assert!(fetches(&mut cache, 0).is_empty());
    assert_eq!(cache.deadline(), None);
    assert!(!shown.borrow().fetching);
    cache.restore(&[]);
    assert_eq!(fetches(&mut cache, 1).len(), 1);
}

#[test]
fn y5_queries_that_nobody_looks_at_are_limited() {
    let mut cache = cache();
    for n in 0..=IDLE_QUERIES {
        let (query, _) = open(&mut cache, ["activity".to_owned(), n.to_string()], 0);
        cache.close(query);
    }
    let gone: Vec<_> =
        told(&mut cache).into_iter().filter(|input| matches!(input, Input::QueryGone { .. })).collect();
    assert_eq!(gone.len(), 1, "at the limit none, one over it the oldest");
    assert_eq!(cache.entries.len(), IDLE_QUERIES);
    assert!(!cache.entries.contains_key(r#"["activity","0"]"#));
}
