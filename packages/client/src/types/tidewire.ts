// The client itself as a public type, and what it logs and says of who leaves.
import type { CacheLink, CachePort } from './cache.js';
import type { ConnectionSnapshot, Namespace } from './connection.js';
import type { AnyEvents, EventArgs, EventHandler, EventMeta, EventName, EventPayload } from './events.js';
import type { ExportedWrite, MutationDefinition, UnnamedWrite } from './mutations.js';
import type { RoomHandle } from './rooms.js';
import type { SyncRules } from './rules.js';
import type { BaseInfo, Observable } from './shapes.js';
import type { OutboxSnapshot, ProcessResult, WriteHandle } from './writes.js';

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
