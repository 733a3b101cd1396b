// The classes of emits (C6), as an app writes them: in its definitions, or at the end of a single call. Data only.
import type { EmitClass as EngineClass } from './generated/protocol.js';

/** What is promised about an emit. Made by `plain`, `reliable` and `volatile`. */
export class EmitClass<P = unknown> {
  readonly kind: 'plain' | 'reliable' | 'volatile';
  /** Milliseconds that it waits for a connection, or for its acknowledgement. */
  readonly timeout: number | undefined;
  readonly #engine: (payload: P) => EngineClass;

  constructor(kind: EmitClass['kind'], timeout: number | undefined, engine: (payload: P) => EngineClass) {
    this.kind = kind;
    this.timeout = timeout;
    this.#engine = engine;
  }

  /** The same in the engine's terms. */
  of(payload: P): EngineClass {
    return this.#engine(payload);
  }
}

/** The default: buffered for a short time while offline; whoever waits for its answer is told `MAYBE_LOST` when the link dies. */
export function plain(options: { readonly timeout?: number } = {}): EmitClass {
  return new EmitClass('plain', options.timeout, () => ({ kind: 'Plain' }));
}

/**
 * In order and exactly once on our server, as long as the page lives. Elsewhere it ends as `UNKNOWN_EMIT` when the link dies before its
 * answer, unless it is `idempotent`: then it is sent again.
 */
export function reliable(options: { readonly timeout?: number; readonly idempotent?: boolean } = {}): EmitClass {
  return new EmitClass('reliable', options.timeout, () => ({ kind: 'Reliable', idempotent: options.idempotent ?? false }));
}

/** Never buffered while offline. While the link takes no more, the latest of each key waits; without a key none does. */
export function volatile<P = unknown>(options: { readonly key?: string | ((payload: P) => string) } = {}): EmitClass<P> {
  const { key } = options;
  return new EmitClass('volatile', undefined, (payload: P) => ({ kind: 'Volatile', key: typeof key === 'function' ? key(payload) : key }));
}
