//! Joining rooms and getting their events over real sockets (V3, V8, C1).
#![allow(clippy::unwrap_used)]

mod socket_support;

use serde::{Deserialize, Serialize};
use serde_json::json;
use socket_support::Server;

#[tokio::test]
async fn c1_an_event_reaches_a_plain_client_as_name_and_payload_and_a_dialect_client_with_its_place() {
    let server = Server::start(|builder| builder).await;
    let mut plain = server.joined(r#"{"token":"ana"}"#, "activities").await;
    let mut dialect = server.connected(r#"{"token":"ben","tidewire":1}"#).await;
    let answer = dialect.ack(r#"427["room:join",{"roomId":"activities"}]"#).await;
    assert_eq!(answer, json!([{ "success": true, "epoch": "e1", "offset": 0, "recovered": false }]));
    server.rooms.publish("activities", "activity:created", r#"{"id":"a1"}"#);
    assert_eq!(plain.text().await, r#"42["activity:created",{"id":"a1"}]"#);
    assert_eq!(
        dialect.text().await,
        r#"42["tw",["activities","e1",1,"ev1","w1"],"activity:created",{"id":"a1"}]"#
    );
}

#[tokio::test]
async fn c1_the_dialect_is_granted_only_to_those_who_offer_it() {
    let server = Server::start(|builder| builder).await;
    let mut raw = server.raw().await;
    raw.send(r#"40{"token":"ana","tidewire":1}"#).await;
    assert!(raw.text().await.contains(r#"","tidewire":1,"#));
    let mut raw = server.raw().await;
    raw.send(r#"40{"token":"ana"}"#).await;
    assert!(!raw.text().await.contains("tidewire"));
}

#[tokio::test]
async fn v3_history_after_since_comes_before_live_events() {
    let server = Server::start(|builder| builder).await;
    for n in 1..=600 {
        server.rooms.publish("r", "n", &n.to_string());
    }
    let mut raw = server.connected(r#"{"token":"ana"}"#).await;
    let answer = raw.ack(r#"421["room:join",{"roomId":"r","since":{"epoch":"e1","offset":3}}]"#).await;
    assert_eq!(answer[0]["recovered"], true);
    for n in 601..=900 {
        server.rooms.publish("r", "n", &n.to_string());
    }
    for n in 4..=900 {
        assert_eq!(raw.text().await, format!("42[\"n\",{n}]"));
    }
}

#[tokio::test]
async fn v3_a_forbidden_room_is_refused_and_none_of_its_events_arrive() {
    let server = Server::start(|builder| builder).await;
    let mut raw = server.connected(r#"{"token":"ana"}"#).await;
    let answer = raw.ack(r#"421["room:join",{"roomId":"secret"}]"#).await;
    assert_eq!(answer, json!([{ "error": "Unauthorized" }]));
    raw.ack(r#"422["room:join",{"roomId":"open"}]"#).await;
    server.rooms.publish("secret", "hidden", "1");
    server.rooms.publish("open", "shown", "2");
    assert_eq!(raw.text().await, r#"42["shown",2]"#);
}

#[tokio::test]
async fn v3_after_leave_no_event_arrives() {
    let server = Server::start(|builder| builder).await;
    let mut raw = server.joined(r#"{"token":"ana"}"#, "r").await;
    assert_eq!(raw.ack(r#"421["room:leave",{"roomId":"r"}]"#).await, json!([{ "success": true }]));
    raw.ack(r#"422["room:join",{"roomId":"other"}]"#).await;
    server.rooms.publish("r", "hidden", "1");
    server.rooms.publish("other", "shown", "2");
    assert_eq!(raw.text().await, r#"42["shown",2]"#);
}

#[tokio::test]
async fn v8_events_sent_before_connect_is_answered_are_handled_in_order() {
    let server = Server::start(|builder| {
        builder.on("echo", |_, payload| async move {
            // Later events are faster: only waiting for each other keeps the order.
            let turns = 50 - payload.as_u64().unwrap_or(0);
            for _ in 0..turns * 4 {
                tokio::task::yield_now().await;
            }
            Some(payload)
        })
    })
    .await;
    let mut raw = server.raw().await;
    raw.send(r#"40{"token":"ana"}"#).await;
    for n in 0..50 {
        raw.send(&format!("42{n}[\"echo\",{n}]")).await;
    }
    assert!(raw.text().await.starts_with("40{"));
    for n in 0..50 {
        assert_eq!(raw.text().await, format!("43{n}[{n}]"));
    }
}

#[tokio::test]
async fn v8_events_that_arrived_before_the_client_hung_up_are_still_handled() {
    let (seen, mut handled) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(|builder| {
        builder.on("note", move |_, payload| {
            let seen = seen.clone();
            async move {
                tokio::task::yield_now().await;
                seen.send(payload).unwrap();
                None
            }
        })
    })
    .await;
    let mut raw = server.connected(r#"{"token":"ana"}"#).await;
    for n in 0..100 {
        raw.send(&format!("42[\"note\",{n}]")).await;
    }
    raw.0.close(None).await.unwrap();
    for n in 0..100 {
        assert_eq!(handled.recv().await.unwrap(), json!(n));
    }
}

#[tokio::test]
async fn an_ephemeral_event_reaches_other_members_and_nobody_else() {
    let server = Server::start(|builder| {
        builder.on("typing", |context, payload| async move {
            context.broadcast(payload["room"].as_str()?, "typing", &context.user().id.to_string()).ok()?;
            Some(json!("told"))
        })
    })
    .await;
    let mut ana = server.joined(r#"{"token":"ana"}"#, "r").await;
    let mut ben = server.joined(r#"{"token":"ben"}"#, "r").await;
    let mut eve = server.connected(r#"{"token":"eve"}"#).await;
    assert_eq!(
        eve.ack(r#"421["typing",{"room":"r"}]"#).await,
        json!(["told"]),
        "but from outside: nobody hears"
    );
    assert_eq!(ana.ack(r#"421["typing",{"room":"r"}]"#).await, json!(["told"]), "not told of herself");
    assert_eq!(ben.text().await, r#"42["typing","ana"]"#);
    assert_eq!(eve.ack(r#"422["tw:probe"]"#).await, json!([]), "she got nothing before this");
}

/// Red if what is of another type reaches the handler, or ends the connection.
#[tokio::test]
async fn v1_v9_a_handler_of_the_apps_own_types_hears_of_nothing_else() {
    #[derive(Deserialize)]
    struct Asked {
        one: u8,
        other: u8,
    }
    #[derive(Serialize)]
    struct Told {
        sum: u16,
    }
    let add =
        |_, Asked { one, other }: Asked| async move { Some(Told { sum: u16::from(one) + u16::from(other) }) };
    let server = Server::start(|builder| {
        builder.on_typed("sum", add).namespace("/sums", |space| space.on_typed("sum", add))
    })
    .await;
    let mut raw = server.connected(r#"{"token":"ana"}"#).await;
    assert_eq!(raw.ack(r#"421["sum",{"one":250,"other":9}]"#).await, json!([{ "sum": 259 }]));
    for wrong in [r#",{"one":-1,"other":9}"#, r#",{"one":1}"#, r#","1""#, ""] {
        let answer = raw.ack(&format!("422[\"sum\"{wrong}]")).await;
        assert_eq!(answer, json!([{ "error": "BadRequest" }]), "{wrong}");
    }
    raw.send(r#"40/sums,{"token":"ana"}"#).await;
    assert!(raw.text().await.starts_with("40/sums,"));
    assert_eq!(raw.ack(r#"42/sums,3["sum",{"one":1,"other":1},"more"]"#).await, json!([{ "sum": 2 }]));
}

#[tokio::test]
async fn an_unknown_event_and_a_panicking_handler_are_answered() {
    let server =
        Server::start(|builder| builder.on("boom", |_, _| async { panic!("a bug of the app") })).await;
    let mut plain = server.connected(r#"{"token":"ana"}"#).await;
    plain.send(r#"421["nobody"]"#).await;
    assert_eq!(plain.ack(r#"422["tw:probe"]"#).await, json!([]), "as Socket.IO's servers do");
    let mut raw = server.connected(r#"{"token":"ana","tidewire":1}"#).await;
    assert_eq!(raw.ack(r#"421["nobody"]"#).await, json!([{ "error": "UnknownEvent" }]));
    assert_eq!(raw.ack(r#"422["boom"]"#).await, json!([{ "error": "Internal" }]));
    assert_eq!(raw.ack(r#"423["tw:probe"]"#).await, json!([]));
}

#[tokio::test]
async fn v9_a_drain_closes_with_1012_and_serving_ends() {
    let mut server = Server::start(|builder| builder).await;
    let mut raw = server.joined(r#"{"token":"ana"}"#, "r").await;
    server.stop.take().unwrap().send(()).unwrap();
    assert_eq!(raw.closed().await, (1012, "drain".to_owned()));
    drop(raw);
    server.served.await.unwrap().unwrap();
}
