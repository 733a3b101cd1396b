//! The real Activities server, as a process of its own.
#![allow(dead_code, reason = "each test file uses its part")]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use serde_json::{Value, json};
use tidewire::{Http, HttpRequest, Token};
use tokio::process::Command;

use crate::support::{Process, root, soon};

/// The binary that `ACTIVITIES_SERVER` names, or else built now if it is not up to date.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(binary) = std::env::var_os("ACTIVITIES_SERVER") {
            return binary.into();
        }
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

pub(crate) struct Server {
    process: Process,
    pub(crate) port: u16,
    http: Http,
}

impl Server {
    pub(crate) async fn start(data: &Path) -> Server {
        let mut command = Command::new(binary());
        command.args(["--port", "0", "--data"]).arg(data).stderr(Stdio::null());
        let mut process = Process::start(&mut command);
        let url = process.line_after("listening on ").await;
        let port = url.rsplit(':').next().unwrap().parse().unwrap();
        Server { process, port, http: Http::new(url.parse().unwrap()) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) async fn kill(self) {
        self.process.kill().await;
    }

    pub(crate) async fn token(&self, name: &str) -> String {
        let answer = self.send("POST", "/api/login", None, Some(json!({ "name": name }))).await;
        answer["token"].as_str().expect("a token").to_owned()
    }

    /// A request by somebody else.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Value {
        let json = body.map(|body| body.to_string());
        let request = HttpRequest { method: method.into(), path: path.into(), json, headers: Vec::new() };
        let token = token.map(Token::from);
        let answer = soon("an answer", self.http.send(request, token.as_ref())).await.unwrap();
        assert!(answer.status < 300, "{method} {path}: {answer:?}");
        serde_json::from_str(&answer.body.unwrap_or_default()).unwrap_or_default()
    }
}
