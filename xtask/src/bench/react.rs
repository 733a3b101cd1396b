//! `cargo xtask bench react`: our client and hooks beside what React apps use today, in real Chromium. `benches/react` measures; here
//! it is only given what it needs.

use crate::process::{command, execute};
use crate::setup;
use crate::wasm;

/// Names of parts and options are handed on.
pub(crate) fn run() -> Result<(), String> {
    let browser = setup::browser()?;
    wasm::ready()?;
    for part in ["packages/client", "packages/react"] {
        execute(command(setup::npm(), ["run", "build", "--workspace", part]))?;
    }
    let mut command = command("node", ["benches/react/run.mjs"]);
    command.args(std::env::args().skip(3)).env("CHROMIUM_PATH", browser);
    execute(command)
}
