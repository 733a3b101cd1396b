//! What crosses the byte border around the engine's own types: the batch in, the result out. It decides nothing.

use crate::codec::DecodeError;
use tidewire_core::{Accepted, Command, Config, Input, Now, Output, Refusal, Timestamp, WriteId};

/// What the host says once.
#[derive(Clone, PartialEq, Eq)]
pub struct Init {
    /// The engine's configuration.
    pub config: Config,
    /// 32 random bytes.
    pub seed: [u8; 32],
    /// The time.
    pub now: Now,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The time of all its messages.
    pub now: Now,
    /// In order.
    pub messages: Vec<Message>,
}

/// A fact or an intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A fact.
    Input(Input),
    /// An intent; answered by a [`Reply`].
    Command(Command),
}

/// What a call gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepResult {
    /// All messages were taken in.
    Done {
        /// The host's work, in order. The reply to a command stands before what the command caused.
        outputs: Vec<Effect>,
        /// When `Input::Timeout` is due; replaces what was said before.
        timeout: Option<Timestamp>,
    },
    /// None was: the engine is as before.
    Failed {
        /// Why.
        failure: Failure,
    },
}

/// Work for the host, or an answer to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Work.
    Output(Output),
    /// An answer.
    Reply(Reply),
}

/// The answer to a command, at its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The only one.
    Reply {
        /// What the engine said.
        result: CommandResult,
    },
}

/// What the engine said to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandResult {
    /// Taken.
    Accepted {
        /// The id of a queued write.
        write: Option<WriteId>,
    },
    /// Nothing was queued: it is the same as this one.
    Merged {
        /// The write that stands for it.
        into: WriteId,
    },
    /// The server is asked first; the write's states tell what came of it.
    Asked {},
    /// Not taken; nothing was changed.
    Refused {
        /// Why.
        refusal: Refusal,
    },
}

impl From<Result<Accepted, Refusal>> for CommandResult {
    fn from(result: Result<Accepted, Refusal>) -> Self {
        match result {
            Ok(Accepted::Done {}) => CommandResult::Accepted { write: None },
            Ok(Accepted::Queued { write }) => CommandResult::Accepted { write: Some(write) },
            Ok(Accepted::Merged { into }) => CommandResult::Merged { into },
            Ok(Accepted::Asked {}) => CommandResult::Asked {},
            Err(refusal) => CommandResult::Refused { refusal },
        }
    }
}

/// Why a call did nothing. The fault is the host's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// `init` was not called, or failed.
    NotStarted {},
    /// The bytes are malformed.
    Malformed {
        /// Where and how.
        error: DecodeError,
    },
}
