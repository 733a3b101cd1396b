// Which tab sends. The lock says who may; the store's epoch, raised by whoever gets the lock, makes it true (Q19).
import type { Input } from '../generated/protocol.js';
import type { ClockPort, Store, TabsPort, TabsSession } from '../ports/port.js';

/** Milliseconds before the lock is wanted again after the lead could not be stored. */
const AGAIN = 1_000;

export interface LeadershipHost {
  readonly clock: ClockPort;
  push(input: Input): void;
  lead(): Promise<number>;
  failed(what: string, error: unknown): void;
}

export class Leadership {
  readonly #port: TabsPort;
  readonly #partition: string;
  readonly #host: LeadershipHost;
  #session: TabsSession | undefined;
  #over = false;
  /** Counts grants, so that a leadership which was lost while its epoch was written is not announced. */
  #grant = 0;
  #stopTimer: () => void = () => undefined;
  #epoch = 0;
  leads = false;

  constructor(port: TabsPort, partition: string, host: LeadershipHost) {
    this.#port = port;
    this.#partition = partition;
    this.#host = host;
  }

  /** Takes part, once it is known what store there is: one that no other tab sees needs no lock and has no news for others. */
  begin(durability: Store['durability']): void {
    if (this.#over) return;
    if (durability === 'memory') return this.#granted();
    this.#session = this.#port.join(this.#partition, {
      message: ({ key, value }) => this.#host.push({ kind: 'StoreChanged', key, value: value ?? undefined }),
      granted: () => this.#granted(),
      lost: () => {
        this.#lost();
        this.#session?.contend();
      },
    });
    this.#session.contend();
  }

  broadcast(key: string, value: Uint8Array | undefined): void {
    this.#session?.post({ key, value: value ?? null });
  }

  /** The tab that leads does not answer: its lock is taken from it, and the store's epoch keeps what it may still do apart (Q19). */
  take(): void {
    this.#session?.steal();
  }

  /**
   * The store knows another leadership than this one, or none. While the lock is held nobody else leads: it was emptied, or an older lead reached it late. It is led anew, so that
   * it is read again (Q4). Where the lock was stolen, and that is told later than this, whoever stole it does the same.
   */
  fenced(epoch: number | undefined): void {
    if (!this.leads || epoch !== this.#epoch) return;
    this.leads = false; // The engine knows.
    this.#granted();
  }

  /** The page may never run again: another tab should lead. */
  pause(): void {
    if (this.#session === undefined) return;
    this.#stopTimer();
    this.#session.release();
    this.#lost();
  }

  resume(): void {
    this.#session?.contend();
  }

  stop(): void {
    this.#over = true;
    this.#grant += 1;
    this.leads = false;
    this.#stopTimer();
    this.#session?.leave();
    this.#session = undefined;
  }

  #granted(): void {
    this.#grant += 1;
    const grant = this.#grant;
    this.#host.lead().then(
      (epoch) => {
        if (grant !== this.#grant) return;
        this.leads = true;
        this.#epoch = epoch;
        this.#host.push({ kind: 'Leader', epoch });
      },
      (error: unknown) => {
        if (grant !== this.#grant) return;
        this.#host.failed('the lead could not be stored', error);
        this.#giveWay();
      },
    );
  }

  /** Whoever cannot write the epoch cannot lead; perhaps another tab can. */
  #giveWay(): void {
    const session = this.#session;
    session?.release();
    this.#stopTimer = this.#host.clock.after(AGAIN, () => (session === undefined ? this.#granted() : session.contend()));
  }

  #lost(): void {
    this.#grant += 1;
    if (!this.leads) return;
    this.leads = false;
    this.#host.push({ kind: 'LeaderLost' });
  }
}
