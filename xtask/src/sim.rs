//! `cargo xtask sim`: the simulator, optimised, with whatever it is asked for. Its arguments are its own.

use crate::process::{cargo, execute};

/// Runs it; without arguments it runs a thousand seeds.
pub(crate) fn run() -> Result<(), String> {
    let mut words: Vec<String> = std::env::args().skip(2).collect();
    if words.is_empty() {
        words = vec!["--seeds".to_owned(), "1000".to_owned()];
    }
    let mut command = cargo(["run", "--quiet", "--release", "--package", "tidewire-sim", "--"]);
    command.args(words);
    execute(command)
}
