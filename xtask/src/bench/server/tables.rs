//! The figures as tables, and as JSON.

use super::All;
use super::jobs::{NODE, OURS, PEER};

const SERVERS: [&str; 3] = [OURS, PEER, NODE];

/// What is shown of them.
const ROWS: [(&str, &str); 28] = [
    ("one_p50_us", "one connection, one under way: p50, µs"),
    ("one_cpu_us_each", "CPU of the server per event, µs"),
    ("w1_per_second", "acknowledged events per second, 32 connections, 1 under way each"),
    ("w1_p50_us", "p50, µs"),
    ("w1_p99_us", "p99, µs"),
    ("w1_cpu_us_each", "CPU of the server per event, µs"),
    ("w16_per_second", "acknowledged events per second, 16 under way each"),
    ("w16_p50_us", "p50, µs"),
    ("w16_p99_us", "p99, µs"),
    ("w16_cpu_us_each", "CPU of the server per event, µs"),
    ("cast_deliveries_per_second", "deliveries per second of events to a room"),
    ("cast_cpu_us_per_delivery", "CPU of the server per delivery, µs"),
    ("cast_lost", "of these lost"),
    ("idle_kb_per_connection", "kB per idle connection"),
    ("deflated_kb_per_connection", "kB per idle connection that has had compressed messages"),
    ("hello_asked", "events sent as soon as there was a session"),
    ("hello_lost", "of these lost"),
    ("flood_asked", "events sent at once with default settings, to be sent back"),
    ("flood_echoed", "of these that came back"),
    ("flood_out_of_order", "of these directly after a later one"),
    ("cuts_cuts", "links cut, each client's every 15 s"),
    ("cuts_delivered_percent", "of the events delivered, %"),
    ("cuts_doubled", "events that came twice"),
    ("cuts_replay_p50_ms", "from the cut until all that was missed is there: p50, ms"),
    ("cuts_replay_p99_ms", "p99, ms"),
    ("restart_back", "clients back in their room after a restart that took 1 s"),
    ("restart_within_10_s", "of these within 10 s of its end"),
    ("restart_all_s", "the last one, s"),
];

/// The figures of one measure.
pub(super) fn line(figures: &[(String, f64)]) -> String {
    let shown: Vec<String> = figures.iter().map(|(name, value)| format!("{name} {}", show(*value))).collect();
    shown.join(", ")
}

/// Everything that was measured.
pub(super) fn all(all: &All) -> String {
    let mut text = beside(all);
    let writes = [
        ("per_second", "writes per second"),
        ("p50_us", "p50, µs"),
        ("p99_us", "p99, µs"),
        ("cpu_us_each", "CPU of the server per write, µs"),
    ];
    text += "\n| HTTP writes | plain | SQLite | PostgreSQL | SQLite to plain | PostgreSQL to plain |\n|---|--:|--:|--:|--:|--:|\n";
    for (name, connections) in [("write1", "1 connection"), ("write32", "32 connections")] {
        for (figure, title) in writes {
            let of = |who: &str| all.get(&format!("{who} {name}_{figure}"));
            let cells = ["plain", "SQLite", "PostgreSQL"].map(|who| cell(of(who)));
            let to = |who: &str| shown_ratio(of(who), of("plain"));
            text += &format!(
                "| {connections}: {title} | {} | {} | {} |\n",
                cells.join(" | "),
                to("SQLite"),
                to("PostgreSQL")
            );
        }
    }
    text += "\n| a day's feed | kB | to raw |\n|---|--:|--:|\n";
    let raw = all.get("raw feed_bytes");
    for (key, title) in [
        ("raw feed_bytes", "events as text"),
        ("deflated feed_bytes", "compressed"),
        ("msgpack feed_bytes", "MessagePack"),
        ("deflated-msgpack feed_bytes", "MessagePack, compressed"),
        ("polled feed_bytes", "polled every 30 s: answers"),
        ("polled feed_gzip_bytes", "polled, answers in gzip"),
        ("polled feed_asked_bytes", "the questions of polling"),
    ] {
        let bytes = all.get(key);
        let kb = bytes.map(|bytes| bytes.iter().map(|bytes| bytes / 1000.0).collect::<Vec<_>>());
        text += &format!("| {title} | {} | {} |\n", cell(kb.as_ref()), shown_ratio(bytes, raw));
    }
    text
}

fn beside(all: &All) -> String {
    let mut text = String::from(
        "| measure | Tidewire | socketioxide | socket.io | to socketioxide |\n|---|--:|--:|--:|--:|\n",
    );
    for (key, title) in ROWS {
        let values = |server: &str| all.get(&format!("{server} {key}"));
        let cells = SERVERS.map(|server| cell(values(server)));
        let to_peer = shown_ratio(values(OURS), values(PEER));
        text += &format!("| {title} | {} | {to_peer} |\n", cells.join(" | "));
    }
    text
}

pub(in crate::bench) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

/// The ratio of the median round, not of the medians.
pub(in crate::bench) fn ratio(ours: &[f64], theirs: &[f64]) -> Option<f64> {
    let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
    median(&ratios).filter(|ratio| ratio.is_finite())
}

fn shown_ratio(ours: Option<&Vec<f64>>, theirs: Option<&Vec<f64>>) -> String {
    let ratio = ours.zip(theirs).and_then(|(ours, theirs)| ratio(ours, theirs));
    ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"))
}

fn cell(values: Option<&Vec<f64>>) -> String {
    values.and_then(|values| median(values)).map_or_else(|| "-".to_owned(), show)
}

pub(in crate::bench) fn show(value: f64) -> String {
    if value >= 100.0 || value == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

pub(in crate::bench) fn json(all: &All) -> String {
    let lines: Vec<String> = all.iter().map(|(name, values)| format!("  \"{name}\": {values:?}")).collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    #[test]
    fn the_ratio_is_of_a_round_and_a_missing_peer_is_shown_as_one() {
        assert_eq!(super::ratio(&[2.0, 30.0, 9.0], &[1.0, 10.0, 9.0]), Some(2.0));
        assert_eq!(super::ratio(&[1.0], &[0.0]), None);
        let all = BTreeMap::from([("tidewire hello_lost".to_owned(), vec![0.0])]);
        assert!(super::all(&all).contains("| 0 | - | - | - |"));
    }
}
