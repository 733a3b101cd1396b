//! Events from other services (V10).
#![allow(clippy::unwrap_used)]

mod write_support;

use serde_json::json;
use tidewire_server::write::{ServerKey, ShortKey};
use write_support::{App, SERVER_KEY};

const PATH: &str = "/tidewire/publish";

#[tokio::test]
async fn v10_a_service_publishes_with_the_server_key_all_or_nothing_and_once() {
    let mut app = App::new();
    let events = |room: &str| {
        let event =
            |room: &str, n: u32| json!({ "room": room, "name": "told", "payload": { "n": n, "big": 1e300 } });
        json!({ "events": [event("a", 1), event(room, 2), event("a", 3)] }).to_string()
    };
    let key = [("idempotency-key", "\"k1\"")];
    let first = app.send("POST", PATH, Some(SERVER_KEY), &key, &events("b")).await;
    assert_eq!((first.brief(), first.body.as_str()), ((200, "applied"), r#"{"published":3}"#));
    let again = app.send("POST", PATH, Some(SERVER_KEY), &key, &events("b")).await;
    assert_eq!(again.brief(), (200, "replayed"));
    let told: Vec<_> = app.published().iter().map(|event| (event.room.to_string(), event.offset)).collect();
    assert_eq!(told, [("a".to_owned(), 1), ("a".to_owned(), 2), ("b".to_owned(), 1)]);
    let refused = app.send("POST", PATH, Some(SERVER_KEY), &[], &events("")).await;
    assert_eq!(refused.status, 400, "one of them has no room");
    assert_eq!(app.published().len(), 0);
}

#[tokio::test]
async fn v10_nobody_else_publishes() {
    let mut app = App::new();
    let body = r#"{"events":[{"room":"a","name":"told","payload":1}]}"#;
    for user in [None, Some("ana"), Some("tidewire:service")] {
        assert_eq!(app.send("POST", PATH, user, &[], body).await.status, 401);
    }
    assert_eq!(app.send("POST", PATH, Some(SERVER_KEY), &[], "{}").await.status, 400);
    assert_eq!(app.published().len(), 0);
    assert_eq!(ServerKey::new("short").err(), Some(ShortKey));
}
