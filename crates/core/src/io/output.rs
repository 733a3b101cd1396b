//! What a host has to do, in order, and what the work carries.

use super::*;
use crate::ids::*;
use crate::secret::{Blob, Payload};

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
