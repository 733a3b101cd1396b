// A client for tests of the hooks: what it is told to say, it says; what it is asked to do, it notes.

import type {
  Answer, ConnectionSnapshot, EventHandler, Observable, OutboxSnapshot, RoomState, Tidewire, WriteFailure, WriteHandle, WriteSnapshot, WriteStatus,
} from '@tidewire/client';
import { MiniEngine } from './mini-engine.js';
import { untyped } from './activities.js';

export class Cell<T> implements Observable<T> {
  readonly #listeners = new Set<() => void>();
  #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  get(): T {
    return this.#value;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  set(value: T): void {
    this.#value = value;
    for (const listener of [...this.#listeners]) listener();
  }

  subscribe(callback: () => void): () => void {
    this.#listeners.add(callback);
    return () => void this.#listeners.delete(callback);
  }
}

export interface Submitted {
  id: string;
  what: unknown;
  variables: unknown;
  cancelled: boolean;
  durable(): void;
  refuse(code: string): void;
  acknowledge(data: unknown): void;
  fail(code: string): void;
  /** Parked, and tried again. */
  again(): void;
  is(state: WriteStatus | undefined): void;
}

interface Layered {
  optimistic?: (...args: never[]) => void;
}

const failure = (code: string): WriteFailure => Object.assign(new Error(code), { code });

export class FakeClient {
  readonly engine = new MiniEngine(untyped);
  readonly log: string[] = [];
  readonly connection = new Cell<ConnectionSnapshot>({ status: 'idle' });
  readonly outbox = new Cell<OutboxSnapshot>({ ready: true, pending: 0, inFlight: 0, parked: 0, quarantined: 0, bytes: 0, durability: 'power-loss', writes: [] });
  readonly realIds = new Cell<ReadonlyMap<string, string>>(new Map());
  readonly rooms = new Map<string, Cell<RoomState>>();
  readonly handlers: { event: string; handler: EventHandler<unknown> }[] = [];
  readonly submitted: Submitted[] = [];

  /** The part that the hooks use, as the whole. */
  get tidewire(): Tidewire<object> {
    const { engine } = this;
    const part = {
      ...engine.source,
      connection: this.connection,
      outbox: this.outbox,
      start: () => this.log.push('start'),
      stop: () => this.log.push('stop'),
      connect: () => {
        this.log.push('connect');
        return Promise.reject(failure('OFFLINE'));
      },
      disconnect: () => this.log.push('disconnect'),
      listen: (event: string, handler: EventHandler<unknown>) => {
        const entry = { event, handler };
        this.handlers.push(entry);
        this.log.push(`listen ${event}`);
        return () => {
          this.handlers.splice(this.handlers.indexOf(entry), 1);
          this.log.push(`silent ${event}`);
        };
      },
      join: (room: string) => {
        this.log.push(`join ${room}`);
        const state = new Cell<RoomState>({ status: 'joining' });
        this.rooms.set(room, state);
        return { room, state, result: new Promise(() => undefined), leave: () => this.log.push(`leave ${room}`) };
      },
      retry: (id: string) => this.log.push(`retry ${id}`) > 0,
      edit: () => undefined,
      realIds: this.realIds,
      discard: (id: string) => this.log.push(`discard ${id}`) > 0,
      submit: (what: unknown, variables: unknown) => this.#submit(what, variables),
    };
    return part as unknown as Tidewire<object>;
  }

  #submit(what: unknown, variables: unknown): WriteHandle {
    const id = `w${this.submitted.length + 1}`;
    const durable = gate<void>();
    let acknowledged = gate<Answer>();
    const { optimistic } = what as Layered;
    if (optimistic) {
      const record = (cache: unknown, context: unknown): void => {
        const call = optimistic as (...args: unknown[]) => void;
        if (variables === undefined) call(cache, context);
        else call(variables, cache, context);
      };
      this.engine.tap(id, this.submitted.length + 1, record);
    }
    const is = (state: WriteStatus | undefined): void => {
      const others = this.outbox.get().writes.filter((write) => write.id !== id);
      const mine: WriteSnapshot[] = state ? [{ id, name: '', label: '', variables, state }] : [];
      this.outbox.set({ ...this.outbox.get(), writes: [...others, ...mine] });
    };
    this.submitted.push({
      id,
      what,
      variables,
      cancelled: false,
      durable: () => {
        is('durable');
        durable.open();
      },
      refuse: (code) => {
        durable.fail(failure(code));
        acknowledged.fail(failure(code));
      },
      acknowledge: (data) => {
        is('acknowledged');
        acknowledged.open({ status: 200, data, replayed: false });
      },
      fail: (code) => {
        is('parked');
        acknowledged.fail(failure(code));
      },
      again: () => {
        acknowledged = gate<Answer>();
        is('sending');
      },
      is,
    });
    return {
      id,
      durable: durable.promise,
      get acknowledged() {
        return acknowledged.promise;
      },
      settled: new Promise(() => undefined),
      cancel: () => false,
    };
  }
}

function gate<T>(): { promise: Promise<T>; open: (value: T) => void; fail: (error: Error) => void } {
  let open: (value: T) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  promise.catch(() => undefined); // as the client promises: nothing surfaces unhandled
  return { promise, open, fail };
}
