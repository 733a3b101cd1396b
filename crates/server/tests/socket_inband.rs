//! What goes over a link beside rooms, on real sockets: tokens (C5, V2), reliable emits (C6), the hint to return (C2).
#![allow(clippy::unwrap_used)]

mod socket_support;

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use socket_support::Server;

const STREAM: &str = "AAAAAAAAAAAAAAAAAAAAAA";

fn grant(frame: &str) -> Value {
    serde_json::from_str(frame.strip_prefix("40").unwrap()).unwrap()
}

#[tokio::test]
async fn c5_v2_a_grant_names_the_process_and_the_life_of_the_token_and_a_fresh_token_is_taken() {
    let server = Server::start(|builder| builder).await;
    let mut raw = server.raw().await;
    raw.send(r#"40{"token":"ana+60","tidewire":1}"#).await;
    let granted = grant(&raw.text().await);
    assert!((1..=60_000).contains(&granted["expires"].as_u64().unwrap()), "{granted}");
    let mut other = server.raw().await;
    other.send(r#"40{"token":"ben","tidewire":1}"#).await;
    let endless = grant(&other.text().await);
    assert_eq!((endless.get("expires"), &endless["instance"]), (None, &granted["instance"]));
    assert_eq!(granted["instance"].as_str().unwrap().len(), 20);
    let elsewhere = Server::start(|builder| builder).await;
    let mut raw_elsewhere = elsewhere.raw().await;
    raw_elsewhere.send(r#"40{"token":"ana","tidewire":1}"#).await;
    assert_ne!(grant(&raw_elsewhere.text().await)["instance"], granted["instance"]);

    assert_eq!(raw.ack(r#"421["tw:token",{"token":"bad"}]"#).await, json!([{ "error": "AUTH" }]));
    let taken = raw.ack(r#"422["tw:token",{"token":"ana+7200"}]"#).await;
    assert!(taken[0]["expires"].as_u64().unwrap() > 3_600_000, "{taken}");
}

#[tokio::test]
async fn c6_an_emit_that_is_sent_again_over_another_link_runs_once() {
    let runs = std::sync::Arc::new(AtomicU64::new(0));
    let counting = runs.clone();
    let server = Server::start(|builder| {
        builder.on("count", move |_, _| {
            let ran = counting.fetch_add(1, Ordering::SeqCst) + 1;
            async move { Some(json!(ran)) }
        })
    })
    .await;
    let mut first = server.connected(r#"{"token":"ana","tidewire":1}"#).await;
    let emit = |number: u64| format!("42{number}[\"tw:emit\",[\"{STREAM}\",{number},1],\"count\"]");
    assert_eq!(first.ack(&emit(1)).await, json!([1]));
    let mut second = server.connected(r#"{"token":"ana","tidewire":1}"#).await;
    assert_eq!(second.ack(&emit(1)).await, json!([1]));
    assert_eq!(second.ack(&emit(2)).await, json!([2]));
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn c2_v9_who_is_sent_away_is_told_when_to_come_back() {
    let mut server = Server::start(|builder| builder).await;
    let mut raw = server.connected(r#"{"token":"ana","tidewire":1}"#).await;
    server.stop.take().unwrap().send(()).unwrap();
    assert_eq!(raw.text().await, r#"42["tw:return",{"after":500}]"#);
    assert_eq!(raw.closed().await, (1012, "drain".to_owned()));
}
