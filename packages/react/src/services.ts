'use client';
// Entry `@tidewire/react/services`: hooks over the two services of `@tidewire/client/services` instead of over a provider, for apps that have a
// `socketService` and an `offlineQueue` as modules. The hooks go through these objects, so that a test which mocks the modules mocks the hooks too (A5).

import { useContext, useEffect, useMemo, useState } from 'react';
import { QueryClientContext, type QueryClient } from '@tanstack/react-query';
import type { AnyEvents, ConnectionSnapshot, EventName, MutationDefinition, Observable, UnnamedWrite, WriteHandle } from '@tidewire/client';
import type { OfflineQueue, SocketService } from '@tidewire/client/services';
import { bindQueryClient } from './cache/bind.js';
import type { Capture } from './cache/capture.js';
import type { InlineMutation, WriteTarget } from './hooks/launch.js';
import { holdRoom } from './hooks/lease.js';
import { useWrites, type OfflineMutation } from './hooks/use-offline-mutation.js';
import { useListener, type SocketEventOptions } from './hooks/use-socket-event.js';
import { SERVER_CONNECTION, SERVER_OUTBOX, useConnectionOf, useStatusOf, type OfflineQueueStatus, type SocketConnection } from './hooks/use-status.js';
import type { WriteCallbacks } from './hooks/write-observer.js';

// ---------------------------------------------------------------- socket

export interface SocketHooks<E extends object> {
  useSocketEvent<K extends EventName<E>>(options: SocketEventOptions<E, K>): void;
  useSocketConnection(): SocketConnection;
}

/** `useSocketEvent` and `useSocketConnection` over this service. */
export function createSocketHooks<E extends object = AnyEvents>(service: SocketService<E>): SocketHooks<E> {
  const mock = service as Partial<SocketService<E>>;
  const listen: SocketService<E>['listen'] = (event, handler) => {
    const stop = (mock.listen ?? service.on)(event, handler) as (() => void) | undefined;
    return stop ?? (() => service.off(event, handler));
  };
  const connection = mock.connection ?? still(mock.isConnected?.() === true ? CONNECTED : SERVER_CONNECTION);
  return {
    useSocketEvent: (options) => useListener(listen, useContext(QueryClientContext), options),
    useSocketConnection: () => useConnectionOf(connection),
  };
}

/**
 * A hook that keeps the queries around it right: it binds the client to the query client of the nearest `QueryClientProvider`, by the client's sync
 * rules or without any, and wants these rooms while mounted.
 */
export function createSyncHook<E extends object>(service: SocketService<E>, rooms: readonly string[] = []): () => void {
  const { client } = service as Partial<SocketService<E>>;
  return () => {
    const queryClient = useContext(QueryClientContext);
    // While rendering, so that no query of a component below is fetched before.
    useState(() => client && queryClient && bindQueryClient(client, queryClient));
    useEffect(() => {
      if (!client) return;
      const held = rooms.map((room) => holdRoom(client as Parameters<typeof holdRoom>[0], room).release);
      return () => held.forEach((release) => release());
    }, []);
  };
}

// ---------------------------------------------------------------- queue

export interface QueueHooks {
  useOfflineMutation: UseOfflineMutation;
  useOfflineQueueStatus(): OfflineQueueStatus;
}

export interface UseOfflineMutation {
  <V, C = unknown>(definition: MutationDefinition<V>, callbacks?: WriteCallbacks<V, C>): OfflineMutation<V>;
  <V, C = unknown>(form: InlineMutation<V, C>): OfflineMutation<V>;
}

/** `useOfflineMutation` and `useOfflineQueueStatus` over this queue. */
export function createQueueHooks(queue: OfflineQueue): QueueHooks {
  const { client } = queue as Partial<OfflineQueue>;
  const target = client ?? { outbox: still(SERVER_OUTBOX), submit: (write: unknown) => addedTo(queue, write as UnnamedWrite) };
  const useOfflineMutation = <V, C>(form: MutationDefinition<V> | InlineMutation<V, C>, callbacks?: WriteCallbacks<V, C>): OfflineMutation<V> => {
    const queryClient = useContext(QueryClientContext);
    const cache = useMemo(() => cacheOf(client, queryClient), [queryClient]);
    return useWrites({ client: target, cache }, form, callbacks);
  };
  return {
    useOfflineMutation,
    useOfflineQueueStatus: client ? () => useStatusOf(client.outbox) : () => ({ ...useStatusOf(target.outbox), ...queue.getQueueStatus() }),
  };
}

function cacheOf(client: OfflineQueue['client'] | undefined, queryClient: QueryClient | undefined): WriteTarget['cache'] {
  return client && queryClient ? bindQueryClient(client, queryClient) : { capture: () => NO_CAPTURE };
}

const NO_CAPTURE: Capture = { run: async (work) => work(), adopt: () => undefined, drop: () => undefined };

// ---------------------------------------------------------------- mocks

const CONNECTED: ConnectionSnapshot = { status: 'connected', sid: '', tidewire: false };

/** Never changes. */
function still<T>(value: T): Observable<T> {
  return { get: () => value, subscribe: () => () => undefined };
}

/** What a mocked queue was given counts as stored; nothing more becomes of it. */
function addedTo(queue: OfflineQueue, write: UnnamedWrite): WriteHandle {
  const never = new Promise<never>(() => undefined);
  const added = 'path' in write ? queue.addToQueue({ endpoint: write.path, method: write.method as 'POST', ...(write.body === undefined ? {} : { data: write.body }) }) : '';
  return { id: String(added), durable: Promise.resolve(), acknowledged: never, settled: never, cancel: () => false };
}
