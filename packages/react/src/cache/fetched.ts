// What a fetch brought, as a base. TanStack Query builds an infinite query's new value from the pages on the screen and one new page, so pages that come back
// are exchanged for what the server said of them: a layer must never become part of a base (Q16). Knows no query client.

import type { BaseInfo } from '@tidewire/client';
import { baseInfoOf } from './base-info.js';
import type { Entry } from './entries.js';
import { pagesOf, type Snapshots } from './snapshots.js';

export interface FetchedValue {
  readonly data: unknown;
  readonly info: BaseInfo | undefined;
}

export function fetchedValue(raw: unknown, { hash, base }: Entry, snapshots: Snapshots, lookUp: (data: unknown) => BaseInfo | undefined): FetchedValue {
  const pages = pagesOf(raw);
  const known = pagesOf(base?.data);
  if (!base || !pages || !known) return { data: raw, info: baseInfoOf(raw, lookUp) };
  // A page that was fetched again says itself what it covers. One that was kept is as new as the base, and says nothing of single writes.
  const covered: BaseInfo = { positions: [...base.positions.values()] };
  const kept = new Set<unknown>();
  const below = pages.map((page) => {
    const index = snapshots.pageIndex(hash, page);
    const ours = index === undefined || lookUp(page) ? undefined : known[index];
    if (ours === undefined) return page;
    kept.add(ours);
    return ours;
  });
  const data = kept.size === 0 ? raw : { ...(raw as object), pages: below };
  return { data, info: baseInfoOf(data, (part) => (kept.has(part) ? covered : lookUp(part))) };
}
