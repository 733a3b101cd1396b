//! Everything that crosses the engine's border: commands and inputs go in, outputs come out.
//!
//! These are plain data. What they look like as bytes is decided in `tidewire-ffi`; nothing here is serialised.

use crate::ids::*;
use crate::secret::{Blob, Payload};

/// An intent of the app. A refusal is typed and changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Be connected from now on, through every loss, until `Disconnect`.
    Connect {},
    /// Stop being connected; no signal undoes it (C3).
    Disconnect {},
    /// Send an event (C6). The host keeps `body` and `attachments` until [`Output::Emitted`]: they may be sent more than once.
    Emit {
        /// The host's id for the acknowledgement.
        emit: EmitId,
        /// In which namespace; absent: the one of [`crate::Config`].
        namespace: Option<String>,
        /// The event's name.
        name: String,
        /// Its arguments as JSON without the outer brackets, kept by the host; absent for no arguments.
        body: Option<BodyId>,
        /// Binary parts, in the order of the placeholders `{"_placeholder":true,"num":0}` that the host put into the JSON.
        attachments: Vec<BodyId>,
        /// Size of that JSON in bytes (or UTF-16 units) and of the attachments in bytes, for the limits.
        size: u32,
        /// Ask for an acknowledgement.
        ack: bool,
        /// How long the acknowledgement, or the place in the buffer, is kept.
        timeout: Millis,
        /// What is promised about it.
        class: EmitClass,
    },
    /// Answer an event that asked for it ([`Event::ack`]); refused with `LinkGone` where nobody waits any more. The host may
    /// drop the bodies once the outputs of this command are performed.
    Reply {
        /// Which.
        ack: AckToken,
        /// The answer's arguments as JSON without the outer brackets; absent for none.
        body: Option<BodyId>,
        /// Binary parts, as in `Emit`.
        attachments: Vec<BodyId>,
        /// Size of all of it.
        size: u32,
    },
    /// Want a session in another namespace on the same link; counted: each needs a `CloseNamespace`.
    OpenNamespace {
        /// Which, beginning with `/`.
        namespace: String,
    },
    /// Want it no more.
    CloseNamespace {
        /// Which.
        namespace: String,
    },
    /// Want a room; counted: each `Join` needs a `Leave`.
    Join {
        /// The room.
        room: RoomId,
    },
    /// Want it no more.
    Leave {
        /// The room.
        room: RoomId,
    },
    /// Ask again for a room that was refused (C7).
    Rejoin {
        /// The room.
        room: RoomId,
    },
    /// Queue a durable write.
    Submit {
        /// The write.
        write: Submission,
    },
    /// Take back a write. One that may have been sent is voided at the server first: [`Accepted::Asked`].
    Cancel {
        /// The write.
        write: WriteId,
    },
    /// Send a parked write again, with the same bytes and a new count of tries.
    Retry {
        /// The write.
        write: WriteId,
    },
    /// Give up a parked write. One that may have been applied is voided at the server first: [`Accepted::Asked`].
    Discard {
        /// The write.
        write: WriteId,
    },
    /// Put another write in the place of one that is parked or was never sent (Q13): a new id, new bytes, the same place in its lane.
    Edit {
        /// The write.
        write: WriteId,
        /// What takes its place.
        submission: Submission,
    },
    /// Answer [`WriteState::Conflict`] (Q10).
    Resolve {
        /// The write.
        write: WriteId,
        /// What becomes of it.
        resolution: Resolution,
    },
    /// Hand out all pending and parked writes, for a bug report or another device: [`Output::Exported`].
    Export {},
    /// Forget waiting times and try everything that is eligible now: [`Output::PassDone`] (A4).
    Process {
        /// The host's id for the answer; a pass that runs already answers it too.
        pass: PassId,
    },
    /// Allow or forbid sending; queueing goes on (A4).
    SetProcessing {
        /// Whether writes may be sent.
        on: bool,
    },
    /// Give up everything that may be given up; what was sent is resolved first (A4, Q20).
    Clear {},
    /// The user leaves (Q20): from now on nothing is connected, sent or accepted for this partition. Answers to requests under way
    /// are still stored; when the last one is, `Quiet` is told.
    Suspend {},
}

