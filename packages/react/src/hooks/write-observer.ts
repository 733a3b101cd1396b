// Follows the writes that one component submitted and calls its callbacks (A2): `onMutate` once at the tap, `onQueued`
// when durable, `onSuccess` at a server's answer only, `onError` once, `onSettled` once. Knows no React.

import type { Answer, Tidewire, WriteFailure, WriteHandle, WriteSnapshot } from '@tidewire/client';

export interface WriteCallbacks<V, C> {
  onMutate?: (variables: V) => C | Promise<C>;
  onQueued?: (variables: V) => void;
  onSuccess?: (data: unknown, variables: V, context: C | undefined) => void;
  onError?: (error: WriteFailure, variables: V, context: C | undefined) => void;
  onSettled?: (data: unknown, error: WriteFailure | null, variables: V, context: C | undefined) => void;
}

export interface WriteStateOf<V> {
  /** Neither durable nor answered yet. */
  readonly isPending: boolean;
  readonly isQueued: boolean;
  readonly isSending: boolean;
  readonly isParked: boolean;
  readonly error: WriteFailure | null;
  /** The answer's body. */
  readonly data: unknown;
  readonly variables: V | undefined;
}

/** How a write starts: `onMutate` runs inside, then the write is submitted; `context` is what `onMutate` gave. */
export type Launch<V, C> = (variables: V, callbacks: WriteCallbacks<V, C>) => { handle: WriteHandle; context: Promise<C | undefined>; refused?: () => void };

const IDLE = { isPending: false, isQueued: false, isSending: false, isParked: false, error: null, data: undefined };

export class WriteObserver<V, C> {
  readonly #client: Pick<Tidewire<object>, 'outbox'>;
  readonly #callbacks: () => WriteCallbacks<V, C>;
  readonly #listeners = new Set<() => void>();
  #stopOutbox: (() => void) | undefined;
  #handle: WriteHandle | undefined;
  #state: WriteStateOf<V> = { ...IDLE, variables: undefined };

  constructor(client: Pick<Tidewire<object>, 'outbox'>, callbacks: () => WriteCallbacks<V, C>) {
    this.#client = client;
    this.#callbacks = callbacks;
  }

  readonly get = (): WriteStateOf<V> => this.#state;

  readonly subscribe = (changed: () => void): (() => void) => {
    this.#listeners.add(changed);
    this.#stopOutbox ??= this.#client.outbox.subscribe(() => this.#follow());
    this.#follow();
    return () => {
      this.#listeners.delete(changed);
      if (this.#listeners.size > 0) return;
      this.#stopOutbox?.();
      this.#stopOutbox = undefined;
    };
  };

  launch(start: Launch<V, C>, variables: V): WriteHandle {
    const { handle, context, refused } = start(variables, this.#callbacks());
    this.#handle = handle;
    this.#set({ ...IDLE, isPending: true, variables });
    this.#follow();
    void this.#run(handle, context, refused, variables);
    return handle;
  }

  /** Until the write is over: one that was parked may be tried again, and succeed after all. */
  async #run(handle: WriteHandle, context: Promise<C | undefined>, refused: (() => void) | undefined, variables: V): Promise<void> {
    handle.durable.then(
      () => {
        this.#of(handle, { isPending: false });
        this.#callbacks().onQueued?.(variables);
      },
      () => refused?.(),
    );
    for (let round = 1; ; round += 1) {
      const { data, failure, undone } = await outcomeOf(handle);
      this.#of(handle, { isPending: false, isQueued: false, isSending: false, data, error: failure });
      const made = await context.catch(() => undefined);
      const callbacks = this.#callbacks();
      if (undone) return callbacks.onSettled?.(undefined, null, variables, made);
      if (!failure) callbacks.onSuccess?.(data, variables, made);
      else if (round === 1) callbacks.onError?.(failure, variables, made);
      if (round === 1) callbacks.onSettled?.(data, failure, variables, made);
      if (!failure || !(await this.#triedAgain(handle.id))) return;
    }
  }

  /** Waits while the write is parked. False: it is gone. */
  #triedAgain(id: string): Promise<boolean> {
    return new Promise((resolve) => {
      const { outbox } = this.#client;
      let stop: () => void = () => undefined;
      const look = (): void => {
        const write = outbox.get().writes.find((one) => one.id === id);
        if (write?.state === 'parked') return;
        stop();
        resolve(write !== undefined);
      };
      stop = outbox.subscribe(look);
      look();
    });
  }

  /** The latest write's state, as the queue tells it. */
  #follow(): void {
    const { id } = this.#handle ?? {};
    if (!id) return;
    const write = this.#client.outbox.get().writes.find((one) => one.id === id);
    this.#set({ ...this.#state, ...flags(write), error: write && write.state !== 'parked' ? null : this.#state.error });
  }

  #of(handle: WriteHandle, part: Partial<WriteStateOf<V>>): void {
    if (this.#handle === handle) this.#set({ ...this.#state, ...part });
  }

  #set(next: WriteStateOf<V>): void {
    const names = Object.keys(next) as (keyof WriteStateOf<V>)[];
    if (names.every((name) => Object.is(next[name], this.#state[name]))) return;
    this.#state = next;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** `undone`: another write took it back before either was sent, which is nobody's failure (Q8). */
async function outcomeOf(handle: WriteHandle): Promise<{ data: unknown; failure: WriteFailure | null; undone: boolean }> {
  try {
    await handle.durable;
    return { data: (await handle.acknowledged).data, failure: null, undone: false };
  } catch (error) {
    const undone = (error as WriteFailure).code === 'CANCELLED';
    return { data: undefined, failure: undone ? null : (error as WriteFailure), undone };
  }
}

function flags(write: WriteSnapshot | undefined): Pick<WriteStateOf<unknown>, 'isQueued' | 'isSending' | 'isParked'> {
  const state = write?.state;
  return { isQueued: state === 'durable' || state === 'retrying', isSending: state === 'sending', isParked: state === 'parked' };
}

/** The answer's body, for `mutateAsync`. */
export function dataOf(answer: Answer): unknown {
  return answer.data;
}
