//! How the command ends. The codes are part of its interface (docs/cli.md).

use std::fmt::Display;

/// The machine or the network: try again.
pub(crate) const FAILED: u8 = 1;
/// The command line, or the configuration. (Also clap's.)
pub(crate) const USAGE: u8 = 2;
/// The server does not accept the user.
pub(crate) const UNAUTHORIZED: u8 = 3;
/// The server refused what was asked: a room, a write.
pub(crate) const REFUSED: u8 = 4;
/// Ctrl-C before it was done.
pub(crate) const INTERRUPTED: u8 = 130;

/// A code as a word.
pub(crate) fn kind(code: u8) -> &'static str {
    match code {
        USAGE => "usage",
        UNAUTHORIZED => "unauthorized",
        REFUSED => "refused",
        INTERRUPTED => "interrupted",
        _ => "failed",
    }
}

/// An end before the work was done.
#[derive(Debug)]
pub(crate) struct Exit {
    pub(crate) code: u8,
    pub(crate) message: Option<String>,
}

impl Exit {
    pub(crate) fn new(code: u8, message: impl Display) -> Exit {
        Exit { code, message: Some(message.to_string()) }
    }

    pub(crate) fn failed(message: impl Display) -> Exit {
        Exit::new(FAILED, message)
    }

    pub(crate) fn usage(message: impl Display) -> Exit {
        Exit::new(USAGE, message)
    }

    pub(crate) fn interrupted() -> Exit {
        Exit { code: INTERRUPTED, message: None }
    }

    /// Everything was said already.
    pub(crate) fn silently(code: u8) -> Exit {
        Exit { code, message: None }
    }

    /// Nobody reads any more: a good end.
    pub(crate) fn unheard() -> Exit {
        Exit { code: 0, message: None }
    }
}
