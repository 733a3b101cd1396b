// Binds a client to a query client, once per pair, and makes what is dehydrated the base. For use outside React too.

import type { QueryClient } from '@tanstack/react-query';
import type { Tidewire } from '@tidewire/client';
import { hostTimer, type Timer } from '../ports/timer.js';
import { CacheAdapter } from './adapter.js';
import type { Capture } from './capture.js';

export interface CacheBinding {
  /** What the app writes to the query client inside the capture stands as the layer of one write (A3). */
  capture(): Capture;
  /** Runs code of the app that is no part of an `onMutate`, also while one waits for something. */
  apart<T>(work: () => T): T;
  /** What the server said, below a value that `useQuery` or `getQueryData` gave. */
  baseBelow(visible: unknown): unknown;
  /** Makes the query client as it was. */
  unbind(): void;
}

interface Bound {
  readonly source: Tidewire<object>;
  readonly binding: CacheBinding;
}

const bindings = new WeakMap<QueryClient, Bound>();

/** A query client belongs to one Tidewire client at a time: binding another one unbinds the first. */
export function bindQueryClient<E extends object>(client: Tidewire<E>, queryClient: QueryClient, timer: Timer = hostTimer): CacheBinding {
  const source = client as unknown as Tidewire<object>;
  const bound = bindings.get(queryClient);
  if (bound?.source === source) return bound.binding;
  bound?.binding.unbind();
  const adapter = new CacheAdapter({ source, queryClient, timer });
  const restoreDehydration = dehydrateBases(queryClient, adapter);
  const binding: CacheBinding = {
    capture: () => adapter.capture(),
    apart: (work) => adapter.apart(work),
    baseBelow: (visible) => adapter.baseBelow(visible),
    unbind: () => {
      adapter.detach();
      restoreDehydration();
      if (bindings.get(queryClient)?.binding === binding) bindings.delete(queryClient);
    },
  };
  bindings.set(queryClient, { source, binding });
  return binding;
}

/** Runs code of the app that is no part of any `onMutate` (A3). */
export function apart<T>(queryClient: QueryClient | undefined, work: () => T): T {
  const bound = queryClient && bindings.get(queryClient);
  return bound ? bound.binding.apart(work) : work();
}

/**
 * `dehydrate` and `PersistQueryClientProvider` take `serializeData` from the query client's defaults, so they keep the
 * base (Q16). One that the app passes to `dehydrate` itself comes instead: it must call `baseBelow` first.
 */
function dehydrateBases(queryClient: QueryClient, adapter: CacheAdapter): () => void {
  const before = queryClient.getDefaultOptions();
  const own = before.dehydrate?.serializeData;
  const serializeData = (visible: unknown): unknown => {
    const base = adapter.baseBelow(visible);
    return own ? own(base) : base;
  };
  queryClient.setDefaultOptions({ ...before, dehydrate: { ...before.dehydrate, serializeData } });
  return () => {
    const now = queryClient.getDefaultOptions();
    if (now.dehydrate?.serializeData !== serializeData) return;
    const { serializeData: _ours, ...rest } = now.dehydrate;
    queryClient.setDefaultOptions({ ...now, dehydrate: own ? { ...rest, serializeData: own } : rest });
  };
}
