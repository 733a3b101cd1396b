// Small shapes that several of the public types share.

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
