//! What is forgotten, and how: client ids that nobody uses, people, and histories of a restored database (V6, V10, Q9).
#![allow(clippy::unwrap_used)]

mod write_support;

use tidewire_server::event::History;
use tidewire_server::store::Store;
use write_support::{App, CLIENT, DAY, Write};

// Both sides of store::CLIENT_MILLIS.
#[tokio::test]
async fn v10_a_client_id_that_wrote_nothing_for_90_days_is_forgotten_and_its_next_write_applies_nothing() {
    let app = App::new();
    let busy = "BBBBBBBBBBBBBBBBBBBBBB";
    app.write(Write::count("k1", 1, 1)).await;
    app.write(Write::count("b1", 1, 1).through(busy)).await;
    app.pass(90 * DAY);
    let app = app.after_crash(); // sweeps when it opens
    assert_eq!(app.write(Write::count("k1", 1, 1)).await.brief(), (201, "replayed"), "exactly 90 days");
    app.write(Write::count("b2", 2, 1).through(busy)).await;
    app.pass(1);
    let app = app.after_crash();
    assert_eq!(app.write(Write::count("b2", 2, 1).through(busy)).await.brief(), (201, "replayed"));
    for (key, sequence, floor) in [("k1", 1, 1), ("k2", 2, 1), ("k2", 2, 2)] {
        let late = app.write(Write::count(key, sequence, floor)).await;
        assert_eq!(late.brief(), (409, "client-reset"), "{key} might have been applied");
    }
    assert_eq!(app.count().await, 3);
    let base = app.get("/count", &[("tidewire-client", CLIENT)]).await.base.unwrap();
    assert!(!base.contains("applied"), "nothing is known of it: {base}");
    let fresh = Write::count("k2", 1, 1).through("CCCCCCCCCCCCCCCCCCCCCC");
    assert_eq!(app.write(fresh).await.brief(), (201, "applied"), "a new id goes on");
}

#[tokio::test]
async fn v10_client_ids_are_looked_through_once_a_day_while_the_server_runs() {
    let app = App::new();
    app.write(Write::count("k1", 1, 1)).await;
    app.pass(91 * DAY);
    for _ in 0..256 {
        app.send("POST", "/count", Some("ben"), &[], "").await;
    }
    assert_eq!(app.write(Write::count("k1", 1, 1)).await.brief(), (409, "client-reset"));
}

#[tokio::test]
async fn v10_forget_takes_a_person_out_of_the_memory_of_writes_and_out_of_the_histories() {
    let app = App::new();
    app.write(Write::count("b1", 1, 1).by("ben")).await;
    for sequence in [1, 2] {
        app.write(Write::count(&format!("k{sequence}"), sequence, 1)).await;
    }
    app.write(Write::count("b2", 2, 1).by("ben")).await;
    app.send("POST", "/count", Some("ana"), &[("idempotency-key", "\"alone\"")], "").await;
    app.send("POST", "/rooms", Some("ben"), &[], "bb").await;
    app.write(Write::count("b3", 3, 1).by("ben")).await;
    let store = app.tidewire.store().clone();
    let (epoch, head) = store.head("counter").await.unwrap();
    assert_eq!(app.tidewire.forget("ana").await.unwrap(), ["counter"]);
    let left = store.after("counter", 0, 100).await.unwrap();
    let left: Vec<_> = left.iter().map(|event| event.offset).collect();
    assert_eq!(left, [6], "all up to her last event is gone, what came after it stays");
    assert_eq!(store.head("counter").await.unwrap(), (epoch, head), "the head outlives it");
    assert_eq!(store.after("b", 0, 100).await.unwrap().len(), 2, "other rooms keep all");
    let bens = app.write(Write::count("b3", 3, 1).by("ben")).await;
    assert_eq!(bens.brief(), (201, "replayed"), "others are not touched");
    let hers = app.get("/count", &[("tidewire-client", CLIENT)]).await.base.unwrap();
    assert!(!hers.contains("applied"), "{hers}");
    assert_eq!(app.tidewire.forget("ana").await.unwrap(), [] as [String; 0], "nothing is left of her");
    let again = app.send("POST", "/count", Some("ana"), &[("idempotency-key", "\"alone\"")], "").await;
    assert_eq!(again.brief(), (201, "applied"), "whoever comes under her name is somebody new");
}

#[tokio::test]
async fn v6_a_restored_database_gets_new_epochs_and_keeps_its_memory_of_writes() {
    let app = App::new();
    app.write(Write::count("k1", 1, 1)).await;
    let (old, _) = app.tidewire.store().head("counter").await.unwrap();
    let restored = app.after_crash();
    Store::begin_epoch(&restored.place).unwrap();
    let mut restored = restored.after_crash();
    let store = restored.tidewire.store().clone();
    let (fresh, head) = store.head("counter").await.unwrap();
    assert_ne!(fresh, old);
    assert_eq!((head, store.after("counter", 0, 9).await.unwrap().len()), (0, 0));
    assert_eq!(restored.write(Write::count("k1", 1, 1)).await.brief(), (201, "replayed"));
    assert_eq!(restored.count().await, 1);
    restored.write(Write::count("k2", 2, 2)).await;
    let event = restored.published().remove(0);
    assert_eq!((event.epoch, event.offset), (fresh, 1));
    assert!(
        Store::begin_epoch(restored.dir.path().join("nowhere.sqlite")).is_err(),
        "a wrong path makes no database"
    );
    assert!(!restored.dir.path().join("nowhere.sqlite").exists());
}
