// The public types of the client: what an app, and the owner of a cache, programs against. Types only: no code, no
// knowledge of the engine's own messages, no platform.

import type { EmitClass } from './emit-class.js';

// ---------------------------------------------------------------- events

/** Events of an app that declared none: any name, any payload. */
export type AnyEvents = Record<string, unknown>;

/** The names of an event map (an `interface` or a `type`). */
export type EventName<E extends object> = keyof E & string;

/** What a handler of this event gets: the declared payload, or the first parameter of a function-style declaration. */
export type EventPayload<M> = M extends (...args: infer A) => unknown ? A[0] : M;

/** What `emit` takes after the name; the class of this one call may follow. */
export type EventArgs<M> = unknown extends M ? readonly unknown[] : [...Parameters<EmitFunction<M>>, emitClass?: EmitClass<never>];

type EmitFunction<M> = M extends (...args: infer A) => unknown ? (...args: A) => void : undefined extends M ? (payload?: M) => void : (payload: M) => void;

/** The class of each event (C6); one that is not named is `plain()`. */
export type EmitClasses<E extends object> = { readonly [K in EventName<E>]?: EmitClass<EventPayload<E[K]>> };

/** What is known of an event besides its payload. */
export interface EventMeta {
  /** It came from history, not live. */
  readonly replayed: boolean;
  /** A write of this user's own outbox caused it. */
  readonly own: boolean;
  /** Its room; absent for events without one. */
  readonly room?: string;
  /** All its arguments; the payload is the first. Bytes are `Uint8Array`s. */
  readonly args: readonly unknown[];
  /** The peer waits for an answer: the first call gives it. False if nobody waits any more. */
  readonly reply?: (...answer: unknown[]) => boolean;
}

export type EventHandler<P> = (payload: P, meta: EventMeta) => void;

// ---------------------------------------------------------------- small shared shapes

/** A value that changes. Snapshots are immutable and keep their identity while nothing changed. */
export interface Observable<T> {
  get(): T;
  /** Calls `callback` after each change; returns the way to stop that. Nothing is called at once. */
  subscribe(callback: () => void): () => void;
}

/** A key of the host's cache, as TanStack Query has them. */
export type QueryKey = readonly unknown[];

/** Number that the owner of the cache gives to one query key; never reused for another. */
export type QueryId = number;

/** A place in a room's history. */
export interface Position {
  room: string;
  epoch: string;
  offset: number;
}

/** Sequences of one client id that a body covers. */
export interface Applied {
  client: string;
  ranges: { from: number; to: number }[];
}

/** What a fetched body covers, by its `Tidewire-Base` header. */
export interface BaseInfo {
  positions: Position[];
  applied?: Applied;
}

/** An item of a list or an entity, as a rule sees it. */
export type Item = Record<string, unknown>;

// ---------------------------------------------------------------- connection

export type DownReason =
  | 'Unreachable' | 'Lost' | 'Silent' | 'AttemptTimeout' | 'ServerClosed' | 'Overloaded' | 'Malformed' | 'Oversized' | 'NoToken' | 'Refused';

/** State of the connection; each state has only its own data (C10). */
export type ConnectionSnapshot =
  | { readonly status: 'idle' }
  | { readonly status: 'connecting'; readonly attempt: number }
  | { readonly status: 'connected'; readonly sid: string; readonly tidewire: boolean }
  /** `nextAttemptAt` is wall time in milliseconds, to be shown to people. */
  | { readonly status: 'waiting'; readonly attempt: number; readonly nextAttemptAt: number; readonly reason: DownReason }
  | { readonly status: 'paused'; readonly reason: 'offline' | 'background' }
  | { readonly status: 'refused'; readonly code: string; readonly message: string };

/** State of a session in another namespace. */
export type NamespaceState =
  | { readonly status: 'waiting' }
  | { readonly status: 'connected'; readonly sid: string }
  | { readonly status: 'refused'; readonly code: string; readonly message: string };

/** A session in another namespace of the server, on the same link. */
export interface Namespace<N extends object = AnyEvents> {
  readonly name: string;
  readonly state: Observable<NamespaceState>;
  on<K extends EventName<N>>(event: K, handler: EventHandler<EventPayload<N[K]>>): () => void;
  off<K extends EventName<N>>(event: K, handler?: EventHandler<EventPayload<N[K]>>): void;
  emit<K extends EventName<N>>(event: K, ...args: EventArgs<N[K]>): boolean;
  emitWithAck<K extends EventName<N>>(event: K, ...args: EventArgs<N[K]>): Promise<unknown>;
  /** Gives this handle up; the session ends with its last handle. */
  close(): void;
}

