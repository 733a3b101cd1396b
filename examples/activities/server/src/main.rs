//! The command: `activities-server [--port 4680] [--data DIR] [--web DIR]`.
#![forbid(unsafe_code)]

mod args;

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::process::ExitCode;

use activities_server::{App, Config, StartError};
use args::Args;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(usage) => {
            eprintln!("{usage}");
            return ExitCode::from(2);
        }
    };
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    match serve(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(args: Args) -> Result<(), StartError> {
    let _lock = lock(&args.data).map_err(StartError::Data)?;
    let app = App::open(Config { data: args.data, web: args.web }).await?;
    let listener = TcpListener::bind(("127.0.0.1", args.port)).await.map_err(StartError::Listen)?;
    let address = listener.local_addr().map_err(StartError::Listen)?;
    announce(&format!("listening on http://{address}"));
    // Every answered write is on disk already: stopping is only a matter of not being in the middle of an answer.
    let sockets = app.sockets().clone();
    tidewire_server::socket::serve(listener, app.router(), sockets, stop_signal())
        .await
        .map_err(StartError::Listen)
}

/// One server for one directory: a second one would not hear of the first one's events. The lock dies with the process.
fn lock(data: &Path) -> io::Result<File> {
    std::fs::create_dir_all(data)?;
    let file = File::options().create(true).append(true).open(data.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(io::Error::other(
            "another server is running on it; stop that one, or choose another with --data",
        )),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[expect(clippy::print_stdout, reason = "whoever started us waits for this line")]
fn announce(line: &str) {
    println!("{line}");
}

async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
