//! What goes over a link beside rooms (protocol sections 1, 6, 7 and 8): the grant of a session, a fresh token, reliable
//! emits, and the hint when to return. It does not know who is who or what has run.

use core::fmt;
use std::borrow::Cow;

use crate::error::FrameError;
use crate::json::{self, Scanner, ValueKind};
use crate::{names, socket};

/// Event that brings a fresh token.
pub const TOKEN: &str = "tw:token";
/// Event around an event that is to be handled exactly once.
pub const EMIT: &str = "tw:emit";
/// Event that tells a client when and where to come back.
pub const RETURN: &str = "tw:return";

/// The answer to a granted CONNECT of a client that speaks the dialect. `expires_ms` is what the token has left, absent
/// for a session without end; an empty `instance` is left out.
#[must_use]
pub fn grant(namespace: &str, sid: &str, expires_ms: Option<u64>, instance: &str) -> String {
    let mut out = socket::connect_reply(namespace, sid, true);
    out.pop();
    if let Some(expires) = expires_ms {
        out.push_str(",\"expires\":");
        json::number(expires, &mut out);
    }
    if !instance.is_empty() {
        out.push_str(",\"instance\":");
        json::quote(instance, &mut out);
    }
    out.push('}');
    out
}

/// Reads the arguments of [`TOKEN`]: the token.
pub fn token_request(args: &str) -> Result<Cow<'_, str>, FrameError> {
    let mut token = None;
    let mut scanner = Scanner::new(args);
    scanner.enter_object()?;
    while let Some(key) = scanner.key()? {
        match (&*key, scanner.peek()?) {
            ("token", ValueKind::String) => token = Some(scanner.string()?),
            _ => scanner.value().map(drop)?,
        }
    }
    token.ok_or(FrameError::Request)
}

/// The answer to a token that is accepted.
#[must_use]
pub fn token_answer(id: u64, expires_ms: Option<u64>) -> String {
    let mut args = String::from("{\"success\":true");
    if let Some(expires) = expires_ms {
        args.push_str(",\"expires\":");
        json::number(expires, &mut args);
    }
    args.push('}');
    socket::ack("/", id, &args)
}

/// An emit of the class *reliable*.
#[derive(Clone, PartialEq, Eq)]
pub struct EmitRequest<'a> {
    /// The emits of one engine since its start.
    pub stream: Cow<'a, str>,
    /// Its place there, from 1.
    pub number: u64,
    /// The lowest number that has no answer yet.
    pub floor: u64,
    /// The event's name.
    pub name: Cow<'a, str>,
    /// Its arguments as raw JSON without brackets.
    pub args: &'a str,
}

impl fmt::Debug for EmitRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmitRequest({} of floor {}, {} bytes)", self.number, self.floor, self.args.len())
    }
}

impl<'a> EmitRequest<'a> {
    /// Reads the arguments of [`EMIT`], as [`socket::EventData`] has them.
    pub fn parse(args: &'a str) -> Result<EmitRequest<'a>, FrameError> {
        let mut scanner = Scanner::new(args);
        scanner.enter_array()?;
        if !scanner.more()? {
            return Err(FrameError::Request);
        }
        let stream = scanner.string()?;
        if !scanner.more()? {
            return Err(FrameError::Request);
        }
        let number = scanner.integer()?;
        if !scanner.more()? {
            return Err(FrameError::Request);
        }
        let floor = scanner.integer()?;
        let whole = !scanner.more()? && names::is_client_id(&stream) && floor >= 1 && floor <= number;
        if !whole {
            return Err(FrameError::Request);
        }
        let rest = scanner.rest().trim_ascii_start();
        let rest = rest.strip_prefix(',').ok_or(FrameError::EventName)?;
        let mut scanner = Scanner::new(rest);
        let name = socket::event_name(&mut scanner)?;
        let args = scanner.rest().trim_ascii_start();
        Ok(EmitRequest {
            stream,
            number,
            floor,
            name,
            args: args.strip_prefix(',').unwrap_or(args).trim_ascii(),
        })
    }

    /// Writes it, as a client sends it in [`EMIT`].
    #[must_use]
    pub fn encode(&self) -> String {
        let mut out = String::from("[");
        json::quote(&self.stream, &mut out);
        out.push(',');
        json::number(self.number, &mut out);
        out.push(',');
        json::number(self.floor, &mut out);
        out.push_str("],");
        json::quote(&self.name, &mut out);
        if !self.args.is_empty() {
            out.push(',');
            out.push_str(self.args);
        }
        out
    }
}

/// The hint to come back after so many milliseconds, and where, if elsewhere.
#[must_use]
pub fn return_hint(after_ms: u64, url: Option<&str>) -> String {
    let mut args = String::from("{\"after\":");
    json::number(after_ms, &mut args);
    if let Some(url) = url {
        args.push_str(",\"url\":");
        json::quote(url, &mut args);
    }
    args.push('}');
    socket::event("/", None, RETURN, &args)
}
