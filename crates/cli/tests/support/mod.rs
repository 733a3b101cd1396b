//! The real command beside the real server.
#![allow(dead_code, unused_imports, reason = "each test file uses its part")]

use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

pub(crate) use tidewire_test_server::{Mode, Process, Proxy, Server, soon};

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
