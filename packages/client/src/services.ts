// Entry `@tidewire/client/services`: the client in the shape of two small services, for code that imports a `socketService` and an
// `offlineQueue` (A4, A5). They only rename; the client behind them is the same.
import type { TidewireError } from './errors.js';
import { debugLog } from './ports/debug.js';
import type {
  AnyEvents, BlockedReason, ConnectionSnapshot, Durability, EventArgs, EventHandler, EventName, EventPayload, JoinResult, Observable, ProcessResult, RoomHandle, Tidewire,
  WriteHandle,
} from './types.js';

// ---------------------------------------------------------------- socket

export interface SocketService<E extends object = AnyEvents> {
  /** The client behind it. */
  readonly client: Tidewire<E>;
  readonly connection: Observable<ConnectionSnapshot>;
  /**
   * Resolves or rejects with the first attempt; the wish to be connected stays. Rejects with a `TidewireError`: `AUTH` ('No auth token
   * available'), `OFFLINE` ('No internet connection'), `TIMEOUT`, `UNREACHABLE`, `OVERLOADED`, or the server's own code.
   */
  connect(): Promise<void>;
  /** Hard: nothing connects again until `connect`. */
  disconnect(): void;
  isConnected(): boolean;
  /** Attempts that failed since the last session. */
  getReconnectAttempts(): number;
  /** Returns the way to end this registration. */
  on<K extends EventName<E>>(event: K, handler: EventHandler<EventPayload<E[K]>>): () => void;
  /** Like `on`, for hooks: `off(event)` leaves it. */
  listen<K extends EventName<E>>(event: K, handler: EventHandler<EventPayload<E[K]>>): () => void;
  /** Ends one registration of `handler`; without it, all that were made with `on`. */
  off<K extends EventName<E>>(event: K, handler?: EventHandler<EventPayload<E[K]>>): void;
  emit<K extends EventName<E>>(event: K, ...args: EventArgs<E[K]>): boolean;
  /** Always settles: see `Tidewire.emitWithAck`. */
  emitWithAck<K extends EventName<E>>(event: K, ...args: EventArgs<E[K]>): Promise<unknown>;
  /** Never rejects; while offline it waits. A room is wanted once, however often it is joined here. */
  joinRoom(room: string): Promise<JoinResult>;
  leaveRoom(room: string): void;
}

/**
 * With `localStorage.debug = 'socket.io-client:*'` (or `tidewire:*`) the console is told of states, rooms and names of events; never of payloads.
 */
export function createSocketService<E extends object>(tw: Tidewire<E>): SocketService<E> {
  const debug = debugLog('socket.io-client:socket', 'tidewire:socket');
  tw.connection.subscribe(() => debug(`connection ${tw.connection.get().status}`));
  const rooms = new Map<string, RoomHandle>();
  const leaveRoom = (room: string): void => {
    rooms.get(room)?.leave();
    rooms.delete(room);
  };
  return {
    client: tw,
    connection: tw.connection,
    connect: () => tw.connect(),
    disconnect: () => tw.disconnect(),
    isConnected: () => tw.connection.get().status === 'connected',
    getReconnectAttempts() {
      const now = tw.connection.get();
      return now.status === 'connecting' || now.status === 'waiting' ? now.attempt - 1 : 0;
    },
    on: tw.on,
    listen: tw.listen,
    off: tw.off,
    emit(event, ...args) {
      debug(`emit ${event}`);
      return tw.emit(event, ...args);
    },
    emitWithAck(event, ...args) {
      debug(`emit ${event}, with ack`);
      return tw.emitWithAck(event, ...args);
    },
    joinRoom(room) {
      debug(`join ${room}`);
      // Whoever was refused and asks again wants to know again.
      if (rooms.get(room)?.state.get().status === 'denied') leaveRoom(room);
      const handle = rooms.get(room) ?? tw.join(room);
      rooms.set(room, handle);
      return handle.result;
    },
    leaveRoom,
  };
}

// ---------------------------------------------------------------- queue

