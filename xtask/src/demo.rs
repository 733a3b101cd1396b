//! `cargo xtask demo`: from a fresh clone to the running app. It does not know what the app does.

use crate::process::{command, execute, root};
use crate::report::Report;
use crate::setup;

const PORT: &str = "4680";

/// Builds everything and runs the server until it is interrupted.
pub(crate) fn run() -> Result<(), String> {
    setup::app(&mut Report::default())?;
    let data = root().join(".tidewire/demo");
    std::fs::create_dir_all(&data).map_err(|error| format!("{}: {error}", data.display()))?;
    let mut server = command(&setup::server_binary().to_string_lossy(), ["--port", PORT, "--data"]);
    server.arg(&data);
    println!("\n    The Activities app: http://127.0.0.1:{PORT}");
    println!(
        "    Open it twice, sign in as ana and as ben. Data is kept in .tidewire/demo. Ctrl-C ends it.\n"
    );
    execute(server)
}