// ---------------------------------------------------------------- rooms

export type RoomState =
  | { readonly status: 'waiting' }
  | { readonly status: 'joining' }
  | { readonly status: 'joined'; readonly recovered: boolean }
  | { readonly status: 'denied'; readonly reason: string };

export type JoinResult =
  | { readonly success: true; readonly recovered: boolean }
  | { readonly success: false; readonly code: 'DENIED' | 'LEFT' | 'MALFORMED' | 'TOO_MANY_ROOMS' | 'STOPPED'; readonly error: string };

export interface RoomHandle {
  readonly room: string;
  readonly state: Observable<RoomState>;
  /** The first definite answer. Never rejects; offline means wanted, so it waits. */
  readonly result: Promise<JoinResult>;
  /** Asks again, after a refusal. */
  again(): void;
  /** Gives this handle up; the room is left when its last handle is. */
  leave(): void;
}

/** How a foreign server is asked for rooms (C7). */
export interface ForeignRooms {
  /** The event that asks to be let in. */
  readonly join: string;
  /** The event that leaves; left out: none is sent. */
  readonly leave?: string;
  /** The argument is an object with the room under this key; left out: it is the room's name itself. */
  readonly key?: string;
  /** It acknowledges, as far as that is known; default true. A room that gets no answer in 10 s counts as joined. */
  readonly answers?: boolean;
}

// ---------------------------------------------------------------- writes

export interface WriteRequest {
  /** HTTP method. */
  method: string;
  /** Path with query, beginning with `/`, or an absolute URL. */
  path: string;
  /** Sent as JSON; absent for none. */
  body?: unknown;
}

/** What a function that sends a write is told. */
export interface SendContext {
  /** Send it as `Idempotency-Key`: the same for all attempts of one write. */
  readonly idempotencyKey: string;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
  /** From 1, in this process. */
  readonly attempt: number;
}

/** A write without a definition: it lives in the queue across restarts, but has no layer and no callbacks after one. */
export type UnnamedWrite = UnnamedOptions & (WriteRequest | UnnamedFunction);

/**
 * A write that a function sends. It is called by the tab that sends, and lives as long as the page: what it did not send by then is
 * parked as expired at its time to live. It resolves with the answer's data. A rejection with a `status` (its own, or that of its
 * `response`) is the server's answer; with a `NotSent` nothing was sent; any other one leaves the outcome unknown, so that the write
 * is tried again only if it is `idempotent`.
 */
export interface UnnamedFunction {
  mutationFn: (context: SendContext) => unknown;
}

export interface UnnamedOptions {
  /** What to show for it. */
  label?: string;
  /** What `WriteSnapshot.variables` says; the body if absent. */
  variables?: unknown;
  lane?: string;
  idempotent?: boolean;
  /** Ids of writes that must have succeeded before it leaves (Q7). */
  dependsOn?: readonly string[];
  /** A second write with this key, right behind the first in its lane, is the first (Q8). */
  dedupeKey?: string;
  /** Milliseconds until it is parked as expired. */
  ttl?: number;
  /** Answers of the server that it failed on this very write (5xx) until it is parked: 1 to 100, default 3. What fails on the way uses up none (Q11). */
  maxRetries?: number;
  /** Its layer, for this session only. */
  optimistic?: (cache: LayerWriter, context: LayerContext) => void;
  whenParked?: 'rollback' | 'keep';
}

export interface LayerContext {
  /** The signed-in user's id. */
  readonly user: string;
  /** The write's id, which is the idempotency key and the `writeId` of the events that it causes. */
  readonly writeId: string;
}

/** Records pure operations; they are folded over bases again and again, so `fn` must not read anything else. */
export interface LayerWriter {
  patch<T extends object = Item>(entity: string, id: string, fn: (item: T) => T): void;
  insert<T extends object = Item>(queryKeyPrefix: QueryKey, item: T, options?: { at?: 'start' | 'end' }): void;
  remove(entity: string, id: string): void;
}