export interface QueuedRequest {
  /** Path, beginning with `/`, or an absolute URL. */
  readonly endpoint: string;
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Sent as JSON. */
  readonly data?: unknown;
}

export interface QueueOptions {
  /** Answers of the server that it failed on this very write (5xx) until it is parked: 1 to 100, default 3. What fails on the way uses up none (Q11). */
  readonly maxRetries?: number;
  readonly label?: string;
  readonly lane?: string;
  readonly idempotent?: boolean;
  /** Milliseconds until it is parked as expired; default 24 h. */
  readonly ttl?: number;
}

export interface QueueStatus {
  /** Waiting or in flight. */
  readonly count: number;
  readonly pending: number;
  readonly inFlight: number;
  readonly parked: number;
  /** Kept, but this build cannot send them (Q21). */
  readonly quarantined: number;
  /** Something is in flight. */
  readonly processing: boolean;
  /** False until the store has been read. */
  readonly ready: boolean;
  /** Why nothing is sent although something is pending. */
  readonly blocked: BlockedReason | undefined;
  /** Wall time in milliseconds of the next attempt, if one waits for a time. */
  readonly nextAttempt: number | undefined;
  /** Wall time in milliseconds when the oldest pending write was made. */
  readonly oldest: number | undefined;
  /** Of pending writes. */
  readonly bytes: number;
  /** What a write survives once it is stored. */
  readonly durability: Durability;
}

export interface OfflineQueue {
  /** The client behind it. */
  readonly client: Tidewire<object>;
  /** Queues it and returns its id at once; whether it was kept is told by `durable(id)`. */
  addToQueue(request: QueuedRequest, options?: QueueOptions): string;
  /** The write is in the store; rejects with a `TidewireError` if it was refused. Known until the write is over. */
  durable(id: string): Promise<void>;
  /** One pass over what is eligible; joins the pass that runs. Never rejects. Sends also while automatic processing is stopped. */
  processQueue(): Promise<ProcessResult>;
  getQueueStatus(): QueueStatus;
  /** Discards all that may be discarded, parked writes too; their handles settle. What was sent is resolved at the server first. */
  clearQueue(): void;
  /** Sending is on unless it was stopped. */
  startAutoProcessing(): void;
  /** Stops sending, not queueing. */
  stopAutoProcessing(): void;
}

/** Refused writes whose `durable` is remembered. */
const REFUSED = 100;

export function createOfflineQueue<E extends object>(tw: Tidewire<E>): OfflineQueue {
  /** Oldest first. */
  const refused = new Map<string, WriteHandle>();
  let automatic = true;
  /** Passes that were asked for while automatic processing was stopped. */
  let manual = 0;
  const allow = (): void => tw.setProcessing(automatic || manual > 0);
  const byHand = async (): Promise<ProcessResult> => {
    manual += 1;
    allow();
    const result = await tw.process();
    manual -= 1;
    allow();
    return result;
  };
  const automatically = (on: boolean): void => {
    automatic = on;
    allow();
  };
  return {
    client: tw as unknown as Tidewire<object>,
    addToQueue({ endpoint, method, data }, options = {}) {
      const handle = tw.submit({ method, path: endpoint, ...(data === undefined ? {} : { body: data }), ...options });
      if (tw.write(handle.id) === undefined) {
        refused.set(handle.id, handle);
        const [oldest] = refused.keys();
        if (refused.size > REFUSED && oldest !== undefined) refused.delete(oldest);
      }
      return handle.id;
    },
    durable: (id) => (refused.get(id) ?? tw.write(id))?.durable ?? Promise.resolve(),
    processQueue: () => (automatic ? tw.process() : byHand()),
    getQueueStatus() {
      const { pending, inFlight, parked, quarantined, ready, blocked, nextAttempt, oldest, bytes, durability } = tw.outbox.get();
      return { count: pending, pending, inFlight, parked, quarantined, processing: inFlight > 0, ready, blocked, nextAttempt, oldest, bytes, durability };
    },
    clearQueue: () => tw.clear(),
    startAutoProcessing: () => automatically(true),
    stopAutoProcessing: () => automatically(false),
  };
}

export type { TidewireError };