/// What is promised about an emit (C6); it belongs to the event's definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EmitClass {
    /// Buffered while offline, with a time to live; in flight when the link dies: maybe lost.
    #[default]
    Plain,
    /// In order and exactly once on our server, in memory only; elsewhere it ends as unknown when the link dies.
    Reliable {
        /// Sending it again is harmless wherever it goes, so it is, and never ends as unknown.
        idempotent: bool,
    },
    /// Never buffered offline. While the link takes no more, the latest of each key waits and the others are dropped.
    Volatile {
        /// What it replaces; absent: nothing waits.
        key: Option<String>,
    },
}

/// Where an acknowledgement that the peer asked for goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AckToken {
    /// The link that the event came on.
    pub link: LinkId,
    /// Its namespace; absent: the one of [`crate::Config`].
    pub namespace: Option<String>,
    /// The peer's number.
    pub id: u64,
}

/// What the app hands over for one write.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Submission {
    /// Name of the mutation's definition; empty for an unnamed one, which has no layer after a restart.
    pub name: String,
    /// Version of that definition.
    pub version: u32,
    /// The variables, as JSON.
    pub variables: Payload,
    /// HTTP method.
    pub method: String,
    /// Path with query, beginning with `/`, or an absolute URL.
    pub path: String,
    /// The body, as JSON; absent for none.
    pub body: Option<Payload>,
    /// Lane; absent: the path without its query.
    pub lane: Option<Lane>,
    /// Whether a layer stands on the screen until the write is seen in the base.
    pub optimistic: bool,
    /// Whether a parked write's layer stays (a message marked 'not sent') or goes (a like).
    pub keep_layer_when_parked: bool,
    /// Whether sending it again after a lost answer is harmless on a foreign server. PUT and DELETE always are.
    pub idempotent: bool,
    /// Whether the app can find out what became of it on a foreign server ([`Output::Verify`]).
    pub verify: bool,
    /// Time to live before it is parked as expired; absent: the default (24 h).
    pub ttl: Option<Millis>,
    /// Queries that its layer changed at the tap.
    pub touched: Vec<QueryId>,
    /// Writes that must have succeeded before it leaves (Q7). Those whose temporary ids it mentions are added. One that the queue does not hold counts as done.
    pub depends_on: Vec<WriteId>,
    /// Temporary ids that its answer gives real names to (Q7): 8 to 64 of `[A-Za-z0-9_-]`, unguessable, so that they can be found in text.
    pub temp_ids: Vec<String>,
    /// A second write with this key, right behind the first in its lane, is the first (Q8).
    pub dedupe_key: Option<String>,
    /// What it does to the last write of its lane, if that was never sent (Q8).
    pub coalesce: Coalesce,
    /// The app decides what becomes of a conflict (409, 412): [`WriteState::Conflict`] (Q10).
    pub on_conflict: bool,
}

/// What a new write does to the last one of its lane, if that was never sent (Q8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coalesce {
    /// Nothing.
    None {},
    /// Takes its place, if that has the same name.
    Replace {},
    /// If that has this name, neither is sent: like, unlike.
    CancelPair {
        /// The name of the other one's definition.
        name: String,
    },
}

impl Default for Coalesce {
    fn default() -> Coalesce {
        Coalesce::None {}
    }
}

/// The app's answer to a conflict (Q10).
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "one at a time, never stored")]
pub enum Resolution {
    /// Send the same bytes once more.
    SendAgain {},
    /// Send this instead.
    Replace {
        /// What takes its place.
        submission: Submission,
    },
    /// Park it.
    Park {},
    /// Give it up.
    Discard {},
}

/// What a command answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// Nothing to tell.
    Done {},
    /// The write was queued under this id.
    Queued {
        /// The write.
        write: WriteId,
    },
    /// Nothing was queued: it is the same as this one (Q8).
    Merged {
        /// The write that stands for it.
        into: WriteId,
    },
    /// It may have been sent: the server is asked first, and the write's states tell what came of it (Q13).
    Asked {},
}

/// Why a command was refused. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The queue holds its limit of writes or bytes (Q15).
    QueueFull,
    /// One write is larger than the limit; send a reference instead.
    TooLarge,
    /// As many rooms are wanted as may be.
    TooManyRooms,
    /// As many namespaces are wanted as may be.
    TooManyNamespaces,
    /// The namespace was not opened.
    UnknownNamespace,
    /// The link on which the peer waited for the answer is gone.
    LinkGone,
    /// The emit buffer is full (C6).
    BufferFull,
    /// A name, room, namespace, path or method is empty, too long or malformed, or there are too many attachments.
    Malformed,
    /// No such write.
    UnknownWrite,
    /// The write was sent and its outcome is not known yet: it can be neither cancelled nor discarded.
    AlreadySent,
    /// The write is not parked.
    NotParked,
    /// Another tab sends and may be sending this write: act there.
    Follower,
    /// The write does not wait for the app's answer to a conflict.
    NoConflict,
    /// The user has left ([`Command::Suspend`]).
    Suspended,
    /// The store belongs to a newer build: load that one (Q21).
    ReloadNeeded,
}

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

