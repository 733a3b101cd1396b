//! The real Activities server, the real command, and a proxy between them.
#![allow(dead_code, reason = "each test file uses its part")]

#[path = "../../../client/tests/support/mod.rs"]
mod process;
mod proxy;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use serde_json::{Value, json};
use tidewire::{Http, HttpRequest, Token};
use tokio::process::Command;

pub(crate) use process::{Process, soon};
pub(crate) use proxy::{Mode, Proxy};

/// The server's binary: the one that `ACTIVITIES_SERVER` names, or else built now if it is not up to date.
fn server_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(binary) = std::env::var_os("ACTIVITIES_SERVER") {
            return binary.into();
        }
        let cli = Path::new(env!("CARGO_BIN_EXE_tidewire"));
        let profile = cli.parent().unwrap();
        let mut cargo = std::process::Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", "activities-server"]);
        cargo.arg("--target-dir").arg(profile.parent().unwrap());
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.current_dir(process::root()).status().unwrap().success(), "the server does not build");
        profile.join("activities-server")
    })
}

/// The Activities server on a data directory.
pub(crate) struct Server {
    process: Process,
    pub(crate) port: u16,
    http: Http,
}

impl Server {
    pub(crate) async fn start(data: &Path) -> Server {
        let mut command = Command::new(server_binary());
        command.args(["--port", "0", "--data"]).arg(data).stderr(Stdio::null());
        let mut process = Process::start(&mut command);
        let url = process.line_after("listening on ").await;
        let port = url.rsplit(':').next().unwrap().parse().unwrap();
        Server { process, port, http: Http::new(url.parse().unwrap()) }
    }

    pub(crate) async fn kill(self) {
        self.process.kill().await;
    }

    pub(crate) async fn token(&self, name: &str) -> String {
        let answer = self.send("POST", "/api/login", None, Some(json!({ "name": name }))).await;
        answer["token"].as_str().expect("a token").to_owned()
    }

    /// A request past the proxy, by somebody else.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Value {
        let request = HttpRequest {
            method: method.into(),
            path: path.into(),
            json: body.map(|body| body.to_string()),
            headers: Vec::new(),
        };
        let token = token.map(Token::from);
        let answer = soon("an answer", self.http.send(request, token.as_ref())).await.unwrap();
        assert!(answer.status < 300, "{method} {path}: {answer:?}");
        serde_json::from_str(&answer.body.unwrap_or_default()).unwrap_or_default()
    }

    pub(crate) async fn create(&self, token: &str, title: &str) -> Value {
        self.send("POST", "/api/activities", Some(token), Some(json!({ "title": title }))).await
    }
}

/// `tidewire` with these arguments.
pub(crate) fn tidewire(args: &[&str]) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidewire"));
    command.args(args).stderr(Stdio::piped());
    for variable in ["TIDEWIRE_URL", "TIDEWIRE_TOKEN"] {
        command.env_remove(variable);
    }
    Process::start(&mut command)
}

/// What `listen` says of an event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) offset: u64,
    pub(crate) event: String,
    pub(crate) title: Option<String>,
}

/// The next line of an event with a place in the room; those without (presence) are passed over.
pub(crate) async fn placed(listen: &mut Process) -> Line {
    loop {
        let line = listen.line().await.expect("listen goes on");
        let Some(rest) = line.strip_prefix("activities #") else {
            assert!(line.starts_with("- "), "{line}");
            continue;
        };
        let mut parts = rest.splitn(3, ' ');
        let offset = parts.next().unwrap().parse().unwrap();
        let event = parts.next().unwrap().to_owned();
        let payload: Value = serde_json::from_str(parts.next().unwrap()).unwrap();
        return Line { offset, event, title: payload["title"].as_str().map(str::to_owned) };
    }
}
