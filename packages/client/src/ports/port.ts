// What a platform must offer. Interfaces only: the host's code knows these and nothing of any platform.
import type { Durability } from '../types.js';

/** Everything that the host needs of a platform. `browser()` gives one; tests and React Native give their own. */
export interface Platform {
  readonly store: StorePort;
  readonly socket: SocketPort;
  /** Links for where WebSocket fails: HTTP long-polling. Left out: there are none. */
  readonly polling?: SocketPort;
  readonly clock: ClockPort;
  readonly network: NetworkPort;
  readonly visibility: VisibilityPort;
  readonly tabs: TabsPort;
  readonly random: RandomPort;
}

// ---------------------------------------------------------------- store

export type StoreValue = Uint8Array | string;

export interface StoreRecord {
  readonly key: string;
  readonly value: StoreValue;
}

/** One step: null removes. */
export interface StoreStep {
  readonly key: string;
  readonly value: StoreValue | null;
  /**
   * Where a record stands under this key: what is written instead of `value`, asked within the same atomic write. What it throws makes the
   * whole write fail. A store that only one process opens may leave it out.
   */
  readonly over?: (stored: StoreValue) => StoreValue;
}

/** `Newer`: the store belongs to a newer build. */
export type StoreFaultKind = 'Full' | 'Failed' | 'Fenced' | 'Newer';

/** Why a step is not stored, and never will be. */
export class StoreFault extends Error {
  readonly kind: StoreFaultKind;
  constructor(kind: StoreFaultKind, message: string) {
    super(message);
    this.name = 'StoreFault';
    this.kind = kind;
  }
}

/** Counts the writes among the keys of all partitions. */
export function censusOf(keys: readonly (readonly [partition: string, key: string])[]): PartitionCount[] {
  const counts = new Map<string, number>();
  for (const [partition, key] of keys) if (key.startsWith('w/')) counts.set(partition, (counts.get(partition) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([partition, writes]) => ({ partition, writes }));
}

export interface StorePort {
  /** Rejects with a `StoreFault` if there is a store that must not be touched (a newer build's). */
  open(partition: string): Promise<Store>;
  /** How many writes (keys that begin with `w/`) each partition holds, in the order of their names; those without any left out. */
  census?(): Promise<readonly PartitionCount[]>;
}

export interface PartitionCount {
  readonly partition: string;
  readonly writes: number;
}

/** One partition's records: text under keys that begin with `q/`, bytes under all others. Steps take effect in the order of the calls. */
export interface Store {
  readonly durability: Durability;
  /** All records whose keys begin with `prefix`, in key order. */
  scan(prefix?: string): Promise<StoreRecord[]>;
  /**
   * All steps or none, where the platform can; resolves once they are as durable as `durability` says.
   * Rejects with a `StoreFault`: `Fenced` if `fence` is not the last leadership that the store knows.
   */
  write(steps: readonly StoreStep[], fence?: number): Promise<void>;
  /** Begins a new leadership, atomically: one more than the last, and another one than any before the store was emptied. */
  lead(): Promise<number>;
  /** Resolves when it was left to a newer build, which nothing here may touch. Left out: that is told by the next step alone. */
  readonly taken?: Promise<void>;
  /** Lets go of it; what was written before is still written. */
  close(): void;
}

// ---------------------------------------------------------------- socket

export type SocketCause = 'Unreachable' | 'Lost' | 'Overloaded';

export interface SocketEvents {
  opened(): void;
  text(frame: string): void;
  /** A binary frame. */
  binary(bytes: Uint8Array): void;
  /** Whether it takes more without queueing much; a new link does. */
  writable(on: boolean): void;
  closed(cause: SocketCause): void;
}

export interface SocketLink {
  send(frame: string | Uint8Array): void;
  /** After this no event is told any more. */
  close(): void;
}

export interface SocketPort {
  /** `url` is the http(s) URL of an Engine.IO endpoint, without query, or its path on the page's origin. */
  open(url: string, events: SocketEvents): SocketLink;
}

// ---------------------------------------------------------------- clock and chance

export interface ClockPort {
  /** Whole milliseconds. `mono` never goes back and counts sleep; `wall` is since 1970. */
  now(): { mono: number; wall: number };
  /** Calls back once, not before `delay` milliseconds have passed as far as the platform can; returns the way to stop that. */
  after(delay: number, callback: () => void): () => void;
}

export interface RandomPort {
  /** 32 random bytes of cryptographic quality. */
  seed(): Uint8Array;
}

// ---------------------------------------------------------------- signals

export type NetworkWord = 'Unknown' | 'Offline' | 'Online' | 'Changed';

export interface NetworkPort {
  current(): NetworkWord;
  watch(callback: (word: NetworkWord) => void): () => void;
}

export interface VisibilityEvents {
  foreground(): void;
  background(): void;
  /** The page may never run again: store what is dirty, let others lead. */
  leaving(): void;
  /** It runs again after `leaving`. */
  returned(): void;
}

export interface VisibilityPort {
  current(): 'Foreground' | 'Background';
  watch(events: VisibilityEvents): () => void;
}

// ---------------------------------------------------------------- tabs

/** A record that changed; null: removed. */
export interface TabMessage {
  readonly key: string;
  readonly value: Uint8Array | null;
}

export interface TabsEvents {
  message(message: TabMessage): void;
  /** This tab holds the partition's lock. */
  granted(): void;
  /** It was taken away. */
  lost(): void;
}

export interface TabsSession {
  post(message: TabMessage): void;
  /** Stops holding, or waiting for, the lock; messages go on. */
  release(): void;
  /** Waits for the lock (again). */
  contend(): void;
  /** Takes the lock from whoever holds it, who is told `lost`. Where there are no locks it is granted. */
  steal(): void;
  leave(): void;
}

export interface TabsPort {
  /** Hears messages from now on; the lock only after `contend`. */
  join(partition: string, events: TabsEvents): TabsSession;
}
