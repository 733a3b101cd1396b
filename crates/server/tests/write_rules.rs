//! The rule of protocol section 3, case by case (Q9, Q10, V5).
#![allow(clippy::unwrap_used)]

mod write_support;

use write_support::{App, CLIENT, DAY, Write};

#[tokio::test]
async fn q9_v5_the_same_write_applies_once_and_its_answer_is_replayed_whole() {
    let mut app = App::new();
    let first = app.write(Write::count("k1", 1, 1)).await;
    let second = app.write(Write::count("k1", 1, 1)).await;
    assert_eq!(first.brief(), (201, "applied"));
    assert_eq!(second.brief(), (201, "replayed"));
    assert_eq!(
        (&first.body, &first.content_type, &first.etag, &first.location),
        (&second.body, &second.content_type, &second.etag, &second.location)
    );
    assert_eq!(second.etag.as_deref(), Some("\"1\""));
    assert_eq!(second.location.as_deref(), Some("/count/1"));
    assert_eq!(app.count().await, 1);
    assert_eq!(app.published().len(), 1);
}

#[tokio::test]
async fn q9_a_bare_key_is_the_same_key_as_a_quoted_one() {
    let app = App::new();
    app.send("POST", "/count", Some("ana"), &[("idempotency-key", "k1")], "").await;
    let again = app.send("POST", "/count", Some("ana"), &[("idempotency-key", "\"k1\"")], "").await;
    assert_eq!(again.brief(), (201, "replayed"));
}

#[tokio::test]
async fn q9_the_same_key_with_another_payload_is_key_reused() {
    let mut app = App::new();
    app.write(Write::count("k1", 1, 1)).await;
    let other_body = app.write(Write::count("k1", 1, 1).with_body("x")).await;
    let other_query = app.write(Write::count("k1", 1, 1).to("/count?x=1")).await;
    let other_path = app.write(Write::count("k1", 1, 1).to("/status/200")).await;
    for answer in [other_body, other_query, other_path] {
        assert_eq!(answer.brief(), (422, "key-reused"));
    }
    assert_eq!((app.count().await, app.published().len()), (1, 1));
}

#[tokio::test]
async fn q9_another_key_under_a_settled_sequence_is_a_client_reset() {
    let app = App::new();
    app.write(Write::count("k1", 1, 1)).await;
    assert_eq!(app.write(Write::count("k2", 1, 1)).await.brief(), (409, "client-reset"));
    assert_eq!(app.count().await, 1);
}

#[tokio::test]
async fn q9_below_the_kept_floor_is_a_client_reset_even_for_a_known_write() {
    let app = App::new();
    app.write(Write::count("k1", 1, 1)).await;
    app.write(Write::count("k2", 2, 2)).await;
    assert_eq!(app.write(Write::count("k1", 1, 1)).await.brief(), (409, "client-reset"));
    // At the floor itself the answer is still there.
    assert_eq!(app.write(Write::count("k2", 2, 2)).await.brief(), (201, "replayed"));
    assert_eq!(app.count().await, 2);
}

#[tokio::test]
async fn q9_an_unknown_client_with_a_floor_above_1_is_a_client_reset() {
    let app = App::new();
    assert_eq!(app.write(Write::count("k7", 7, 2)).await.brief(), (409, "client-reset"));
    // A first write may have any sequence, so long as nothing before it has settled.
    assert_eq!(app.write(Write::count("k7", 7, 1)).await.brief(), (201, "applied"));
    assert_eq!(app.count().await, 1);
}

#[tokio::test]
async fn q9_settled_sequences_are_kept_in_any_order_of_arrival() {
    let app = App::new();
    for (key, sequence) in [("k5", 5), ("k2", 2), ("k4", 4), ("k1", 1)] {
        assert_eq!(app.write(Write::count(key, sequence, 1)).await.brief(), (201, "applied"));
    }
    for (key, sequence, body) in [("k1", 1, "4"), ("k2", 2, "2"), ("k4", 4, "3"), ("k5", 5, "1")] {
        let again = app.write(Write::count(key, sequence, 1)).await;
        assert_eq!((again.brief(), again.body.as_str()), ((201, "replayed"), body));
    }
    assert_eq!(app.write(Write::count("k3", 3, 3)).await.brief(), (201, "applied"));
    assert_eq!(app.count().await, 5);
}

#[tokio::test]
async fn q9_a_late_request_with_an_old_floor_does_not_lower_the_kept_one() {
    let app = App::new();
    app.write(Write::count("k1", 1, 1)).await;
    app.write(Write::count("k4", 4, 3)).await;
    app.write(Write::count("k3", 3, 1)).await;
    assert_eq!(app.write(Write::count("k2", 2, 1)).await.brief(), (409, "client-reset"));
    assert_eq!(app.count().await, 3);
}

#[tokio::test]
async fn q9_clients_and_users_do_not_see_each_others_sequences() {
    let app = App::new();
    let other = "BBBBBBBBBBBBBBBBBBBBBB";
    for write in [
        Write::count("k1", 1, 1),
        Write::count("k1", 1, 1).by("ben"),
        Write::count("k1", 1, 1).through(other),
    ] {
        assert_eq!(app.write(write).await.brief(), (201, "applied"));
    }
    assert_eq!(app.count().await, 3);
}

