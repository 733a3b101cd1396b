//! Durable writes from the command line: exactly once, whatever is lost, whoever is killed (Q1, Q2, Q9, Q13, P5).
#![allow(clippy::unwrap_used, reason = "a test may end here")]

mod support;

use serde_json::Value;
use support::{Mode, Process, Proxy, Server, tidewire};
use tempfile::{TempDir, tempdir};

struct World {
    server: Server,
    proxy: Proxy,
    store: TempDir,
    token: String,
    _data: TempDir,
}

impl World {
    async fn new() -> World {
        let data = tempdir().unwrap();
        let server = Server::start(data.path()).await;
        let proxy = Proxy::start(server.port).await;
        let token = server.token("ana").await;
        World { server, proxy, store: tempdir().unwrap(), token, _data: data }
    }

    fn run(&self, command: &[&str]) -> Process {
        let (url, store) = (self.proxy.url(), self.store.path().to_str().unwrap());
        let who = ["--url", &url, "--token", &self.token, "--user", "ana", "--store", store];
        let (name, rest) = command.split_first().unwrap();
        tidewire(&[&[*name], &who[..], rest].concat())
    }

    async fn titled(&self, title: &str) -> usize {
        let all = self.server.send("GET", "/api/activities", Some(&self.token), None).await;
        all.as_array().unwrap().iter().filter(|activity| activity["title"] == title).count()
    }
}

#[tokio::test]
async fn q9_a_write_is_answered_and_printed() {
    let world = World::new().await;
    let mut submit = world.run(&["submit", "POST", "/api/activities", r#"{"title":"once"}"#]);
    let answer: Value = serde_json::from_str(&submit.line().await.unwrap()).unwrap();
    assert_eq!(answer["title"], "once");
    assert_eq!(submit.exit_code().await, 0);
    assert_eq!(world.titled("once").await, 1);
}

#[tokio::test]
async fn q9_a_lost_answer_is_asked_for_again_and_the_write_applies_once() {
    let world = World::new().await;
    world.proxy.set(Mode::LoseAnswers);
    let mut submit = world.run(&["submit", "POST", "/api/activities", r#"{"title":"once"}"#]);
    world.proxy.lost().await;
    world.proxy.set(Mode::Pass);
    submit.stderr_with("status 201, applied earlier").await;
    assert_eq!(submit.exit_code().await, 0);
    assert_eq!(world.titled("once").await, 1);
}

#[tokio::test]
async fn q1_q9_killed_after_the_server_committed_a_later_run_applies_nothing_twice() {
    let world = World::new().await;
    world.proxy.set(Mode::LoseAnswers);
    let submit = world.run(&["submit", "POST", "/api/activities", r#"{"title":"once"}"#]);
    world.proxy.lost().await;
    submit.kill().await;
    assert_eq!(world.titled("once").await, 1, "the server has committed");
    world.proxy.set(Mode::Pass);
    assert_eq!(world.run(&["drain"]).exit_code().await, 0);
    assert_eq!(world.titled("once").await, 1);
    // And the record is gone: another run has nothing to send.
    world.proxy.set(Mode::Refuse);
    assert_eq!(world.run(&["drain"]).exit_code().await, 0);
}

#[tokio::test]
async fn q1_killed_before_the_server_heard_of_it_a_later_run_sends_it() {
    let world = World::new().await;
    world.proxy.set(Mode::Swallow);
    let submit = world.run(&["submit", "POST", "/api/activities", r#"{"title":"once"}"#]);
    world.proxy.lost().await;
    submit.kill().await;
    assert_eq!(world.titled("once").await, 0);
    world.proxy.set(Mode::Refuse);
    world.proxy.set(Mode::Pass);
    assert_eq!(world.run(&["drain"]).exit_code().await, 0);
    assert_eq!(world.titled("once").await, 1);
}

#[tokio::test]
async fn q1_without_waiting_the_write_is_durable_and_a_later_run_drains_it_in_order() {
    let world = World::new().await;
    world.proxy.set(Mode::Refuse);
    let mut ids = Vec::new();
    for title in ["first", "second"] {
        let body = format!(r#"{{"title":"{title}"}}"#);
        let mut submit = world.run(&["submit", "--no-wait", "POST", "/api/activities", &body]);
        ids.push(submit.line().await.unwrap());
        assert_eq!(submit.exit_code().await, 0);
    }
    assert_ne!(ids[0], ids[1]);
    let mut impatient = world.run(&["drain", "--timeout", "0"]);
    impatient.stderr_with("stays in the store").await;
    assert_eq!(impatient.exit_code().await, 1);

    world.proxy.set(Mode::Pass);
    assert_eq!(world.run(&["drain"]).exit_code().await, 0);
    let all = world.server.send("GET", "/api/activities", Some(&world.token), None).await;
    let titles: Vec<&str> = all.as_array().unwrap().iter().filter_map(|a| a["title"].as_str()).collect();
    let ours: Vec<&&str> = titles.iter().filter(|title| ["first", "second"].contains(title)).collect();
    assert_eq!(ours, [&"second", &"first"], "newest first: Q6");
}

#[tokio::test]
async fn q13_a_refused_write_ends_with_the_servers_reason_and_is_kept() {
    let world = World::new().await;
    let mut submit = world.run(&["submit", "POST", "/api/activities", r#"{"nonsense":true}"#]);
    submit.stderr_with("\"error\"").await;
    submit.stderr_with("the server refused it (status 400)").await;
    assert_eq!(submit.exit_code().await, 4);
    let mut drain = world.run(&["drain"]);
    drain.stderr_with("1 refused write is kept").await;
    assert_eq!(drain.exit_code().await, 4);
}

#[tokio::test]
async fn q10_an_unknown_route_is_a_definite_no() {
    let world = World::new().await;
    let mut submit = world.run(&["submit", "POST", "/api/no/such/route", "{}"]);
    submit.stderr_with("status 404").await;
    assert_eq!(submit.exit_code().await, 4);
}
