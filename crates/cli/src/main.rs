//! The command `tidewire`: listen, emit, submit, drain, look after a queue, replay and simulate from a terminal or a script. It reads arguments and prints; all
//! else is the client's.
#![forbid(unsafe_code)]

mod args;
mod emit;
mod exit;
mod listen;
mod print;
mod queue;
mod replay;
mod session;
mod sim;
mod submit;

use std::process::ExitCode;

use args::{Args, Command};
use clap::Parser;

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Listen(args) => listen::run(args).await,
        Command::Emit(args) => emit::run(args).await,
        Command::Submit(args) => submit::run(args).await,
        Command::Drain(args) => submit::drain(args).await,
        Command::Queue(args) => queue::run(args).await,
        Command::Replay(args) => replay::run(args),
        Command::Sim(args) => sim::run(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(exit) => {
            if let Some(message) = &exit.message {
                eprintln!("tidewire: {message}");
            }
            ExitCode::from(exit.code)
        }
    }
}
