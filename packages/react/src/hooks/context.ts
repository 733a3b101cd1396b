'use client';
// Hands the client and its cache to the hooks. Knows nothing of what they do with it.

import { createContext, useContext } from 'react';
import type { QueryClient } from '@tanstack/react-query';
import type { Tidewire } from '@tidewire/client';
import type { CacheBinding } from '../cache/bind.js';
import type { RegisteredEvents } from '../register.js';

export interface TidewireScope {
  readonly client: Tidewire<object>;
  readonly queryClient: QueryClient;
  readonly cache: CacheBinding;
}

export const TidewireContext = createContext<TidewireScope | null>(null);

export function useScope(): TidewireScope {
  const scope = useContext(TidewireContext);
  if (!scope) throw new Error('No Tidewire client here: wrap the app in <TidewireProvider client={...} queryClient={...}>.');
  return scope;
}

/** The client of the nearest provider. */
export function useTidewire<E extends object = RegisteredEvents>(): Tidewire<E> {
  return useScope().client as unknown as Tidewire<E>;
}
