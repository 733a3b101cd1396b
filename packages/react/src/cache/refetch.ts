// Fetches queries again, each at most once per window, and never loses a wish: what is asked for during a fetch or a
// window is done after it (Y5). Queries that nobody looks at are only marked.

import type { Query, QueryClient } from '@tanstack/react-query';
import { REFETCH_WINDOW_MS } from '../limits.js';
import type { Timer } from '../ports/timer.js';

export class Refetcher {
  readonly #client: QueryClient;
  readonly #timer: Timer;
  /** Fetched again before the next return to the app, also over a running fetch: the engine asked. */
  readonly #now = new Set<Query>();
  /** Fetched again because of events. */
  readonly #wanted = new Set<Query>();
  readonly #windows = new Map<Query, () => void>();

  constructor(client: QueryClient, timer: Timer) {
    this.#client = client;
    this.#timer = timer;
  }

  now(query: Query): void {
    this.#now.add(query);
  }

  want(query: Query): void {
    this.#wanted.add(query);
  }

  forget(query: Query): void {
    this.#now.delete(query);
    this.#wanted.delete(query);
    this.#windows.get(query)?.();
    this.#windows.delete(query);
  }

  /** A fetch of this query ended: what was asked for meanwhile is due. */
  ended(query: Query): void {
    if (this.#wanted.has(query)) this.run();
  }

  /** Does what is due. */
  run(): void {
    const due = new Set(this.#now);
    this.#now.clear();
    for (const query of due) this.#wanted.delete(query);
    for (const query of [...this.#wanted]) {
      const active = query.isActive();
      if (query.state.fetchStatus !== 'idle' || (active && this.#windows.has(query))) {
        query.invalidate(); // marked meanwhile, for the store; a success clears the mark, `ended` sees to it again
        continue;
      }
      this.#wanted.delete(query);
      if (active) due.add(query);
      else query.invalidate();
    }
    if (due.size === 0) return;
    for (const query of due) if (query.isActive()) this.#openWindow(query);
    void this.#client.invalidateQueries({ predicate: (query) => due.has(query) });
  }

  stop(): void {
    for (const cancel of this.#windows.values()) cancel();
    this.#windows.clear();
  }

  #openWindow(query: Query): void {
    this.#windows.get(query)?.();
    const cancel = this.#timer(REFETCH_WINDOW_MS, () => {
      this.#windows.delete(query);
      this.run();
    });
    this.#windows.set(query, cancel);
  }
}
