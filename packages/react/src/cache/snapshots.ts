// Remembers which base was below each value that was shown, so that a value which comes back (a rollback's snapshot,
// the start state of a cancelled fetch, dehydration) is recognised. Primitives cannot be remembered.

import { isObject } from './entities.js';

export interface Snapshot {
  readonly hash: string;
  readonly base: unknown;
  readonly revision: number;
  readonly edits: number;
}

export class Snapshots {
  readonly #shown = new WeakMap<object, Snapshot>();
  /** The pages of what was shown, and where they stood. */
  readonly #pages = new WeakMap<object, { readonly hash: string; readonly index: number }>();

  record(visible: unknown, snapshot: Snapshot): void {
    if (typeof visible !== 'object' || visible === null) return;
    this.#shown.set(visible, snapshot);
    for (const [index, page] of (pagesOf(visible) ?? []).entries()) {
      if (typeof page === 'object' && page !== null) this.#pages.set(page, { hash: snapshot.hash, index });
    }
  }

  /** Where this page stood in what the query showed. */
  pageIndex(hash: string, page: unknown): number | undefined {
    const known = typeof page === 'object' && page !== null ? this.#pages.get(page) : undefined;
    return known?.hash === hash ? known.index : undefined;
  }

  of(visible: unknown): Snapshot | undefined {
    return typeof visible === 'object' && visible !== null ? this.#shown.get(visible) : undefined;
  }
}

/** The pages of an infinite query's data. */
export function pagesOf(data: unknown): readonly unknown[] | undefined {
  return isObject(data) && Array.isArray(data.pages) && Array.isArray(data.pageParams) ? data.pages : undefined;
}
