//! The table of everything that crosses the byte border, and the macro that makes the codec and the description of it.
//!
//! A field or a variant that `core::io` has and this table has not does not compile (patterns and literals without `..`).
//! Tags are written out, so that a new variant moves no other one. Commands begin at 64, inputs at 0: a message needs
//! no tag of its own; the same for replies among outputs.

use crate::border::*;
use crate::codec::{Codec, DecodeError, Problem, Reader, Tagged, put_byte};
use crate::describe::{Define, Definition, Describe, Field, Shape, Type, Variant};
use tidewire_core::*;

macro_rules! schema {
    // ---- the whole table
    ($($kind:ident $name:ident $body:tt)*) => {
        $( schema!(@$kind $name $body); )*
        /// The table as data, in its order.
        pub const SCHEMA: &[Definition] = &[$( <$name as Define>::DEFINITION ),*];
    };

    // ---- newtypes
    (@number $name:ident ($ty:ty)) => { schema!(@newtype $name, $ty); };
    (@text $name:ident ($ty:ty)) => { schema!(@newtype $name, $ty); };
    (@newtype $name:ident, $ty:ty) => {
        impl Codec for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                let $name(value) = self;
                value.encode(out);
            }
            fn decode(reader: &mut Reader<'_>) -> Self {
                $name(<$ty>::decode(reader))
            }
        }
        schema!(@define $name, Shape::Alias(<$ty as Describe>::TYPE));
        #[cfg(test)]
        impl crate::sample::Sample for $name {
            fn sample(dice: &mut crate::sample::Dice<'_>) -> Self {
                $name(<$ty as crate::sample::Sample>::sample(dice))
            }
            fn json(&self, out: &mut String) {
                self.0.json(out);
            }
        }
    };

    // ---- enums of bare variants
    (@names $name:ident { $($tag:literal $variant:ident),* $(,)? }) => {
        impl Codec for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                put_byte(match self { $( $name::$variant => $tag ),* }, out);
            }
            fn decode(reader: &mut Reader<'_>) -> Self {
                const FIRST: u8 = [$($tag),*][0];
                let mut tag = reader.peek();
                loop {
                    let value = match tag {
                        $( $tag => $name::$variant, )*
                        _ => {
                            reader.fail(Problem::Tag);
                            tag = FIRST;
                            continue;
                        }
                    };
                    reader.byte();
                    return value;
                }
            }
        }
        schema!(@define $name, Shape::Names(&[
            $( Variant { tag: $tag, name: stringify!($variant), fields: &[] } ),*
        ]));
        #[cfg(test)]
        impl crate::sample::Sample for $name {
            fn sample(dice: &mut crate::sample::Dice<'_>) -> Self {
                dice.pick(&[$( $name::$variant ),*]).clone()
            }
            fn json(&self, out: &mut String) {
                crate::sample::quote(match self { $( $name::$variant => stringify!($variant) ),* }, out);
            }
        }
    };

    // ---- structs
    (@record $name:ident { $($field:ident: $ty:ty),* $(,)? }) => {
        impl Codec for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                let $name { $($field),* } = self;
                $( $field.encode(out); )*
            }
            fn decode(reader: &mut Reader<'_>) -> Self {
                $name { $( $field: <$ty>::decode(reader) ),* }
            }
        }
        schema!(@define $name, Shape::Record(&[
            $( Field { name: stringify!($field), ty: <$ty as Describe>::TYPE } ),*
        ]));
        #[cfg(test)]
        impl crate::sample::Sample for $name {
            fn sample(dice: &mut crate::sample::Dice<'_>) -> Self {
                $name { $( $field: <$ty as crate::sample::Sample>::sample(dice) ),* }
            }
            fn json(&self, out: &mut String) {
                let $name { $($field),* } = self;
                let mut object = crate::sample::Object::begin(out);
                $( object.field(stringify!($field), $field); )*
                object.end();
            }
        }
    };

    // ---- enums whose variants have fields; `V(name: T)` is a tuple variant of one
    (@union $name:ident {
        $($tag:literal $variant:ident $({ $($field:ident: $ty:ty),* $(,)? })? $(($inner:ident: $inner_ty:ty))?),* $(,)?
    }) => {
        impl Tagged for $name {
            #[allow(clippy::manual_range_patterns, reason = "the table lists tags, not ranges")]
            fn owns(tag: u8) -> bool {
                matches!(tag, $($tag)|*)
            }
        }
        impl Codec for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                match self {
                    $( $name::$variant $({ $($field),* })? $(($inner))? => {
                        put_byte($tag, out);
                        $($( $field.encode(out); )*)?
                        $( $inner.encode(out); )?
                    } )*
                }
            }
            fn decode(reader: &mut Reader<'_>) -> Self {
                const FIRST: u8 = [$($tag),*][0];
                let mut tag = reader.peek();
                loop {
                    match tag {
                        $( $tag => {
                            reader.byte();
                            return $name::$variant
                                $({ $( $field: <$ty>::decode(reader) ),* })?
                                $((<$inner_ty>::decode(reader)))?;
                        } )*
                        _ => {
                            reader.fail(Problem::Tag);
                            tag = FIRST;
                        }
                    }
                }
            }
        }
        schema!(@define $name, Shape::Union(&[$(
            Variant { tag: $tag, name: stringify!($variant), fields: &[
                $($( Field { name: stringify!($field), ty: <$ty as Describe>::TYPE } ),*)?
                $( Field { name: stringify!($inner), ty: <$inner_ty as Describe>::TYPE } )?
            ] }
        ),*]));
        #[cfg(test)]
        impl crate::sample::Sample for $name {
            fn sample(dice: &mut crate::sample::Dice<'_>) -> Self {
                match *dice.pick(&[$($tag),*]) {
                    $( $tag => $name::$variant
                        $({ $( $field: <$ty as crate::sample::Sample>::sample(dice) ),* })?
                        $((<$inner_ty as crate::sample::Sample>::sample(dice)))?, )*
                    _ => unreachable!("picked from the tags"),
                }
            }
            fn json(&self, out: &mut String) {
                match self {
                    $( $name::$variant $({ $($field),* })? $(($inner))? => {
                        #[allow(unused_mut)]
                        let mut object = crate::sample::Object::kind(stringify!($variant), out);
                        $($( object.field(stringify!($field), $field); )*)?
                        $( object.field(stringify!($inner), $inner); )?
                        object.end();
                    } )*
                }
            }
        }
    };

    // ---- one of several unions
    (@sum $name:ident { $first:ident, $($part:ident),* }) => {
        impl Codec for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                match self {
                    $name::$first(part) => part.encode(out),
                    $( $name::$part(part) => part.encode(out) ),*
                }
            }
            fn decode(reader: &mut Reader<'_>) -> Self {
                let tag = reader.peek();
                $( if $part::owns(tag) {
                    return $name::$part($part::decode(reader));
                } )*
                // A tag of neither is an error there too.
                $name::$first($first::decode(reader))
            }
        }
        schema!(@sum_data $name { $first, $($part),* });
    };
    (@sum_data $name:ident { $($part:ident),* }) => {
        schema!(@define $name, Shape::Sum(&[$( stringify!($part) ),*]));
        #[cfg(test)]
        impl crate::sample::Sample for $name {
            fn sample(dice: &mut crate::sample::Dice<'_>) -> Self {
                match *dice.pick(&[$( stringify!($part) ),*]) {
                    $( stringify!($part) => $name::$part(crate::sample::Sample::sample(dice)), )*
                    _ => unreachable!("picked from the parts"),
                }
            }
            fn json(&self, out: &mut String) {
                match self { $( $name::$part(part) => part.json(out) ),* }
            }
        }
    };

    (@define $name:ident, $shape:expr) => {
        impl Describe for $name {
            const TYPE: Type = Type::Named(stringify!($name));
        }
        impl Define for $name {
            const DEFINITION: Definition = Definition { name: stringify!($name), shape: $shape };
        }
    };
}

