//! `tidewire status`, and what every command says with `--json` and when it fails: docs/cli.md is a promise (Q22, C10).
#![allow(clippy::unwrap_used, reason = "a test may end here")]

mod support;

use serde_json::{Value, json};
use support::{Mode, Process, Proxy, Server, tidewire};
use tempfile::tempdir;

async fn object(process: &mut Process) -> Value {
    serde_json::from_str(&process.line().await.expect("a line")).unwrap()
}

/// What a command prints that does what it is asked. It has ended then, and let go of its store.
async fn only(mut process: Process) -> Value {
    let printed = object(&mut process).await;
    assert_eq!(process.line().await, None);
    assert_eq!(process.exit_code().await, 0, "{}", process.rest_of_stderr().await);
    printed
}

/// The last line of stderr, and the exit code.
async fn failure(mut process: Process) -> (Value, i32) {
    while process.line().await.is_some() {}
    let said = process.rest_of_stderr().await;
    let last = said.lines().last().unwrap_or_else(|| panic!("it says nothing"));
    let last: Value = serde_json::from_str(last).unwrap_or_else(|_| panic!("{said}"));
    (last["error"].clone(), process.exit_code().await)
}

#[tokio::test]
async fn q22_status_tells_of_the_connection_and_of_what_waits_and_sends_nothing() {
    let (data, store) = (tempdir().unwrap(), tempdir().unwrap());
    let server = Server::start(data.path()).await;
    let proxy = Proxy::start(server.port).await;
    let (url, store) = (proxy.url(), store.path().to_str().unwrap());
    let who = ["--url", &url, "--login", "ana", "--store", store];

    proxy.set(Mode::Refuse);
    let body = r#"{"title":"later"}"#;
    let submit = tidewire(&[&["submit", "--no-wait", "POST", "/api/activities", body], &who[..]].concat());
    let mut submit = submit;
    submit.line().await.unwrap();
    assert_eq!(submit.exit_code().await, 0);

    let mut down = tidewire(&[&["status", "--json"], &who[..]].concat());
    let status = object(&mut down).await;
    assert_eq!(status["connection"]["state"], "waiting");
    assert_eq!(status["queue"]["pending"], 1);
    assert_eq!(down.exit_code().await, 1);

    proxy.set(Mode::Pass);
    let mut up = tidewire(&[&["status", "--json"], &who[..]].concat());
    let status = object(&mut up).await;
    assert_eq!(status["connection"], json!({ "state": "connected", "tidewire": true }));
    let queue = &status["queue"];
    assert_eq!(
        (&queue["pending"], &queue["parked"], &queue["durability"]),
        (&json!(1), &json!(0), &json!("power-loss"))
    );
    assert_eq!(up.exit_code().await, 0);
    let ana = server.token("ana").await;
    let all = server.send("GET", "/api/activities", Some(&ana), None).await;
    assert!(!all.as_array().unwrap().iter().any(|activity| activity["title"] == "later"), "it was sent");

    let mut people = tidewire(&[&["status"], &who[..]].concat());
    assert_eq!(people.line().await.unwrap(), format!("{url}: connected"));
    assert!(people.line().await.unwrap().starts_with("queue: 1 write waits ("));
}

#[tokio::test]
async fn c10_status_watch_prints_each_change_until_it_is_interrupted() {
    let data = tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let proxy = Proxy::start(server.port).await;
    let mut watch = tidewire(&["status", "--watch", "--json", "--url", &proxy.url(), "--login", "ana"]);
    let mut until = async |state: &str| {
        loop {
            let status = object(&mut watch).await;
            assert_eq!(status["queue"], Value::Null);
            if status["connection"]["state"] == state {
                return;
            }
        }
    };
    until("connected").await;
    proxy.set(Mode::Refuse);
    until("waiting").await;
    proxy.set(Mode::Pass);
    until("connected").await;
    watch.interrupt().await;
    assert_eq!(watch.exit_code().await, 0);
}