/** Context of a definition's own callbacks, which also run for writes of an earlier session. */
export interface WriteContext<V> {
  readonly writeId: string;
  readonly variables: V;
  readonly user: string;
}

/** A named mutation: found again by its name after a restart. */
export type MutationDefinition<V> = RequestMutation<V> | FunctionMutation<V>;

export type RequestMutation<V> = MutationOptions<V> & ByRequest<V>;
export type FunctionMutation<V> = MutationOptions<V> & ByFunction<V>;

interface ByRequest<V> {
  /** The request that sends it, also at the first attempt. */
  readonly request: (variables: V) => WriteRequest;
  /** Never called beside a `request`. */
  readonly mutationFn?: (variables: V, context: SendContext) => unknown;
}

interface ByFunction<V> {
  readonly request?: undefined;
  /** Sends it: see `UnnamedFunction`. Found by name, it also sends what an earlier session left. */
  readonly mutationFn: (variables: V, context: SendContext) => unknown;
}

export interface MutationOptions<V> {
  readonly name: string;
  readonly version: number;
  readonly optimistic?: (variables: V, cache: LayerWriter, context: LayerContext) => void;
  /** Writes of one lane leave strictly in order; default: the path. */
  readonly lane?: string | ((variables: V) => string);
  readonly idempotent?: boolean;
  readonly whenParked?: 'rollback' | 'keep';
  /** Milliseconds until it is parked as expired. */
  readonly ttl?: number;
  /** Answers of the server that it failed on this very write (5xx) until it is parked: 1 to 100, default 3. What fails on the way uses up none (Q11). */
  readonly maxRetries?: number;
  readonly label?: string | ((variables: V) => string);
  /** Ids of writes that must have succeeded before it leaves. Writes whose temporary ids it mentions are added (Q7). */
  readonly dependsOn?: (variables: V) => readonly string[];
  /** The temporary ids in its variables, made with `tw.tempId()`, that only the server can give a real name (Q7). */
  readonly tempIds?: (variables: V) => readonly string[];
  /** The real name that the answer gives to one of them. */
  readonly realId?: (answer: Answer, tempId: string) => string | undefined;
  /** A second write with this key, right behind the first in its lane, is the first (Q8). */
  readonly dedupeKey?: string | ((variables: V) => string);
  /** Takes the place of the last write of its lane, if that has the same name and was never sent (Q8). */
  readonly coalesce?: 'replace';
  /** Name of the mutation that it undoes: if that is the last of its lane and was never sent, neither is sent (Q8). */
  readonly cancels?: string;
  /**
   * The server says that somebody else changed it (409, 412). Its lane waits for the decision; left out, it is parked as `CONFLICT`. Called by the
   * tab that sends; a rejection parks it.
   */
  readonly onConflict?: (conflict: Conflict<V>) => ConflictDecision<V> | Promise<ConflictDecision<V>>;
  /** Finds out what became of it on a foreign server when its answer was lost (Q9); a rejection is `unknown`. */
  readonly verify?: (variables: V, context: WriteContext<V>) => Verdict | Promise<Verdict>;
  /** Brings variables of an earlier `version` to this one (Q21). If it throws, the write is kept for a later build. */
  readonly upcast?: (variables: unknown, version: number) => V;
  /** The server applied it. Also called for a write of an earlier session, by the tab that sends. */
  readonly onSuccess?: (answer: Answer, context: WriteContext<V>) => void;
  /** It was refused, parked or discarded; once. */
  readonly onError?: (error: WriteFailure, context: WriteContext<V>) => void;
}

/** Any definition, whatever its variables. */
export type AnyMutation = Omit<MutationOptions<never>, 'onConflict' | 'upcast'> &
  (ByRequest<never> | ByFunction<never>) & {
    readonly onConflict?: (conflict: Conflict<never>) => ConflictDecision<unknown> | Promise<ConflictDecision<unknown>>;
    readonly upcast?: (variables: unknown, version: number) => unknown;
  };

/** A server's 409 or 412 to a write. */
export interface Conflict<V> {
  readonly writeId: string;
  readonly variables: V;
  readonly status: number;
  /** Body of the answer: parsed if it is JSON. */
  readonly data: unknown;
}

/** `again`: send the same bytes once more. `{ variables }`: send this instead, as a new write in the same place. */
export type ConflictDecision<V> = 'again' | 'park' | 'discard' | { readonly variables: V };

