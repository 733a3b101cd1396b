// What apps know as `socket.io`: the tries to connect as events, how many there may be, and the link. It hears each state of one client and says what the official manager would say of it;
// how long is waited between two tries is the client's decision.
import type { TidewireError } from '../errors.js';
import type { ConnectionSnapshot } from '../types.js';
import type { Engine, Links } from './engine.js';

/** With their arguments. */
export interface ManagerEvents {
  open: () => void;
  /** A try failed. */
  error: (error: Error) => void;
  /** The session is gone. */
  close: (reason: string) => void;
  reconnect_attempt: (attempt: number) => void;
  reconnect: (attempts: number) => void;
  reconnect_error: (error: Error) => void;
  /** As many tries as there may be have failed. */
  reconnect_failed: () => void;
}

type Heard<K extends keyof ManagerEvents = keyof ManagerEvents> = { readonly event: K; readonly listener: ManagerEvents[K]; readonly once: boolean };

export class Manager {
  readonly #links: Links;
  readonly #stop: () => void;
  #reconnection: boolean;
  #most: number;
  #attempts = 0;
  #listeners: readonly Heard[] = [];

  constructor(links: Links, { reconnection, reconnectionAttempts }: { readonly reconnection: boolean; readonly reconnectionAttempts: number }, stop: () => void) {
    this.#links = links;
    this.#reconnection = reconnection;
    this.#most = reconnectionAttempts;
    this.#stop = stop;
  }

  /** Undefined while there is no link. */
  get engine(): Engine | undefined {
    return this.#links.current;
  }

  /** Whether it tries again after a failure. */
  reconnection(): boolean;
  reconnection(on: boolean): this;
  reconnection(on?: boolean): boolean | this {
    if (on === undefined) return this.#reconnection;
    this.#reconnection = on;
    return this;
  }

  /** How often it tries again, until it gives up. */
  reconnectionAttempts(): number;
  reconnectionAttempts(most: number): this;
  reconnectionAttempts(most?: number): number | this {
    if (most === undefined) return this.#most;
    this.#most = most;
    return this;
  }

  on<K extends keyof ManagerEvents>(event: K, listener: ManagerEvents[K]): this {
    this.#listeners = [...this.#listeners, { event, listener, once: false }];
    return this;
  }
  once<K extends keyof ManagerEvents>(event: K, listener: ManagerEvents[K]): this {
    this.#listeners = [...this.#listeners, { event, listener, once: true }];
    return this;
  }
  /** All registrations of `listener`, all of the event's, or all. */
  off<K extends keyof ManagerEvents>(event?: K, listener?: ManagerEvents[K]): this {
    this.#listeners = this.#listeners.filter((one) => event !== undefined && (one.event !== event || (listener !== undefined && one.listener !== listener)));
    return this;
  }

  /** The app connects by hand, or gives up: counting begins anew. */
  renew(): void {
    this.#attempts = 0;
  }

  /** The client's next state. `failure`: why a try failed, where this state says so. True where it is to give up. */
  hear(before: ConnectionSnapshot, now: ConnectionSnapshot, closed: string | undefined, failure: TidewireError | undefined): void {
    if (closed !== undefined) this.#tell('close', closed);
    if (failure !== undefined) this.#failed(failure, now.status === 'waiting');
    if (now.status === 'connecting' && (before.status === 'waiting' || before.status === 'paused')) {
      this.#attempts += 1;
      this.#tell('reconnect_attempt', this.#attempts);
    }
    if (now.status === 'connected') {
      this.#links.connected();
      const attempts = this.#attempts;
      this.#attempts = 0;
      this.#tell('open');
      if (attempts > 0) this.#tell('reconnect', attempts);
    }
    if (now.status === 'waiting' && !this.#reconnection) this.#stop();
  }

  #failed(failure: TidewireError, again: boolean): void {
    this.#tell('error', failure);
    if (this.#attempts > 0) this.#tell('reconnect_error', failure);
    if (!again || !this.#reconnection || this.#attempts < this.#most) return;
    this.#attempts = 0;
    this.#stop();
    this.#tell('reconnect_failed');
  }

  #tell<K extends keyof ManagerEvents>(event: K, ...args: Parameters<ManagerEvents[K]>): void {
    const heard = this.#listeners.filter((one) => one.event === event);
    this.#listeners = this.#listeners.filter((one) => !one.once || one.event !== event);
    for (const { listener } of heard) (listener as (...given: Parameters<ManagerEvents[K]>) => void)(...args);
  }
}
