// The side store: one entry per query of the query client, with its base where there is one. It is authoritative;
// the query client holds what is folded from it. Knows neither rules nor the engine.

import type { Query } from '@tanstack/react-query';
import type { Position, QueryId } from '@tidewire/client';
import type { Seam } from './seam.js';

/** What the server said, at the positions that it covers, with the writes that it already has. */
export interface Base {
  data: unknown;
  readonly positions: Map<string, Position>;
  /** Writes whose layers do not stand on it any more. */
  readonly carries: Set<string>;
  /** When it was fetched, in TanStack Query's time. */
  updatedAt: number;
  /** Grows with each fetch, event and restore: newer data. */
  revision: number;
  /** Changes that the app made to it since it was fetched. */
  edits: number;
  /** It was fetched, or taken from our store, so no stored one may replace it. */
  readonly trusted: boolean;
  /** It came from the store marked to be fetched again; until the query client has it. */
  invalidated: boolean;
}

export interface Entry {
  /** New for each life of a query: never reused. */
  id: QueryId;
  readonly hash: string;
  readonly query: Query;
  readonly seam: Seam;
  /** The engine knows it. */
  announced: boolean;
  /** The fetch of which the engine was told that it began and not yet how it ended. */
  read: number | undefined;
  /** What stood before the base that the engine is told of: it may refuse that. */
  before: Base | undefined;
  base: Base | undefined;
}

export class Entries {
  readonly #byHash = new Map<string, Entry>();
  readonly #byId = new Map<QueryId, Entry>();
  #lastId = 0;

  add(entry: Omit<Entry, 'id'>): Entry {
    this.#lastId += 1;
    const added = { ...entry, id: this.#lastId };
    this.#byHash.set(added.hash, added);
    this.#byId.set(added.id, added);
    return added;
  }

  /** Gives the entry a new life under a new id. */
  renew(entry: Entry): void {
    this.#byId.delete(entry.id);
    this.#lastId += 1;
    entry.id = this.#lastId;
    this.#byId.set(entry.id, entry);
  }

  remove(entry: Entry): void {
    this.#byHash.delete(entry.hash);
    this.#byId.delete(entry.id);
  }

  of(query: Query): Entry | undefined {
    const entry = this.#byHash.get(query.queryHash);
    return entry?.query === query ? entry : undefined;
  }

  byId(id: QueryId): Entry | undefined {
    return this.#byId.get(id);
  }

  all(): Entry[] {
    return [...this.#byHash.values()];
  }
}

export function newBase(data: unknown, from: { positions?: readonly Position[]; carries?: Iterable<string>; updatedAt?: number; trusted?: boolean; invalidated?: boolean; revision?: number }): Base {
  return {
    data,
    positions: new Map((from.positions ?? []).map((position) => [position.room, position])),
    carries: new Set(from.carries ?? []),
    updatedAt: from.updatedAt ?? 0,
    revision: from.revision ?? 0,
    edits: 0,
    trusted: from.trusted ?? false,
    invalidated: from.invalidated ?? false,
  };
}
