// Observable values. A value changes at once; who subscribed hears of it at the end of the drain, once. Knows nothing of its values.
import type { Observable } from '../types.js';

/** Tells what changed when the drain is over. */
export class Notifier {
  readonly #changed = new Set<Cell<unknown>>();
  readonly #report: (error: unknown) => void;

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  mark(cell: Cell<unknown>): void {
    this.#changed.add(cell);
  }

  flush(): void {
    for (const cell of [...this.#changed]) {
      this.#changed.delete(cell);
      for (const callback of cell.subscribers()) {
        try {
          callback();
        } catch (error) {
          this.#report(error);
        }
      }
    }
  }
}

export class Cell<T> implements Observable<T> {
  readonly #notifier: Notifier;
  readonly #callbacks = new Set<{ readonly callback: () => void }>();
  #value: T;
  #build: (() => T) | undefined;

  constructor(notifier: Notifier, initial: T) {
    this.#notifier = notifier;
    this.#value = initial;
  }

  // Own functions, not methods: `useSyncExternalStore(cell.subscribe, cell.get)` takes them off the object.
  readonly get = (): T => {
    if (this.#build !== undefined) {
      const build = this.#build;
      this.#build = undefined;
      this.#value = build();
    }
    return this.#value;
  };

  readonly subscribe = (callback: () => void): (() => void) => {
    const entry = { callback };
    this.#callbacks.add(entry);
    return () => {
      this.#callbacks.delete(entry);
    };
  };

  set(value: T): void {
    if (this.#build === undefined && Object.is(value, this.#value)) return;
    this.#build = undefined;
    this.#value = value;
    this.#notifier.mark(this as Cell<unknown>);
  }

  /** Changed, but the snapshot is built only when somebody asks. */
  stale(build: () => T): void {
    this.#build = build;
    this.#notifier.mark(this as Cell<unknown>);
  }

  subscribers(): (() => void)[] {
    return [...this.#callbacks].map(({ callback }) => callback);
  }
}
