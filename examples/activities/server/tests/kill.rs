//! The real binary, killed with SIGKILL again and again while clients write (Q9, V5, V6, V7, P5): a counter that no
//! constraint protects counts each write once, and the history has each event once and no gap.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

const CLIENTS: u64 = 4;
const WRITES: u64 = 150;
const KILLS: u64 = 8;

/// Where the server is now. Clients that lost it wait here for its next life.
struct Address {
    current: Mutex<(u64, String)>,
    moved: Condvar,
}

impl Address {
    fn after(&self, life: u64) -> (u64, String) {
        let guard = self.moved.wait_while(self.current.lock().unwrap(), |(now, _)| *now <= life).unwrap();
        guard.clone()
    }

    fn set(&self, address: String) {
        let mut current = self.current.lock().unwrap();
        *current = (current.0 + 1, address);
        self.moved.notify_all();
    }
}

/// Dies by SIGKILL, also when a test fails.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn start(data: &Path) -> (Server, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_activities-server"))
        .args(["--port", "0", "--data"])
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line
        .trim()
        .strip_prefix("listening on http://")
        .unwrap_or_else(|| panic!("said {line:?}"))
        .to_owned();
    (Server(child), address)
}

/// One request on a connection of its own. An error is a broken link: nobody knows what became of the request.
fn ask(address: &str, method: &str, path: &str, headers: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    // A cut answer is no answer.
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let promised = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .and_then(|text| text.parse().ok());
    if promised == Some(body.len()) { Ok(answer) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
}

fn token(address: &str) -> String {
    let answer = ask(address, "POST", "/api/login", "", "{\"name\":\"ana\"}").unwrap();
    answer.split("\"token\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

/// Sends its writes one after the other, each again and again until it is answered. Returns the counts it was told.
fn client(number: u64, token: &str, address: &Address, answered: &mpsc::Sender<()>) -> Vec<u64> {
    let id = char::from(b'A' + u8::try_from(number).unwrap()).to_string().repeat(22);
    let (mut life, mut place) = address.after(0);
    let mut counts = Vec::new();
    for sequence in 1..=WRITES {
        let headers = format!(
            "authorization: Bearer {token}\r\nidempotency-key: \"c{number}-{sequence}\"\r\ntidewire-client: {id}\r\n\
             tidewire-sequence: {sequence}\r\ntidewire-floor: {sequence}\r\n"
        );
        let answer = loop {
            match ask(&place, "POST", "/api/activities/lake-swim/cheers", &headers, "") {
                Ok(answer) => break answer,
                Err(_) => (life, place) = address.after(life),
            }
        };
        assert!(
            answer.contains("tidewire-outcome: applied") || answer.contains("tidewire-outcome: replayed"),
            "{answer}"
        );
        counts.push(answer.split("\"cheers\":").nth(1).unwrap().trim_end_matches('}').parse().unwrap());
        // The main thread stops listening when it has killed often enough.
        let _ = answered.send(());
    }
    counts
}

#[test]
fn q9_v7_p5_kill_9_under_load_loses_nothing_and_counts_nothing_twice() {
    let dir = tempfile::tempdir().unwrap();
    let (mut server, place) = start(dir.path());
    let token = token(&place);
    let address = Arc::new(Address { current: Mutex::new((1, place)), moved: Condvar::new() });
    let (answered, answers) = mpsc::channel();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (token, address, answered) = (token.clone(), address.clone(), answered.clone());
            thread::spawn(move || client(number, &token, &address, &answered))
        })
        .collect();
    drop(answered);
    for _ in 0..KILLS {
        // In the middle of the work: after some answers, while every client has a request on its way.
        for _ in 0..CLIENTS * WRITES / (KILLS + 2) {
            answers.recv().unwrap();
        }
        drop(server);
        let (next, place) = start(dir.path());
        server = next;
        address.set(place);
    }
    drop(answers);
    let counts: Vec<u64> = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
    drop(server);

    let total = CLIENTS * WRITES;
    let all: BTreeSet<u64> = (1..=total).collect();
    assert_eq!(
        counts.iter().copied().collect::<BTreeSet<_>>(),
        all,
        "each write was told a count of its own"
    );
    let database = rusqlite::Connection::open(dir.path().join("activities.sqlite")).unwrap();
    let cheers: i64 = database
        .query_row("SELECT cheers FROM activity WHERE id = 'lake-swim'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(cheers.cast_unsigned(), total);
    let mut statement = database
        .prepare(
            "SELECT offset, write_id, payload FROM tidewire_event WHERE room = 'activities' ORDER BY offset",
        )
        .unwrap();
    let rows: Vec<(i64, String, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        rows.iter().map(|(offset, ..)| offset.cast_unsigned()).collect::<BTreeSet<_>>(),
        all,
        "offsets without a gap"
    );
    assert_eq!(
        rows.iter().map(|(_, write, _)| write).collect::<BTreeSet<_>>().len(),
        rows.len(),
        "one event for each write"
    );
    for (offset, _, payload) in &rows {
        assert!(payload.contains(&format!("\"cheers\":{offset}}}")), "{offset}: {payload}");
    }
}

#[test]
fn v7_a_second_server_on_the_same_data_says_so_and_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    let (first, _) = start(dir.path());
    let second = || {
        Command::new(env!("CARGO_BIN_EXE_activities-server"))
            .args(["--port", "0", "--data"])
            .arg(dir.path())
            .output()
    };
    let refused = second().unwrap();
    assert!(!refused.status.success());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("another server is running"), "{said}");
    drop(first);
    start(dir.path());
}

#[test]
fn v10_a_wrong_flag_or_a_taken_port_is_told_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let (_first, place) = start(dir.path());
    let port = place.split(':').nth(1).unwrap();
    let other = dir.path().join("other");
    let cases = [
        (vec!["--prot", "1"], "usage:"),
        (vec!["--port", "x"], "usage:"),
        (vec!["--port"], "usage:"),
        (vec!["--port", port], "--port"),
    ];
    for (arguments, says) in cases {
        let refused = Command::new(env!("CARGO_BIN_EXE_activities-server"))
            .arg("--data")
            .arg(&other)
            .args(&arguments)
            .output()
            .unwrap();
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && said.contains(says), "{arguments:?}: {said}");
    }
}

#[test]
fn v6_begin_epoch_gives_a_restored_database_new_histories_and_refuses_beside_a_running_server() {
    let run = |data: &std::path::Path| {
        Command::new(env!("CARGO_BIN_EXE_activities-server"))
            .args(["begin-epoch", "--data"])
            .arg(data)
            .output()
            .unwrap()
    };
    let dir = tempfile::tempdir().unwrap();
    assert!(!run(dir.path()).status.success(), "there is no database");
    let server = start(dir.path());
    let refused = run(dir.path());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("another server is running"));
    drop(server);
    assert!(run(dir.path()).status.success());
    drop(start(dir.path()));
}