/// Work for the host, in order. What must be on disk first is expressed by waiting for `Persisted`, not by this order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Output {
    // ---- store
    /// Read all records of the partition with keys `w/` and `m/`, in key order; no others (bases are the host's own).
    Load {
        /// Id for the answer.
        load: LoadId,
    },
    /// Read one record, as it is on disk now. The answer is `Loaded` with it, or with none.
    Read {
        /// Id for the answer.
        load: LoadId,
        /// Its key.
        key: String,
    },
    /// Put one value under one key, atomically; absent: remove. Base writes that the host made before come first.
    Persist {
        /// Id for the answer.
        persist: PersistId,
        /// The key.
        key: String,
        /// The value.
        value: Option<Blob>,
        /// Refuse with `Fenced` if the store knows a later leadership.
        fence: Option<LeaderEpoch>,
    },
    /// Tell the other tabs; they hand it to their engines as `StoreChanged`.
    Broadcast {
        /// The key.
        key: String,
        /// The value; absent: removed.
        value: Option<Blob>,
    },
    /// The tab that leads does not answer: take the lead from it (steal the lock), raise the epoch, and say `Leader` (Q19).
    TakeLead {},
    /// The store belongs to a newer build (Q21): this engine touches nothing any more. Give up the lead, and tell people to reload.
    ReloadNeeded {},
    /// `Suspend` is done: nothing is under way, the engine may be dropped.
    Quiet {},
    // ---- definitions
    /// Ask the mutation's definition what this stored write, never sent, would be in this build's version (Q21).
    Upcast {
        /// Which.
        write: WriteId,
        /// Name of the mutation's definition.
        name: String,
        /// The version that it was stored with.
        version: u32,
        /// The variables of that version, as JSON.
        variables: Payload,
    },
    /// Ask the app whether this write, whose answer was lost, was applied on its foreign server (Q9).
    Verify {
        /// Which.
        write: WriteId,
        /// Name of the mutation's definition.
        name: String,
        /// Its version.
        version: u32,
        /// The variables, as JSON.
        variables: Payload,
    },
    // ---- link
    /// Ask the app for the token.
    FetchAuth {
        /// Id for the answer.
        auth: AuthId,
        /// The last one was refused: a cached one will not do.
        fresh: bool,
    },
    /// Open a link.
    Open {
        /// Its id.
        link: LinkId,
        /// How.
        transport: Transport,
        /// At this origin (`https://host[:port]`) instead of the configured one, for this link only. A host refuses to go from
        /// a secure origin to an insecure one: it opens where it always does.
        url: Option<String>,
    },
    /// Send a text frame: `text`, or with a body `text` + body + `]`.
    Send {
        /// On which link.
        link: LinkId,
        /// The frame or its beginning.
        text: Payload,
        /// The host's JSON arguments.
        body: Option<BodyId>,
    },
    /// Send a binary message: the next attachment of the packet before it. The host keeps the body.
    SendBinary {
        /// On which link.
        link: LinkId,
        /// It.
        body: BodyId,
    },
    /// Close the link; nothing more is heard of it.
    Close {
        /// Which.
        link: LinkId,
    },
    // ---- requests
    /// Send a write through the app's request port, which adds authorisation.
    Fetch {
        /// Id for the answer.
        fetch: FetchId,
        /// The request.
        request: Request,
    },
    /// End a request; its answer is `RequestFailed`.
    Abort {
        /// Which.
        fetch: FetchId,
    },
    // ---- events and layers
    /// An event: hand it to the listeners if `dispatch`, and apply the sync rules to the bases of `apply`.
    Event(Event),
    /// These bodies are not needed any more.
    Release {
        /// Which.
        bodies: Vec<BodyId>,
    },
    /// How an emit ended.
    Emitted {
        /// Which.
        emit: EmitId,
        /// How.
        result: EmitResult,
    },
    /// A room's state changed.
    Room {
        /// Which.
        room: RoomId,
        /// Its state.
        state: RoomState,
    },
    /// The state of a namespace that was opened changed (C1).
    Namespace {
        /// Which.
        namespace: String,
        /// Its state.
        state: NamespaceState,
    },
    /// A layer stands from now on, above all that were added before it.
    LayerAdded {
        /// The write.
        write: WriteId,
        /// Name of the mutation's definition.
        name: String,
        /// Its version.
        version: u32,
        /// The variables, as JSON.
        variables: Payload,
        /// It comes from the store or from another tab, not from `Submit` here.
        restored: bool,
    },
    /// A layer stands no more: on one query, whose base carries the write, or nowhere.
    LayerRetired {
        /// The write.
        write: WriteId,
        /// The query; absent: all.
        query: Option<QueryId>,
    },
    /// What `BaseInstalled` told of is older than what stands: the host puts the base before it back, with all that is decided for it since.
    BaseRefused {
        /// The query.
        query: QueryId,
    },
    /// These queries must be fetched again (those that nobody looks at: marked).
    Refetch {
        /// Which.
        queries: Vec<QueryId>,
        /// Why.
        reason: RefetchReason,
    },
    // ---- state
    /// The connection's state changed.
    Connection {
        /// The state.
        state: ConnectionState,
    },
    /// The queue's numbers changed; at most once per drain.
    Outbox {
        /// The numbers.
        status: OutboxStatus,
    },
    /// A write was found in the store, or another tab queued it. Its state follows.
    WriteFound {
        /// Which.
        write: WriteId,
        /// Name of the mutation's definition.
        name: String,
        /// Its version.
        version: u32,
        /// The variables, as JSON.
        variables: Payload,
    },
    /// A write's state changed.
    Write {
        /// Which.
        write: WriteId,
        /// Its state.
        state: WriteState,
    },
    /// The client id of this partition is known or new (`Tidewire-Client` of GETs).
    Client {
        /// The id.
        client: ClientId,
    },
    /// A record could not be used; it is kept and reported (Q4).
    Quarantined {
        /// Its key.
        key: String,
        /// Why.
        reason: QuarantineReason,
    },
    /// A temporary id has its real name (Q7): layers, routes and caches that mention it follow.
    Renamed {
        /// The temporary id.
        temp: String,
        /// The real one.
        real: String,
    },
    /// The answer to `Export`: a JSON array of all pending and parked writes; never a token.
    Exported {
        /// The array.
        json: Payload,
    },
    /// The pass of a `Process` is over (A4).
    PassDone {
        /// Which.
        pass: PassId,
        /// Writes that the server applied in it.
        processed: u32,
        /// Writes that are still queued after a failed try.
        failed: u32,
        /// Writes that were parked in it.
        skipped: u32,
    },
    /// Something worth a line in a log; never a payload or a token.
    Log {
        /// What.
        note: Note,
    },
}

