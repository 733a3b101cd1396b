//! Rooms: epochs, contiguous offsets, retention, and what outlives a crash (V6, V7, Y2).
#![allow(clippy::unwrap_used)]

mod write_support;

use tidewire_server::event::History;
use tidewire_server::store::limits::HISTORY_EVENTS;
use tidewire_server::store::{Store, StoreError, StoreOptions};
use write_support::{App, CLIENT, DAY, Write, place};

async fn publish(app: &App, rooms: &str) {
    assert_eq!(app.send("POST", "/rooms", Some("ana"), &[], rooms).await.brief(), (204, "applied"));
}

#[tokio::test]
async fn v6_offsets_are_contiguous_per_room_and_rooms_come_in_name_order() {
    let mut app = App::new();
    publish(&app, "bab").await;
    publish(&app, "b").await;
    let events: Vec<_> = app
        .published()
        .iter()
        .map(|event| (event.room.to_string(), event.offset, event.payload.to_string()))
        .collect();
    let expected = [("a", 1, "1"), ("b", 1, "0"), ("b", 2, "2"), ("b", 3, "0")];
    assert_eq!(events, expected.map(|(room, offset, payload)| (room.to_owned(), offset, payload.to_owned())));
}

#[tokio::test]
async fn v6_history_gives_again_exactly_what_was_published() {
    let mut app = App::new();
    publish(&app, "aaaa").await;
    let published = app.published();
    let store = app.tidewire.store();
    assert_eq!(store.after("a", 0, 100).await.unwrap(), published);
    assert_eq!(store.after("a", 1, 2).await.unwrap(), published[1..3]);
    assert_eq!(store.after("a", 4, 100).await.unwrap(), []);
    assert_eq!(store.after("unknown", 0, 100).await.unwrap(), []);
    assert_eq!(store.head("a").await.unwrap(), (published[0].epoch.clone(), 4));
}

#[tokio::test]
async fn v6_a_room_without_history_has_the_epoch_that_it_will_use() {
    let mut app = App::new();
    let (epoch, offset) = app.tidewire.store().head("a").await.unwrap();
    assert_eq!(offset, 0);
    publish(&app, "ab").await;
    let published = app.published();
    assert_eq!(published[0].epoch, epoch);
    assert_ne!(published[1].epoch, epoch, "each room has its own");
    assert_ne!(App::new().tidewire.store().head("a").await.unwrap().0, epoch, "another database has others");
}

#[tokio::test]
async fn v7_epochs_heads_events_and_answers_outlive_a_power_cut() {
    let mut app = App::new();
    publish(&app, "aa").await;
    app.write(Write::count("k1", 1, 1)).await;
    let published = app.published();
    let mut app = app.after_crash();
    let store = app.tidewire.store();
    assert_eq!(store.after("a", 0, 100).await.unwrap(), published[..2]);
    assert_eq!(store.head("a").await.unwrap(), (published[0].epoch.clone(), 2));
    assert_eq!(app.write(Write::count("k1", 1, 1)).await.brief(), (201, "replayed"));
    publish(&app, "a").await;
    assert_eq!(app.published()[0].offset, 3);
}

// Both sides of store::HISTORY_EVENTS.
#[tokio::test]
async fn v6_the_history_keeps_10_000_events_and_the_head_outlives_them() {
    let app = App::new();
    for _ in 0..HISTORY_EVENTS / 500 {
        publish(&app, &"a".repeat(500)).await;
    }
    let store = app.tidewire.store();
    assert_eq!(store.after("a", 0, 1).await.unwrap()[0].offset, 1, "exactly the limit: all are kept");
    publish(&app, "a").await;
    assert_eq!(store.after("a", 0, 1).await.unwrap()[0].offset, 2, "one more: the first is gone");
    assert_eq!(store.head("a").await.unwrap().1, HISTORY_EVENTS + 1);
}

