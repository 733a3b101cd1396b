//! The log is structured and holds no payload and no token (V10). Alone in its process, because what is logged is decided for all
//! threads of one.
#![allow(clippy::unwrap_used)]

mod socket_support;
mod write_support;

use std::io::Write;
use std::sync::{Arc, Mutex};

use socket_support::Server;
use write_support::{App, Write as AppWrite};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// On one thread, so that the log of all tasks is this one.
#[tokio::test]
async fn v10_the_log_is_structured_and_holds_no_payload_and_no_token() {
    let lines = Lines::default();
    let kept = lines.clone();
    let log = tracing_subscriber::fmt().json().with_max_level(tracing::Level::TRACE);
    let _guard = tracing::subscriber::set_default(log.with_writer(move || kept.clone()).finish());
    let server = Server::start(|builder| builder).await;
    let mut ana = server.joined(r#"{"token":"ana-tok3n","tidewire":1}"#, "r").await;
    server.rooms.publish("r", "told", r#""p4yload""#);
    ana.text().await;
    ana.send(r#"42["said","p4yload"]"#).await;
    ana.send(r#"42["broken","p4yload""#).await;
    ana.closed().await;
    let app = App::new();
    let body = r#"{"p4yload":1}"#;
    app.write(AppWrite::count("k1", 1, 1).to("/fail").with_body(body)).await;
    app.send("POST", "/count?tok3n=x", None, &[], body).await;
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["level"].is_string() && line["fields"]["message"].is_string(), "{line}");
    }
    assert!(log.contains("connection closed") && log.contains("a request failed"), "{log}");
    assert!(!log.contains("p4yload") && !log.contains("tok3n"), "{log}");
}
