// Which bases the store does not have yet. The client asks for them before it lets a record go.

import type { CacheLink, StoredBase, StoreWrite } from '@tidewire/client';
import { STORED_BASES } from '../limits.js';
import type { Entry } from './entries.js';
import { decode, encode, type StoredValue } from './stored.js';

export class Shelf {
  readonly #unstored = new Set<Entry>();
  readonly #ready: StoreWrite[] = [];
  #scheduled = false;

  /** The stored base of this entry is out of date. It is stored also if its query leaves before: for the next start. */
  stale(entry: Entry, link: CacheLink): void {
    this.#unstored.add(entry);
    this.#schedule(link);
  }

  /** The stored bases, newest first. Unreadable ones, and those beyond the limit, are removed from the store. */
  open(records: readonly StoredBase[], link: CacheLink): StoredValue[] {
    const values: { key: string; value: StoredValue }[] = [];
    for (const record of records) {
      const value = decode(record);
      if (value) values.push({ key: record.key, value });
      else this.#ready.push({ key: record.key, value: null });
    }
    values.sort((a, b) => b.value.updatedAt - a.value.updatedAt);
    for (const { key } of values.splice(STORED_BASES)) this.#ready.push({ key, value: null });
    if (this.#ready.length > 0) this.#schedule(link);
    return values.map(({ value }) => value);
  }

  take(): StoreWrite[] {
    this.#scheduled = false;
    const writes = [...this.#ready.splice(0), ...[...this.#unstored].flatMap(encodeEntry)];
    this.#unstored.clear();
    return writes;
  }

  #schedule(link: CacheLink): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    link.scheduleFlush();
  }
}

function encodeEntry({ hash, query, base }: Entry): StoreWrite[] {
  if (!base || base.data === undefined) return [];
  const write = encode(hash, {
    queryKey: query.queryKey,
    data: base.data,
    positions: [...base.positions.values()],
    carries: [...base.carries],
    updatedAt: base.updatedAt,
    invalidated: query.state.isInvalidated || base.invalidated,
  });
  return write ? [write] : [];
}
