//! The simulator from the command line: a seed is replayed, what fails is printed short (P1).
#![allow(clippy::unwrap_used, reason = "a test may end here")]

use std::process::{Command, Output};

fn sim(words: &[&str]) -> (bool, String) {
    let Output { status, stdout, .. } =
        Command::new(env!("CARGO_BIN_EXE_tidewire")).arg("sim").args(words).output().unwrap();
    (status.success(), String::from_utf8(stdout).unwrap())
}

#[test]
fn p1_a_seed_is_replayed_to_the_same_hash() {
    let (held, said) = sim(&["--seed", "7"]);
    assert!(held && said.starts_with("seed 7: holds, "), "{said}");
    assert_eq!(sim(&["--seed", "7"]), (true, said));
}

#[test]
fn p1_what_fails_is_printed_as_a_script_shorter_than_the_day() {
    let (held, said) = sim(&["--seeds", "20", "--bug", "PersistedEarly"]);
    assert!(!held, "{said}");
    let (_, script) = said.split_once("shrinking ...\nseed ").expect("a script");
    let steps = script.lines().filter(|line| line.contains(" +")).count();
    assert!((1..20).contains(&steps), "{steps} steps:\n{script}");
}

#[test]
fn p1_a_bug_that_does_not_exist_is_refused_with_the_names_of_those_that_do() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_tidewire")).args(["sim", "--bug", "Nobody"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("FloorTooHigh"));
}

#[test]
fn p1_as_json_each_line_is_an_object_with_the_documented_fields() {
    let (held, said) = sim(&["--seeds", "3", "--json"]);
    let report: serde_json::Value = serde_json::from_str(said.trim()).unwrap();
    assert!(
        held && report["seeds"] == 3 && report["findings"] == 0 && report["faults"].is_object(),
        "{report}"
    );
    let (held, said) = sim(&["--seeds", "20", "--bug", "PersistedEarly", "--json"]);
    let lines: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [failure, report] = &lines[..] else { panic!("{said}") };
    assert!(!held && failure["held"] == false && report["findings"] == 1, "{said}");
    assert!(failure["script"].as_str().unwrap().contains("seed"), "{failure}");
}
