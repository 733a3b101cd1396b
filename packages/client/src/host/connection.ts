// The connection's snapshot, and what `connect()` reports of the first attempt (A5). Decides nothing about attempts.
import { TidewireError } from '../errors.js';
import type { ConnectionState, DownReason } from '../generated/protocol.js';
import type { ConnectionSnapshot, ErrorCode } from '../types.js';
import { Cell, type Notifier } from './cell.js';
import { deferred, type Deferred } from './deferred.js';

const IDLE: ConnectionSnapshot = { status: 'idle' };

const DOWN: { readonly [K in DownReason]: ErrorCode } = {
  Unreachable: 'UNREACHABLE',
  Lost: 'UNREACHABLE',
  Silent: 'TIMEOUT',
  AttemptTimeout: 'TIMEOUT',
  ServerClosed: 'UNREACHABLE',
  Overloaded: 'OVERLOADED',
  Malformed: 'REFUSED',
  Oversized: 'REFUSED',
  NoToken: 'AUTH',
  Refused: 'REFUSED',
};

export class Connection {
  readonly snapshot: Cell<ConnectionSnapshot>;
  readonly #asking = new Set<Deferred<void>>();
  /** The app had no token at the last attempt. */
  #tokenMissing = false;

  constructor(notifier: Notifier) {
    this.snapshot = new Cell(notifier, IDLE);
  }

  /** `wish` tells the engine; the promise reports what comes of it. */
  connect(wish: () => boolean): Promise<void> {
    const first = deferred<void>();
    this.#asking.add(first);
    const before = this.snapshot.get();
    if (!wish()) this.#report(new TidewireError('STOPPED'));
    // A state that was there before and stays is an answer too: no attempt is under way or due.
    const now = this.snapshot.get();
    if (now === before && (now.status === 'connected' || now.status === 'paused')) this.#reportOn(now);
    return first.promise;
  }

  tokenMissing(missing: boolean): void {
    this.#tokenMissing = missing;
  }

  /** `Connection`. `wallOf` turns the engine's time into wall time. */
  changed(state: ConnectionState, wallOf: (mono: number) => number): void {
    const next = snapshotOf(state, wallOf);
    this.snapshot.set(next);
    this.#reportOn(next);
  }

  stop(): void {
    this.snapshot.set(IDLE);
    this.#report(new TidewireError('STOPPED'));
  }

  #reportOn(state: ConnectionSnapshot): void {
    switch (state.status) {
      case 'connecting':
        return;
      case 'connected':
        return this.#report(undefined);
      case 'idle':
        return this.#report(new TidewireError('DISCONNECTED'));
      case 'paused':
        // In the background nothing is tried and nothing failed.
        return state.reason === 'offline' ? this.#report(new TidewireError('OFFLINE')) : undefined;
      case 'waiting':
        // After a refusal the engine asks for a fresh token and tries once more: only that answer is the server's last word (C5).
        return state.reason === 'Refused' ? undefined : this.#report(new TidewireError(DOWN[state.reason]));
      case 'refused':
        return this.#report(new TidewireError(state.code, this.#tokenMissing ? undefined : state.message || undefined));
    }
  }

  #report(error: TidewireError | undefined): void {
    const asking = [...this.#asking];
    this.#asking.clear();
    for (const first of asking) {
      if (error === undefined) first.resolve();
      else first.reject(error);
    }
  }
}

function snapshotOf(state: ConnectionState, wallOf: (mono: number) => number): ConnectionSnapshot {
  switch (state.kind) {
    case 'Idle':
      return IDLE;
    case 'Connecting':
      return { status: 'connecting', attempt: state.attempt };
    case 'Connected':
      return { status: 'connected', sid: state.sid, tidewire: state.tidewire };
    case 'Waiting':
      return { status: 'waiting', attempt: state.attempt, nextAttemptAt: wallOf(state.until), reason: state.reason };
    case 'Paused':
      return { status: 'paused', reason: state.reason === 'Offline' ? 'offline' : 'background' };
    case 'Refused':
      return { status: 'refused', code: state.code, message: state.message };
  }
}