/** What became of a write whose answer was lost. `not-applied` also promises that no earlier request will apply it any more. */
export type Verdict = { readonly applied: true; readonly data?: unknown } | 'not-applied' | 'unknown';

/** An entry of `exportWrites`. */
export type ExportedWrite = Readonly<Record<string, unknown>>;

/** A server's answer to a write. */
export interface Answer {
  readonly status: number;
  /** Its body: parsed if it is JSON, else the text; undefined if there was none. */
  readonly data: unknown;
  /** The stored answer of an earlier application. */
  readonly replayed: boolean;
}

export type ErrorCode =
  // connection
  | 'AUTH' | 'OFFLINE' | 'TIMEOUT' | 'UNREACHABLE' | 'OVERLOADED' | 'REFUSED' | 'DISCONNECTED' | 'STOPPED'
  // emits
  | 'BUFFER_FULL' | 'MAYBE_LOST' | 'DROPPED'
  // a write at its submission
  | 'QUEUE_FULL' | 'TOO_LARGE' | 'STORE_FULL' | 'STORE_FAILED' | 'MALFORMED' | 'UNKNOWN_MUTATION'
  // an intent about a write
  | 'UNKNOWN_WRITE' | 'ALREADY_SENT' | 'NOT_PARKED' | 'NO_CONFLICT' | 'FOLLOWER'
  // a user who has left, a build that is too old
  | 'SUSPENDED' | 'RELOAD_NEEDED'
  // a room
  | 'TOO_MANY_ROOMS'
  | 'TOO_MANY_NAMESPACES'
  | 'UNKNOWN_NAMESPACE'
  | 'LINK_GONE'
  | 'UNKNOWN_EMIT'
  // a write later
  | 'CANCELLED' | 'PERMANENT' | 'CONFLICT' | 'OUT_OF_TRIES' | 'EXPIRED' | 'UNKNOWN' | 'KEY_REUSED' | 'PARENT_FAILED' | 'UNNAMED' | 'DISCARDED';

/** Why a write failed. `status` and `data` are those of the last answer, if there was one. */
export interface WriteFailure extends Error {
  readonly code: ErrorCode | (string & {});
  readonly status?: number;
  readonly data?: unknown;
}

/** `conflict`: its definition decides. `quarantined`: kept, but this build cannot send it. */
export type WriteStatus = 'queued' | 'durable' | 'sending' | 'retrying' | 'conflict' | 'acknowledged' | 'parked' | 'quarantined';

export interface WriteSnapshot {
  readonly id: string;
  /** Name of its definition; empty for an unnamed one. */
  readonly name: string;
  readonly label: string;
  readonly variables: unknown;
  readonly state: WriteStatus;
  readonly lane?: string;
  /** The write that must go first: in its lane, or because this one depends on it. */
  readonly behind?: string;
  /** While parked: why. While retrying: the last answer's status. */
  readonly error?: { readonly code: string; readonly status?: number; readonly data?: unknown };
}

export type BlockedReason = 'loading' | 'follower' | 'stopped' | 'offline' | 'unreachable' | 'auth' | 'cors' | 'suspended' | 'reload-needed';

/** How much a store survives. */
export type Durability = 'memory' | 'process-crash' | 'power-loss';

export interface OutboxSnapshot {
  /** The store has been read. */
  readonly ready: boolean;
  /** Waiting or in flight. */
  readonly pending: number;
  readonly inFlight: number;
  readonly parked: number;
  /** Kept, but this build cannot send them (Q21). */
  readonly quarantined: number;
  readonly bytes: number;
  /** Wall time in milliseconds when the oldest pending write was made. */
  readonly oldest?: number;
  /** Why nothing is sent although something is pending. */
  readonly blocked?: BlockedReason;
  /** Wall time in milliseconds of the next attempt, if one waits for a time. */
  readonly nextAttempt?: number;
  readonly durability: Durability;
  /** Every write that is not settled, oldest first. */
  readonly writes: readonly WriteSnapshot[];
}

/** What became of the writes that waited when a pass began (A4); those that were not tried count nowhere. */
export interface ProcessResult {
  /** The server applied them. */
  readonly processed: number;
  /** They failed and are still queued. */
  readonly failed: number;
  /** They were parked. */
  readonly skipped: number;
}

