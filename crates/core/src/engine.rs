//! Routes commands and inputs to the sub-machines. Decides nothing itself.

use crate::ids::*;
use crate::io::*;

/// What the engine is told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Owner of the store's records (Q20).
    pub partition: Partition,
    /// What stands at the other end of the requests.
    pub server: Server,
    /// Socket.IO namespace, `/` by default.
    pub namespace: String,
}

/// What kind of backend answers the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// Built with `tidewire-server`: answers carry `Tidewire-Outcome`.
    Tidewire,
    /// Any HTTP API.
    Foreign,
}

/// The engine. See the crate's documentation for its run loop.
#[derive(Debug)]
pub struct Engine {
    _config: Config,
}

impl Engine {
    /// An engine for one partition. `seed` is its only source of randomness: 32 random bytes of the host.
    #[must_use]
    pub fn new(config: Config, _seed: [u8; 32], _now: Now) -> Engine {
        Engine { _config: config }
    }

    /// Takes in a fact.
    pub fn handle(&mut self, _input: Input, _now: Now) {}

    /// Takes in an intent of the app.
    ///
    /// # Errors
    /// A [`Refusal`] changes nothing.
    pub fn command(&mut self, _command: Command, _now: Now) -> Result<Accepted, Refusal> {
        Ok(Accepted::Done {})
    }

    /// The next effect, in the order of the host's work.
    pub fn poll_output(&mut self) -> Option<Output> {
        None
    }

    /// When `Input::Timeout` is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        None
    }
}
