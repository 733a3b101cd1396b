//! Requests of people, and of pages of other origins (V9, V10).
#![allow(clippy::unwrap_used)]

mod write_support;

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use tidewire_server::front::{Rate, cors};
use tower::ServiceExt;
use write_support::{App, Write};

// Both sides of front::REQUESTS_PER_SECOND, front::REQUEST_BURST.
#[tokio::test(start_paused = true)]
async fn v9_a_person_asks_so_often_and_is_told_when_to_come_back() {
    let app = App::with_rate(Rate { per_second: 1, burst: 3 });
    for (key, sequence) in [("k1", 1), ("k2", 2)] {
        assert_eq!(app.write(Write::count(key, sequence, 1)).await.brief(), (201, "applied"));
    }
    assert_eq!(app.get("/count", &[]).await.status, 200);
    let refused = app.write(Write::count("k3", 3, 1)).await;
    assert_eq!(refused.brief(), (429, "-"), "without a mark: it is to be sent again");
    assert!(refused.body.contains("requests of this person"), "{}", refused.body);
    let bens = app.send("POST", "/count", Some("ben"), &[], "").await;
    assert_eq!(bens.brief(), (201, "applied"), "others are not disturbed");
    let json = [("content-type", "application/json")];
    let asked = app.send("POST", "/tidewire/outcome", Some("ana"), &json, "{}").await;
    assert_eq!(asked.status, 429);
    tokio::time::advance(std::time::Duration::from_millis(999)).await;
    assert_eq!(app.write(Write::count("k3", 3, 1)).await.status, 429);
    tokio::time::advance(std::time::Duration::from_millis(1)).await;
    assert_eq!(app.write(Write::count("k3", 3, 1)).await.brief(), (201, "applied"));
}

async fn headers(app: &App, method: &str, origin: &str) -> HeaderMap {
    let layer = cors(["https://app.example".to_owned(), "http://localhost:5173".to_owned()]).unwrap();
    let request = Request::builder()
        .method(method)
        .uri("/count")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "idempotency-key,tidewire-client,authorization");
    let router = app.router.clone().layer(layer);
    router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap().headers().clone()
}

#[tokio::test]
async fn v10_named_origins_may_ask_and_read_what_a_client_needs() {
    let app = App::new();
    for origin in ["https://app.example", "http://localhost:5173"] {
        let preflight = headers(&app, "OPTIONS", origin).await;
        assert_eq!(preflight["access-control-allow-origin"], origin);
        assert_eq!(preflight["access-control-allow-credentials"], "true");
        let allowed = preflight["access-control-allow-headers"].to_str().unwrap();
        for name in [
            "idempotency-key",
            "tidewire-client",
            "tidewire-sequence",
            "tidewire-floor",
            "authorization",
            "if-match",
        ] {
            assert!(allowed.split(',').any(|allowed| allowed == name), "{name} in {allowed}");
        }
        let answer = headers(&app, "GET", origin).await;
        let exposed = answer["access-control-expose-headers"].to_str().unwrap();
        for name in ["tidewire-outcome", "tidewire-base", "etag", "location", "retry-after"] {
            assert!(exposed.split(',').any(|exposed| exposed == name), "{name} in {exposed}");
        }
    }
    for origin in
        ["https://evil.example", "https://app.example.evil.example", "null", "https://app.example:444"]
    {
        for method in ["OPTIONS", "GET"] {
            assert!(
                !headers(&app, method, origin).await.contains_key("access-control-allow-origin"),
                "{origin}"
            );
        }
    }
    assert!(cors(["*".to_owned()]).is_err(), "origins are named one by one");
}
