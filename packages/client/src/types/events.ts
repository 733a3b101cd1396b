// Public types of events: the map that an app declares, and what a handler and `emit` take of it.
import type { EmitClass } from '../emit-class.js';

/** Events of an app that declared none: any name, any payload. */
export type AnyEvents = Record<string, unknown>;

/** The names of an event map (an `interface` or a `type`). */
export type EventName<E extends object> = keyof E & string;

/** What a handler of this event gets: the declared payload, or the first parameter of a function-style declaration. */
export type EventPayload<M> = M extends (...args: infer A) => unknown ? A[0] : M;

/** What `emit` takes after the name; the class of this one call may follow. */
export type EventArgs<M> = unknown extends M ? readonly unknown[] : [...Parameters<EmitFunction<M>>, emitClass?: EmitClass<never>];

type EmitFunction<M> = M extends (...args: infer A) => unknown ? (...args: A) => void : undefined extends M ? (payload?: M) => void : (payload: M) => void;

/** The class of each event (C6); one that is not named is `plain()`. */
export type EmitClasses<E extends object> = { readonly [K in EventName<E>]?: EmitClass<EventPayload<E[K]>> };

/** What is known of an event besides its payload. */
export interface EventMeta {
  /** It came from history, not live. */
  readonly replayed: boolean;
  /** A write of this user's own outbox caused it. */
  readonly own: boolean;
  /** Its room; absent for events without one. */
  readonly room?: string;
  /** All its arguments; the payload is the first. Bytes are `Uint8Array`s. */
  readonly args: readonly unknown[];
  /** The peer waits for an answer: the first call gives it. False if nobody waits any more. */
  readonly reply?: (...answer: unknown[]) => boolean;
}

export type EventHandler<P> = (payload: P, meta: EventMeta) => void;