/// How a link travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// WebSocket.
    #[default]
    WebSocket,
    /// HTTP long-polling, for networks that let no WebSocket through. Each packet of a payload is one `Received` or
    /// `ReceivedBinary`.
    Polling,
}

/// State of a namespace that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamespaceState {
    /// There is no session yet, or no more; it is asked for as soon as possible.
    Waiting {},
    /// The session is up.
    Connected {
        /// The session id.
        sid: String,
    },
    /// The server refuses it; it is asked again on the next link, or after another `OpenNamespace`.
    Refused {
        /// `AUTH`, or the server's code.
        code: String,
        /// The server's sentence.
        message: String,
    },
}

/// An event and what to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// In which namespace; absent: the one of [`crate::Config`].
    pub namespace: Option<String>,
    /// The frame's parsed array, kept by the host. It stays kept until `Release`.
    pub body: BodyId,
    /// Binary parts, in the order of the placeholders in the array; kept as long as `body`.
    pub attachments: Vec<BodyId>,
    /// The peer waits for [`Command::Reply`] with this.
    pub ack: Option<AckToken>,
    /// How many leading elements of the array are not arguments (1: the name; 3: `"tw"`, metadata, name).
    pub skip: u8,
    /// The event's name.
    pub name: String,
    /// Its room and position; absent for events without one.
    pub position: Option<Position>,
    /// The write that caused it, if any.
    pub write: Option<WriteId>,
    /// That write is in this outbox.
    pub own: bool,
    /// It came from history, not live.
    pub replayed: bool,
    /// Hand it to listeners. False where they had it before and only a base needs it.
    pub dispatch: bool,
    /// Bases to apply it to.
    pub apply: Vec<QueryId>,
}

