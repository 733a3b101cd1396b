//! Which answers carry `Tidewire-Outcome`, and what malformed requests get (Q10, Q12).
#![allow(clippy::unwrap_used)]

mod write_support;

use write_support::{App, CLIENT, Write};

const KEY: (&str, &str) = ("idempotency-key", "\"k1\"");

#[tokio::test]
async fn q10_an_unknown_route_is_a_marked_json_404() {
    let app = App::new();
    let answer = app.write(Write::count("k1", 1, 1).to("/nowhere")).await;
    assert_eq!(answer.brief(), (404, "rejected"));
    assert_eq!(answer.content_type.as_deref(), Some("application/json"));
    assert!(answer.body.starts_with("{\"error\":{\"code\":\"not-found\""), "{}", answer.body);
    // Without a key nobody waits for a mark.
    assert_eq!(app.get("/nowhere", &[]).await.brief(), (404, "-"));
}

#[tokio::test]
async fn q10_q11_q12_answers_that_ask_for_another_try_are_not_marked() {
    let app = App::new();
    for (status, mark) in [
        (400, "rejected"),
        (401, "-"),
        (404, "rejected"),
        (408, "-"),
        (409, "rejected"),
        (412, "rejected"),
        (425, "-"),
        (429, "-"),
        (500, "-"),
        (503, "-"),
        (200, "-"),
    ] {
        let outside = app.send("POST", &format!("/status-outside/{status}"), None, &[KEY], "").await;
        assert_eq!(outside.brief(), (status, mark), "a handler that knows nothing of Tidewire");
        if status != 200 {
            let inside = app.write(Write::count("k1", 1, 1).to(&format!("/status/{status}"))).await;
            assert_eq!(inside.brief(), (status, mark), "a handler's reply in its transaction");
        }
    }
    assert_eq!(app.count().await, 0);
}

#[tokio::test]
async fn q12_no_or_a_bad_token_is_an_unmarked_401() {
    let app = App::new();
    let none = app.send("POST", "/count", None, &[KEY], "").await;
    let bad = app.send("POST", "/count", None, &[KEY, ("authorization", "Bearer x.y.z")], "").await;
    let basic = app.send("POST", "/count", None, &[KEY, ("authorization", "Basic YW5hOmFuYQ==")], "").await;
    for answer in [none, bad, basic] {
        assert_eq!(answer.brief(), (401, "-"));
        assert!(answer.body.contains("\"unauthorized\""), "{}", answer.body);
    }
    assert_eq!(app.count().await, 0);
}

#[tokio::test]
async fn q10_malformed_protocol_headers_are_a_marked_400_that_says_which() {
    let app = App::new();
    let good = [KEY, ("tidewire-client", CLIENT), ("tidewire-sequence", "3"), ("tidewire-floor", "2")];
    let with = |name: &'static str, value: &'static str| {
        good.map(|(n, v)| if n == name { (n, value) } else { (n, v) })
    };
    let without = |name: &'static str| good.into_iter().filter(|(n, _)| *n != name).collect::<Vec<_>>();
    let cases: Vec<(Vec<(&str, &str)>, &str)> = vec![
        (with("idempotency-key", "\"").to_vec(), "Idempotency-Key"),
        (with("idempotency-key", "a b").to_vec(), "Idempotency-Key"),
        (with("tidewire-client", "short").to_vec(), "Tidewire-Client"),
        (with("tidewire-sequence", "0").to_vec(), "Tidewire-Sequence"),
        (with("tidewire-sequence", "-1").to_vec(), "Tidewire-Sequence"),
        (with("tidewire-sequence", "9007199254740992").to_vec(), "2^53"),
        (with("tidewire-floor", "x").to_vec(), "Tidewire-Floor"),
        (with("tidewire-floor", "4").to_vec(), "must not be above"),
        (without("tidewire-client"), "come together"),
        (without("tidewire-sequence"), "come together"),
        (without("tidewire-floor"), "come together"),
        ([good.to_vec(), vec![KEY]].concat(), "must come once"),
    ];
    for (headers, says) in cases {
        let answer = app.send("POST", "/count", Some("ana"), &headers, "").await;
        assert_eq!(answer.brief(), (400, "rejected"), "{headers:?}");
        assert!(answer.body.contains(says), "{headers:?}: {}", answer.body);
    }
    // No key to mark for, but an error all the same: a sequence without a key could never be kept.
    let keyless = app.send("POST", "/count", Some("ana"), &without("idempotency-key"), "").await;
    assert_eq!(keyless.brief(), (400, "-"));
    assert_eq!(app.count().await, 0);
}

// Both sides of store::REQUEST_BODY.
#[tokio::test]
async fn q10_a_body_over_the_limit_is_a_marked_413() {
    const LIMIT: usize = tidewire_server::store::limits::REQUEST_BODY;
    let app = App::new();
    let body = "x".repeat(LIMIT + 1);
    assert_eq!(app.write(Write::count("k1", 1, 1).with_body(&body)).await.brief(), (413, "rejected"));
    assert_eq!(app.write(Write::count("k1", 1, 1).with_body(&body[1..])).await.brief(), (201, "applied"));
}

#[tokio::test]
async fn q10_a_wrong_method_is_marked_too() {
    let app = App::new();
    assert_eq!(app.send("DELETE", "/count", Some("ana"), &[KEY], "").await.brief(), (405, "rejected"));
}
