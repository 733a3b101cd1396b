//! `cargo xtask wasm`: the engine as WebAssembly and, from the same bytes, as plain JavaScript.
//!
//! cargo (a toolchain that has the target, see `toolchain`) -> wasm-opt -> text in a module, and
//! wasm-opt lowering -> wasm2js -> terser -> a module. The results are not committed; nothing is done while the
//! inputs are the same. `--dev` keeps names and the text of panics.

mod pack;
mod parts;
mod size;
mod toolchain;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Everything that the artefacts are made from.
const INPUTS: [&str; 8] = [
    "crates/wire/src",
    "crates/core/src",
    "crates/ffi/src",
    "crates/ffi/Cargo.toml",
    "Cargo.toml",
    "xtask/src/wasm.rs",
    "xtask/src/wasm",
    "packages/client/package.json",
];

/// How the engine is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Mode {
    /// Small and fast; a panic is a bare trap.
    Release,
    /// The same with names: to be looked at, not to be shipped.
    Named,
    /// With names, and panics that say what happened.
    Dev,
}

/// Runs the task; an error is a sentence for the person at the terminal.
pub(crate) fn run() -> Result<(), String> {
    let mode = if std::env::args().any(|arg| arg == "--dev") { Mode::Dev } else { Mode::Release };
    let root = root();
    let built = build(&root, mode)?;
    if built && mode == Mode::Release {
        eprintln!("{}", size::measure(&root)?);
    }
    Ok(())
}

/// Whether what is published stays under its gates. That is built with Debian's compiler and a std of its own; another one
/// makes it larger, which is no reason not to run the app.
pub(crate) fn check_size() -> Result<(), String> {
    if std::env::var("WASM_TOOLCHAIN").as_deref() != Ok("debian") {
        eprintln!("    the gates are for WASM_TOOLCHAIN=debian");
        return Ok(());
    }
    let root = root();
    build(&root, Mode::Release)?;
    size::measure(&root)?.check()
}

/// `cargo xtask bench size`.
pub(crate) fn bench_size() -> Result<(), String> {
    let root = root();
    build(&root, Mode::Release)?;
    println_table(&size::measure(&root)?.to_string());
    if std::env::args().any(|arg| arg == "--parts") {
        println_table(&table_of_parts(&root)?);
    }
    Ok(())
}

/// Parts below this many bytes are told together.
const SMALL_PART: usize = 1000;

fn table_of_parts(root: &Path) -> Result<String, String> {
    let work = root.join("target/wasm-named");
    let wasm = toolchain::choose(root)?.build(root, &work, Mode::Named)?;
    let parts = parts::list(&pack::optimise_named(root, &work, &wasm)?)?;
    let all: usize = parts.iter().map(|(_, size)| size).sum();
    let mut text = String::from("\n| part | bytes | share |\n|---|--:|--:|");
    let mut row = |name: &str, size: usize| {
        text += &format!("\n| {name} | {size} | {}.{} % |", size * 100 / all, size * 1000 / all % 10);
    };
    let (large, small): (Vec<_>, Vec<_>) = parts.into_iter().partition(|(_, size)| *size >= SMALL_PART);
    large.iter().for_each(|(name, size)| row(&format!("`{name}`"), *size));
    row("all others together", small.iter().map(|(_, size)| size).sum());
    row("**all**", all);
    Ok(text)
}

/// Builds the engine for JavaScript as it is published.
pub(crate) fn ready() -> Result<(), String> {
    build(&root(), Mode::Release).map(drop)
}

#[allow(clippy::print_stdout)]
fn println_table(text: &str) {
    println!("{text}");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

fn generated(root: &Path) -> PathBuf {
    root.join("packages/client/src/generated")
}

/// Says whether anything had to be done.
fn build(root: &Path, mode: Mode) -> Result<bool, String> {
    let work = root.join("target/wasm");
    let stamp_file = work.join("stamp");
    let stamp = stamp(root, mode)?;
    let artefacts = ["core.wasm", "engine-wasm.ts", "engine-js.js", "engine-js.d.ts"];
    let there = artefacts.iter().all(|name| generated(root).join(name).exists());
    if there && std::fs::read_to_string(&stamp_file).is_ok_and(|old| old == stamp) {
        return Ok(false);
    }
    let toolchain = toolchain::choose(root)?;
    eprintln!("engine: building WebAssembly with {toolchain}");
    let wasm = toolchain.build(root, &work, mode)?;
    pack::pack(root, &work, &wasm, mode)?;
    std::fs::write(&stamp_file, stamp).map_err(|error| format!("{}: {error}", stamp_file.display()))?;
    Ok(true)
}

/// A hash of all inputs.
fn stamp(root: &Path, mode: Mode) -> Result<String, String> {
    let mut hasher = DefaultHasher::new();
    mode.hash(&mut hasher);
    std::env::var("WASM_TOOLCHAIN").ok().hash(&mut hasher);
    for input in INPUTS {
        hash_path(&root.join(input), &mut hasher)?;
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn hash_path(path: &Path, hasher: &mut DefaultHasher) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(failed)?;
        let mut paths: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        paths.sort();
        return paths.iter().try_for_each(|path| hash_path(path, hasher));
    }
    path.file_name().hash(hasher);
    std::fs::read(path).map_err(failed)?.hash(hasher);
    Ok(())
}

/// Runs a command; its own words on failure.
fn call(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed ({status})")) }
}

/// What a command prints.
fn ask(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }
}
