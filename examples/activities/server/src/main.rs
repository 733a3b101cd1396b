//! The command: `activities-server [--port 4680] [--data DIR] [--web DIR]`.
#![forbid(unsafe_code)]

mod args;

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
    let app = App::open(Config { data: args.data, web: args.web }).await?;
    let listener = TcpListener::bind(("127.0.0.1", args.port)).await.map_err(StartError::Listen)?;
    let address = listener.local_addr().map_err(StartError::Listen)?;
    announce(&format!("listening on http://{address}"));
    // Every answered write is on disk already: stopping is only a matter of not being in the middle of an answer.
    let sockets = app.sockets().clone();
    tidewire_server::socket::serve(listener, app.router(), sockets, stop_signal()).await.map_err(StartError::Listen)
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
