//! What a host tells: facts from the network, the store, the clock and the platform.

use super::*;
use crate::ids::*;
use crate::secret::{Blob, Payload};

/// A fact from outside. Handling one never fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    // ---- store
    /// The answer to [`Output::Load`]: all records, in key order.
    Loaded {
        /// Which.
        load: LoadId,
        /// The records.
        records: Vec<StoredRecord>,
    },
    /// The store could not be read; the engine asks again.
    LoadFailed {
        /// Which.
        load: LoadId,
    },
    /// A step is on disk, at the store's level of durability.
    Persisted {
        /// Which.
        persist: PersistId,
    },
    /// A step is not on disk and never will be.
    PersistFailed {
        /// Which.
        persist: PersistId,
        /// Why.
        error: StoreError,
    },
    /// Another tab changed a record ([`Output::Broadcast`] of its engine).
    StoreChanged {
        /// The key.
        key: String,
        /// The new value; absent: removed.
        value: Option<Blob>,
    },
    /// This tab may send from now on.
    Leader {
        /// Its leadership.
        epoch: LeaderEpoch,
    },
    /// This tab may not send any more.
    LeaderLost {},
    /// The store cannot even be opened by this build: a newer one has changed it (Q21).
    StoreNewer {},
    // ---- link
    /// The transport is open (not yet the session).
    Opened {
        /// Which.
        link: LinkId,
    },
    /// A text frame came.
    Received {
        /// On which link.
        link: LinkId,
        /// Its beginning: the whole frame, or at least the first `limits::FRAME_HEAD` characters.
        head: Payload,
        /// Length of the whole frame in UTF-16 code units, as JavaScript counts.
        length: u32,
        /// What the host made of the JSON in it.
        body: FrameBody,
    },
    /// A binary message came: the next attachment of the packet before it (C1).
    ReceivedBinary {
        /// On which link.
        link: LinkId,
        /// It; kept by the host until [`Output::Release`], or until the output that takes it.
        body: BodyId,
        /// Its bytes.
        length: u32,
    },
    /// Whether the link takes more without queueing much; a new link does. For class *volatile* only.
    Writable {
        /// Which.
        link: LinkId,
        /// It does.
        on: bool,
    },
    /// The transport is gone, or never came up.
    Closed {
        /// Which.
        link: LinkId,
        /// Why, as far as the host knows.
        cause: CloseCause,
    },
    // ---- token
    /// The answer to [`Output::FetchAuth`].
    Auth {
        /// Which.
        auth: AuthId,
        /// The token.
        result: AuthResult,
    },
    // ---- requests
    /// An HTTP answer.
    Responded {
        /// Which.
        fetch: FetchId,
        /// The answer.
        response: Response,
    },
    /// No HTTP answer.
    RequestFailed {
        /// Which.
        fetch: FetchId,
        /// Why.
        cause: RequestFailure,
    },
    /// What the app found out about a write ([`Output::Verify`]).
    Verified {
        /// The write.
        write: WriteId,
        /// What became of it.
        found: Found,
    },
    /// Some other request of the app to this origin was answered: it can be reached.
    Reached {
        /// `scheme://host[:port]`; empty for where relative paths go.
        origin: String,
    },
    // ---- definitions
    /// The mutations that this build knows; replaces what was said before. Until it is said, all names count as known (Q21).
    Definitions {
        /// The definitions.
        known: Vec<KnownMutation>,
    },
    /// The answer to [`Output::Upcast`].
    Upcasted {
        /// The write.
        write: WriteId,
        /// The write as this build would submit it; absent: that failed. Its `touched` and `ttl` are not read.
        result: Option<Submission>,
    },
    // ---- platform
    /// What the platform thinks of the network: a hint (C3).
    Network {
        /// The signal.
        signal: NetworkSignal,
    },
    /// Whether the app is in front.
    App {
        /// The signal.
        signal: AppSignal,
    },
    // ---- cache
    /// The queries that this room's events change; replaces what was said before.
    Bound {
        /// The room.
        room: RoomId,
        /// The queries.
        queries: Vec<QueryId>,
    },
    /// A fetch of this query begins now.
    FetchStarted {
        /// The query.
        query: QueryId,
        /// This fetch of it. It ends with `BaseInstalled` or `FetchFailed`, a cancelled one with the latter.
        read: ReadId,
    },
    /// A base of this query is installed: fetched, or restored from the store. [`Output::BaseRefused`] takes it back.
    BaseInstalled {
        /// The query.
        query: QueryId,
        /// The fetch that brought it; absent where none did, or where its start was not told.
        read: Option<ReadId>,
        /// The positions that it covers (`Tidewire-Base`, or as stored); empty when unknown.
        positions: Vec<Position>,
        /// Client and settled sequences that it covers (`applied=`).
        applied: Option<Applied>,
        /// Writes whose effect it was stored with; only for a restored base.
        carries: Vec<WriteId>,
        /// Restored from the store, not fetched.
        restored: bool,
    },
    /// A fetch ended without a base.
    FetchFailed {
        /// The query.
        query: QueryId,
        /// Which fetch of it.
        read: ReadId,
    },
    /// The query left the cache.
    QueryGone {
        /// The query.
        query: QueryId,
    },
    /// When the host folded it, this write's layer changed these queries too.
    Touched {
        /// The write.
        write: WriteId,
        /// The queries.
        queries: Vec<QueryId>,
    },
    // ---- time
    /// A deadline of `poll_timeout` has passed.
    Timeout {},
}

