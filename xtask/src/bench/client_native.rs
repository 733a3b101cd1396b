//! React Native's part of `bench client`: the packed packages on Hermes and on V8, over storages with the calls of AsyncStorage and MMKV, and
//! what they add to an app. `benches/client/native.mjs` measures; here it is started, and its table made.

use std::fmt::Write as _;

use super::figures::Figures;
use crate::process::{capture, command, execute};
use crate::setup;
use crate::wasm;

/// Makes what is measured.
pub(super) fn build() -> Result<(), String> {
    wasm::ready()?;
    for package in ["packages/client", "packages/react", "packages/react-native"] {
        execute(command(setup::npm(), ["run", "build", "--workspace", package]))?;
    }
    Ok(())
}

/// Its figures, as they are printed.
pub(super) fn measure(rounds: u32) -> Result<String, String> {
    capture(command("node", ["benches/client/native.mjs", &rounds.to_string()]))
}

/// What is shown of them.
pub(super) fn tables(figures: &Figures) -> Result<String, String> {
    let mut text = String::from(
        "| from the call to the storage | V8, p50, µs | p99, µs | Hermes 0.12, mean, µs | p99, ms |\n|---|--:|--:|--:|--:|\n",
    );
    for storage in ["AsyncStorage", "MMKV"] {
        for (name, key) in [
            ("the client: `submit` to `durable`", "ours"),
            ("one value of 460 bytes", "alone"),
            ("a queue of 100 as one text", "whole"),
        ] {
            let get =
                |machine: &str, what: &str| figures.get(&format!("{machine}_{storage}_{key}_{what}_us"));
            let (half, most) = (get("v8", "p50")?, get("v8", "p99")?);
            let (mean, hermes) = (get("hermes", "mean")?, get("hermes", "p99")? / 1e3);
            let _ = writeln!(text, "| {storage}, {name} | {half:.0} | {most:.0} | {mean:.0} | {hermes:.0} |");
        }
    }
    text += "\n| plain JavaScript on Hermes 0.12 | |\n|---|--:|\n";
    for (name, key) in [
        ("the engine, per event, µs", "hermes_event_us"),
        ("the engine, per durable write, µs", "hermes_enqueue_us"),
        ("the client, a burst of 1,000 events, ms", "hermes_MMKV_burst_ms"),
        ("its longest slice, ms", "hermes_MMKV_longest_ms"),
        ("`start()` to `ready`, an empty store, ms", "hermes_MMKV_startup_ms"),
    ] {
        let _ = writeln!(text, "| {name} | {:.0} |", figures.get(key)?);
    }
    text += "\n| what an app grows by | bytes | gzip |\n|---|--:|--:|\n";
    for (name, key) in [
        ("both packages, bundled and minified", "minified"),
        ("as bytecode of the present Hermes", "bytecode"),
    ] {
        let get = |what: &str| figures.get(&format!("size_{key}_{what}"));
        let _ = writeln!(text, "| {name} | {:.0} | {:.0} |", get("bytes")?, get("gzip")?);
    }
    Ok(text)
}