/** One write. None of its promises ever surfaces as an unhandled rejection. */
export interface WriteHandle {
  /** Its id; one that begins with `refused-` if it was refused at once. */
  readonly id: string;
  /** It is in the store. Rejects with QUEUE_FULL, TOO_LARGE, STORE_FULL, STORE_FAILED, MALFORMED, UNKNOWN_MUTATION, or STOPPED (nobody can say). */
  readonly durable: Promise<void>;
  /**
   * The server applied it. Rejects with a `WriteFailure` when it is refused, parked or discarded. When a parked write is tried again
   * this is another promise: read it again after `retry`.
   */
  readonly acknowledged: Promise<Answer>;
  /** Every base shows it and its record is gone. Rejects when it was refused or discarded. */
  readonly settled: Promise<void>;
  /** Takes it back if it was never sent; says whether that worked. */
  cancel(): boolean;
}

// ---------------------------------------------------------------- cache

/** A write of the store. */
export interface StoreWrite {
  key: string;
  /** The value; null: remove. */
  value: string | Uint8Array | null;
  /** Where something stands already (another tab may have put it there): what to put instead of `value`. Pure, and must not throw. */
  over?: (stored: string | Uint8Array) => string | Uint8Array;
}

/** One stored base, as it was given in `StoreWrite`. */
export interface StoredBase {
  key: string;
  value: string;
}

export interface LayerRecord {
  write: string;
  name: string;
  version: number;
  /** Parsed. */
  variables: unknown;
  /** It comes from the store or from another tab. */
  restored: boolean;
  /** Records the layer's operations; undefined where no definition of that name is known (an unnamed write of an earlier session). */
  optimistic?: (cache: LayerWriter, context: LayerContext) => void;
}

/** An event for the bases of `apply`. */
export interface CacheEvent {
  name: string;
  position?: Position;
  /** The write that caused it. */
  write?: string;
  own: boolean;
  replayed: boolean;
  apply: readonly QueryId[];
  /** It is handed to listeners too, so it counts for rules without a base (`invalidate`). False where only a base needs it. */
  dispatch: boolean;
}

export type RefetchReason = 'Reset' | 'Foreign' | 'Raced' | 'WriteUnseen' | 'Gap';

/**
 * What the owner of a cache implements. Called by the client while it performs the engine's outputs, in their order, synchronously.
 * It may call its `CacheLink` from within; what that causes comes later in the same drain.
 */
export interface CachePort {
  event(event: CacheEvent, args: readonly unknown[]): void;
  layerAdded(layer: LayerRecord): void;
  /** What the layer records has changed (a temporary id has its real name); it keeps its place among the others. */
  layerChanged(layer: LayerRecord): void;
  /** The layer stands no more: on one query, whose base carries the write from now on, or (no query) nowhere. */
  layerRetired(write: string, query?: QueryId): void;
  /** The write's record is gone: forget it in every `carries`. */
  settled(write: string): void;
  /**
   * The server has refused or voided the write. A base that was fetched before this tab heard of it may count as one that carries it,
   * because `applied=` covers the places of refused writes too: forget it in every `carries`.
   */
  notApplied(write: string): void;
  /** The base that `baseInstalled` told of is older than what stood: that stands again. Comes within that call. */
  baseRefused(query: QueryId): void;
  refetch(queries: readonly QueryId[], reason: RefetchReason): void;
  /** End of one drain: fold and notify once. */
  commit(): void;
  /** At start, or when the cache is attached later: the stored bases. Calls `baseInstalled` for those that it takes. */
  restore(records: readonly StoredBase[]): void;
  /** Base writes not yet handed over; they are the client's from now on (it keeps them until they are stored). */
  dirty(): StoreWrite[];
}

/** What the owner of a cache tells. */
export interface CacheLink {
  readonly user: string;
  bound(room: string, queries: readonly QueryId[]): void;
  /** `read` is the owner's number of this fetch; it ends with `baseInstalled` or, cancelled too, with `fetchFailed`. */
  fetchStarted(query: QueryId, read: number): void;
  /** Works off what was not decided yet. To be called before a base is exchanged: what is decided for one must not reach another. */
  upToDate(): void;
  baseInstalled(query: QueryId, base: { read?: number; positions: readonly Position[]; applied?: Applied; carries?: readonly string[]; restored?: boolean }): void;
  fetchFailed(query: QueryId, read: number): void;
  queryGone(query: QueryId): void;
  touched(write: string, queries: readonly QueryId[]): void;
  /** Bases became dirty: store them soon. */
  scheduleFlush(): void;
  detach(): void;
}

