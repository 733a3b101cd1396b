// Public types of rooms.
import type { Observable } from './shapes.js';

export type RoomState =
  | { readonly status: 'waiting' }
  | { readonly status: 'joining' }
  | { readonly status: 'joined'; readonly recovered: boolean }
  | { readonly status: 'denied'; readonly reason: string };

export type JoinResult =
  | { readonly success: true; readonly recovered: boolean }
  | { readonly success: false; readonly code: 'DENIED' | 'LEFT' | 'MALFORMED' | 'TOO_MANY_ROOMS' | 'STOPPED'; readonly error: string };

export interface RoomHandle {
  readonly room: string;
  readonly state: Observable<RoomState>;
  /** The first definite answer. Never rejects; offline means wanted, so it waits. */
  readonly result: Promise<JoinResult>;
  /** Asks again, after a refusal. */
  again(): void;
  /** Gives this handle up; the room is left when its last handle is. */
  leave(): void;
}

/** How a foreign server is asked for rooms (C7). */
export interface ForeignRooms {
  /** The event that asks to be let in. */
  readonly join: string;
  /** The event that leaves; left out: none is sent. */
  readonly leave?: string;
  /** The argument is an object with the room under this key; left out: it is the room's name itself. */
  readonly key?: string;
  /** It acknowledges, as far as that is known; default true. A room that gets no answer in 10 s counts as joined. */
  readonly answers?: boolean;
}
