//! *Native*, test 7 of issue 2: `tidewire listen` over a real server that is killed, and a network that is cut. It misses no
//! event and doubles none (Y1, Y2, V6, V7, C2, C7, P5).
#![allow(clippy::unwrap_used, reason = "a test may end here")]

mod support;

use support::{Line, Mode, Proxy, Server, placed, tidewire};
use tempfile::tempdir;

fn created(offset: u64, title: &str) -> Line {
    Line { offset, event: "activity:created".into(), title: Some(title.into()) }
}

#[tokio::test]
async fn y1_listen_survives_the_death_of_the_server_and_a_cut_network() {
    let data = tempdir().unwrap();
    let mut server = Server::start(data.path()).await;
    let proxy = Proxy::start(server.port).await;
    let ana = server.token("ana").await;
    let mut listen = tidewire(&["listen", "--url", &proxy.url(), "--login", "ben", "--room", "activities"]);
    listen.stderr_with("activities: joined").await;

    let first = server.create(&ana, "before").await;
    let Line { offset: start, event, title } = placed(&mut listen).await;
    assert_eq!((event.as_str(), title.as_deref()), ("activity:created", Some("before")));

    // kill -9 right behind an answer: what was answered is heard, whether or not it was sent before the end.
    server.create(&ana, "last words").await;
    server.kill().await;
    server = Server::start(data.path()).await;
    proxy.lead_to(server.port);
    server.create(&ana, "after the restart").await;
    assert_eq!(placed(&mut listen).await, created(start + 1, "last words"));
    assert_eq!(placed(&mut listen).await, created(start + 2, "after the restart"));

    // A network that refuses, and a server that dies meanwhile.
    proxy.set(Mode::Refuse);
    server.create(&ana, "tunnel 1").await;
    server.kill().await;
    server = Server::start(data.path()).await;
    proxy.lead_to(server.port);
    let like = format!("/api/activities/{}/like", first["id"].as_str().unwrap());
    server.send("POST", &like, Some(&ana), None).await;
    proxy.set(Mode::Pass);
    assert_eq!(placed(&mut listen).await, created(start + 3, "tunnel 1"));
    let liked = placed(&mut listen).await;
    assert_eq!((liked.offset, liked.event.as_str()), (start + 4, "activity:like_added"));

    // A network that swallows: the server believes that it has sent the event.
    proxy.set(Mode::Swallow);
    server.create(&ana, "swallowed").await;
    proxy.lost().await;
    proxy.set(Mode::Refuse);
    proxy.set(Mode::Pass);
    assert_eq!(placed(&mut listen).await, created(start + 5, "swallowed"));

    // Whatever comes next has the next place: nothing was doubled behind our back.
    server.create(&ana, "end").await;
    assert_eq!(placed(&mut listen).await, created(start + 6, "end"));

    listen.interrupt().await;
    assert_eq!(listen.exit_code().await, 0, "{}", listen.rest_of_stderr().await);
}

#[tokio::test]
async fn y2_a_listener_that_was_stopped_goes_on_behind_its_last_line() {
    let (data, store) = (tempdir().unwrap(), tempdir().unwrap());
    let server = Server::start(data.path()).await;
    let ana = server.token("ana").await;
    let (url, store) = (format!("http://127.0.0.1:{}", server.port), store.path().to_str().unwrap());
    let args = ["listen", "--url", &url, "--login", "ben", "--room", "activities", "--store", store];

    let mut listen = tidewire(&args);
    listen.stderr_with("activities: joined").await;
    server.create(&ana, "one").await;
    let start = placed(&mut listen).await.offset;
    listen.interrupt().await;
    assert_eq!(listen.exit_code().await, 0);

    server.create(&ana, "two").await;
    server.create(&ana, "three").await;
    let mut listen = tidewire(&args);
    assert_eq!(placed(&mut listen).await, created(start + 1, "two"));
    assert_eq!(placed(&mut listen).await, created(start + 2, "three"));

    // kill -9 may fall between a line and the storing of its place: that line may come again, and no other.
    listen.kill().await;
    server.create(&ana, "four").await;
    let mut listen = tidewire(&args);
    let mut next = placed(&mut listen).await;
    while next.offset < start + 3 {
        assert!(next.offset > start, "{next:?} was stored long ago");
        next = placed(&mut listen).await;
    }
    assert_eq!(next, created(start + 3, "four"));
}

#[tokio::test]
async fn a_store_in_use_a_denied_room_and_a_bad_token_end_with_a_clear_message() {
    let (data, store) = (tempdir().unwrap(), tempdir().unwrap());
    let server = Server::start(data.path()).await;
    let url = format!("http://127.0.0.1:{}", server.port);
    let store = store.path().to_str().unwrap();
    let args = ["listen", "--url", &url, "--login", "ben", "--room", "activities", "--store", store];
    let mut first = tidewire(&args);
    first.stderr_with("joined").await;
    let mut second = tidewire(&args);
    second.stderr_with("another process is using the store").await;
    assert_eq!(second.exit_code().await, 1);

    let mut denied = tidewire(&["listen", "--url", &url, "--login", "ben", "--room", "no such room"]);
    denied.stderr_with("the server denies the room: Unauthorized").await;
    assert_eq!(denied.exit_code().await, 4, "V3");

    let mut refused = tidewire(&["listen", "--url", &url, "--token", "bad", "--room", "activities"]);
    refused.stderr_with("refused the connection (AUTH)").await;
    assert_eq!(refused.exit_code().await, 3, "C5");
}
