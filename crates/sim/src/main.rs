//! `tidewire-sim`: the simulator from the command line (the same as `tidewire sim`).
#![forbid(unsafe_code)]
#![allow(clippy::print_stderr, reason = "a command talks to the person at the terminal")]

use std::process::ExitCode;

use tidewire_sim::command::{Order, USAGE, execute};

fn main() -> ExitCode {
    let Some(order) = Order::read(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match execute(&order, &mut std::io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) | Err(_) => ExitCode::FAILURE,
    }
}