// Both sides of store::KEY_MILLIS.
#[tokio::test]
async fn q9_a_key_alone_is_known_per_user_for_seven_days() {
    let app = App::new();
    let key = [("idempotency-key", "\"k1\"")];
    assert_eq!(app.send("POST", "/count", Some("ana"), &key, "").await.brief(), (201, "applied"));
    assert_eq!(app.send("POST", "/count", Some("ben"), &key, "").await.brief(), (201, "applied"));
    app.pass(7 * DAY);
    assert_eq!(app.send("POST", "/count", Some("ana"), &key, "").await.brief(), (201, "replayed"));
    assert_eq!(app.send("POST", "/count", Some("ana"), &key, "x").await.brief(), (422, "key-reused"));
    app.pass(1);
    assert_eq!(app.send("POST", "/count", Some("ana"), &key, "x").await.brief(), (201, "applied"));
    assert_eq!(app.count().await, 3);
}

#[tokio::test]
async fn v5_a_write_without_any_key_just_runs_and_its_events_name_no_write() {
    let mut app = App::new();
    for _ in 0..2 {
        assert_eq!(
            app.send("POST", "/count", Some("ana"), &[("tidewire-client", CLIENT)], "").await.brief(),
            (201, "applied")
        );
    }
    assert_eq!(app.count().await, 2);
    assert!(app.published().iter().all(|event| event.write_id.is_empty()));
}

#[tokio::test]
async fn v5_a_refusal_takes_effect_and_events_back_and_leaves_the_sequence_open() {
    let mut app = App::new();
    for path in ["/refuse", "/status/409", "/status/404"] {
        let refused = app.write(Write::count("k1", 1, 1).to(path)).await;
        assert_eq!(refused.outcome.as_deref(), Some("rejected"));
    }
    assert_eq!((app.count().await, app.published().len()), (0, 0));
    // The client may try something else under the same sequence: nothing was stored.
    assert_eq!(app.write(Write::count("k2", 1, 1)).await.brief(), (201, "applied"));
}

#[tokio::test]
async fn v5_2xx_and_3xx_commit() {
    let app = App::new();
    for (sequence, path) in [(1, "/status/204"), (2, "/status/303"), (3, "/status/200")] {
        assert_eq!(
            app.write(Write::count("k", sequence, 1).to(path)).await.outcome.as_deref(),
            Some("applied")
        );
        assert_eq!(
            app.write(Write::count("k", sequence, 1).to(path)).await.outcome.as_deref(),
            Some("replayed")
        );
    }
    assert_eq!(app.count().await, 3);
}

#[tokio::test]
async fn v5_our_own_failures_are_not_marked_apply_nothing_and_say_nothing_of_the_cause() {
    let mut app = App::new();
    for path in ["/fail", "/panic", "/status/503"] {
        let failed = app.write(Write::count("k1", 1, 1).to(path)).await;
        assert!(failed.status >= 500, "{path}");
        assert_eq!(failed.outcome, None, "{path}");
        assert!(!failed.body.contains("nowhere"), "{}", failed.body);
    }
    assert_eq!((app.count().await, app.published().len()), (0, 0));
    // The writer is alive and the sequence open.
    assert_eq!(app.write(Write::count("k1", 1, 1)).await.brief(), (201, "applied"));
}

// Both sides of store::STORED_ANSWER.
#[tokio::test]
async fn v5_an_answer_of_64_kib_is_stored_and_one_byte_more_is_not() {
    const LIMIT: usize = tidewire_server::store::limits::STORED_ANSWER;
    let app = App::new();
    for (sequence, bytes, stored) in [(1, LIMIT - 1, true), (2, LIMIT, true), (3, LIMIT + 1, false)] {
        let path = format!("/big/{bytes}");
        let first = app.write(Write::count("k", sequence, 1).to(&path)).await;
        let again = app.write(Write::count("k", sequence, 1).to(&path)).await;
        assert_eq!((first.brief(), first.body.len()), ((200, "applied"), bytes));
        assert_eq!(again.brief(), (200, "replayed"));
        assert_eq!(again.body.len(), if stored { bytes } else { 0 });
        assert_eq!(again.content_type.is_some(), stored, "an empty body is not called JSON");
    }
    assert_eq!(app.count().await, 3);
}

#[tokio::test]
async fn v6_every_event_carries_the_id_of_its_write() {
    let mut app = App::new();
    app.write(Write::count("k1", 1, 1)).await;
    app.write(Write::count("k2", 2, 1)).await;
    let ids: Vec<_> = app.published().iter().map(|event| event.write_id.to_string()).collect();
    assert_eq!(ids, ["k1", "k2"]);
}

// Both sides of store::ANSWERS_PER_CLIENT.
#[tokio::test]
async fn q9_an_old_answer_above_a_floor_that_does_not_move_shrinks_to_its_status() {
    const KEPT: u64 = tidewire_server::store::limits::ANSWERS_PER_CLIENT;
    let app = App::new();
    for sequence in 1..=KEPT + 1 {
        assert_eq!(
            app.write(Write::count(&format!("k{sequence}"), sequence, 1)).await.brief(),
            (201, "applied")
        );
    }
    let shrunk = app.write(Write::count("k1", 1, 1)).await;
    assert_eq!(shrunk.content_type, None);
    assert_eq!((shrunk.brief(), shrunk.body.as_str()), ((201, "replayed"), ""));
    assert_eq!(app.write(Write::count("k2", 2, 1)).await.body, "2");
    assert_eq!(app.count().await, KEPT + 1);
}
