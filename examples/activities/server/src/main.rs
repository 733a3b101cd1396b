//! The command: `activities-server [settings]`, or `activities-server begin-epoch` for a database that was restored.
#![forbid(unsafe_code)]

mod args;

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use activities_server::{App, Config, DATABASE, StartError};
use args::Command;
use tidewire_server::settings::{LogFormat, Settings};
use tidewire_server::store::Store;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    let command = match Command::read(std::env::args().skip(1), environment()) {
        Ok(command) => command,
        Err(usage) => {
            eprintln!("{usage}");
            return ExitCode::from(2);
        }
    };
    let done = match command {
        Command::Serve { settings, web } => {
            log(&settings);
            serve(*settings, web).await
        }
        Command::BeginEpoch { settings } => begin_epoch(&settings),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What is no text cannot be one of our settings.
fn environment() -> impl Iterator<Item = (String, String)> {
    let all = std::env::vars_os();
    all.filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)))
}

fn log(settings: &Settings) {
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(settings.log);
    match settings.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}

fn begin_epoch(settings: &Settings) -> Result<(), StartError> {
    let _lock = lock(&settings.data).map_err(StartError::Data)?;
    Store::begin_epoch(settings.place(DATABASE)).map_err(StartError::Store)?;
    announce("every room has a new history: clients fetch anew what they show");
    Ok(())
}

async fn serve(settings: Settings, web: Option<PathBuf>) -> Result<(), StartError> {
    let (listen, doors, farewell) = (settings.listen, settings.doors.clone(), settings.farewell());
    let _lock = lock(&settings.data).map_err(StartError::Data)?;
    let app = App::open(Config { settings, web }).await?;
    let listener = TcpListener::bind(listen).await.map_err(StartError::Listen)?;
    let address = listener.local_addr().map_err(StartError::Listen)?;
    announce(&format!("listening on http://{address}"));
    // Every answered write is on disk already: stopping is only a matter of not being in the middle of an answer.
    let sockets = app.sockets().clone();
    tidewire_server::front::serve_with(listener, app.router(), sockets, doors, farewell, stop_signal())
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
