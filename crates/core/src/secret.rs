//! Payloads and tokens: data that no `Debug` output and no log ever shows.

use std::fmt;

/// Text of the app or of a user (JSON, a token, the beginning of a frame).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Payload(pub String);

/// Bytes of a stored record.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Blob(pub Vec<u8>);

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

impl From<&str> for Payload {
    fn from(text: &str) -> Self {
        Payload(text.to_owned())
    }
}

impl From<String> for Payload {
    fn from(text: String) -> Self {
        Payload(text)
    }
}
