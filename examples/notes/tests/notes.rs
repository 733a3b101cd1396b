//! The app with Tidewire in it, on a real PostgreSQL: what was added works, and what was there still does.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use futures_util::{SinkExt, StreamExt};
use http_body_util::BodyExt;
use notes_server::{app, live};
use sqlx::PgPool;
use tidewire_test_postgres::Postgres;
use tokio_tungstenite::tungstenite::Message;
use tower::ServiceExt;

const CLIENT: &str = "AAAAAAAAAAAAAAAAAAAAAA";

async fn open(postgres: &Postgres) -> (PgPool, Router) {
    let pool = PgPool::connect(&postgres.url()).await.unwrap();
    app::migrate(&pool).await.unwrap();
    let people = "INSERT INTO session VALUES ('s-ana', 'ana'), ('s-ben', 'ben') ON CONFLICT DO NOTHING";
    sqlx::raw_sql(people).execute(&pool).await.unwrap();
    let router = live::router(pool.clone(), &postgres.url()).unwrap();
    (pool, router)
}

fn write(key: &str, sequence: u64, floor: u64, text: &str) -> Request<Body> {
    let request = Request::post("/notes").header("authorization", "Bearer s-ana");
    let request = request.header("idempotency-key", format!("\"{key}\"")).header("tidewire-client", CLIENT);
    let request = request.header("tidewire-sequence", sequence).header("tidewire-floor", floor);
    request.body(Body::from(format!("\"{text}\""))).unwrap()
}

fn plain(method: &str, path: &str, token: &str) -> Request<Body> {
    let request =
        Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
    request.body(Body::empty()).unwrap()
}

async fn ask(router: &Router, request: Request<Body>) -> (u16, String, String) {
    let response: Response<Body> = router.clone().oneshot(request).await.unwrap();
    let outcome =
        response.headers().get("tidewire-outcome").map_or("-", |value| value.to_str().unwrap()).to_owned();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, outcome, String::from_utf8(body.to_vec()).unwrap())
}

async fn notes(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar("SELECT text FROM note ORDER BY id").fetch_all(pool).await.unwrap()
}

/// Red if the write does not go through the ledger: no constraint of the table forbids a second row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q9_v5_v7_a_note_is_kept_once_and_the_rest_of_the_app_is_as_it_was() {
    let postgres = Postgres::start().unwrap();
    let (pool, router) = open(&postgres).await;
    let (one, other) =
        tokio::join!(ask(&router, write("k1", 1, 1, "milk")), ask(&router, write("k1", 1, 1, "milk")));
    let mut outcomes = [one, other].map(|(_, outcome, _)| outcome);
    outcomes.sort();
    // The second may find the first one running, or done.
    assert!(outcomes[0] == "applied" && ["in-progress", "replayed"].contains(&&*outcomes[1]), "{outcomes:?}");
    let again = ask(&router, write("k1", 1, 1, "milk")).await;
    assert_eq!(again, (201, "replayed".to_owned(), "\"milk\"".to_owned()));
    assert_eq!(ask(&router, write("k1", 1, 1, "wine")).await.1, "key-reused");
    assert_eq!(notes(&pool).await, ["milk"]);

    // A server that is started anew knows what has settled.
    drop(router);
    let (pool, router) = open(&postgres).await;
    assert_eq!(ask(&router, write("k1", 1, 1, "milk")).await.1, "replayed");
    assert_eq!(ask(&router, write("k2", 2, 2, "eggs")).await.1, "applied");
    assert_eq!(ask(&router, write("k1", 1, 1, "milk")).await.1, "client-reset");
    assert_eq!(notes(&pool).await, ["milk", "eggs"]);

    // Routes that stayed with sqlx see the same rows, under the app's own sessions.
    assert_eq!(ask(&router, plain("GET", "/notes", "s-ana")).await.2, r#"["milk","eggs"]"#);
    assert_eq!(ask(&router, plain("GET", "/notes", "s-ben")).await.2, "[]");
    assert_eq!(ask(&router, plain("GET", "/notes", "nobody")).await.0, 401);
    assert_eq!(ask(&router, plain("POST", "/notes/clear", "s-ana")).await.0, 204);
    assert!(notes(&pool).await.is_empty());
}

/// Red without the publish, without the feed, or if the authoriser lets everybody in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn v3_v7_the_owner_hears_of_a_note_and_nobody_else_may() {
    let postgres = Postgres::start().unwrap();
    let (_, router) = open(&postgres).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, router.clone()).into_future());

    let (mut socket, _) = tokio_tungstenite::connect_async(&url).await.unwrap();
    assert!(next(&mut socket).await.starts_with("0{"));
    socket.send(Message::text(r#"40{"token":"s-ana","tidewire":1}"#)).await.unwrap();
    assert!(next(&mut socket).await.starts_with("40{"));
    socket.send(Message::text(r#"421["room:join",{"roomId":"notes_ben"}]"#)).await.unwrap();
    assert_eq!(next(&mut socket).await, r#"431[{"error":"Unauthorized"}]"#);
    socket.send(Message::text(r#"422["room:join",{"roomId":"notes_ana"}]"#)).await.unwrap();
    assert!(next(&mut socket).await.starts_with(r#"432[{"success":true"#));

    assert_eq!(ask(&router, write("k1", 1, 1, "milk")).await.1, "applied");
    assert_eq!(ask(&router, write("k1", 1, 1, "milk")).await.1, "replayed");
    assert_eq!(ask(&router, write("k2", 2, 1, "eggs")).await.1, "applied");
    let first: serde_json::Value = serde_json::from_str(&next(&mut socket).await[2..]).unwrap();
    let second: serde_json::Value = serde_json::from_str(&next(&mut socket).await[2..]).unwrap();
    for (event, offset, key, text) in [(first, 1, "k1", "milk"), (second, 2, "k2", "eggs")] {
        assert_eq!(
            (&event[1][0], &event[1][2], &event[1][4]),
            (&"notes_ana".into(), &offset.into(), &key.into())
        );
        assert_eq!((&event[2], &event[3]), (&"note:created".into(), &text.into()));
    }

    let (mut stranger, _) = tokio_tungstenite::connect_async(&url).await.unwrap();
    assert!(next(&mut stranger).await.starts_with("0{"));
    stranger.send(Message::text(r#"40{"token":"forged","tidewire":1}"#)).await.unwrap();
    let refused = next(&mut stranger).await;
    assert!(refused.starts_with("44{") && refused.contains("AUTH"), "{refused}");
}

async fn next<S>(socket: &mut S) -> String
where
    S: StreamExt<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin,
{
    // A limit for a bug, not a wait.
    let frame = tokio::time::timeout(Duration::from_secs(30), socket.next()).await.expect("nothing came");
    frame.expect("the connection ended").unwrap().into_text().unwrap().as_str().to_owned()
}

/// What the example is for: every added line counts, imports too; comments and empty lines do not.
#[test]
fn tidewire_is_added_in_under_40_lines() {
    let code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    let added = include_str!("../src/live.rs").lines().filter(code).count();
    let marked = [include_str!("../src/app.rs"), include_str!("../src/main.rs")];
    let marked: usize = marked.map(|file| file.matches("// + tidewire").count()).iter().sum();
    assert!(marked > 0 && added + marked < 40, "{added} lines in live.rs, {marked} marked ones");
}
