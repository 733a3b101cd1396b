// Who listens to which event. Registrations are counted per handler; arrival order; a handler that throws stops no other (C8).
import type { EventHandler, EventMeta } from '../types.js';

interface Registration {
  readonly handler: EventHandler<unknown>;
  /** Made by a hook: `off(event)` leaves it alone. */
  readonly kept: boolean;
  live: boolean;
}

export type AnyHandler = (event: string, meta: EventMeta) => void;

export class Listeners {
  readonly #events = new Map<string, Registration[]>();
  readonly #report: (error: unknown) => void;
  /** Those that hear every event, before the others. */
  readonly #any = new Set<AnyHandler>();

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** Number of live registrations. */
  get size(): number {
    let count = 0;
    for (const list of this.#events.values()) count += list.length;
    return count;
  }

  add(event: string, handler: EventHandler<unknown>, kept: boolean): () => void {
    const registration: Registration = { handler, kept, live: true };
    // A new array each time: a dispatch under way goes on with the one that it began with.
    this.#events.set(event, [...(this.#events.get(event) ?? []), registration]);
    return () => this.#drop(event, [registration]);
  }

  addAny(handler: AnyHandler): () => void {
    const own: AnyHandler = (event, meta) => handler(event, meta);
    this.#any.add(own);
    return () => void this.#any.delete(own);
  }

  /** One registration of `handler`; without it, all but the kept ones. */
  remove(event: string, handler?: EventHandler<unknown>): void {
    const own = (this.#events.get(event) ?? []).filter((entry) => !entry.kept);
    if (handler === undefined) return this.#drop(event, own);
    const one = own.find((entry) => entry.handler === handler);
    if (one !== undefined) this.#drop(event, [one]);
  }

  dispatch(event: string, args: readonly unknown[], meta: Omit<EventMeta, 'args'>): void {
    const list = this.#events.get(event) ?? [];
    if (list.length === 0 && this.#any.size === 0) return;
    const whole: EventMeta = { ...meta, args };
    for (const any of [...this.#any]) this.#call(() => any(event, whole));
    for (const registration of list) if (registration.live) this.#call(() => registration.handler(args[0], whole));
  }

  #call(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.#report(error);
    }
  }

  #drop(event: string, gone: readonly Registration[]): void {
    for (const registration of gone) registration.live = false;
    const left = (this.#events.get(event) ?? []).filter((entry) => entry.live);
    if (left.length === 0) this.#events.delete(event);
    else this.#events.set(event, left);
  }
}
