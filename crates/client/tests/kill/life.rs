//! A server, a store, and the lives that one after another use both.

use std::fmt;
use std::ops::AddAssign;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use serde_json::Value;
use tempfile::{TempDir, tempdir};
use tidewire_test_server::{Process, Proxy, Server};
use tokio::process::Command;

use crate::Death;
use crate::model::Model;

/// Writes of one life.
const WRITES: u32 = 5;
/// In every so-manieth life the server is killed too.
const SERVER_DIES: u32 = 12;

/// What all worlds together saw.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    lives: u32,
    killed: u32,
    servers_killed: u32,
    durable: usize,
    inherited: usize,
    heard: usize,
    again: u32,
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Totals) {
        self.lives += other.lives;
        self.killed += other.killed;
        self.servers_killed += other.servers_killed;
        self.durable += other.durable;
        self.inherited += other.inherited;
        self.heard += other.heard;
        self.again += other.again;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} lives, {} killed, the server {} times; {} durable writes, {} left to later lives; {} events, {} heard again",
            self.lives,
            self.killed,
            self.servers_killed,
            self.durable,
            self.inherited,
            self.heard,
            self.again
        )
    }
}

pub(crate) struct World {
    server: Option<Server>,
    proxy: Proxy,
    token: String,
    activity: String,
    data: TempDir,
    store: TempDir,
    model: Model,
    written: u32,
    /// The step at which the next life ends.
    step: u32,
    totals: Totals,
}

impl World {
    pub(crate) async fn new() -> World {
        let data = tempdir().unwrap();
        let server = Server::start(data.path()).await;
        let proxy = Proxy::start(server.port).await;
        let token = server.token("ana").await;
        let activity = server.create(&token, "Chess").await;
        let activity = activity["id"].as_str().unwrap().to_owned();
        let join = format!("/api/activities/{activity}/participants");
        server.send("POST", &join, Some(&token), None).await;
        World {
            server: Some(server),
            proxy,
            token,
            activity,
            data,
            store: tempdir().unwrap(),
            model: Model::default(),
            written: 0,
            step: 1,
            totals: Totals::default(),
        }
    }

    fn start(&mut self, dies_at: u32) -> Process {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let (url, store): (_, &Path) = (self.proxy.url(), self.store.path());
        command.args(["worker", &url, &self.token, &self.activity]).arg(store);
        command.args([self.written + 1, WRITES, dies_at].map(|number| number.to_string()));
        self.written += WRITES;
        self.totals.lives += 1;
        self.model.begin();
        Process::start(&mut command)
    }

    /// One life.
    pub(crate) async fn live(&mut self, death: Death, number: u32) {
        let server_dies = number % SERVER_DIES == SERVER_DIES - 1;
        let dies_at = if death == Death::AtStep { self.step } else { 0 };
        // Lines that are heard before it is killed: each number in its turn, in an order that mixes early and late.
        let lines = if death == Death::AtAnyTime { 1 + number * 7 % 24 } else { u32::MAX };
        let mut life = self.start(dies_at);
        let (mut heard, mut ended) = (0, false);
        while let Some(line) = life.line().await {
            ended |= self.model.hear(&line);
            heard += 1;
            if server_dies && heard == 4 {
                self.restart_server().await;
            }
            if heard == lines {
                // What it has said before its end still counts.
                life.kill_now();
            }
        }
        let end = life.end().await;
        let killed = end.signal() == Some(9);
        assert!(killed || (ended && end.success()), "a life ended otherwise: {end}");
        self.totals.killed += u32::from(killed);
        self.step = if ended { 1 } else { self.step + 1 };
    }

    async fn restart_server(&mut self) {
        self.server.take().unwrap().kill().await;
        let server = Server::start(self.data.path()).await;
        self.proxy.lead_to(server.port);
        self.server = Some(server);
        self.totals.servers_killed += 1;
    }

    /// A last life that is left in peace; then everything must be there, once.
    pub(crate) async fn judge(mut self) -> Totals {
        let mut life = self.start(0);
        let mut ended = false;
        while let Some(line) = life.line().await {
            ended |= self.model.hear(&line);
        }
        assert!(ended, "the last life did not come to its end");
        let path = format!("/api/activities/{}/messages", self.activity);
        let messages = self.server.as_ref().unwrap().send("GET", &path, Some(&self.token), None).await;
        let text = |message: &Value| message["text"].as_str().unwrap().to_owned();
        let texts: Vec<String> = messages.as_array().unwrap().iter().map(text).collect();
        self.model.judge(&texts);
        self.totals.durable = self.model.durable();
        self.totals.inherited = self.model.inherited();
        self.totals.heard = self.model.heard();
        self.totals.again = self.model.again;
        self.totals
    }
}