#[tokio::test]
async fn each_end_without_success_has_its_code_and_says_why_as_json() {
    let (data, store) = (tempdir().unwrap(), tempdir().unwrap());
    let server = Server::start(data.path()).await;
    let (url, store) = (server.url(), store.path().to_str().unwrap());
    let run = |words: &[&str]| tidewire(&[words, &["--json"]].concat());

    let unlike = |part: &'static str, (error, code): (Value, i32), kind: &str, expected: i32| {
        assert_eq!(
            (&error["kind"], &error["code"], code),
            (&json!(kind), &json!(expected), expected),
            "{error}"
        );
        assert!(error["message"].as_str().unwrap().contains(part), "{error}");
    };
    unlike("not a URL", failure(run(&["status", "--url", "nowhere"])).await, "usage", 2);
    unlike("without a path", failure(run(&["status", "--url", "http://h/path"])).await, "usage", 2);
    unlike(
        "cannot be reached",
        failure(run(&["emit", "x", "--url", "http://127.0.0.1:9"])).await,
        "failed",
        1,
    );
    unlike("cannot be reached", failure(run(&["status", "--url", "http://127.0.0.1:9"])).await, "failed", 1);
    unlike("AUTH", failure(run(&["status", "--url", &url, "--token", "bad"])).await, "unauthorized", 3);
    unlike(
        "AUTH",
        failure(run(&["emit", "x", "--url", &url, "--login", "No Name"])).await,
        "unauthorized",
        3,
    );
    unlike("not JSON", failure(run(&["emit", "x", "text", "--url", &url])).await, "usage", 2);
    unlike(
        "--user",
        failure(run(&["drain", "--url", &url, "--token", "t", "--store", store])).await,
        "usage",
        2,
    );
    let looked = ["queue", "list", "--url", &url, "--login", "ana", "--store", store];
    unlike("has no store", failure(run(&looked)).await, "usage", 2);

    let mut submit =
        run(&["submit", "--url", &url, "--login", "ana", "--store", store, "POST", "/api/activities", "{}"]);
    let parked = object(&mut submit).await;
    assert_eq!(
        (&parked["state"], &parked["reason"], &parked["status"]),
        (&json!("parked"), &json!("permanent"), &json!(400))
    );
    unlike("refused it", failure(submit).await, "refused", 4);
    let show = ["queue", "show", "nothing", "--url", &url, "--login", "ana", "--store", store];
    unlike("no write of this store", failure(run(&show)).await, "usage", 2);

    // Held by a listener.
    let mut listen =
        tidewire(&["listen", "--url", &url, "--login", "ana", "--store", store, "--room", "activities"]);
    listen.stderr_with("joined").await;
    unlike("another process is using", failure(run(&looked)).await, "failed", 1);
}

#[tokio::test]
async fn what_is_printed_as_json_is_as_documented() {
    let (data, store) = (tempdir().unwrap(), tempdir().unwrap());
    let server = Server::start(data.path()).await;
    let (url, store) = (server.url(), store.path().to_str().unwrap());
    let who = ["--json", "--url", &url, "--login", "ana", "--store", store];
    let run = |words: &[&str]| tidewire(&[words, &who[..]].concat());

    let applied = only(run(&["submit", "POST", "/api/activities", r#"{"title":"Chess"}"#])).await;
    assert_eq!(
        (&applied["state"], &applied["status"], &applied["replayed"]),
        (&json!("applied"), &json!(201), &json!(false))
    );
    assert_eq!(applied["body"]["title"], "Chess");

    let mut refused = run(&["submit", "POST", "/api/activities", "{}"]);
    let id = object(&mut refused).await["id"].as_str().unwrap().to_owned();
    assert_eq!(refused.exit_code().await, 4);
    let entry = only(run(&["queue", "list"])).await;
    assert_eq!(
        (&entry["id"], &entry["state"], &entry["reason"]),
        (&json!(id), &json!("parked"), &json!("permanent"))
    );
    assert_eq!(entry.get("body"), None, "a list shows no payload");
    assert_eq!(only(run(&["queue", "show", &id[..8]])).await["body"], "{}");
    let mut drain = run(&["drain"]);
    assert_eq!(object(&mut drain).await, json!({ "sent": 0, "parked": 1 }));
    assert_eq!(drain.exit_code().await, 4);
    assert_eq!(only(run(&["queue", "retry", "--all"])).await, json!({ "retried": 1 }));
    let edit = ["queue", "edit", &id, "POST", "/api/activities", r#"{"title":"Go"}"#];
    assert_eq!(only(run(&edit)).await["replaces"], json!(id));
    assert_eq!(only(run(&["drain"])).await, json!({ "sent": 1, "parked": 0 }));
    assert_eq!(only(run(&["queue", "export"])).await, json!([]));

    let who = ["--json", "--url", &url, "--login", "ana"];
    let mut emit = tidewire(&[&["emit", "typing:start", r#"{"activityId":"lake-swim"}"#], &who[..]].concat());
    assert_eq!(object(&mut emit).await, json!({ "sent": true }));
    let mut listen = tidewire(&[&["listen", "--room", "activities"], &who[..]].concat());
    listen.stderr_with(r#"{"note":"activities: joined"}"#).await;
    let ana = server.token("ana").await;
    server.create(&ana, "Tennis").await;
    let event = loop {
        let event = object(&mut listen).await;
        if event["event"] == "activity:created" {
            break event;
        }
    };
    assert_eq!(
        (&event["type"], &event["room"], &event["replayed"]),
        (&json!("event"), &json!("activities"), &json!(false))
    );
    assert!(event["offset"].is_u64() && event["epoch"].is_string() && event["args"][0]["title"] == "Tennis");
}
