// Public types between the client and the owner of a cache.
import type { LayerContext, LayerWriter } from './mutations.js';
import type { Applied, Position, QueryId } from './shapes.js';

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
