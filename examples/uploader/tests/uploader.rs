//! The uploader and its server as processes: killed with -9 on the way, and each file arrives once (Q1, Q2, Q9, P5).
#![allow(clippy::unwrap_used, reason = "a test may end here")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::tempdir;
use tidewire::{Http, HttpRequest, Token};
use tidewire_test_server::{Mode, Process, Proxy, soon};
use tokio::process::Command;

/// Files by name.
type Files = BTreeMap<String, Vec<u8>>;

/// Of no bytes, of one part, of just a part, of so many.
fn files(parts: usize) -> Files {
    let half = parts / 2 * 32 * 1024;
    let sizes = [("empty", 0), ("note.txt", 11), ("one", 32 * 1024), ("photo", half), ("song", half - 1)];
    let bytes = |size: usize, salt: usize| (0..size).map(|at| (at * 31 % 251 + salt) as u8).collect();
    sizes
        .iter()
        .enumerate()
        .map(|(salt, (name, size))| ((*name).to_owned(), bytes(*size, salt % 4)))
        .collect()
}

fn write_out(files: &Files, directory: &Path) {
    for (name, bytes) in files {
        std::fs::write(directory.join(name), bytes).unwrap();
    }
}

async fn server(data: &Path) -> (Process, u16) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_files-server"));
    let mut server = Process::start(command.args(["--port", "0", "--data"]).arg(data));
    let url = server.line_after("listening on ").await;
    (server, url.rsplit(':').next().unwrap().parse().unwrap())
}

fn uploader(url: &str, directory: &Path, store: &Path) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_uploader"));
    command.arg(directory).args(["--url", url, "--user", "ana", "--store"]).arg(store);
    Process::start(command.stderr(Stdio::piped()))
}

/// What the server has, put together in the order in which it came.
async fn arrived(port: u16) -> Files {
    let http = Http::new(format!("http://127.0.0.1:{port}").parse().unwrap());
    let request = HttpRequest { method: "GET".into(), path: "/parts/bytes".into(), ..HttpRequest::default() };
    let answer = soon("the parts", http.send(request, Some(&Token::from("ana")))).await.unwrap();
    let parts: Vec<(String, String)> = serde_json::from_str(&answer.body.unwrap()).unwrap();
    let mut files = Files::new();
    for (name, bytes) in parts {
        files.entry(name).or_default().extend(STANDARD.decode(bytes).unwrap());
    }
    files
}

#[tokio::test]
async fn q1_q9_killed_again_and_again_it_uploads_each_file_once() {
    let (data, place, store) = (tempdir().unwrap(), tempdir().unwrap(), tempdir().unwrap());
    let files = files(60);
    write_out(&files, place.path());
    let (_server, port) = server(data.path()).await;
    let url = format!("http://127.0.0.1:{port}");
    // It dies before the first, behind the first, behind the third ...
    let mut killed = 0;
    for lines in [0, 1, 3, 2, 4, 1] {
        let mut life = uploader(&url, place.path(), store.path());
        let mut ended = false;
        for _ in 0..lines {
            ended |= life.line().await.is_none_or(|line| line == "done");
        }
        life.kill().await;
        killed += u32::from(!ended);
    }
    assert!(killed >= 3, "there is not enough to upload for this machine");
    let mut last = uploader(&url, place.path(), store.path());
    last.line_after("done").await;
    assert_eq!(last.exit_code().await, 0, "{}", last.rest_of_stderr().await);
    assert!(arrived(port).await == files, "a part is missing, doubled or in the wrong place");
    // And there is nothing more to do.
    let mut again = uploader(&url, place.path(), store.path());
    assert_eq!(again.line().await.as_deref(), Some("done"));
    assert!(arrived(port).await == files);
}

#[tokio::test]
async fn q9_in_a_network_that_loses_answers_it_uploads_each_file_once() {
    let (data, place, store) = (tempdir().unwrap(), tempdir().unwrap(), tempdir().unwrap());
    let files = files(20);
    write_out(&files, place.path());
    let (_server, port) = server(data.path()).await;
    let proxy = Proxy::start(port).await;
    let mut life = uploader(&proxy.url(), place.path(), store.path());
    life.line().await.unwrap();
    proxy.set(Mode::LoseAnswers);
    proxy.lost().await;
    life.kill().await;
    proxy.set(Mode::Pass);
    let mut life = uploader(&proxy.url(), place.path(), store.path());
    life.line_after("done").await;
    assert!(arrived(port).await == files, "a part is missing, doubled or in the wrong place");
}

#[tokio::test]
async fn q2_a_second_one_on_the_same_store_is_told_so_in_words() {
    let (data, place, store) = (tempdir().unwrap(), tempdir().unwrap(), tempdir().unwrap());
    write_out(&files(2), place.path());
    let (_server, port) = server(data.path()).await;
    // In a network that swallows answers the first one goes on.
    let proxy = Proxy::start(port).await;
    proxy.set(Mode::LoseAnswers);
    let first = uploader(&proxy.url(), place.path(), store.path());
    proxy.lost().await; // it has opened its store
    let mut second = uploader(&proxy.url(), place.path(), store.path());
    assert_eq!(second.exit_code().await, 1);
    let said = second.rest_of_stderr().await;
    assert!(said.contains(&format!("(process {}): end it, or use another directory", first.id())), "{said}");
    first.kill().await;
}
