//! What an operator sees: counts that follow what happens, and nobody's name in them (V10).
#![allow(clippy::unwrap_used)]

mod socket_support;
mod write_support;

use socket_support::Server;
use write_support::{App, Write};

fn value(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} is not in\n{text}")).parse().unwrap()
}

fn assert_well_formed(text: &str) {
    for line in text.lines() {
        let names = |rest: &str| rest.starts_with("tidewire_");
        let comment = line.strip_prefix("# HELP ").or(line.strip_prefix("# TYPE "));
        let sample =
            line.rsplit_once(' ').is_some_and(|(name, value)| names(name) && value.parse::<f64>().is_ok());
        assert!(comment.map_or(sample, names), "{line}");
    }
}

#[tokio::test]
async fn v10_the_connections_metrics_follow_what_happens() {
    let server = Server::start(|builder| builder).await;
    let mut ana = server.joined(r#"{"token":"ana","tidewire":1}"#, "r").await;
    ana.ack(r#"421["room:join",{"roomId":"secret-room"}]"#).await;
    let mut eve = server.raw().await;
    eve.send(r#"40{"token":"bad"}"#).await;
    eve.text().await;
    eve.send("4x").await;
    eve.closed().await;
    let text = server.sockets.metrics();
    assert_well_formed(&text);
    assert!(value(&text, "tidewire_connections") >= 1);
    assert_eq!(value(&text, "tidewire_frames_received_total"), 5);
    assert_eq!(value(&text, "tidewire_frames_sent_total"), 6);
    assert_eq!(value(&text, "tidewire_connects_refused_total"), 1);
    assert_eq!(value(&text, r#"tidewire_connections_closed_total{reason="socket-type"}"#), 1);
    assert_eq!(value(&text, r#"tidewire_joins_refused_total{error="Unauthorized"}"#), 1);
    assert!(!text.contains("ana") && !text.contains("secret"), "{text}");
}

#[tokio::test]
async fn v10_the_writes_metrics_follow_what_happens() {
    let app = App::new();
    app.write(Write::count("k1", 1, 1)).await;
    app.write(Write::count("k1", 1, 1)).await;
    app.write(Write::count("k2", 2, 1).to("/refuse")).await;
    app.write(Write::count("k3", 3, 1).to("/fail")).await;
    let text = app.tidewire.metrics();
    assert_well_formed(&text);
    for (outcome, count) in [("applied", 1), ("replayed", 1), ("rejected", 1), ("client-reset", 0)] {
        assert_eq!(
            value(&text, &format!("tidewire_writes_total{{outcome=\"{outcome}\"}}")),
            count,
            "{outcome}"
        );
    }
    assert_eq!(value(&text, "tidewire_writes_failed_total"), 1);
    assert_eq!(value(&text, "tidewire_write_seconds_count"), 4);
    assert_eq!(value(&text, r#"tidewire_write_seconds_bucket{le="+Inf"}"#), 4);
    assert_eq!((value(&text, "tidewire_writes_waiting"), value(&text, "tidewire_commits_total")), (0, 1));
}
