//! Sessions in other namespaces: a handle that wants one, and how it ends. All share the client's one link.

use std::fmt;

use futures_util::Stream;
use tidewire_core::{NamespaceState, Refusal};
use tokio::sync::watch;

use crate::client::Client;
use crate::host::Order;
use crate::status::changes;
use crate::write::refused;

/// A namespace that is wanted until this handle is dropped; wishes are counted. Its events come with all others and say
/// where they come from ([`crate::Event::namespace`]).
#[derive(Debug)]
pub struct NamespaceHandle {
    pub(crate) name: String,
    pub(crate) state: watch::Receiver<NamespaceState>,
    pub(crate) client: Client,
}

/// Why there is no session in a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NamespaceError {
    /// The server refuses it. It is asked again on the next connection.
    Denied {
        /// `AUTH`, or the server's code.
        code: String,
        /// Its sentence.
        message: String,
    },
    /// The name is malformed or the client's own, or there are too many.
    Refused(Refusal),
    /// The client was shut down.
    Closed,
}

impl fmt::Display for NamespaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NamespaceError::Denied { code, message } => {
                write!(f, "the server refuses the namespace ({code}): {message}")
            }
            NamespaceError::Refused(refusal) => f.write_str(refused(*refusal)),
            NamespaceError::Closed => f.write_str("the client was shut down"),
        }
    }
}

impl std::error::Error for NamespaceError {}

impl NamespaceHandle {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its state now.
    #[must_use]
    pub fn state(&self) -> NamespaceState {
        self.state.borrow().clone()
    }

    /// Its state now and after each change; changes that follow each other faster than they are read are skipped.
    pub fn changes(&self) -> impl Stream<Item = NamespaceState> + Send + Unpin + use<> {
        changes(self.state.clone())
    }

    /// Resolves when the session is up.
    ///
    /// # Errors
    /// The server refuses it, or the client was shut down.
    pub async fn connected(&self) -> Result<(), NamespaceError> {
        let mut state = self.state.clone();
        loop {
            match &*state.borrow_and_update() {
                NamespaceState::Connected { .. } => return Ok(()),
                NamespaceState::Refused { code, message } => {
                    let (code, message) = (code.clone(), message.clone());
                    return Err(NamespaceError::Denied { code, message });
                }
                NamespaceState::Waiting {} => {}
            }
            state.changed().await.map_err(|_| NamespaceError::Closed)?;
        }
    }
}

impl Drop for NamespaceHandle {
    fn drop(&mut self) {
        self.client.order(Order::CloseNamespace(std::mem::take(&mut self.name)));
    }
}
