'use client';
// Wants a room while mounted.

import { useCallback, useSyncExternalStore } from 'react';
import type { RoomState } from '@tidewire/client';
import { useScope } from './context.js';
import { holdRoom, roomStatus } from './lease.js';

/** Counted over all components; the room is left 30 s after the last one. `null` wants none. */
export function useRoom(room: string | null): RoomState['status'] {
  const { client } = useScope();
  const subscribe = useCallback(
    (changed: () => void) => {
      if (room === null) return () => undefined;
      const { state, release } = holdRoom(client, room);
      const unsubscribe = state.subscribe(changed);
      return () => {
        unsubscribe();
        release();
      };
    },
    [client, room],
  );
  const get = (): RoomState['status'] => (room === null ? 'waiting' : roomStatus(client, room));
  return useSyncExternalStore(subscribe, get, () => 'waiting' as const);
}
