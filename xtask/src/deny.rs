//! `cargo xtask deny`: licences and sources of the crates that we use (`deny.toml`), with cargo-deny. It is no part of the
//! toolchain: `--install` builds it once, into `target/tools`.

use std::path::{Path, PathBuf};

use crate::process::{cargo, command, execute, find, target};

/// What is checked without the network.
const OFFLINE: [&str; 3] = ["licenses", "bans", "sources"];

/// The task.
pub(crate) fn run() -> Result<(), String> {
    let asked = |flag: &str| std::env::args().any(|argument| argument == flag);
    if asked("--install") && tool().is_none() {
        let root = target().join("tools").to_string_lossy().into_owned();
        execute(cargo(["install", "cargo-deny", "--locked", "--root", &root]))?;
    }
    let Some(tool) = tool() else {
        return Err("cargo-deny is not installed: `cargo xtask deny --install`".to_owned());
    };
    let advisories = asked("--advisories").then_some("advisories");
    check(&tool, advisories)
}

/// The part of `cargo xtask ci`, if the tool is there.
pub(crate) fn check_if_installed() -> Option<impl FnOnce() -> Result<(), String>> {
    tool().map(|tool| move || check(&tool, None))
}

fn check(tool: &Path, more: Option<&str>) -> Result<(), String> {
    let tool = tool.to_string_lossy();
    execute(command(&tool, ["check", "--hide-inclusion-graph"].into_iter().chain(OFFLINE).chain(more)))
}

fn tool() -> Option<PathBuf> {
    let own = target().join("tools/bin/cargo-deny");
    if own.is_file() { Some(own) } else { find("cargo-deny") }
}
