//! The real server and its database, and what can happen to them.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex};

use tempfile::TempDir;
use tidewire_test_postgres::Postgres;

use crate::http::Request;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// Which life of the server it is, from 1, and where it listens while it lives.
struct Life {
    number: u64,
    address: Option<String>,
    /// A test has failed: nobody waits for anything any more.
    is_over: bool,
}

/// Ends the world if what holds it panics, so that nobody waits for ever.
pub struct Doom<'a>(pub &'a World);

impl Drop for Doom<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.kill();
            self.0.life.lock().unwrap().is_over = true;
            self.0.moved.notify_all();
        }
    }
}

pub struct World {
    dir: TempDir,
    postgres: Option<Postgres>,
    life: Mutex<Life>,
    moved: Condvar,
    server: Mutex<Option<Child>>,
}

/// Nobody here is to be slowed down for being one of three people on one address.
const RATES: [&str; 6] = [
    "REQUESTS_PER_PERSON",
    "REQUESTS_PER_ADDRESS",
    "CONNECTS_PER_ADDRESS",
    "MESSAGES_PER_ADDRESS",
    "CONNECTS_PER_PERSON",
    "MESSAGES_PER_PERSON",
];

impl World {
    pub fn new(kind: Kind) -> World {
        let world = World {
            dir: tempfile::tempdir().unwrap(),
            postgres: (kind == Kind::Postgres).then(|| Postgres::start().unwrap()),
            life: Mutex::new(Life { number: 0, address: None, is_over: false }),
            moved: Condvar::new(),
            server: Mutex::new(None),
        };
        world.start();
        world
    }

    fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_activities-server"));
        if let Some(postgres) = &self.postgres {
            command.env("TIDEWIRE_DATABASE", postgres.url());
        }
        command.env("TIDEWIRE_DRAIN_SPREAD", "100ms");
        command.envs(RATES.map(|name| (format!("TIDEWIRE_{name}"), "1000000/1000000")));
        command
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    pub fn start(&self) {
        let log = std::fs::File::options().create(true).append(true).open(self.log()).unwrap();
        let mut child = self
            .program()
            .args(["--port", "0", "--data"])
            .arg(self.dir.path())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://");
        let address = address.unwrap_or_else(|| panic!("said {line:?}: {}", self.complaints())).to_owned();
        *self.server.lock().unwrap() = Some(child);
        let mut life = self.life.lock().unwrap();
        (life.number, life.address) = (life.number + 1, Some(address));
        self.moved.notify_all();
    }

    /// kill -9, if something else has not killed it already.
    pub fn kill(&self) {
        if let Some(mut child) = self.server.lock().unwrap().take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        self.life.lock().unwrap().address = None;
    }

    /// Asked to end, as by whoever deploys a new version: it sends everybody away and finishes what runs (V9).
    pub fn drain(&self) {
        let mut child = self.server.lock().unwrap().take().unwrap();
        let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let ended = child.wait().unwrap();
        assert!(ended.success(), "{ended}: {}", self.complaints());
        self.life.lock().unwrap().address = None;
    }

    /// The thread of the server that writes.
    pub fn writer(&self) -> String {
        let mut writers = self.threads().into_iter().filter(|(_, name)| name == "tidewire-writer");
        writers.next().unwrap().0
    }

    /// All its other threads.
    pub fn others(&self) -> Vec<String> {
        let others = self.threads().into_iter().filter(|(_, name)| name != "tidewire-writer");
        others.map(|(thread, _)| thread).collect()
    }

    fn threads(&self) -> Vec<(String, String)> {
        let tasks = format!("/proc/{}/task", self.server.lock().unwrap().as_ref().unwrap().id());
        let tasks = std::fs::read_dir(tasks).unwrap().map(|entry| entry.unwrap());
        tasks
            .map(|task| {
                let name = std::fs::read_to_string(task.path().join("comm")).unwrap();
                (task.file_name().into_string().unwrap(), name.trim().to_owned())
            })
            .collect()
    }

    /// Which life it is, or was.
    pub fn life(&self) -> u64 {
        self.life.lock().unwrap().number
    }

    /// Waits until there is a server.
    pub fn address(&self) -> (u64, String) {
        let is_away = |life: &mut Life| life.address.is_none() && !life.is_over;
        let life = self.moved.wait_while(self.life.lock().unwrap(), is_away).unwrap();
        assert!(!life.is_over, "somebody else has failed");
        (life.number, life.address.clone().unwrap())
    }

    /// The database dies in the middle of everything and comes back; a file has nothing that could die apart from the server.
    pub fn crash_database(&self) {
        if let Some(postgres) = &self.postgres {
            postgres.crash().unwrap();
            postgres.go().unwrap();
        }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// As an operator does it, while the server runs.
    pub fn back_up(&self) {
        match &self.postgres {
            Some(postgres) => postgres.back_up("copy").unwrap(),
            None => {
                let database = rusqlite::Connection::open(self.file("activities.sqlite")).unwrap();
                database.execute("VACUUM INTO ?1", [self.file("copy").to_str().unwrap()]).unwrap();
            }
        }
    }

    /// As `docs/server/backup.md` says.
    pub fn restore(&self) {
        match &self.postgres {
            Some(postgres) => postgres.restore("copy").unwrap(),
            None => {
                std::fs::copy(self.file("copy"), self.file("activities.sqlite")).unwrap();
                for gone in ["activities.sqlite-wal", "activities.sqlite-shm"] {
                    let _ = std::fs::remove_file(self.file(gone));
                }
            }
        }
        let done = self.program().args(["begin-epoch", "--data"]).arg(self.dir.path()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// What the server has said of its own faults.
    pub fn complaints(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    pub fn token(&self, name: &str) -> String {
        let login = Request::new("POST", "/api/login", "", &format!("{{\"name\":\"{name}\"}}"));
        let body = login.ask(&self.address().1).unwrap().body;
        body.split("\"token\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(child) = self.server.get_mut().unwrap() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