#[tokio::test]
async fn v6_events_older_than_seven_days_are_swept_out_from_the_beginning_only() {
    let app = App::new();
    publish(&app, "a").await;
    app.pass(2 * DAY);
    publish(&app, "a").await;
    // The wall clock was set back for a while: the third event looks older than the second.
    app.clock.fetch_sub(3 * DAY, std::sync::atomic::Ordering::SeqCst);
    publish(&app, "a").await;
    app.pass(3 * DAY + 6 * DAY);
    let app = app.after_crash(); // sweeps when it opens
    let store = app.tidewire.store();
    let kept: Vec<_> = store.after("a", 0, 9).await.unwrap().iter().map(|event| event.offset).collect();
    assert_eq!(kept, [2, 3], "a history may lose its beginning, never its middle");
    app.pass(30 * DAY);
    let app = app.after_crash();
    let store = app.tidewire.store();
    assert_eq!(store.after("a", 0, 9).await.unwrap(), []);
    assert_eq!(store.head("a").await.unwrap().1, 3);
}

#[tokio::test]
async fn y2_a_base_names_rooms_percent_encoded_and_this_clients_settled_sequences() {
    let app = App::new();
    publish(&app, "bb").await;
    for (key, sequence, floor) in [("k1", 1, 1), ("k2", 2, 1), ("k4", 4, 3), ("k6", 6, 3)] {
        app.write(Write::count(key, sequence, floor)).await;
    }
    let epoch = app.tidewire.store().head("b").await.unwrap().0;
    let other = app.tidewire.store().head("room of Zoë, 1").await.unwrap().0;
    let base = |applied: &str| Some(format!("b={epoch}:2, room%20of%20Zo%C3%AB%2C%201={other}:0{applied}"));
    assert_eq!(app.get("/rooms", &[("tidewire-client", CLIENT)]).await.base, base("; applied=1-2 4 6"));
    assert_eq!(app.get("/rooms", &[]).await.base, base(""));
    let unknown = [("tidewire-client", "CCCCCCCCCCCCCCCCCCCCCC")];
    assert_eq!(app.get("/rooms", &unknown).await.base, base(""));
    let bens = app.send("GET", "/rooms", Some("ben"), &[("tidewire-client", CLIENT)], "").await;
    assert_eq!(bens.base, base(""), "another user's client id says nothing");
    assert_eq!(app.get("/rooms", &[("tidewire-client", "short")]).await.brief(), (400, "-"));
}

// Both sides of store::PAYLOAD_BYTES.
#[tokio::test]
async fn v6_names_and_payloads_that_cannot_travel_fail_the_write() {
    let app = App::new();
    let store = app.tidewire.clone();
    let publish = |room: String, name: String, payload: String| {
        store.transact("", move |tx| tx.publish(&room, &name, &payload))
    };
    let (room, long) = ("r".repeat(128), "r".repeat(129));
    assert!(publish(room.clone(), "n".to_owned(), String::new()).await.is_ok());
    for (room, name) in [(long.as_str(), "n"), ("", "n"), ("r", ""), ("r", &long), ("r\n", "n")] {
        let refused = publish(room.to_owned(), name.to_owned(), String::new()).await;
        assert!(matches!(refused, Err(StoreError::Publish(_))), "{room:?} {name:?}");
    }
    let most = tidewire_server::store::limits::PAYLOAD_BYTES - 2;
    assert!(publish(room.clone(), "n".to_owned(), "x".repeat(most)).await.is_ok());
    assert!(publish(room.clone(), "n".to_owned(), "x".repeat(most + 1)).await.is_err());
    assert_eq!(store.store().head(&room).await.unwrap().1, 2);
}

#[test]
fn v7_an_older_program_does_not_touch_a_newer_database() {
    let dir = tempfile::tempdir().unwrap();
    let place = place::of(dir.path());
    let open = |migrations: Vec<&'static str>| {
        let mut options = StoreOptions::new(&place);
        options.migrations = migrations;
        Store::open(options, tokio::sync::mpsc::unbounded_channel().0).map(drop)
    };
    let (one, two) = ("CREATE TABLE one (x INTEGER)", "CREATE TABLE two (x INTEGER)");
    open(vec![one]).unwrap();
    open(vec![one, two]).unwrap();
    open(vec![one, two]).unwrap();
    let refused = open(vec![one]).unwrap_err();
    assert!(matches!(refused, StoreError::Newer { schema: "app", found: 2, known: 1 }), "{refused}");
}
