//! What the command says: results on stdout, each written out at once; notes, progress and the error on stderr. With `--json` every
//! line of both is a JSON object (docs/cli.md). It must not know what is said.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::exit::{Exit, FAILED, kind};

/// For people, or for programs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printer {
    json: bool,
    quiet: bool,
}

impl Printer {
    pub(crate) fn new(json: bool) -> Printer {
        Printer { json, quiet: false }
    }

    /// The same without notes for people: where what is shown is drawn over.
    pub(crate) fn quiet(self) -> Printer {
        Printer { quiet: true, ..self }
    }

    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// A result: the object for programs, the line for people.
    pub(crate) fn result(self, object: Value, line: impl Display) -> Result<(), Exit> {
        if self.json { self.line(object) } else { self.line(line) }
    }

    /// A result that is the same for both: JSON.
    pub(crate) fn line(self, line: impl Display) -> Result<(), Exit> {
        // Flushed: whoever reads us must see it before its place is stored.
        let mut out = io::stdout().lock();
        match writeln!(out, "{line}").and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            // The reader has seen enough (`| head`): nothing to complain about.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Exit::unheard()),
            Err(error) => Err(Exit::new(FAILED, format_args!("stdout: {error}"))),
        }
    }

    /// Something that a person may want to know meanwhile.
    pub(crate) fn note(self, text: impl Display) {
        if self.json {
            eprintln!("{}", json!({ "note": text.to_string() }));
        } else if !self.quiet {
            eprintln!("tidewire: {text}");
        }
    }

    /// Why it ends without success.
    pub(crate) fn error(self, code: u8, message: impl Display) {
        if self.json {
            let message = message.to_string();
            eprintln!("{}", json!({ "error": { "code": code, "kind": kind(code), "message": message } }));
        } else {
            eprintln!("tidewire: {message}");
        }
    }
}

/// How far long work is: a line that is written over in a terminal, one every ten seconds in a log, one a second as JSON.
#[derive(Debug)]
pub(crate) struct Progress {
    printer: Printer,
    terminal: bool,
    told: Instant,
    shown: bool,
}

impl Progress {
    pub(crate) fn new(printer: Printer) -> Progress {
        let terminal = !printer.json && io::stderr().is_terminal();
        Progress { printer, terminal, told: Instant::now(), shown: false }
    }

    /// Shows it, if it is time.
    pub(crate) fn show(&mut self, object: impl FnOnce() -> Value, line: impl FnOnce() -> String) {
        let every = match (self.printer.json, self.terminal) {
            (true, _) => Duration::from_secs(1),
            (false, true) => Duration::from_millis(100),
            (false, false) => Duration::from_secs(10),
        };
        if self.told.elapsed() < every {
            return;
        }
        self.told = Instant::now();
        self.shown = true;
        match (self.printer.json, self.terminal) {
            (true, _) => eprintln!("{}", json!({ "progress": object() })),
            (false, true) => eprint!("\r\x1b[K{}", line()),
            (false, false) => eprintln!("tidewire: {}", line()),
        }
    }

    /// Takes the line away, so that what follows stands alone.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) && self.terminal {
            eprint!("\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
