'use client';
// The connection and the queue as React sees them. Snapshots come from the client; nothing is computed twice.

import { useCallback, useMemo, useSyncExternalStore } from 'react';
import type { BlockedReason, ConnectionSnapshot, Durability, ErrorCode, Observable, OutboxSnapshot, Tidewire, WriteSnapshot } from '@tidewire/client';
import { useScope } from './context.js';
import { paced } from './paced.js';

export const SERVER_CONNECTION: ConnectionSnapshot = { status: 'idle' };
const NO_NAMES: ReadonlyMap<string, string> = new Map();
export const SERVER_OUTBOX: OutboxSnapshot = { ready: false, pending: 0, inFlight: 0, parked: 0, quarantined: 0, bytes: 0, durability: 'memory', writes: [] };

function useObservable<T>(observable: Observable<T>, onServer: T): T {
  const subscribe = useCallback((changed: () => void) => observable.subscribe(changed), [observable]);
  return useSyncExternalStore(subscribe, () => observable.get(), () => onServer);
}

export interface SocketConnection {
  isConnected: boolean;
  status: ConnectionSnapshot['status'];
  /** Attempts that failed since the last session. */
  reconnectAttempts: number;
  /** Wall time in milliseconds. */
  nextAttemptAt: number | undefined;
  /** `AUTH` or the server's code, where the server refuses this user. */
  code: string | undefined;
}

export function useSocketConnection(): SocketConnection {
  return useConnectionOf(useScope().client.connection);
}

export function useConnectionOf(connection: Observable<ConnectionSnapshot>): SocketConnection {
  const now = useObservable(connection, SERVER_CONNECTION);
  return useMemo(
    () => ({
      isConnected: now.status === 'connected',
      status: now.status,
      reconnectAttempts: now.status === 'connecting' || now.status === 'waiting' ? Math.max(0, now.attempt - 1) : 0,
      nextAttemptAt: now.status === 'waiting' ? now.nextAttemptAt : undefined,
      code: now.status === 'refused' ? now.code : undefined,
    }),
    [now],
  );
}

export interface OfflineQueueStatus {
  /** Waiting or in flight. */
  count: number;
  pending: number;
  inFlight: number;
  parked: number;
  /** Kept, but this build cannot send them (Q21). */
  quarantined: number;
  processing: boolean;
  /** False until the store has been read. */
  ready: boolean;
  /** Why nothing is sent although something is pending. */
  blocked: BlockedReason | undefined;
  /** Wall time in milliseconds of the next attempt, if one waits for a time. */
  nextAttempt: number | undefined;
  /** Wall time in milliseconds when the oldest pending write was made. */
  oldest: number | undefined;
  /** Of pending writes. */
  bytes: number;
  /** What a write survives once it is stored. */
  durability: Durability;
}

/** The numbers of the queue; at most one re-render a frame (Q22). */
export function useOfflineQueueStatus(): OfflineQueueStatus {
  return useStatusOf(useScope().client.outbox);
}

export function useStatusOf(outbox: Observable<OutboxSnapshot>): OfflineQueueStatus {
  const now = useObservable(paced(outbox), SERVER_OUTBOX);
  return useMemo(() => {
    const { pending, inFlight, parked, quarantined, ready, blocked, nextAttempt, oldest, bytes, durability } = now;
    return { count: pending, pending, inFlight, parked, quarantined, processing: inFlight > 0, ready, blocked, nextAttempt, oldest, bytes, durability };
  }, [now]);
}

export interface Outbox {
  /** Not answered yet, oldest first. */
  pending: readonly WriteSnapshot[];
  parked: readonly WriteSnapshot[];
  /** Kept, but this build cannot send them: a later one may (Q21). */
  quarantined: readonly WriteSnapshot[];
  retry: (id: string) => boolean;
  /** Tries all parked writes again, or those that were parked for this reason; says how many. */
  retryAll: (code?: ErrorCode) => number;
  /** Puts other variables (or another request) in the place of a write that is parked or was never sent. */
  edit: Tidewire<object>['edit'];
  discard: (id: string) => boolean;
}

/** The writes of the queue, and what people may do about them; at most one re-render a frame (Q22). */
export function useOutbox(): Outbox {
  const { client } = useScope();
  const { writes } = useObservable(paced(client.outbox), SERVER_OUTBOX);
  return useMemo(
    () => ({
      pending: writes.filter((write) => write.state !== 'parked' && write.state !== 'quarantined' && write.state !== 'acknowledged'),
      parked: writes.filter((write) => write.state === 'parked'),
      quarantined: writes.filter((write) => write.state === 'quarantined'),
      retry: (id) => client.retry(id),
      retryAll: (code) => writes.filter((write) => write.state === 'parked' && (code === undefined || write.error?.code === code) && client.retry(write.id)).length,
      edit: client.edit.bind(client),
      discard: (id) => client.discard(id),
    }),
    [client, writes],
  );
}

/** The real name of something that was made under a temporary id, once the server has given it; until then the id itself (Q7). */
export function useRealId(id: string): string {
  return useObservable(useScope().client.realIds, NO_NAMES).get(id) ?? id;
}
