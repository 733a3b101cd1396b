//! `cargo xtask wasm`. Placeholder until crates/ffi brings its own.

/// Runs the task; an error is a sentence for the person at the terminal.
pub(crate) fn run() -> Result<(), String> {
    Err("cargo xtask wasm: not written yet".to_owned())
}
