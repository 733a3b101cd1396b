// Public types of the connection and of sessions in other namespaces.
import type { AnyEvents, EventArgs, EventHandler, EventName, EventPayload } from './events.js';
import type { Observable } from './shapes.js';

export type DownReason =
  | 'Unreachable' | 'Lost' | 'Silent' | 'AttemptTimeout' | 'ServerClosed' | 'Overloaded' | 'Malformed' | 'Oversized' | 'NoToken' | 'Refused';

/** State of the connection; each state has only its own data (C10). */
export type ConnectionSnapshot =
  | { readonly status: 'idle' }
  | { readonly status: 'connecting'; readonly attempt: number }
  | { readonly status: 'connected'; readonly sid: string; readonly tidewire: boolean }
  /** `nextAttemptAt` is wall time in milliseconds, to be shown to people. */
  | { readonly status: 'waiting'; readonly attempt: number; readonly nextAttemptAt: number; readonly reason: DownReason }
  | { readonly status: 'paused'; readonly reason: 'offline' | 'background' }
  | { readonly status: 'refused'; readonly code: string; readonly message: string };

/** State of a session in another namespace. */
export type NamespaceState =
  | { readonly status: 'waiting' }
  | { readonly status: 'connected'; readonly sid: string }
  | { readonly status: 'refused'; readonly code: string; readonly message: string };

/** A session in another namespace of the server, on the same link. */
export interface Namespace<N extends object = AnyEvents> {
  readonly name: string;
  readonly state: Observable<NamespaceState>;
  on<K extends EventName<N>>(event: K, handler: EventHandler<EventPayload<N[K]>>): () => void;
  off<K extends EventName<N>>(event: K, handler?: EventHandler<EventPayload<N[K]>>): void;
  emit<K extends EventName<N>>(event: K, ...args: EventArgs<N[K]>): boolean;
  emitWithAck<K extends EventName<N>>(event: K, ...args: EventArgs<N[K]>): Promise<unknown>;
  /** Gives this handle up; the session ends with its last handle. */
  close(): void;
}