/// A mutation's definition, as far as the queue must know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownMutation {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
}

/// What the app found out about a write whose answer was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It was applied.
    Applied {
        /// What its answer would have been, as JSON.
        body: Option<Payload>,
    },
    /// It was not, and will not be by an earlier request.
    NotApplied {},
    /// That cannot be said now.
    Unknown {},
}

/// Settled sequences of one client id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The client id that the request carried.
    pub client: ClientId,
    /// What has settled.
    pub ranges: Vec<SequenceRange>,
}

/// One record of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its key.
    pub key: String,
    /// Its bytes.
    pub value: Blob,
}

/// Why a step failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// No room.
    Full,
    /// Input or output error.
    Failed,
    /// Another tab leads: the fence did not match.
    Fenced,
    /// The store belongs to a newer build (Q21).
    Newer,
}

/// What the host made of a frame's JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameBody {
    /// The frame has none (a ping).
    None {},
    /// It parsed; the host keeps it under this id until [`Output::Release`], or until the output that takes it.
    Json {
        /// The id.
        body: BodyId,
        /// The array's last element, if it is a string of at most [`crate::limits::LAST_ARGUMENT`] UTF-16 units (C12).
        last: Option<String>,
    },
    /// It is not JSON.
    Invalid {},
}

/// Why a link closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCause {
    /// It never opened: refused, unreachable, TLS.
    Unreachable,
    /// It was open and broke, or the peer closed it.
    Lost,
    /// The peer said that it is overloaded or going away (WebSocket 1012, 1013; HTTP 503).
    Overloaded,
}

/// A token, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthResult {
    /// This token.
    Token {
        /// The token.
        token: Payload,
    },
    /// None is needed (cookies, or an open server).
    Anonymous {},
    /// The user is not signed in.
    Missing {},
    /// It could not be had now.
    Failed {},
}

/// An HTTP answer, without what no rule reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status.
    pub status: u16,
    /// `Tidewire-Outcome`, as sent.
    pub outcome: Option<String>,
    /// `Retry-After`, as sent.
    pub retry_after: Option<String>,
    /// `Content-Type`, as sent.
    pub content_type: Option<String>,
    /// Whether the host followed a redirect.
    pub redirected: bool,
    /// The body as text, up to `limits::STORED_ANSWER` characters; absent beyond or if it is not text.
    pub body: Option<Payload>,
    /// What the app's `isAnswer` says of it (Q10); absent: the rule for status and type.
    pub accepted: Option<bool>,
    /// The real names that the answer gives to the request's `temp_ids` (Q7).
    pub names: Vec<Named>,
}

/// A name that only the server could give (Q7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The temporary id.
    pub temp: String,
    /// The real one.
    pub real: String,
}

/// Why there is no HTTP answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestFailure {
    /// Unreachable, refused, broken off, or refused by the browser (CORS).
    Network,
    /// Ended by [`Output::Abort`].
    Aborted,
    /// The host's own request code failed before anything was sent.
    Host,
}

/// A platform's word on the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkSignal {
    /// It does not know: try.
    Unknown,
    /// It says there is none.
    Offline,
    /// It says there is one.
    Online,
    /// Another kind of network than before.
    Changed,
}

/// Whether the app is in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppSignal {
    /// In front.
    Foreground,
    /// Not.
    Background,
}
