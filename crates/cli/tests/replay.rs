//! `tidewire replay` on the traces of this repository: the same hash, exit codes, and nothing secret on the screen (P2).
#![allow(missing_docs, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn trace(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/traces").join(name)
}

fn replay(file: &Path, flags: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tidewire")).arg("replay").arg(file).args(flags).output().unwrap()
}

fn shown(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn p2_a_recorded_trace_replays_to_its_hash() {
    let file = trace("tunnel.trace");
    let text = std::fs::read_to_string(&file).unwrap();
    let hash = text.lines().find_map(|line| line.strip_prefix("hash ")).unwrap();
    let done = replay(&file, &[]);
    assert!(done.status.success(), "{done:?}");
    assert!(shown(&done).contains(hash), "{}", shown(&done));
    let json = shown(&replay(&file, &["--json"]));
    let value: serde_json::Value = serde_json::from_str(json.trim()).unwrap();
    assert_eq!(value["hash"], hash);
}

#[test]
fn p2_it_prints_what_happened_without_payloads() {
    let done = shown(&replay(&trace("emits.trace"), &["--verbose"]));
    assert!(done.contains("Connect") && done.contains("Persist") && done.contains(" bytes>"), "{done}");
    // The token of the trace.
    assert!(!done.contains("t\u{f6}ken"), "{done}");
}

#[test]
fn p2_a_trace_that_goes_otherwise_fails_and_one_that_cannot_be_read_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(trace("emits.trace")).unwrap();
    let changed = directory.path().join("changed.trace");
    // The first result without outputs.
    let at = text.find("\n< ").unwrap();
    let end = at + 3 + text[at + 3..].find('\n').unwrap();
    std::fs::write(&changed, format!("{}\n< 000000{}", &text[..at], &text[end..])).unwrap();
    assert_eq!(replay(&changed, &[]).status.code(), Some(1));
    let other = directory.path().join("other.trace");
    std::fs::write(&other, text.replacen("format ", "format f", 1)).unwrap();
    let done = replay(&other, &[]);
    assert_eq!(done.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&done.stderr).contains("format"));
    assert_eq!(replay(&directory.path().join("none"), &[]).status.code(), Some(1));
    // Something else: a picture, a page, a recording that was cut off.
    for text in ["", "<html>", &text[..text.len() / 2]] {
        std::fs::write(&other, text).unwrap();
        let done = replay(&other, &["--json"]);
        assert_eq!(done.status.code(), Some(2), "{text:.20}");
        let error: serde_json::Value = serde_json::from_slice(&done.stderr).unwrap();
        assert_eq!(error["error"]["kind"], "usage");
    }
    std::fs::write(&other, [0xff, 0xfe, 0]).unwrap();
    assert_eq!(replay(&other, &[]).status.code(), Some(2));
}
