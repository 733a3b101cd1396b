// What people see: folds the layers over the bases and puts the result into the query client, once per commit and at
// most once a frame for events (Q16, Y5). Knows neither rules nor the engine.

import { notifyManager, replaceEqualDeep, type Query } from '@tanstack/react-query';
import { FRAME_MS } from '../limits.js';
import type { Timer } from '../ports/timer.js';
import type { Entry } from './entries.js';
import { fold, type Layer } from './fold.js';
import type { LayerStack } from './layers.js';
import type { Snapshots } from './snapshots.js';

export class Screen {
  readonly #layers: LayerStack;
  readonly #snapshots: Snapshots;
  readonly #timer: Timer;
  /** Entries whose visible value may have changed. */
  readonly #unfolded = new Set<Entry>();
  #urgent = false;
  #stopFrame: (() => void) | undefined;
  #touched = new Map<string, Set<Entry>>();

  constructor(layers: LayerStack, snapshots: Snapshots, timer: Timer) {
    this.#layers = layers;
    this.#snapshots = snapshots;
    this.#timer = timer;
  }

  /** The visible value may have changed. `urgent`: by the user's own hand, so not to wait for a frame. */
  mark(entry: Entry, urgent: boolean): void {
    this.#unfolded.add(entry);
    this.#urgent ||= urgent;
  }

  forget(entry: Entry): void {
    this.#unfolded.delete(entry);
    for (const layer of this.#layers.all) layer.touched.delete(entry.hash);
  }

  /** The entry's value now, with its layers; undefined without a base. Ends the need to fold it again. */
  visible(entry: Entry): unknown {
    this.#unfolded.delete(entry);
    if (!entry.base) return undefined;
    const { query, hash, base } = entry;
    const folded = fold({ hash, key: query.queryKey, data: base.data, carries: base.carries }, this.#layers.all);
    for (const layer of folded.changedBy) this.#touch(layer, entry);
    return folded.data;
  }

  /** Notes what the query shows now and what is below it. */
  remember(entry: Entry): void {
    if (!entry.base) return;
    const { data, revision, edits } = entry.base;
    this.#snapshots.record(entry.query.state.data, { hash: entry.hash, base: data, revision, edits });
  }

  /** Puts everything marked into the query client, in one notification. False: a burst, it waits for the frame's end. */
  commit(): boolean {
    if (this.#stopFrame && !this.#urgent) return false;
    this.#urgent = false;
    if (this.#unfolded.size === 0) return true;
    notifyManager.batch(() => {
      for (const entry of [...this.#unfolded]) this.show(entry);
    });
    return true;
  }

  /** After a commit that showed events: the next one waits until `then`. */
  beginFrame(then: () => void): void {
    this.#stopFrame ??= this.#timer(FRAME_MS, () => {
      this.#stopFrame = undefined;
      if (this.#unfolded.size > 0) then();
    });
  }

  get waiting(): boolean {
    return this.#unfolded.size > 0;
  }

  /** Which layers changed which entries for the first time. */
  takeTouched(): Map<string, Set<Entry>> {
    const touched = this.#touched;
    this.#touched = new Map();
    return touched;
  }

  stop(): void {
    this.#stopFrame?.();
    this.#stopFrame = undefined;
  }

  /** Puts the entry's visible value into the query client. */
  show(entry: Entry): void {
    const data = this.visible(entry);
    const { query, base } = entry;
    if (!base || data === undefined) return;
    const shared = share(query, data);
    if (query.state.data === undefined || base.invalidated) {
      const { updatedAt, invalidated } = base;
      base.invalidated = false;
      entry.seam.put({
        data: shared,
        dataUpdatedAt: updatedAt,
        dataUpdateCount: Math.max(1, query.state.dataUpdateCount),
        status: 'success',
        error: null,
        isInvalidated: invalidated,
      });
    } else if (shared !== query.state.data) entry.seam.put({ data: shared });
    this.remember(entry);
  }

  #touch(layer: Layer, entry: Entry): void {
    if (layer.write === undefined || layer.touched.has(entry.hash)) return;
    layer.touched.add(entry.hash);
    const entries = this.#touched.get(layer.write) ?? new Set();
    this.#touched.set(layer.write, entries.add(entry));
  }
}

/** Keeps what did not change, as the query's own option says. */
export function share(query: Query, next: unknown, previous: unknown = query.state.data): unknown {
  const { structuralSharing } = query.options;
  if (typeof structuralSharing === 'function') return structuralSharing(previous, next);
  return structuralSharing === false ? next : replaceEqualDeep(previous, next);
}
