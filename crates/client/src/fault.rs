//! Who can do something about an error. Each error of this crate says it with `fault`, and what to do with its words.

/// Who can do something about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The code that called: a name, a size, a type, a setting. Doing the same again gives the same.
    App,
    /// The server: it said no, or something that cannot be understood. The words are its own where it gave some.
    Server,
    /// The way to the server. Nothing is to be done: it is tried again.
    Network,
    /// The device's store: its owner can free space, end another process, or update.
    Storage,
    /// Nobody: it was ended on purpose.
    Ended,
}

macro_rules! faults {
    ($($error:ty: $($pattern:pat => $fault:expr),+;)+) => {$(
        impl $error {
            /// Who can do something about it.
            #[must_use]
            pub fn fault(&self) -> Fault {
                match self { $($pattern => $fault),+ }
            }
        }
    )+};
}

use Fault::{App, Ended, Network, Server, Storage};

use crate::store::{OpenError, StoreFault};
use crate::{
    BuildError, Closed, ConnectError, EmitError, HttpError, JoinError, ListenError, NamespaceError,
    OriginError, PayloadError, QueryError, SubmitError, WriteError,
};
use tidewire_core::{DownReason, ParkReason, Refusal};

faults! {
    BuildError: BuildError::Origin(_) | BuildError::User => App, BuildError::System(_) => Storage;
    OriginError: _ => App;
    Closed: _ => Ended;
    ConnectError: ConnectError::Refused { .. } => Server, ConnectError::Failed(reason) => down(*reason),
        ConnectError::Paused(_) => Network, ConnectError::Closed => Ended;
    JoinError: JoinError::Denied { .. } => Server, JoinError::Refused(_) => App, JoinError::Closed => Ended;
    NamespaceError: NamespaceError::Denied { .. } => Server, NamespaceError::Refused(_) => App,
        NamespaceError::Closed => Ended;
    ListenError: ListenError::Refused(_) => App, ListenError::Store(_) => Storage, ListenError::Closed => Ended;
    EmitError: EmitError::Refused(refusal) => refused(*refusal), EmitError::TimedOut => Server,
        EmitError::MaybeLost | EmitError::Dropped | EmitError::Unknown => Network, EmitError::Closed => Ended;
    SubmitError: SubmitError::Refused(refusal) => refused(*refusal), SubmitError::Variables => App,
        SubmitError::Closed => Ended;
    WriteError: WriteError::NotStored(_) => Storage, WriteError::Parked { reason, .. } => parked(*reason),
        WriteError::Discarded | WriteError::Undone | WriteError::Closed => Ended;
    HttpError: HttpError::Malformed => App, HttpError::Network(_) => Network;
    QueryError: QueryError::Network(error) => error.fault(), QueryError::NoToken => Network,
        QueryError::Status(_) | QueryError::NotJson | QueryError::Type(_) => Server, QueryError::App(_) => App,
        QueryError::Closed => Ended;
    PayloadError: _ => Server;
    StoreFault: StoreFault::TooLarge => App, StoreFault::Full | StoreFault::Failed(_) | StoreFault::Broken => Storage;
    OpenError: OpenError::Locked { .. } | OpenError::Newer { .. } | OpenError::Io { .. } => Storage;
}

fn down(reason: DownReason) -> Fault {
    match reason {
        DownReason::Unreachable | DownReason::Lost | DownReason::Silent | DownReason::AttemptTimeout => {
            Network
        }
        DownReason::ServerClosed | DownReason::Overloaded | DownReason::Malformed | DownReason::Oversized => {
            Server
        }
        DownReason::Refused => Server,
        DownReason::NoToken => App,
    }
}

fn refused(refusal: Refusal) -> Fault {
    match refusal {
        Refusal::QueueFull | Refusal::BufferFull | Refusal::LinkGone => Network,
        Refusal::TooLarge | Refusal::TooManyRooms | Refusal::TooManyNamespaces => App,
        Refusal::UnknownNamespace | Refusal::Malformed | Refusal::UnknownWrite => App,
        Refusal::AlreadySent | Refusal::NotParked | Refusal::NoConflict => App,
        Refusal::Follower | Refusal::ReloadNeeded => Storage,
        Refusal::Suspended => Ended,
    }
}

fn parked(reason: ParkReason) -> Fault {
    match reason {
        ParkReason::Permanent | ParkReason::Conflict | ParkReason::OutOfTries | ParkReason::Unnamed => Server,
        ParkReason::Expired | ParkReason::Unknown => Network,
        ParkReason::ParentFailed => Server,
        ParkReason::KeyReused => App,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q13_an_error_says_who_can_do_something() {
        assert_eq!(SubmitError::Refused(Refusal::TooLarge).fault(), App);
        assert_eq!(ConnectError::Failed(DownReason::Unreachable).fault(), Network);
        assert_eq!(WriteError::Parked { reason: ParkReason::Permanent, answer: None }.fault(), Server);
        assert_eq!(StoreFault::Full.fault(), Storage);
        assert_eq!(QueryError::Network(std::sync::Arc::new(HttpError::Malformed)).fault(), App);
    }
}