// ---------------------------------------------------------------- sync rules

export interface RuleContext {
  readonly user: string;
  readonly own: boolean;
  readonly replayed: boolean;
}

/** What one event does to the cached values (Y4). Plain data; the cache applies it. */
export type Rule<P> =
  | { readonly kind: 'patch'; readonly entity: string; readonly id: (payload: P) => string; readonly fn: (item: Item, payload: P, context: RuleContext) => Item }
  | {
      readonly kind: 'insert';
      readonly queryKey: (payload: P) => QueryKey;
      readonly item: (payload: P) => Item;
      readonly at: 'start' | 'end';
      readonly entity?: string;
    }
  | { readonly kind: 'remove'; readonly entity: string; readonly id: (payload: P) => string }
  | { readonly kind: 'invalidate'; readonly queryKeys: (payload: P) => readonly QueryKey[] };

export interface EntityRule {
  /** Field that holds an item's id. */
  readonly id: string;
  /** Prefixes of the query keys under which such items stand. */
  readonly keys: readonly QueryKey[];
  /**
   * Whether an item stands in the list under this query key, for lists that are filtered or cut into pages. An item that a rule or a layer changes leaves the
   * lists that it no longer belongs to and enters no wrong one; a list that it begins to belong to is fetched again. Pure. Left out: it belongs to all.
   */
  readonly belongs?: (item: Item, queryKey: QueryKey) => boolean;
}

export interface SyncRules<E extends object = AnyEvents> {
  readonly entities?: { readonly [entity: string]: EntityRule };
  /** Room pattern (`activity_:id`) to the prefixes of the query keys that its events change. */
  readonly rooms?: { readonly [pattern: string]: (params: { readonly [name: string]: string }) => readonly QueryKey[] };
  readonly on?: { readonly [K in EventName<E>]?: Rule<EventPayload<E[K]>> | readonly Rule<EventPayload<E[K]>>[] };
}

// ---------------------------------------------------------------- requests

/** A request of the queue, ready to be sent through the app's own client. */
export interface OutgoingRequest {
  readonly url: string;
  readonly method: string;
  /** The protocol's headers and the content type. Authorisation is the port's job. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** From 1, in this process. */
  readonly attempt: number;
  /** The token of this moment; null if the user is not signed in. */
  token(): Promise<string | null>;
}

/** The part of a `Response` that is read. */
export interface IncomingResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly redirected?: boolean;
  text(): Promise<string>;
}

/** What `isAnswer` is told of a response. */
export interface AnswerFacts {
  readonly status: number;
  readonly redirected: boolean;
  header(name: string): string | null;
  /** The body, if it is text and short enough to be kept. */
  readonly body: string | undefined;
}

/** What stands at another origin (Q9): one of our servers, one that takes an `Idempotency-Key` (quoted, as the draft standard has it, or bare), or any. */
export type OriginKind = 'tidewire' | 'keyed' | 'keyed-bare' | 'plain';

/** How much the queue may hold (Q15); beyond it new writes are refused as QUEUE_FULL. */
export interface QueueLimits {
  /** Default 100. */
  readonly pending?: number;
  /** Default 4 MiB. */
  readonly pendingBytes?: number;
  /** Default 400. */
  readonly parked?: number;
  /** Default 16 MiB. */
  readonly parkedBytes?: number;
}

/** Sends one request. A rejection means that nobody knows whether it arrived. */
export type RequestPort = (request: OutgoingRequest) => Promise<IncomingResponse>;

// ---------------------------------------------------------------- the client

/** A line for a log: never a payload or a token. */
export interface LogNote {
  readonly level: 'debug' | 'warn' | 'error';
  readonly note: string;
  readonly error?: unknown;
}

export interface LogoutOptions {
  /** `discard` also takes the cached answers of this user from the device. */
  readonly unsent: 'keep' | 'discard';
}

export interface LogoutResult {
  /** Writes of this user that wait on this device: kept, or sent and not resolved yet. */
  readonly kept: number;
}

export interface UnsentWrites {
  readonly user: string;
  readonly writes: number;
}

