// Temporary ids (Q7): new ones, and the real names that the server's answers gave to them. Who gets which name is the engine's news.
import type { Notifier } from './cell.js';
import { Cell } from './cell.js';

export class Names {
  /** Temporary id to real one. */
  readonly known: Cell<ReadonlyMap<string, string>>;
  readonly #unique: () => string;

  constructor(notifier: Notifier, unique: () => string) {
    this.known = new Cell<ReadonlyMap<string, string>>(notifier, new Map());
    this.#unique = unique;
  }

  /** Unguessable, so that it can be found in any text. */
  fresh(): string {
    return `tmp_${this.#unique()}`;
  }

  /** `Renamed`. */
  learn(temp: string, real: string): void {
    this.known.set(new Map(this.known.get()).set(temp, real));
  }

  /** A value whose texts mention `temp`, with the real name in its place; the same value if none does. */
  static renamed<T>(value: T, temp: string, real: string): T {
    if (typeof value === 'string') return (value.includes(temp) ? value.split(temp).join(real) : value) as T;
    if (typeof value !== 'object' || value === null) return value;
    let changed = false;
    const entries = Object.entries(value).map(([key, item]: [string, unknown]) => {
      const [newKey, next] = [Names.renamed(key, temp, real), Names.renamed(item, temp, real)];
      changed ||= next !== item || newKey !== key;
      return [newKey, next] as const;
    });
    if (!changed) return value;
    return (Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries)) as T;
  }
}
