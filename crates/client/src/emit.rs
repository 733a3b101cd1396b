//! Events to the server: their arguments, and how sending one can end.

use std::fmt;

use serde_json::Value;
use tidewire_core::Refusal;

use crate::write::refused;

/// The arguments of an event.
#[derive(Clone, Default)]
pub struct Args(pub(crate) Vec<Value>);

impl Args {
    /// None.
    #[must_use]
    pub fn none() -> Args {
        Args::default()
    }
}

impl From<Value> for Args {
    /// One argument.
    fn from(value: Value) -> Args {
        Args(vec![value])
    }
}

impl From<Vec<Value>> for Args {
    /// Any number of arguments.
    fn from(values: Vec<Value>) -> Args {
        Args(values)
    }
}

impl fmt::Debug for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} arguments>", self.0.len())
    }
}

/// Why an event was not sent, or not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmitError {
    /// It was not taken: malformed, too large, or too many wait.
    Refused(Refusal),
    /// It was sent; no acknowledgement came in time.
    TimedOut,
    /// The link died while it was under way: it may or may not have arrived.
    MaybeLost,
    /// It was never sent: there was no connection in time.
    Dropped,
    /// A reliable one: it was sent, and nobody can say whether it arrived.
    Unknown,
    /// The client was shut down.
    Closed,
}

impl fmt::Display for EmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            EmitError::Refused(refusal) => refused(*refusal),
            EmitError::TimedOut => "it was sent, but the server did not acknowledge it in time",
            EmitError::MaybeLost => "the connection was lost meanwhile: it may or may not have arrived",
            EmitError::Dropped => "it was not sent: there was no connection in time",
            EmitError::Unknown => "it was sent, but nobody can say whether it arrived",
            EmitError::Closed => "the client was shut down",
        })
    }
}

impl std::error::Error for EmitError {}
