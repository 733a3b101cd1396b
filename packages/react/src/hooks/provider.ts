'use client';
// Gives the client to the tree below, binds it to the query cache once, and keeps it started and connected while
// mounted. Decides nothing about the connection.

import { createElement, useEffect, useMemo, type ReactNode } from 'react';
import type { QueryClient } from '@tanstack/react-query';
import type { Tidewire } from '@tidewire/client';
import { bindQueryClient } from '../cache/bind.js';
import { TidewireContext, type TidewireScope } from './context.js';
import { holdConnection } from './lease.js';

export interface TidewireProviderProps<E extends object> {
  client: Tidewire<E>;
  queryClient: QueryClient;
  /** Connect while mounted; default true. */
  connect?: boolean;
  children?: ReactNode;
}

export function TidewireProvider<E extends object>(props: TidewireProviderProps<E>): ReactNode {
  const { client, queryClient, connect = true, children } = props;
  const scope = useMemo<TidewireScope>(
    () => ({ client: client as unknown as Tidewire<object>, queryClient, cache: bindQueryClient(client, queryClient) }),
    [client, queryClient],
  );
  useEffect(() => holdConnection(scope.client, connect), [scope, connect]);
  return createElement(TidewireContext.Provider, { value: scope }, children);
}
