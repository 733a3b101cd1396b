// A platform in the test's hand: virtual time, sockets and tabs that do what they are told, a memory store.
import { memoryStore } from '../../src/ports/memory-store.js';
import type { NetworkWord, Platform, SocketEvents, StorePort, TabMessage, TabsEvents, VisibilityEvents } from '../../src/ports/port.js';

export interface FakeSocket {
  readonly url: string;
  readonly events: SocketEvents;
  readonly sent: (string | Uint8Array)[];
  closed: boolean;
}

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

export class FakePlatform implements Platform {
  mono = 1_000;
  wall = 1_700_000_000_000;
  readonly sockets: FakeSocket[] = [];
  readonly posted: TabMessage[] = [];
  tabsEvents: TabsEvents | undefined;
  contending = false;
  stolen = 0;
  networkWord: NetworkWord = 'Online';
  tellNetwork: (word: NetworkWord) => void = () => undefined;
  visibilityEvents: VisibilityEvents | undefined;
  readonly #timers = new Set<Timer>();

  readonly store: StorePort;
  constructor(store: StorePort = memoryStore()) {
    this.store = store;
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Lets time pass, timer by timer. */
  pass(milliseconds: number): void {
    const end = this.mono + milliseconds;
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.wall += Math.max(0, next.at - this.mono);
      this.mono = Math.max(this.mono, next.at);
      this.#timers.delete(next);
      next.callback();
    }
    this.wall += end - this.mono;
    this.mono = end;
  }

  /** Jumps to the next timer and lets all that it causes happen. */
  async next(): Promise<void> {
    const first = Math.min(...[...this.#timers].map(({ at }) => at));
    this.pass(Math.max(0, first - this.mono));
    await quiet();
  }

  readonly clock = {
    now: () => ({ mono: this.mono, wall: this.wall }),
    after: (delay: number, callback: () => void) => {
      const timer = { at: this.mono + delay, callback };
      this.#timers.add(timer);
      return () => void this.#timers.delete(timer);
    },
  };

  readonly socket = {
    open: (url: string, events: SocketEvents) => {
      const socket: FakeSocket = { url, events, sent: [], closed: false };
      this.sockets.push(socket);
      return {
        send: (frame: string | Uint8Array) => void socket.sent.push(frame),
        close: () => {
          socket.closed = true;
        },
      };
    },
  };

  readonly network = {
    current: () => this.networkWord,
    watch: (callback: (word: NetworkWord) => void) => {
      this.tellNetwork = callback;
      return () => {
        this.tellNetwork = () => undefined;
      };
    },
  };

  readonly visibility = {
    current: () => 'Foreground' as const,
    watch: (events: VisibilityEvents) => {
      this.visibilityEvents = events;
      return () => {
        this.visibilityEvents = undefined;
      };
    },
  };

  readonly tabs = {
    join: (_partition: string, events: TabsEvents) => {
      this.tabsEvents = events;
      return {
        post: (message: TabMessage) => void this.posted.push(message),
        contend: () => {
          this.contending = true;
        },
        steal: () => {
          this.stolen += 1;
        },
        release: () => {
          this.contending = false;
        },
        leave: () => {
          this.contending = false;
          this.tabsEvents = undefined;
        },
      };
    },
  };

  readonly random = { seed: () => new Uint8Array(32) };
}

/** A memory store that says it is durable, so that tabs matter. */
export function sharedStore(): StorePort {
  const inner = memoryStore();
  return {
    async open(partition) {
      const store = await inner.open(partition);
      return { ...store, durability: 'power-loss' };
    },
  };
}

/** Everything that promises can do without time passing has been done. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
}
