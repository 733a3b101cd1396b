//! What goes over a link beside rooms, on real sockets: tokens (C5, V2), reliable emits (C6), the hint to return (C2), events that
//! come together (V8).
#![allow(clippy::unwrap_used)]

mod socket_support;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use socket_support::Server;
use tidewire_server::socket::{Builder, Packet};
use tokio::sync::Semaphore;

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

type Log = Arc<Mutex<Vec<String>>>;

/// `note` writes down its argument, `wait` writes down when it begins and ends, and waits in between until it may.
fn noting(builder: Builder, log: &Log, may: &Arc<Semaphore>) -> Builder {
    let (notes, log, may) = (log.clone(), log.clone(), may.clone());
    builder
        .on_typed("note", move |_, name: String| {
            notes.lock().unwrap().push(name.clone());
            std::future::ready(Some(name))
        })
        .on_typed("wait", move |context, name: String| {
            let (log, may) = (log.clone(), may.clone());
            async move {
                log.lock().unwrap().push(format!("{name} begins"));
                context.emit("begun", Packet::new()).unwrap();
                may.acquire().await.unwrap().forget();
                log.lock().unwrap().push(format!("{name} ends"));
                Some(name)
            }
        })
        .on("throw me out", |context, _: Value| async move {
            context.disconnect();
            None
        })
}

#[tokio::test]
async fn v8_events_that_come_together_are_handled_one_after_the_other_also_where_one_waits() {
    let (log, may) = (Log::default(), Arc::new(Semaphore::new(0)));
    let server = Server::start(|builder| noting(builder, &log, &may)).await;
    let mut raw = server.connected(r#"{"token":"ana"}"#).await;
    let events = [
        r#"421["note","a"]"#,
        r#"422["note","b"]"#,
        r#"423["wait","c"]"#,
        r#"424["note","d"]"#,
        r#"425["wait","e"]"#,
    ];
    raw.send_together(&events).await;
    for expected in [r#"431["a"]"#, r#"432["b"]"#, r#"42["begun"]"#] {
        assert_eq!(raw.text().await, expected, "what has ended is answered at once");
    }
    assert_eq!(raw.ack(r#"426["tw:probe"]"#).await, json!([]));
    assert_eq!(*log.lock().unwrap(), ["a", "b", "c begins"], "nothing else has begun");
    may.add_permits(2);
    for expected in [r#"433["c"]"#, r#"434["d"]"#, r#"42["begun"]"#, r#"435["e"]"#] {
        assert_eq!(raw.text().await, expected);
    }
    assert_eq!(*log.lock().unwrap(), ["a", "b", "c begins", "c ends", "d", "e begins", "e ends"]);
}

#[tokio::test]
async fn v8_events_that_came_together_with_the_end_of_their_session_are_not_handled() {
    let (log, may) = (Log::default(), Arc::new(Semaphore::new(0)));
    let server = Server::start(|builder| noting(builder, &log, &may)).await;
    let mut raw = server.connected(r#"{"token":"ana"}"#).await;
    raw.send_together(&[r#"421["note","a"]"#, r#"42["throw me out"]"#, r#"422["note","b"]"#]).await;
    assert_eq!(raw.text().await, r#"431["a"]"#);
    assert_eq!(raw.text().await, "41");
    raw.send(r#"40{"token":"ana"}"#).await;
    assert!(raw.text().await.starts_with("40{"));
    assert_eq!(raw.ack(r#"423["note","c"]"#).await, json!(["c"]));
    assert_eq!(*log.lock().unwrap(), ["a", "c"]);
}
