//! Measures one part and prints a line `name<TAB>value` for each figure; `cargo xtask bench engine` and
//! `bench client` ask for the parts and make the tables. What is compared is measured in turns, so that what else the machine does hits both alike.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "the figures are read by whoever started this")]

mod clock;
mod durable;
mod engine;
mod host;
mod records;
mod start;
mod stores;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let result = match args.next().as_deref() {
        Some("engine") => engine::run(),
        Some("durable") => durable::run(),
        Some("records") => records::run(),
        Some("stores") => stores::run(),
        Some("start") => start::run(),
        _ => Err("tidewire-benches engine | durable DIRECTORY | stores DIRECTORY | start DIRECTORY | records COUNT one-lane|many-lanes".into()),
    };
    match result {
        Ok(figures) => {
            for (name, value) in figures {
                println!("{name}\t{value:.3}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Figures by name; the unit is part of the name.
pub(crate) type Figures = Vec<(String, f64)>;

/// What may go wrong: a figure that cannot be trusted is none.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;
