//! Lines on stdout: what an event looks like, and writing it out at once.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use tidewire::Event;

use crate::exit::{Exit, FAILED};

/// Stdout, one whole line at a time.
#[derive(Debug)]
pub(crate) struct Printer {
    json: bool,
    out: Mutex<io::Stdout>,
}

impl Printer {
    pub(crate) fn new(json: bool) -> Printer {
        Printer { json, out: Mutex::new(io::stdout()) }
    }

    pub(crate) fn event(&self, event: &Event) -> Result<(), Exit> {
        self.line(&if self.json { as_json(event) } else { as_text(event) })
    }

    /// Writes a line and flushes it: whoever reads us must see it before its place is stored.
    pub(crate) fn line(&self, line: &str) -> Result<(), Exit> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        match writeln!(out, "{line}").and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            // The reader has seen enough (`| head`): nothing to complain about.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                Err(Exit { code: FAILED, message: None })
            }
            Err(error) => Err(Exit::new(FAILED, format_args!("stdout: {error}"))),
        }
    }
}

fn as_text(event: &Event) -> String {
    let place = event.position().map_or_else(|| "-".to_owned(), |at| format!("{} #{}", at.room, at.offset));
    let mut line = format!("{place} {}", event.name());
    for arg in event.args() {
        line.push(' ');
        line.push_str(&arg.to_string());
    }
    line
}

fn as_json(event: &Event) -> String {
    let position = event.position();
    let line: Value = json!({
        "room": position.map(|at| at.room.0.as_str()),
        "epoch": position.map(|at| at.epoch.0.as_str()),
        "offset": position.map(|at| at.offset.0),
        "event": event.name(),
        "args": event.args(),
        "write": event.write().map(|write| write.0.as_str()),
        "own": event.is_own(),
        "replayed": event.is_replayed(),
    });
    line.to_string()
}
