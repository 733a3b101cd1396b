// Between the engine and the cache: outputs about events and layers go to the cache, what the cache tells goes to the engine.
// Keeps which layers stand, so that a cache attached later sees them too. Knows nothing of what a cache holds.
import type { Event, Input } from '../generated/protocol.js';
import type { CacheLink, CachePort, LayerRecord, QueryId, RefetchReason, StoredBase, StoreWrite } from '../types.js';

export interface BridgeHost {
  readonly user: string;
  /** Undefined while no engine runs. */
  push(): ((input: Input) => void) | undefined;
  /** Lets the engine answer now, not at the end of the turn. */
  drain(): void;
  scheduleFlush(): void;
  /** A cache came while the engine runs: its stored bases are wanted. */
  attached(): void;
}

export class Bridge {
  readonly #host: BridgeHost;
  readonly #layers = new Map<string, LayerRecord>();
  /** Refused or voided, and on this device. */
  readonly #notApplied = new Set<string>();
  readonly #bound = new Map<string, readonly QueryId[]>();
  readonly #queries = new Set<QueryId>();
  /** What the cache told before an engine ran. */
  #early: Input[] = [];
  #cache: CachePort | undefined;

  constructor(host: BridgeHost) {
    this.#host = host;
  }

  attach(cache: CachePort): CacheLink {
    this.#detach();
    this.#cache = cache;
    const whileMine = (work: () => void): void => {
      if (this.#cache === cache) work();
    };
    const tell = (input: Input): void => whileMine(() => this.#tell(input));
    const link: CacheLink = {
      user: this.#host.user,
      bound: (room, queries) =>
        whileMine(() => {
          if (queries.length === 0) this.#bound.delete(room);
          else this.#bound.set(room, queries);
          const push = this.#host.push();
          push?.({ kind: 'Bound', room, queries });
        }),
      fetchStarted: (query, read) => tell({ kind: 'FetchStarted', query, read }),
      upToDate: () => whileMine(() => this.#host.drain()),
      baseInstalled: (query, { read, positions, applied, carries = [], restored = false }) =>
        whileMine(() => {
          this.#tell({ kind: 'BaseInstalled', query, read, positions, applied, carries, restored });
          // Events that it lacks and layers that it ends come before anybody sees it (Q16).
          if (!restored) this.#host.drain();
        }),
      fetchFailed: (query, read) => tell({ kind: 'FetchFailed', query, read }),
      queryGone: (query) => tell({ kind: 'QueryGone', query }),
      touched: (write, queries) => tell({ kind: 'Touched', write, queries }),
      scheduleFlush: () => whileMine(() => this.#host.scheduleFlush()),
      detach: () => whileMine(() => this.#detach()),
    };
    for (const layer of this.#layers.values()) cache.layerAdded(layer);
    if (this.#host.push() !== undefined) this.#host.attached();
    return link;
  }

  /** What a new engine must be told of the cache. */
  opening(): Input[] {
    const bound = [...this.#bound].map(([room, queries]): Input => ({ kind: 'Bound', room, queries }));
    const early = this.#early;
    this.#early = [];
    return [...bound, ...early];
  }

  /** The engine is gone, and with it what it knew of layers. */
  closed(): void {
    for (const write of this.#layers.keys()) this.#cache?.layerRetired(write);
    this.#layers.clear();
    this.#notApplied.clear();
    this.#cache?.commit();
  }

  event(event: Event, args: readonly unknown[]): void {
    const { name, position, write, own, replayed, apply, dispatch } = event;
    const place = position === undefined ? {} : { position: { ...position } };
    this.#cache?.event({ name, own, replayed, apply, dispatch, ...place, ...(write === undefined ? {} : { write }) }, args);
  }

  layerAdded(layer: LayerRecord): void {
    this.#layers.set(layer.write, layer);
    this.#cache?.layerAdded(layer);
  }

  /** `Renamed`: layers whose variables mention the temporary id record anew. `change` gives the same record where nothing changes. */
  renamed(change: (record: LayerRecord) => LayerRecord): void {
    for (const [write, record] of this.#layers) {
      const changed = change(record);
      if (changed === record) continue;
      this.#layers.set(write, changed);
      this.#cache?.layerChanged(changed);
    }
  }

  layerRetired(write: string, query: QueryId | undefined): void {
    if (query === undefined) this.#layers.delete(write);
    // Told again of a layer that was put elsewhere.
    else if (this.#notApplied.has(write)) return;
    this.#cache?.layerRetired(write, query);
  }

  settled(write: string): void {
    this.#cache?.settled(write);
  }

  /** What is said of the write now: that it was refused or voided, so that no base has it, or something else. */
  judged(write: string, notApplied: boolean): void {
    if (!notApplied) return void this.#notApplied.delete(write);
    this.#notApplied.add(write);
    this.#cache?.notApplied(write);
  }

  baseRefused(query: QueryId): void {
    this.#cache?.baseRefused(query);
  }

  refetch(queries: readonly QueryId[], reason: RefetchReason): void {
    this.#cache?.refetch(queries, reason);
  }

  restore(bases: readonly StoredBase[]): void {
    this.#cache?.restore(bases);
  }

  commit(): void {
    this.#cache?.commit();
  }

  dirty(): StoreWrite[] {
    return this.#cache?.dirty() ?? [];
  }

  #tell(input: Input): void {
    if ('query' in input) {
      if (input.kind === 'QueryGone') this.#queries.delete(input.query);
      else this.#queries.add(input.query);
    }
    const push = this.#host.push();
    if (push === undefined) this.#early.push(input);
    else push(input);
  }

  /** The numbers of its queries mean nothing to the next cache. */
  #detach(): void {
    if (this.#cache === undefined) return;
    const push = this.#host.push();
    for (const room of this.#bound.keys()) push?.({ kind: 'Bound', room, queries: [] });
    for (const query of this.#queries) push?.({ kind: 'QueryGone', query });
    this.#bound.clear();
    this.#queries.clear();
    this.#early = [];
    this.#cache = undefined;
  }
}
