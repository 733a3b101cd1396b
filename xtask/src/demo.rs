//! `cargo xtask demo`: from a fresh clone to the running app. It does not know what the app does.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::process::{command, root};
use crate::report::Report;
use crate::setup;

const PORT: &str = "4680";

/// Builds everything and runs the server until it is interrupted.
pub(crate) fn run() -> Result<(), String> {
    let mut report = Report::default();
    setup::prepare(&mut report)?;
    setup::build(&mut report)?;
    let data = root().join(".tidewire/demo");
    std::fs::create_dir_all(&data).map_err(|error| format!("{}: {error}", data.display()))?;
    let mut server = command(&setup::server_binary().to_string_lossy(), ["--port", PORT]);
    server.arg("--data").arg(&data).arg("--web").arg(root().join("examples/activities/web/dist"));
    let mut server = server
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("the server could not be started: {error}"))?;
    for line in server.stdout.take().into_iter().flat_map(|pipe| BufReader::new(pipe).lines()) {
        let line = line.map_err(|error| error.to_string())?;
        println!("    {line}");
        if line.starts_with("listening on ") {
            println!("\n    The Activities app: http://127.0.0.1:{PORT}");
            println!(
                "    Open it twice and sign in as ana and as ben. Data is kept in .tidewire/demo. Ctrl-C ends it.\n"
            );
        }
    }
    let status = server.wait().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("the server ended: {status}")) }
}
