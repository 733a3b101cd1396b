//! What the native client recorded, replayed by the command (P2).
#![allow(clippy::unwrap_used, reason = "a test may end here")]

mod support;

use std::path::Path;

use serde_json::json;
use support::{Mode, Proxy, Server, soon, tidewire};
use tempfile::tempdir;
use tidewire::store::FileStore;
use tidewire::{Client, RecordOptions, Recording, Write};

/// Hexadecimal, as it would stand in the file.
fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Two lives of one client: an event, an acknowledgement, a write that is answered, one that is left for the second life, and one that
/// mentions a temporary id.
async fn two_lives(server: &Server, proxy: &Proxy, store: &Path, options: RecordOptions) -> [Recording; 2] {
    let token = server.token("ana").await;
    let open = || {
        let store = FileStore::open(store).unwrap();
        let builder = Client::builder(proxy.url()).user("ana").token(token.clone()).store(store);
        builder.record(options).build().unwrap()
    };
    let first = open();
    let mut events = first.events();
    soon("connect", first.connect()).await.unwrap();
    soon("room", first.join("activities").await.unwrap().joined()).await.unwrap();
    let title = json!({"title": "SECRET-TITLE"});
    let made = first.submit(Write::new("POST", "/api/activities").body(&title)).await.unwrap();
    soon("answer", made.settled()).await.unwrap();
    while soon("its event", events.next()).await.unwrap().name() != "activity:created" {}
    proxy.set(Mode::Refuse);
    let temp = first.temp_id();
    let write = Write::new("POST", "/api/activities").body(&title).named("create", 1, &title).temp_id(&temp);
    first.submit(write).await.unwrap();
    let said = json!({"text": format!("SECRET {temp} and {temp}")});
    let left = first.submit(Write::new("POST", format!("/api/activities/{temp}/messages")).body(&said));
    let left = left.await.unwrap();
    soon("the disk", left.durable()).await.unwrap();
    let one = first.recording().await.unwrap().unwrap();
    first.shutdown().await;

    proxy.set(Mode::Pass);
    let second = open();
    soon("the end", second.when(|status| status.outbox.ready && status.outbox.pending == 0)).await.unwrap();
    second.export().await.unwrap();
    let two = second.recording().await.unwrap().unwrap();
    second.shutdown().await;
    assert!(!one.text.contains(&hex(&token)) || options.payloads);
    [one, two]
}

async fn replay(recording: &Recording) -> (i32, String) {
    let directory = tempdir().unwrap();
    let file = directory.path().join("life.trace");
    std::fs::write(&file, &recording.text).unwrap();
    let mut replay = tidewire(&["replay", file.to_str().unwrap()]);
    (replay.exit_code().await, replay.rest_of_stderr().await)
}

#[tokio::test]
async fn p2_what_was_recorded_without_payloads_holds_none_and_replays() {
    let (data, store) = (tempdir().unwrap(), tempdir().unwrap());
    let server = Server::start(data.path()).await;
    let proxy = Proxy::start(server.port).await;
    for recording in two_lives(&server, &proxy, store.path(), RecordOptions::default()).await {
        assert_eq!((recording.differs, recording.full), (None, false), "{recording:?}");
        assert!(recording.steps > 5);
        assert!(!recording.text.contains(&hex("SECRET")), "a payload is in the file");
        assert!(recording.text.contains("# Without payloads"));
        assert_eq!(replay(&recording).await, (0, String::new()));
    }
}

#[tokio::test]
async fn p2_one_changed_byte_is_found_at_its_step() {
    let (data, store) = (tempdir().unwrap(), tempdir().unwrap());
    let server = Server::start(data.path()).await;
    let proxy = Proxy::start(server.port).await;
    let options = RecordOptions { payloads: true, ..RecordOptions::default() };
    let [recording, _] = two_lives(&server, &proxy, store.path(), options).await;
    assert_eq!(recording.differs, None);
    assert!(recording.text.contains(&hex("SECRET-TITLE")), "payloads were asked for");
    assert_eq!(replay(&recording).await.0, 0);

    // One letter of the title that was submitted: the record that goes to the disk is another one.
    let tampered = recording.text.replacen(&hex("SECRET-TITLE"), &hex("SECRET-TITLF"), 1);
    let mut calls = tampered.lines().filter(|line| line.starts_with("> ") || line.starts_with("init "));
    let step = calls.position(|line| line.contains(&hex("SECRET-TITLF"))).unwrap();
    let (code, said) = replay(&Recording { text: tampered, ..recording }).await;
    assert_eq!(code, 1);
    let named: usize = said.split("step ").nth(1).unwrap().split(':').next().unwrap().parse().unwrap();
    assert!(named >= step && named <= step + 2, "{said} after {step}");
}

#[tokio::test]
async fn p2_a_full_recording_keeps_its_beginning_and_says_so() {
    let (data, store) = (tempdir().unwrap(), tempdir().unwrap());
    let server = Server::start(data.path()).await;
    let proxy = Proxy::start(server.port).await;
    for (options, most) in [
        (RecordOptions { steps: 4, ..RecordOptions::default() }, 4),
        (RecordOptions { bytes: 1000, ..RecordOptions::default() }, 30),
    ] {
        let [recording, _] = two_lives(&server, &proxy, store.path(), options).await;
        assert!(recording.full && recording.steps <= most && recording.steps > 0, "{recording:?}");
        assert!(recording.text.contains("# It ends where its limit was reached."));
        assert_eq!(replay(&recording).await.0, 0);
        std::fs::remove_dir_all(store.path()).unwrap();
    }
}
