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
mod status;
mod submit;
mod words;

use std::process::ExitCode;

use args::{Args, Command, CompletionsArgs};
use clap::{CommandFactory, Parser};
use exit::{Exit, USAGE};
use print::Printer;
use serde_json::json;

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return misread(&error),
    };
    let printer = Printer::new(args.json);
    let result = match args.command {
        Command::Listen(args) => listen::run(args, printer).await,
        Command::Emit(args) => emit::run(args, printer).await,
        Command::Submit(args) => submit::run(args, printer).await,
        Command::Drain(args) => submit::drain(args, printer).await,
        Command::Queue(args) => queue::run(args, printer).await,
        Command::Status(args) => status::run(args, printer).await,
        Command::Replay(args) => replay::run(args, printer),
        Command::Sim(args) => sim::run(args, printer),
        Command::Completions(args) => completions(&args, printer),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(exit) => {
            if let Some(message) = &exit.message {
                printer.error(exit.code, message);
            }
            ExitCode::from(exit.code)
        }
    }
}

/// A command line that says nothing, or that asks for help.
fn misread(error: &clap::Error) -> ExitCode {
    let asked = !error.use_stderr();
    // What cannot be parsed cannot be asked whether it wants JSON.
    if asked || !std::env::args().any(|word| word == "--json") {
        let _ = error.print();
    } else {
        let text = error.render().to_string();
        Printer::new(true).error(USAGE, text.trim_start_matches("error: ").trim_end());
    }
    if asked { ExitCode::SUCCESS } else { ExitCode::from(USAGE) }
}

fn completions(args: &CompletionsArgs, printer: Printer) -> Result<(), Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "tidewire", &mut script);
    let script = String::from_utf8(script).map_err(Exit::failed)?;
    printer.result(json!({ "shell": args.shell.to_string(), "script": script }), script.trim_end())
}
