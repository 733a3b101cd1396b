//! A server from its builder, in an app of its own (V7): what is described is there, and what is missing is said.
#![allow(clippy::unwrap_used)]

#[path = "write_support/place.rs"]
#[allow(dead_code, unreachable_pub)]
mod place;
mod socket_support;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use axum::routing::post;
use http_body_util::BodyExt;
use socket_support::Rules;
use tidewire_server::front::Rate;
use tidewire_server::mount::BuildError;
use tidewire_server::params;
use tidewire_server::write::{Reply, ServerKey, Tidewire, WriteContext};
use tower::ServiceExt;

const KEY: &str = "0123456789abcdef";

async fn add(State(tidewire): State<Tidewire>, context: WriteContext) -> Response {
    let write = tidewire.write(&context, |tx| {
        tx.execute("INSERT INTO note (text) VALUES (?1)", &params!["one"])?;
        tx.publish("r", "told", &1)?;
        let count = tx.query("SELECT count(*) FROM note", &[], |row| row.get::<i64>(0))?;
        Reply::json(StatusCode::CREATED, &count)
    });
    write.await
}

/// Status, mark and body.
async fn ask(app: &Router, request: Request<Body>) -> (u16, Option<String>, String) {
    let response = app.clone().oneshot(request).await.unwrap();
    let mark = response.headers().get("tidewire-outcome").map(|mark| mark.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, mark, String::from_utf8(body.to_vec()).unwrap())
}

fn write(path: &str, key: &str) -> Request<Body> {
    let request = Request::post(path).header("authorization", "Bearer ana");
    request.header("idempotency-key", format!("\"{key}\"")).body(Body::empty()).unwrap()
}

/// Red without the schema, the ledger, a route, the marks, the key or the rate.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn v5_v7_v9_v10_what_is_described_to_the_builder_is_in_the_app() {
    let dir = tempfile::tempdir().unwrap();
    let described = Tidewire::builder(place::of(dir.path()))
        .migrations(["CREATE TABLE note (text TEXT NOT NULL)"])
        .authenticator(Arc::new(Rules))
        .authorizer(Arc::new(Rules))
        .request_rate(Rate { per_second: 1, burst: 4 })
        .publish(ServerKey::new(KEY).unwrap())
        .sockets(|sockets| sockets.path("/live"));
    let mounted = described.build().unwrap();
    let app = mounted.mount(Router::new().route("/add", post(add))).with_state(mounted.tidewire.clone());

    let (status, mark, body) = ask(&app, write("/add", "k1")).await;
    assert_eq!((status, mark.as_deref(), body.as_str()), (201, Some("applied"), "[1]"));
    let (_, mark, body) = ask(&app, write("/add", "k1")).await;
    assert_eq!((mark.as_deref(), body.as_str()), (Some("replayed"), "[1]"));
    assert_eq!(mounted.tidewire.store().counts().events, 1);
    let nowhere = ask(&app, write("/nowhere", "k2")).await;
    assert_eq!((nowhere.0, nowhere.1.as_deref()), (404, Some("rejected")));

    let event = r#"{"events":[{"room":"r","name":"told","payload":2}]}"#;
    let publish = Request::post("/tidewire/publish").header("authorization", format!("Bearer {KEY}"));
    assert_eq!(ask(&app, publish.body(Body::from(event)).unwrap()).await.0, 200);
    assert_eq!(mounted.tidewire.store().counts().events, 2);
    let open = Request::get("/live/?EIO=4&transport=polling").body(Body::empty()).unwrap();
    let open = ask(&app, open).await;
    assert!(open.0 == 200 && open.2.starts_with("0{\"sid\""), "{open:?}");
    let outcome = Request::post("/tidewire/outcome").header("authorization", "Bearer ana");
    assert_eq!(ask(&app, outcome.body(Body::from("{}")).unwrap()).await.0, 400, "asked for nothing");

    let mut asked = 0;
    while ask(&app, write("/add", &format!("many-{asked}"))).await.0 != 429 {
        asked += 1;
        assert!(asked < 1_000, "so many were far above the rate of a person");
    }
}

#[tokio::test]
async fn v7_a_builder_says_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let describe = || Tidewire::builder(place::of(dir.path()));
    let said = |error: BuildError| error.to_string();
    let nobody = describe().authorizer(Arc::new(Rules)).build().err().map(said).unwrap();
    assert!(nobody.contains("an authenticator"), "{nobody}");
    let nowhere = describe().authenticator(Arc::new(Rules)).build().err().map(said).unwrap();
    assert!(nowhere.contains("a room authorizer"), "{nowhere}");
    let file = Tidewire::builder(dir.path().join("no/such/folder/x.sqlite")).authenticator(Arc::new(Rules));
    assert!(matches!(file.authorizer(Arc::new(Rules)).build(), Err(BuildError::Store(_))));
}
