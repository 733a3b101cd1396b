//! What a server answers to a client's own requests: to `room:join` (protocol section 2) and to a fresh token (section 6). The
//! text may be cut where a frame's head is.

use std::borrow::Cow;

use crate::error::FrameError;
use crate::json::{Scanner, ValueKind};
use crate::names;

/// What a client reads of the answer to `room:join` (protocol section 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinAnswer<'a> {
    /// A member, with a position.
    Joined {
        /// The identity of the room's history.
        epoch: Cow<'a, str>,
        /// Its head at the join; 0 for no event yet.
        offset: u64,
        /// The events after `since` follow; else those after `offset`.
        recovered: bool,
    },
    /// No member.
    Denied {
        /// The server's word for why; empty if it gave none.
        reason: Cow<'a, str>,
    },
    /// Success, or anything else without an epoch: the server keeps no history.
    Foreign,
}

impl<'a> JoinAnswer<'a> {
    /// Reads the arguments of the acknowledgement, as [`crate::head::Frame::Ack`] has them.
    pub fn parse(args: &'a str, truncated: bool) -> Result<JoinAnswer<'a>, FrameError> {
        let mut scanner = Scanner::lenient(args, truncated);
        scanner.enter_array()?;
        if !scanner.more()? || scanner.peek()? != ValueKind::Object {
            return Ok(JoinAnswer::Foreign);
        }
        let mut fields = JoinFields::default();
        match fields.read(&mut scanner) {
            Ok(()) | Err(FrameError::Cut) => {}
            Err(error) => return Err(error),
        }
        fields.judge()
    }
}

#[derive(Default)]
struct JoinFields<'a> {
    refused: bool,
    error: Option<Cow<'a, str>>,
    epoch: Option<Cow<'a, str>>,
    offset: Option<u64>,
    recovered: bool,
}

impl<'a> JoinFields<'a> {
    fn read(&mut self, scanner: &mut Scanner<'a>) -> Result<(), FrameError> {
        scanner.enter_object()?;
        while let Some(key) = scanner.key()? {
            match (&*key, scanner.peek()?) {
                ("error", ValueKind::String) => {
                    self.refused = true;
                    self.error = Some(scanner.string_or_beginning()?);
                }
                ("error", ValueKind::Object) => {
                    self.refused = true;
                    scanner.value()?;
                }
                ("success", ValueKind::Literal) => self.refused |= scanner.value()? == "false",
                ("epoch", ValueKind::String) => self.epoch = Some(scanner.string()?),
                ("offset", ValueKind::Number) => self.offset = scanner.integer().ok(),
                ("recovered", ValueKind::Literal) => self.recovered = scanner.value()? == "true",
                _ => scanner.value().map(drop)?,
            }
        }
        Ok(())
    }

    fn judge(self) -> Result<JoinAnswer<'a>, FrameError> {
        if self.refused {
            return Ok(JoinAnswer::Denied { reason: self.error.unwrap_or_default() });
        }
        match (self.epoch, self.offset) {
            (None, _) => Ok(JoinAnswer::Foreign),
            (Some(epoch), Some(offset)) if names::is_epoch(&epoch) => {
                Ok(JoinAnswer::Joined { epoch, offset, recovered: self.recovered })
            }
            (Some(_), _) => Err(FrameError::JoinAnswer),
        }
    }
}

/// The answer to a fresh token (protocol section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenAnswer {
    /// Accepted.
    Accepted {
        /// Milliseconds that it has left; absent for a session that does not end.
        expires: Option<u64>,
    },
    /// Not accepted.
    Refused,
    /// The server cannot say now.
    Unclear,
}

impl TokenAnswer {
    /// Reads the arguments of the acknowledgement, as [`crate::head::Frame::Ack`] has them.
    #[must_use]
    pub fn parse(args: &str, truncated: bool) -> TokenAnswer {
        fn read(args: &str, truncated: bool) -> Result<TokenAnswer, FrameError> {
            let mut scanner = Scanner::lenient(args, truncated);
            let mut answer = TokenAnswer::Unclear;
            let mut expires = None;
            scanner.enter_array()?;
            if !scanner.more()? || scanner.peek()? != ValueKind::Object {
                return Ok(answer);
            }
            scanner.enter_object()?;
            while let Some(key) = scanner.key()? {
                match (&*key, scanner.peek()?) {
                    ("error", ValueKind::String) if scanner.string()? == "AUTH" => {
                        return Ok(TokenAnswer::Refused);
                    }
                    ("success", ValueKind::Literal) if scanner.value()? == "true" => {
                        answer = TokenAnswer::Accepted { expires: None };
                    }
                    ("error", ValueKind::String) | ("success", ValueKind::Literal) => {}
                    ("expires", ValueKind::Number) => expires = scanner.integer().ok(),
                    _ => scanner.value().map(drop)?,
                }
            }
            Ok(match answer {
                TokenAnswer::Accepted { .. } => TokenAnswer::Accepted { expires },
                TokenAnswer::Refused | TokenAnswer::Unclear => answer,
            })
        }
        read(args, truncated).unwrap_or(TokenAnswer::Unclear)
    }
}