export interface Tidewire<E extends object = AnyEvents> {
  readonly user: string;
  readonly rules: SyncRules<E> | undefined;
  /** Loads the store and takes part in the tabs. Idempotent; implied by `connect`, `join`, `emit` and `submit`. */
  start(): void;
  /** Closes the link and the store and gives the lead up. Idempotent; `start` begins anew. */
  stop(): void;
  /** Store loaded, layers and bases restored. */
  readonly ready: Promise<void>;
  /** Reports the first attempt; the wish to be connected stays when it fails. A rejection that nobody awaits never surfaces. */
  connect(): Promise<void>;
  disconnect(): void;
  readonly connection: Observable<ConnectionSnapshot>;
  readonly outbox: Observable<OutboxSnapshot>;
  on<K extends EventName<E>>(event: K, handler: EventHandler<EventPayload<E[K]>>): () => void;
  /** Ends one registration of `handler`; without it, all that were made with `on` directly. */
  off<K extends EventName<E>>(event: K, handler?: EventHandler<EventPayload<E[K]>>): void;
  /** Hears every event, before those who listen to its name; returns the way to stop that. */
  onAny(handler: (event: string, meta: EventMeta) => void): () => void;
  /** Like `on`, but not ended by `off(event)`: for hooks and libraries. */
  listen<K extends EventName<E>>(event: K, handler: EventHandler<EventPayload<E[K]>>): () => void;
  /** By its class: see `EmitClasses`. False if it was refused (buffer full, malformed). Arguments may hold bytes (C1). */
  emit<K extends EventName<E>>(event: K, ...args: EventArgs<E[K]>): boolean;
  /** The first argument of the answer. Always settles: TIMEOUT, MAYBE_LOST, UNKNOWN_EMIT, DROPPED, BUFFER_FULL, MALFORMED. */
  emitWithAck<K extends EventName<E>>(event: K, ...args: EventArgs<E[K]>): Promise<unknown>;
  join(room: string): RoomHandle;
  /** A session in another namespace, on the same link; counted. It has its own events. */
  namespace<N extends object = AnyEvents>(name: string): Namespace<N>;
  submit<V>(definition: MutationDefinition<V>, variables: NoInfer<V>): WriteHandle;
  submit(name: string, variables: unknown): WriteHandle;
  submit(request: UnnamedWrite): WriteHandle;
  /** The handle of a write that is not settled, also of an earlier session. */
  write(id: string): WriteHandle | undefined;
  retry(id: string): boolean;
  /** Gives up a parked write; one that may have been applied is voided at the server first. */
  discard(id: string): boolean;
  /** Puts this in the place of a write that is parked or was never sent: a new id, the same place in its lane (Q13). */
  edit<V>(id: string, definition: MutationDefinition<V>, variables: NoInfer<V>): WriteHandle;
  edit(id: string, name: string, variables: unknown): WriteHandle;
  edit(id: string, request: UnnamedWrite): WriteHandle;
  /** All pending and parked writes, for a bug report or another device; never a token. */
  exportWrites(): Promise<readonly ExportedWrite[]>;
  /** Discards everything that may be discarded; what was sent is resolved at the server first (A4). */
  clear(): void;
  /** A new temporary id, for what only the server can name (Q7). */
  tempId(): string;
  /** The real names that temporary ids have got. */
  readonly realIds: Observable<ReadonlyMap<string, string>>;
  /** One pass over what is eligible, waiting times forgotten; a pass that runs answers too. Never rejects. */
  process(): Promise<ProcessResult>;
  /** Allow or forbid sending; queueing goes on. */
  setProcessing(on: boolean): void;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** What the body covers of which `data` is the root or a direct child, if it came from `fetch(...).json()`. */
  baseInfo(data: unknown): BaseInfo | undefined;
  /**
   * The user leaves (Q20): nothing more is connected, sent or accepted for this user, answers under way are still stored, and the client is over. Another
   * user, or the same one again, gets a new client. Kept writes wait on this device for this user.
   */
  logout(options: LogoutOptions): Promise<LogoutResult>;
  /** Writes that other users of this app have left unsent on this device. Only their number can be seen. */
  unsentOfOthers(): Promise<readonly UnsentWrites[]>;
  attachCache(cache: CachePort): CacheLink;
  useClientId(): string | undefined;
}
