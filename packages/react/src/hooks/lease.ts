// Counts who needs a client started, and a room joined, so that StrictMode, hot reload and moving between pages
// neither reconnect nor rejoin. Knows no React.

import type { Observable, RoomHandle, RoomState, Tidewire } from '@tidewire/client';
import { RELEASE_MS, ROOM_LINGER_MS } from '../limits.js';
import { hostTimer, type Timer } from '../ports/timer.js';

interface Lease {
  count: number;
  cancelRelease: (() => void) | undefined;
}

/** Takes a lease; `end` runs `linger` ms after the last one is given back, unless it is taken again. */
function take(lease: Lease, linger: number, timer: Timer, end: () => void): () => void {
  lease.count += 1;
  lease.cancelRelease?.();
  lease.cancelRelease = undefined;
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    lease.count -= 1;
    if (lease.count === 0) lease.cancelRelease = timer(linger, end);
  };
}

const connections = new WeakMap<Tidewire<object>, Lease>();

/** Starts (and connects) the client until the answer is called and nobody else holds it. */
export function holdConnection(client: Tidewire<object>, connect: boolean, timer: Timer = hostTimer): () => void {
  const known = connections.get(client);
  const lease = known ?? { count: 0, cancelRelease: undefined };
  const fresh = !known;
  connections.set(client, lease);
  if (fresh) client.start();
  if (connect) client.connect().catch(() => undefined); // the connection's state tells it
  return take(lease, RELEASE_MS, timer, () => {
    connections.delete(client);
    client.stop();
  });
}

interface RoomLease extends Lease {
  readonly handle: RoomHandle;
}

const rooms = new WeakMap<Tidewire<object>, Map<string, RoomLease>>();

/** Wants the room until the answer is called, and for `ROOM_LINGER_MS` more. */
export function holdRoom(client: Tidewire<object>, room: string, timer: Timer = hostTimer): { state: Observable<RoomState>; release: () => void } {
  const mine = rooms.get(client) ?? new Map<string, RoomLease>();
  rooms.set(client, mine);
  const lease = mine.get(room) ?? { count: 0, cancelRelease: undefined, handle: client.join(room) };
  mine.set(room, lease);
  const release = take(lease, ROOM_LINGER_MS, timer, () => {
    mine.delete(room);
    lease.handle.leave();
  });
  return { state: lease.handle.state, release };
}

/** The state of a held room. */
export function roomStatus(client: Tidewire<object>, room: string): RoomState['status'] {
  return rooms.get(client)?.get(room)?.handle.state.get().status ?? 'waiting';
}