/// An HTTP request of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The write.
    pub write: WriteId,
    /// Method.
    pub method: String,
    /// Path or URL.
    pub path: String,
    /// Headers of the protocol; the host adds authorisation and content type.
    pub headers: Vec<Header>,
    /// JSON body.
    pub body: Option<Payload>,
    /// 1 for the first attempt of this process.
    pub attempt: u32,
    /// What it is for.
    pub kind: RequestKind,
    /// Temporary ids that its answer names (Q7): the host hands their names in with the answer.
    pub temp_ids: Vec<String>,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RequestKind {
    /// The write itself.
    #[default]
    Write,
    /// What became of it (protocol section 5).
    Outcome,
}

/// An HTTP header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
}

/// How an emit ended. An acknowledgement always settles (C6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmitResult {
    /// No acknowledgement was asked for: written to the link, or (reliable, on our server) known to have arrived.
    Sent {},
    /// Acknowledged with this array, which the host may drop after use.
    Answered {
        /// The array of the answer's arguments.
        body: BodyId,
        /// Its binary parts.
        attachments: Vec<BodyId>,
    },
    /// It was sent; no acknowledgement in time.
    TimedOut {},
    /// The link died while it was in flight: maybe lost.
    MaybeLost {},
    /// Never left: its time in the buffer ended, `Disconnect`, or (volatile) the link took no more.
    Dropped {},
    /// A reliable one was sent and nobody can say whether it arrived: the server is foreign, or another process answers now.
    Unknown {},
}

/// State of a wanted room (C7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomState {
    /// Not connected; it is joined as soon as possible.
    Waiting {},
    /// The join is under way, or missed events are coming.
    Joining {},
    /// Joined and up to date with the head at the time of the answer.
    Joined {
        /// Whether everything missed was replayed.
        recovered: bool,
        /// The last event of the room when the server answered: what comes has a later place. Absent on a foreign server.
        head: Option<Position>,
    },
    /// Refused, with the server's reason.
    Denied {
        /// The reason.
        reason: String,
    },
}

/// Why queries are fetched again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefetchReason {
    /// History could not be replayed.
    Reset,
    /// The server keeps no positions: after a reconnect everything may have changed (Y3).
    Foreign,
    /// The base was fetched while events arrived and names no position (Y2).
    Raced,
    /// A settled write has not been seen in the base in time (Q17).
    WriteUnseen,
    /// An event came for a base whose position leaves a hole that history cannot fill.
    Gap,
}

/// State of the connection (C10). Each state has only its own data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// Not wanted.
    Idle {},
    /// Being made.
    Connecting {
        /// From 1.
        attempt: u32,
    },
    /// The session is up.
    Connected {
        /// The session id.
        sid: String,
        /// Whether the server speaks the dialect.
        tidewire: bool,
    },
    /// Waiting for the next attempt.
    Waiting {
        /// The attempt to come, from 1.
        attempt: u32,
        /// When.
        until: Timestamp,
        /// Why the last link ended.
        reason: DownReason,
    },
    /// The platform says there is no network, or the app is in the background.
    Paused {
        /// Which of the two.
        reason: PauseReason,
    },
    /// Terminal until `Connect`: the server refuses this user.
    Refused {
        /// `AUTH`, or the server's code.
        code: String,
        /// The server's sentence.
        message: String,
    },
}

/// Why a link ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DownReason {
    /// It could not be reached.
    Unreachable,
    /// It broke.
    Lost,
    /// Nothing was heard for interval + timeout, or a probe went unanswered.
    Silent,
    /// An attempt took longer than its limit.
    AttemptTimeout,
    /// The peer closed the session.
    ServerClosed,
    /// The peer is overloaded.
    Overloaded,
    /// The peer broke the protocol: a malformed frame.
    Malformed,
    /// A frame above the limit.
    Oversized,
    /// No token could be had.
    NoToken,
    /// The server refused the session.
    Refused,
}

/// Why nothing is attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseReason {
    /// Known to be offline.
    Offline,
    /// In the background.
    Background,
}

