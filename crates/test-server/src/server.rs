//! The Activities server, and requests to it past every proxy.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use serde_json::{Value, json};
use tidewire::{Http, HttpRequest, Token};
use tokio::process::Command;

use crate::process::{Process, root, soon};

/// The server's binary: the one that `ACTIVITIES_SERVER` names, or else built now if it is not up to date.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(binary) = std::env::var_os("ACTIVITIES_SERVER") {
            return binary.into();
        }
        // A test stands in `target/PROFILE/deps`.
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).unwrap();
        let mut cargo = std::process::Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", "activities-server"]);
        cargo.arg("--target-dir").arg(profile.parent().unwrap());
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.current_dir(root()).status().unwrap().success(), "the server does not build");
        profile.join("activities-server")
    })
}

/// The Activities server on a data directory. It is killed when it is dropped.
#[derive(Debug)]
pub struct Server {
    process: Process,
    /// Where it listens.
    pub port: u16,
    http: Http,
}

impl Server {
    /// Starts it on any free port.
    pub async fn start(data: &Path) -> Server {
        let mut command = Command::new(binary());
        command.args(["--port", "0", "--data"]).arg(data).stderr(Stdio::null());
        let mut process = Process::start(&mut command);
        let url = process.line_after("listening on ").await;
        let port = url.rsplit(':').next().unwrap().parse().unwrap();
        Server { process, port, http: Http::new(url.parse().unwrap()) }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// kill -9.
    pub async fn kill(self) {
        self.process.kill().await;
    }

    /// A token of this person.
    pub async fn token(&self, name: &str) -> String {
        let answer = self.send("POST", "/api/login", None, Some(json!({ "name": name }))).await;
        answer["token"].as_str().expect("a token").to_owned()
    }

    /// A request past the proxy, by somebody else.
    pub async fn send(&self, method: &str, path: &str, token: Option<&str>, body: Option<Value>) -> Value {
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

    /// A new activity.
    pub async fn create(&self, token: &str, title: &str) -> Value {
        self.send("POST", "/api/activities", Some(token), Some(json!({ "title": title }))).await
    }
}
