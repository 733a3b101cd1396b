//! What became of a write whose answer was lost (Q13, protocol section 5).
#![allow(clippy::unwrap_used)]

mod write_support;

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use write_support::{App, CLIENT, Write};

async fn ask(app: &App, user: &str, sequence: u64, key: &str, void: bool) -> Value {
    ask_as(app, user, json!({ "client": CLIENT, "sequence": sequence, "key": key, "void": void })).await
}

async fn ask_for(app: &App, asked: Value) -> Value {
    ask_as(app, "ana", asked).await
}

async fn ask_as(app: &App, user: &str, asked: Value) -> Value {
    let json = [("content-type", "application/json")];
    let answer = app.send("POST", "/tidewire/outcome", Some(user), &json, &asked.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

#[tokio::test]
async fn q13_the_stored_answer_of_an_applied_write_is_told_also_when_it_is_to_be_voided() {
    let app = App::new();
    app.write(Write::count("k1", 1, 1)).await;
    let wanted =
        json!({ "outcome": "applied", "status": 201, "contentType": "application/json", "body": "1" });
    assert_eq!(ask(&app, "ana", 1, "k1", false).await, wanted);
    assert_eq!(ask(&app, "ana", 1, "k1", true).await, wanted);
    assert_eq!(app.write(Write::count("k1", 1, 1)).await.brief(), (201, "replayed"));
}

#[tokio::test]
async fn q13_a_voided_sequence_is_never_applied_and_counts_as_applied_nowhere() {
    let mut app = App::new();
    app.write(Write::count("k1", 1, 1)).await;
    assert_eq!(ask(&app, "ana", 2, "k2", false).await, json!({ "outcome": "unknown" }));
    assert_eq!(ask(&app, "ana", 2, "k2", true).await, json!({ "outcome": "voided" }));
    assert_eq!(ask(&app, "ana", 2, "k2", true).await, json!({ "outcome": "voided" }), "asked again");
    assert_eq!(ask(&app, "ana", 2, "k2", false).await, json!({ "outcome": "voided" }));
    assert_eq!(ask(&app, "ana", 2, "k3", true).await, json!({ "outcome": "client-reset" }));
    let app_after = app.after_crash();
    for app in [&app, &app_after] {
        assert_eq!(app.write(Write::count("k2", 2, 1)).await.brief(), (409, "client-reset"));
        let base = app.get("/count", &[("tidewire-client", CLIENT)]).await.base.unwrap();
        assert!(base.ends_with("applied=1"), "{base}");
    }
    assert_eq!(app.write(Write::count("k3", 3, 1)).await.brief(), (201, "applied"), "the next one goes on");
    assert_eq!((app.count().await, app.published().len()), (2, 2));
    app.write(Write::count("k4", 4, 4)).await;
    assert_eq!(
        ask(&app, "ana", 2, "k2", true).await,
        json!({ "outcome": "client-reset" }),
        "below the floor"
    );
}

/// The first write of a client got no answer and is given up; the copy of it that was held up on the way comes afterwards.
#[tokio::test]
async fn q9_q13_what_is_voided_for_a_new_client_is_not_applied_when_it_comes_late() {
    let app = App::new();
    let asked = |floor: u64, void: bool| json!({ "client": CLIENT, "sequence": 2, "floor": floor, "key": "k2", "void": void });
    assert_eq!(ask_for(&app, asked(2, true)).await, json!({ "outcome": "client-reset" }), "it is not new");
    assert_eq!(ask_for(&app, asked(1, false)).await, json!({ "outcome": "unknown" }));
    assert_eq!(app.write(Write::count("k3", 3, 2)).await.brief(), (409, "client-reset"), "only asked about");
    assert_eq!(ask_for(&app, asked(1, true)).await, json!({ "outcome": "voided" }));
    assert_eq!(ask_for(&app, asked(2, true)).await, json!({ "outcome": "voided" }), "asked again");
    let base = app.get("/count", &[("tidewire-client", CLIENT)]).await.base.unwrap();
    assert!(base.ends_with("applied="), "{base}");
    let app_after = app.after_crash();
    for app in [&app, &app_after] {
        assert_eq!(app.write(Write::count("k2", 2, 1)).await.brief(), (409, "client-reset"));
    }
    assert_eq!(app.write(Write::count("k3", 3, 3)).await.brief(), (201, "applied"), "the client is known");
    assert_eq!(app.count().await, 1);
}

#[tokio::test]
async fn q13_what_the_server_cannot_tell_is_a_client_reset() {
    let app = App::new();
    assert_eq!(ask(&app, "ana", 1, "k1", true).await, json!({ "outcome": "client-reset" }), "unknown client");
    app.write(Write::count("k1", 1, 1)).await;
    assert_eq!(ask(&app, "ana", 1, "k9", true).await, json!({ "outcome": "client-reset" }), "another key");
    assert_eq!(ask(&app, "ben", 1, "k1", true).await, json!({ "outcome": "client-reset" }), "another user");
}

#[tokio::test]
async fn q13_a_question_without_a_token_or_with_a_malformed_body_is_refused() {
    let app = App::new();
    let json = [("content-type", "application/json")];
    let good = format!("{{\"client\":\"{CLIENT}\",\"sequence\":1,\"key\":\"k\"}}");
    assert_eq!(app.send("POST", "/tidewire/outcome", None, &json, &good).await.status, 401);
    assert_eq!(app.send("POST", "/tidewire/outcome", Some("ana"), &json, &good).await.status, 200);
    for bad in [
        "",
        "{}",
        &good.replace(":1", ":0"),
        &good.replace(":1", ":9007199254740992"),
        &good.replace(CLIENT, "short"),
        &good.replace("\"k\"", "\"!k\""),
    ] {
        let answer = app.send("POST", "/tidewire/outcome", Some("ana"), &json, bad).await;
        assert_eq!(answer.status, 400, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn q13_q9_a_write_that_races_with_its_voiding_is_applied_or_voided_and_never_both() {
    let app = Arc::new(App::new());
    app.write(Write::count("k1", 1, 1)).await;
    let mut applied = 0;
    for sequence in 2..40 {
        let gate = Arc::new(Barrier::new(4));
        let key = format!("k{sequence}");
        let mut writes = JoinSet::new();
        for _ in 0..3 {
            let (app, gate, key) = (app.clone(), gate.clone(), key.clone());
            writes.spawn(async move {
                gate.wait().await;
                app.write(Write::count(&key, sequence, 1)).await.outcome.unwrap()
            });
        }
        gate.wait().await;
        let told = ask(&app, "ana", sequence, &key, true).await;
        let outcomes = writes.join_all().await;
        let ran = outcomes.iter().filter(|outcome| *outcome == "applied").count();
        match told["outcome"].as_str().unwrap() {
            "voided" => assert!(outcomes.iter().all(|outcome| outcome == "client-reset"), "{outcomes:?}"),
            "applied" => assert_eq!(ran, 1, "{outcomes:?}"),
            other => panic!("{other}"),
        }
        applied += ran;
    }
    assert_eq!(app.count().await, 1 + u64::try_from(applied).unwrap());
}