schema! {
    // ---- ids and units
    number Timestamp(u64)
    number WallTime(u64)
    number Millis(u64)
    number LinkId(u32)
    number FetchId(u32)
    number AuthId(u32)
    number PersistId(u32)
    number LoadId(u32)
    number EmitId(u32)
    number PassId(u32)
    number BodyId(u32)
    number QueryId(u32)
    number ReadId(u32)
    number LeaderEpoch(u64)
    number Sequence(u64)
    number Offset(u64)
    text RoomId(String)
    text Epoch(String)
    text WriteId(String)
    text ClientId(String)
    text Lane(String)
    text Partition(String)
    record Now { mono: Timestamp, wall: WallTime }
    record Position { room: RoomId, epoch: Epoch, offset: Offset }
    record SequenceRange { from: Sequence, to: Sequence }

    // ---- start
    names Server { 0 Tidewire, 1 Foreign }
    names KeyStyle { 0 Quoted, 1 Bare }
    union OriginKind { 0 Tidewire {}, 1 Keyed { style: KeyStyle }, 2 Plain {} }
    record OriginRule { origin: String, kind: OriginKind }
    record QueueLimits { pending: u32, pending_bytes: u64, parked: u32, parked_bytes: u64 }
    record ForeignJoin { event: String, leave: Option<String>, key: Option<String>, answers: bool }
    record Config {
        partition: Partition,
        server: Server,
        namespace: String,
        origins: Vec<OriginRule>,
        queue: Option<QueueLimits>,
        polling: bool,
        probe_event: Option<String>,
        join: Option<ForeignJoin>,
    }
    record Init { config: Config, seed: [u8; 32], now: Now }

    // ---- in
    union Coalesce { 0 None {}, 1 Replace {}, 2 CancelPair { name: String } }
    record Submission {
        name: String,
        version: u32,
        variables: Payload,
        method: String,
        path: String,
        body: Option<Payload>,
        lane: Option<Lane>,
        optimistic: bool,
        keep_layer_when_parked: bool,
        idempotent: bool,
        verify: bool,
        ttl: Option<Millis>,
        touched: Vec<QueryId>,
        depends_on: Vec<WriteId>,
        temp_ids: Vec<String>,
        dedupe_key: Option<String>,
        coalesce: Coalesce,
        on_conflict: bool,
        tries: Option<u32>,
    }
    union EmitClass { 0 Plain {}, 1 Reliable { idempotent: bool }, 2 Volatile { key: Option<String> } }
    record AckToken { link: LinkId, namespace: Option<String>, id: u64 }
    union Resolution { 0 SendAgain {}, 1 Replace { submission: Submission }, 2 Park {}, 3 Discard {} }
    union Command {
        64 Connect {},
        65 Disconnect {},
        66 Emit {
            emit: EmitId,
            namespace: Option<String>,
            name: String,
            body: Option<BodyId>,
            attachments: Vec<BodyId>,
            size: u32,
            ack: bool,
            timeout: Millis,
            class: EmitClass,
        },
        67 Join { room: RoomId },
        68 Leave { room: RoomId },
        69 Submit { write: Submission },
        70 Cancel { write: WriteId },
        71 Retry { write: WriteId },
        72 Discard { write: WriteId },
        73 Process { pass: PassId },
        74 SetProcessing { on: bool },
        75 Edit { write: WriteId, submission: Submission },
        76 Resolve { write: WriteId, resolution: Resolution },
        77 Export {},
        90 Clear {},
        91 Suspend {},
        80 Reply { ack: AckToken, body: Option<BodyId>, attachments: Vec<BodyId>, size: u32 },
        81 OpenNamespace { namespace: String },
        82 CloseNamespace { namespace: String },
        83 Rejoin { room: RoomId },
    }
    record Applied { client: ClientId, ranges: Vec<SequenceRange> }
    record StoredRecord { key: String, value: Blob }
    names StoreError { 0 Full, 1 Failed, 2 Fenced, 3 Newer }
    record KnownMutation { name: String, version: u32 }
    union Found { 0 Applied { body: Option<Payload> }, 1 NotApplied {}, 2 Unknown {} }
    union FrameBody { 0 None {}, 1 Json { body: BodyId, last: Option<String> }, 2 Invalid {} }
    names CloseCause { 0 Unreachable, 1 Lost, 2 Overloaded }
    union AuthResult { 0 Token { token: Payload }, 1 Anonymous {}, 2 Missing {}, 3 Failed {} }
    record Named { temp: String, real: String }
    record Response {
        status: u16,
        outcome: Option<String>,
        retry_after: Option<String>,
        content_type: Option<String>,
        redirected: bool,
        body: Option<Payload>,
        accepted: Option<bool>,
        names: Vec<Named>,
    }
    names RequestFailure { 0 Network, 1 Aborted, 2 Host }
    names NetworkSignal { 0 Unknown, 1 Offline, 2 Online, 3 Changed }
    names AppSignal { 0 Foreground, 1 Background }
    union Input {
        0 Loaded { load: LoadId, records: Vec<StoredRecord> },
        1 LoadFailed { load: LoadId },
        2 Persisted { persist: PersistId },
        3 PersistFailed { persist: PersistId, error: StoreError },
        4 StoreChanged { key: String, value: Option<Blob> },
        5 Leader { epoch: LeaderEpoch },
        6 LeaderLost {},
        7 Opened { link: LinkId },
        8 Received { link: LinkId, head: Payload, length: u32, body: FrameBody },
        9 Closed { link: LinkId, cause: CloseCause },
        10 Auth { auth: AuthId, result: AuthResult },
        11 Responded { fetch: FetchId, response: Response },
        12 RequestFailed { fetch: FetchId, cause: RequestFailure },
        13 Network { signal: NetworkSignal },
        14 App { signal: AppSignal },
        15 Bound { room: RoomId, queries: Vec<QueryId> },
        16 FetchStarted { query: QueryId, read: ReadId },
        17 BaseInstalled {
            query: QueryId,
            read: Option<ReadId>,
            positions: Vec<Position>,
            applied: Option<Applied>,
            carries: Vec<WriteId>,
            restored: bool,
        },
        18 FetchFailed { query: QueryId, read: ReadId },
        19 QueryGone { query: QueryId },
        20 Touched { write: WriteId, queries: Vec<QueryId> },
        21 Timeout {},
        40 StoreNewer {},
        41 Verified { write: WriteId, found: Found },
        42 Reached { origin: String },
        43 Definitions { known: Vec<KnownMutation> },
        44 Upcasted { write: WriteId, result: Option<Submission> },
        30 ReceivedBinary { link: LinkId, body: BodyId, length: u32 },
        31 Writable { link: LinkId, on: bool },
    }
    sum Message { Input, Command }
    record Batch { now: Now, messages: Vec<Message> }

    // ---- out
    names Transport { 0 WebSocket, 1 Polling }
    union NamespaceState { 0 Waiting {}, 1 Connected { sid: String }, 2 Refused { code: String, message: String } }
    record Event {
        namespace: Option<String>,
        body: BodyId,
        attachments: Vec<BodyId>,
        ack: Option<AckToken>,
        skip: u8,
        name: String,
        position: Option<Position>,
        write: Option<WriteId>,
        own: bool,
        replayed: bool,
        dispatch: bool,
        apply: Vec<QueryId>,
    }
    record Header { name: String, value: String }
    names RequestKind { 0 Write, 1 Outcome }
    record Request {
        write: WriteId,
        method: String,
        path: String,
        headers: Vec<Header>,
        body: Option<Payload>,
        attempt: u32,
        kind: RequestKind,
        temp_ids: Vec<String>,
    }
    union EmitResult {
        0 Sent {},
        1 Answered { body: BodyId, attachments: Vec<BodyId> },
        2 TimedOut {},
        3 MaybeLost {},
        4 Dropped {},
        5 Unknown {},
    }
    union RoomState {
        0 Waiting {},
        1 Joining {},
        2 Joined { recovered: bool, head: Option<Position> },
        3 Denied { reason: String },
    }
    names RefetchReason { 0 Reset, 1 Foreign, 2 Raced, 3 WriteUnseen, 4 Gap }
    names DownReason {
        0 Unreachable, 1 Lost, 2 Silent, 3 AttemptTimeout, 4 ServerClosed, 5 Overloaded, 6 Malformed, 7 Oversized,
        8 NoToken, 9 Refused,
    }
    names PauseReason { 0 Offline, 1 Background }
    union ConnectionState {
        0 Idle {},
        1 Connecting { attempt: u32 },
        2 Connected { sid: String, tidewire: bool },
        3 Waiting { attempt: u32, until: Timestamp, reason: DownReason },
        4 Paused { reason: PauseReason },
        5 Refused { code: String, message: String },
    }
    names Blocked {
        0 Loading, 1 Follower, 2 Stopped, 3 Offline, 4 Unreachable, 5 Auth, 6 Cors, 7 Suspended, 8 ReloadNeeded,
    }
    record OutboxStatus {
        ready: bool,
        pending: u32,
        in_flight: u32,
        parked: u32,
        quarantined: u32,
        bytes: u64,
        blocked: Option<Blocked>,
        next_attempt: Option<Timestamp>,
        oldest: Option<WallTime>,
    }
    names ParkReason {
        0 Permanent, 1 Conflict, 2 OutOfTries, 3 Expired, 4 Unknown, 5 KeyReused, 6 ParentFailed, 7 Unnamed,
    }
    union WriteState {
        0 Durable { behind: Option<WriteId> },
        1 Refused { error: StoreError },
        2 Sending { attempt: u32 },
        3 Retrying { status: u16 },
        4 Acknowledged { status: u16, body: Option<Payload>, replayed: bool },
        5 Parked { reason: ParkReason, status: u16, body: Option<Payload> },
        6 Discarded {},
        7 Settled {},
        8 Quarantined { reason: QuarantineReason },
        9 Conflict { status: u16, body: Option<Payload> },
        10 Merged { into: WriteId },
        11 Cancelled {},
    }
    names QuarantineReason { 0 Corrupt, 1 Newer, 2 Foreign, 3 Sealed, 4 UnknownName, 5 NotUpcast }
    names Note { 0 ClientReset, 1 LateFrame, 2 StrayAck, 3 GapSeen, 4 StoreFailed, 5 UnmarkedAnswer, 6 StoreEmptied }
    union Output {
        0 Load { load: LoadId },
        1 Persist { persist: PersistId, key: String, value: Option<Blob>, fence: Option<LeaderEpoch> },
        2 Broadcast { key: String, value: Option<Blob> },
        3 FetchAuth { auth: AuthId, fresh: bool },
        4 Open { link: LinkId, transport: Transport, url: Option<String> },
        5 Send { link: LinkId, text: Payload, body: Option<BodyId> },
        6 Close { link: LinkId },
        7 Fetch { fetch: FetchId, request: Request },
        8 Abort { fetch: FetchId },
        9 Event(event: Event),
        10 Release { bodies: Vec<BodyId> },
        11 Emitted { emit: EmitId, result: EmitResult },
        12 Room { room: RoomId, state: RoomState },
        13 LayerAdded { write: WriteId, name: String, version: u32, variables: Payload, restored: bool },
        14 LayerRetired { write: WriteId, query: Option<QueryId> },
        15 Refetch { queries: Vec<QueryId>, reason: RefetchReason },
        16 Connection { state: ConnectionState },
        17 Outbox { status: OutboxStatus },
        18 Write { write: WriteId, state: WriteState },
        19 Client { client: ClientId },
        20 Quarantined { key: String, reason: QuarantineReason },
        21 Log { note: Note },
        22 WriteFound { write: WriteId, name: String, version: u32, variables: Payload },
        23 Renamed { temp: String, real: String },
        24 Exported { json: Payload },
        25 PassDone { pass: PassId, processed: u32, failed: u32, skipped: u32 },
        40 Read { load: LoadId, key: String },
        41 TakeLead {},
        42 ReloadNeeded {},
        43 Quiet {},
        44 Upcast { write: WriteId, name: String, version: u32, variables: Payload },
        45 Verify { write: WriteId, name: String, version: u32, variables: Payload },
        30 SendBinary { link: LinkId, body: BodyId },
        31 Namespace { namespace: String, state: NamespaceState },
        46 BaseRefused { query: QueryId },
    }
    names Refusal {
        0 QueueFull, 1 TooLarge, 2 BufferFull, 3 Malformed, 4 UnknownWrite, 5 AlreadySent, 6 NotParked,
        7 Follower, 8 TooManyRooms, 9 Suspended, 10 ReloadNeeded, 11 TooManyNamespaces, 12 UnknownNamespace,
        13 LinkGone, 14 NoConflict,
    }
    union CommandResult {
        0 Accepted { write: Option<WriteId> },
        1 Refused { refusal: Refusal },
        2 Merged { into: WriteId },
        3 Asked {},
    }
    union Reply { 64 Reply { result: CommandResult } }
    sum Effect { Output, Reply }
    names Problem { 0 Truncated, 1 Trailing, 2 Tag, 3 Number, 4 Length, 5 Text }
    record DecodeError { at: u32, problem: Problem }
    union Failure { 0 NotStarted {}, 1 Malformed { error: DecodeError } }
    union StepResult {
        0 Done { outputs: Vec<Effect>, timeout: Option<Timestamp> },
        1 Failed { failure: Failure },
    }
}
