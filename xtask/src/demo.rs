//! `cargo xtask demo`: from a fresh clone to the running app, and a way to kill its server the hard way from the page. It does not
//! know what the app does.

mod control;
mod server;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use crate::process::{command, root};
use crate::report::Report;
use crate::setup;
use control::Control;
use server::Server;

const PORT: &str = "4680";

/// What was asked for: by default the port of the README and data that are kept.
struct Options {
    port: String,
    data: PathBuf,
    build: bool,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { port: PORT.to_owned(), data: root().join(".tidewire/demo"), build: true };
        while let Some(flag) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{flag} needs a value"));
            match flag.as_str() {
                "--port" => options.port = value()?,
                "--data" => options.data = value()?.into(),
                "--no-build" => options.build = false,
                _ => return Err("cargo xtask demo [--port N] [--data DIR] [--no-build]".to_owned()),
            }
        }
        Ok(options)
    }
}

/// Builds everything and runs the server until it is interrupted.
pub(crate) fn run() -> Result<(), String> {
    let options = Options::read(std::env::args().skip(2))?;
    free(&options.port)?;
    if options.build {
        println!("The first time takes some minutes; what is built is kept.\n");
        let mut report = Report::default();
        setup::prepare(&mut report)?;
        setup::build(&mut report)?;
        setup::build_server(&mut report)?;
    }
    let data = &options.data;
    std::fs::create_dir_all(data).map_err(|error| format!("{}: {error}", data.display()))?;
    let data = options.data.clone();
    let (server, ended) = Server::start(&options.port, move |port| launch(port, &data))?;
    let server = Arc::new(server);
    let origin = server.origin();
    let control = Control::open(origin.clone(), Arc::clone(&server))?;
    println!("\n    Two phones, Ana and Ben:  {origin}/demo#control={}", control.address());
    println!("    The app alone:            {origin}");
    println!("    Data is kept in {}. Ctrl-C ends it.\n", options.data.display());
    control.serve();
    ended.wait()
}

/// Whether the server will be able to listen there: better known before everything is built than after.
fn free(port: &str) -> Result<(), String> {
    let number: u16 = port.parse().map_err(|_| format!("--port {port}: give a number from 0 to 65535"))?;
    match TcpListener::bind((Ipv4Addr::LOCALHOST, number)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(format!(
            "port {number} is in use, perhaps by another demo. End that one, or choose another port: cargo xtask demo --port {}",
            number.wrapping_add(1).max(1024)
        )),
        Err(error) => {
            Err(format!("port {number} cannot be used: {error}. Choose another: cargo xtask demo --port N"))
        }
    }
}

fn launch(port: &str, data: &std::path::Path) -> Command {
    // Ctrl-C reaches the server too: it has nobody to spare, and ends at once.
    let mut server =
        command(&setup::server_binary().to_string_lossy(), ["--port", port, "--drain-spread", "1ms"]);
    server.arg("--data").arg(data).arg("--web").arg(root().join("examples/activities/web/dist"));
    server
}
