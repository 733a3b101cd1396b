//! The seam for an app's own mutations: what a tap asks for, how it shows before the answer, what the server's handler makes of it,
//! and what its event changes on every screen. Everything else (who dies when, what is sent twice, what must hold) is the
//! simulator's; an app knows nothing of it.
//!
//! ```
//! use tidewire_sim::app::{App, State, Tap};
//! use tidewire_sim::core::Submission;
//!
//! #[derive(Debug)]
//! struct Votes;
//!
//! impl App for Votes {
//!     fn mutations(&self) -> Vec<&'static str> {
//!         vec!["vote"]
//!     }
//!     fn submit(&self, tap: &Tap) -> Submission {
//!         tap.submission("vote", "yes")
//!     }
//!     fn layer(&self, state: &mut State, _name: &str, text: &str) {
//!         self.event(state, text);
//!     }
//!     fn handle(&self, state: &mut State, _name: &str, text: &str) -> Result<String, u16> {
//!         self.event(state, text);
//!         Ok(text.to_owned())
//!     }
//!     fn event(&self, state: &mut State, payload: &str) {
//!         let votes = state.get(payload).map_or(0, String::len);
//!         state.insert(payload.to_owned(), "|".repeat(votes + 1));
//!     }
//! }
//!
//! assert_eq!(tidewire_sim::campaign::search(&(std::rc::Rc::new(Votes) as _), 1..=3), None);
//! ```

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::rc::Rc;

use tidewire_core::{Payload, Submission, WriteId};

use crate::ids::{Room, Tag};

/// What a room holds, by field.
pub type State = BTreeMap<String, String>;

/// An app, as the world and its server hold it.
pub type Shared = Rc<dyn App>;

/// One tap of a person. Its tag names it in the whole run; whatever [`Tap::submission`] makes carries it.
#[derive(Clone, Debug)]
pub struct Tap {
    /// To which room.
    pub room: Room,
    /// Which tap.
    pub tag: Tag,
    /// Any number: for an app to choose by. The same for the same seed.
    pub choice: u64,
    /// What the built-in app's server shall make of it: `add`, `refuse`, `conflict` or `fail`.
    pub kind: &'static str,
    /// What ties the built-in app's write to others: see [`Action::Tie`](crate::script::Action::Tie).
    pub tie: &'static str,
    /// The built-in app's write waits for no other.
    pub own_lane: bool,
    /// The layer stays when the write is parked.
    pub keep_layer: bool,
    /// The newest write of this tab that nobody has given up.
    pub before: Option<WriteId>,
    /// The newest temporary id that was declared in this tab, if what it names still stands.
    pub temp: Option<String>,
}

impl Tap {
    /// A write of this mutation: `text` is what its layer and the server's handler are given. Change of it what you like, but
    /// keep `variables`, `path` and `body`: the simulator finds the tap in them.
    #[must_use]
    pub fn submission(&self, name: &str, text: &str) -> Submission {
        Submission {
            name: name.to_owned(),
            version: 1,
            variables: Payload(format!("{} {} {text}", self.room.0, self.tag.0)),
            method: "POST".into(),
            path: format!("/{}/{name}", self.room.name()),
            body: Some(Payload(format!("{{\"tag\":{}}}\n{text}", self.tag.0))),
            optimistic: true,
            keep_layer_when_parked: self.keep_layer,
            ..Submission::default()
        }
    }
}

/// An app's definitions. All of it must be deterministic.
pub trait App: Debug {
    /// The names of its mutations.
    fn mutations(&self) -> Vec<&'static str>;

    /// What a tap asks for: begin with [`Tap::submission`]. Asked again for the same tap when a later build reads a stored write.
    fn submit(&self, tap: &Tap) -> Submission;

    /// What a person sees at once: the optimistic change of the mutation `name`. It is not asked over a state that has the write
    /// already: of a real app's layer that is demanded (Q17), and here the simulator sees to it.
    fn layer(&self, state: &mut State, name: &str, text: &str);

    /// The server's handler: changes what the room holds and answers the payload of the event that tells everybody, or refuses
    /// with a status of the 400s and changes nothing. It runs in a transaction, once for each write that is applied.
    ///
    /// # Errors
    /// The status of a refusal.
    fn handle(&self, state: &mut State, name: &str, text: &str) -> Result<String, u16>;

    /// What an event changes in what a client holds.
    fn event(&self, state: &mut State, payload: &str);

    /// What a person sees of it. Leave out what only the server can know, such as a time.
    fn shown(&self, state: &State) -> String {
        format!("{state:?}")
    }
}
