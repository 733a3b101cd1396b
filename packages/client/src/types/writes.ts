// Public types of writes as the queue tells of them: what failed, what waits, the handle of each.
import type { Answer } from './mutations.js';

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
