'use client';
// Listens to one event while mounted.

import { useEffect, useInsertionEffect, useRef } from 'react';
import type { QueryClient, QueryKey } from '@tanstack/react-query';
import type { EventMeta, EventName, EventPayload, Tidewire } from '@tidewire/client';
import { apart } from '../cache/bind.js';
import type { RegisteredEvents } from '../register.js';
import { useScope, useTidewire } from './context.js';

export interface SocketEventOptions<E extends object, K extends EventName<E>> {
  event: K;
  /** Always the latest one is called; a new function does not subscribe again. */
  onEvent?: (payload: EventPayload<E[K]>, meta: EventMeta) => void;
  /** Keys to invalidate at each event. Sync rules do this better, in one place. */
  invalidateQueries?: readonly QueryKey[];
  /** Default true. */
  enabled?: boolean;
}

export function useSocketEvent<E extends object = RegisteredEvents, K extends EventName<E> = EventName<E>>(options: SocketEventOptions<E, K>): void {
  const client = useTidewire<E>();
  useListener(client.listen, useScope().queryClient, options);
}

/** The same over any source of events; `listen` must keep its identity. */
export function useListener<E extends object, K extends EventName<E>>(
  listen: Tidewire<E>['listen'],
  queryClient: QueryClient | undefined,
  options: SocketEventOptions<E, K>,
): void {
  const { event, enabled = true } = options;
  const latest = useRef(options);
  useInsertionEffect(() => {
    latest.current = options;
  });
  useEffect(() => {
    if (!enabled) return;
    return listen(event, (payload, meta) => {
      apart(queryClient, () => latest.current.onEvent?.(payload, meta));
      for (const queryKey of latest.current.invalidateQueries ?? []) void queryClient?.invalidateQueries({ queryKey });
    });
  }, [listen, queryClient, event, enabled]);
}