/// Numbers of the queue (Q22).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxStatus {
    /// The store has been read.
    pub ready: bool,
    /// Waiting or in flight.
    pub pending: u32,
    /// In flight.
    pub in_flight: u32,
    /// Parked.
    pub parked: u32,
    /// Quarantined: this build cannot send them (Q21).
    pub quarantined: u32,
    /// Bytes of pending records.
    pub bytes: u64,
    /// Why nothing is sent although something is pending; absent when it is.
    pub blocked: Option<Blocked>,
    /// When the next attempt is due, if it waits for a time.
    pub next_attempt: Option<Timestamp>,
    /// When the oldest pending write was made.
    pub oldest: Option<WallTime>,
}

/// Why pending writes wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// The store is being read.
    Loading,
    /// Another tab sends.
    Follower,
    /// Stopped by `SetProcessing`.
    Stopped,
    /// The platform says there is no network.
    Offline,
    /// The origin does not answer; waiting.
    Unreachable,
    /// The origin asks for the token again.
    Auth,
    /// The origin answers others but never this request: perhaps its CORS rules refuse it (Q9).
    Cors,
    /// The user has left.
    Suspended,
    /// The store belongs to a newer build.
    ReloadNeeded,
}

/// State of one write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteState {
    /// On disk; not sent. Told again when what it waits for changes.
    Durable {
        /// The write that must go first: in its lane, or as its parent (Q6).
        behind: Option<WriteId>,
    },
    /// The store refused it: it is gone, its layer too.
    Refused {
        /// Why.
        error: StoreError,
    },
    /// A request is under way.
    Sending {
        /// From 1.
        attempt: u32,
    },
    /// The last attempt gave no definite outcome; it waits for the next.
    Retrying {
        /// Status of the last answer, or 0.
        status: u16,
    },
    /// Definite: the server applied it.
    Acknowledged {
        /// Its status.
        status: u16,
        /// Its body, if it was text.
        body: Option<Payload>,
        /// The stored answer of an earlier application.
        replayed: bool,
    },
    /// Kept, not sent any more until `Retry`.
    Parked {
        /// Why.
        reason: ParkReason,
        /// Status of the last answer, or 0.
        status: u16,
        /// Body of that answer, if it was text.
        body: Option<Payload>,
    },
    /// Kept, not sent by this build; a later one may (Q21).
    Quarantined {
        /// Why.
        reason: QuarantineReason,
    },
    /// The server says that somebody else changed it: the lane waits for `Resolve` (Q10).
    Conflict {
        /// 409 or 412.
        status: u16,
        /// Body of that answer, if it was text.
        body: Option<Payload>,
    },
    /// Another write stands for it: it was replaced, edited, or is the same (Q8, Q13).
    Merged {
        /// Which.
        into: WriteId,
    },
    /// It and the write that it undoes were never sent and never will be (Q8).
    Cancelled {},
    /// Cancelled or discarded.
    Discarded {},
    /// Acknowledged and carried by every base that its layer touched; its record is gone.
    Settled {},
}

/// Why a write is parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParkReason {
    /// A definite refusal (4xx).
    Permanent,
    /// 409 or 412: somebody else changed it.
    Conflict,
    /// Out of tries (5xx).
    OutOfTries,
    /// Older than its time to live.
    Expired,
    /// It was sent and nobody can say whether it was applied.
    Unknown,
    /// The key was used with another payload: a bug.
    KeyReused,
    /// A write that it depends on was parked or given up (Q7).
    ParentFailed,
    /// The write that it depends on succeeded, but its answer did not name what this one mentions (Q7).
    Unnamed,
}

/// Why a record was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuarantineReason {
    /// The checksum does not match: torn or flipped.
    Corrupt,
    /// Written by a newer build.
    Newer,
    /// It belongs to another partition.
    Foreign,
    /// It is encrypted with a key that this device does not have (any more) (Q23).
    Sealed,
    /// No definition has its name (Q21).
    UnknownName,
    /// The definition could not bring it to this build's version (Q21).
    NotUpcast,
}

/// A line for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// The server asked for a new client id.
    ClientReset,
    /// A frame came for a link that is gone.
    LateFrame,
    /// An acknowledgement nobody waits for.
    StrayAck,
    /// A hole in a room's offsets: asking again.
    GapSeen,
    /// A step of the store failed.
    StoreFailed,
    /// The store came back empty; what memory holds is written again.
    StoreEmptied,
    /// An answer without the server's mark (a captive portal?).
    UnmarkedAnswer,
}
