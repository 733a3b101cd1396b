//! Events to the server: their arguments, and how sending one can end.

use std::fmt;
use std::time::Duration;

use hyper::body::Bytes;
use serde_json::{Value, json};
use tidewire_core::{EmitClass, Refusal};

use crate::write::refused;

/// The arguments of an event or of an answer.
#[derive(Clone, Default)]
pub struct Args {
    pub(crate) values: Vec<Value>,
    pub(crate) attachments: Vec<Bytes>,
}

impl Args {
    /// None.
    #[must_use]
    pub fn none() -> Args {
        Args::default()
    }

    /// One more argument.
    pub fn push(&mut self, value: Value) {
        self.values.push(value);
    }

    /// Attaches bytes, and returns what stands for them: put it anywhere into an argument.
    #[must_use = "what it returns stands for the bytes"]
    pub fn attach(&mut self, bytes: impl Into<Bytes>) -> Value {
        self.attachments.push(bytes.into());
        json!({ "_placeholder": true, "num": self.attachments.len() - 1 })
    }
}

/// The attachment that a value stands for.
pub(crate) fn attached<'a>(value: &Value, attachments: &'a [Bytes]) -> Option<&'a Bytes> {
    let stands = value.get("_placeholder") == Some(&Value::Bool(true));
    let number = value.get("num").filter(|_| stands)?.as_u64()?;
    attachments.get(usize::try_from(number).ok()?)
}

/// How an event is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmitOptions {
    /// In which namespace; absent: the client's own. It must have been opened.
    pub namespace: Option<String>,
    /// What is promised about it.
    pub class: EmitClass,
    /// How long the acknowledgement, or a connection to send on, is waited for.
    pub timeout: Duration,
}

impl Default for EmitOptions {
    fn default() -> EmitOptions {
        EmitOptions { namespace: None, class: EmitClass::default(), timeout: Duration::from_secs(10) }
    }
}

/// What the peer answered.
#[derive(Clone, Default, PartialEq)]
pub struct Acknowledgement {
    /// The arguments.
    pub args: Vec<Value>,
    /// Binary parts, for which values in the arguments stand.
    pub attachments: Vec<Bytes>,
}

impl Acknowledgement {
    /// The bytes that this value stands for.
    #[must_use]
    pub fn attachment(&self, value: &Value) -> Option<&Bytes> {
        attached(value, &self.attachments)
    }
}

impl fmt::Debug for Acknowledgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} arguments, {} attachments>", self.args.len(), self.attachments.len())
    }
}

impl From<Value> for Args {
    /// One argument.
    fn from(value: Value) -> Args {
        Args { values: vec![value], attachments: Vec::new() }
    }
}

impl From<Vec<Value>> for Args {
    /// Any number of arguments.
    fn from(values: Vec<Value>) -> Args {
        Args { values, attachments: Vec::new() }
    }
}

impl fmt::Debug for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} arguments, {} attachments>", self.values.len(), self.attachments.len())
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
