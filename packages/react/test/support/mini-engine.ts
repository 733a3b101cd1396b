// A small stand-in for client and engine, for tests of the cache alone: it keeps the contract of `attachCache`
// (drains, nothing out of order, answers in the same synchronous step) and the rules of positions and layers
// (Y2, Q17), and nothing of links, stores or HTTP.

import type {
  Applied, BaseInfo, CacheLink, CachePort, LayerContext, LayerWriter, Position, QueryId, RefetchReason, StoredBase, SyncRules, Tidewire,
} from '@tidewire/client';

export interface RoomEvent {
  name: string;
  payload: unknown;
  position?: Position;
  write?: string;
}

interface LayerState {
  touched: Set<QueryId>;
  carried: Set<QueryId>;
  sequence: number;
  answeredAt: number | undefined;
}

export class MiniEngine {
  readonly user = 'ana';
  readonly client = 'c1';
  readonly calls: string[] = [];
  readonly bound = new Map<string, readonly QueryId[]>();
  readonly covers = new Map<QueryId, Map<string, number>>();
  readonly layers = new Map<string, LayerState>();
  readonly refetched: { queries: readonly QueryId[]; reason: RefetchReason }[] = [];
  /** The number of each query's last fetch. */
  readonly reads = new Map<QueryId, number>();
  /** Bases that come now are older than what stands. */
  refuses = false;
  flushes = 0;
  attached = 0;
  /** What the engine answers to a base besides, in the same drain. */
  alsoAtInstall: ((query: QueryId) => void) | undefined;
  readonly #rules: SyncRules<object> | undefined;
  readonly #ring: (RoomEvent & { position: Position })[] = [];
  readonly #infos = new WeakMap<object, BaseInfo>();
  readonly #started = new Map<QueryId, number>();
  #port: CachePort | undefined;
  #tick = 0;
  #work: (() => void)[] = [];
  #draining = false;

  constructor(rules?: SyncRules<object>) {
    this.#rules = rules;
  }

  /** What the adapter sees of a client. */
  get source(): Pick<Tidewire<object>, 'attachCache' | 'baseInfo' | 'rules' | 'user'> {
    return {
      user: this.user,
      rules: this.#rules,
      baseInfo: (data) => (typeof data === 'object' && data !== null ? this.#infos.get(data) : undefined),
      attachCache: (port) => this.#attach(port),
    };
  }

  get port(): CachePort {
    if (!this.#port) throw new Error('no cache attached');
    return this.#port;
  }

  /** As `client.fetch(...).json()`: remembers what the body covers, at its root and direct children. */
  body<T extends object>(data: T, positions: Position[], sequences: number[] = []): T {
    const applied: Applied = { client: this.client, ranges: sequences.map((one) => ({ from: one, to: one })) };
    for (const part of [data, ...Object.values(data)]) if (typeof part === 'object' && part !== null) this.#infos.set(part, { positions, applied });
    return data;
  }

  tap(write: string, sequence: number, optimistic?: (cache: LayerWriter, context: LayerContext) => void, restored = false): void {
    this.drain(() => {
      this.layers.set(write, { touched: new Set(), carried: new Set(), sequence, answeredAt: undefined });
      this.port.layerAdded({ write, name: 'like', version: 1, variables: null, restored, ...(optimistic && { optimistic }) });
    });
  }

  /** What the layer records is another thing now. */
  changed(write: string, optimistic: (cache: LayerWriter, context: LayerContext) => void): void {
    this.drain(() => this.port.layerChanged({ write, name: 'like', version: 1, variables: null, restored: false, optimistic }));
  }

  answered(write: string): void {
    this.drain(() => {
      const layer = this.layers.get(write);
      if (layer) layer.answeredAt = this.#tick;
    });
  }

  /** The write is refused, or taken back: its layer goes. */
  refused(write: string): void {
    this.drain(() => {
      this.layers.delete(write);
      this.port.layerRetired(write);
      this.port.settled(write);
    });
  }

  arrives(event: RoomEvent): void {
    this.drain(() => {
      const { position } = event;
      if (!position) return this.#give(event, [], true);
      this.#ring.push({ ...event, position });
      const apply = (this.bound.get(position.room) ?? []).filter((query) => this.covers.get(query)?.get(position.room) === position.offset - 1);
      this.#give(event, apply, true);
    });
  }

  restore(records: StoredBase[]): void {
    this.drain(() => this.port.restore(records));
  }

  refetch(queries: QueryId[], reason: RefetchReason): void {
    this.drain(() => this.port.refetch(queries, reason));
  }

  drain(work: () => void): void {
    this.#work.push(work);
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let next = this.#work.shift(); next; next = this.#work.shift()) {
        this.#tick += 1;
        next();
      }
      this.#port?.commit();
    } finally {
      this.#draining = false;
    }
    if (this.#work.length > 0) this.drain(() => undefined);
  }

  #attach(port: CachePort): CacheLink {
    this.#port = port;
    this.attached += 1;
    const note = (line: string, work: () => void): void => {
      this.calls.push(line);
      this.drain(work);
    };
    return {
      user: this.user,
      bound: (room, queries) => note(`bound ${room} ${queries.join()}`, () => this.bound.set(room, queries)),
      fetchStarted: (query, read) =>
        note(`fetchStarted ${query}`, () => {
          this.#started.set(query, this.#tick);
          this.reads.set(query, read);
        }),
      fetchFailed: (query, read) =>
        note(`fetchFailed ${query}`, () => {
          if (this.reads.get(query) === read) this.#started.delete(query);
        }),
      upToDate: () => this.drain(() => undefined),
      queryGone: (query) => note(`queryGone ${query}`, () => this.covers.delete(query)),
      touched: (write, queries) => note(`touched ${write} ${queries.join()}`, () => queries.forEach((query) => this.layers.get(write)?.touched.add(query))),
      baseInstalled: (query, base) => {
        const kind = base.restored ? 'restored' : 'fetched';
        note(`${kind} ${query} ${base.positions.map((one) => `${one.room}@${one.offset}`).join()}`, () => this.#installed(query, base));
      },
      scheduleFlush: () => void (this.flushes += 1),
      detach: () => void (this.#port = undefined),
    };
  }

  #installed(query: QueryId, base: { read?: number; positions: readonly Position[]; applied?: Applied; carries?: readonly string[]; restored?: boolean }): void {
    if (this.refuses) return this.port.baseRefused(query);
    const covers = new Map(base.positions.map((one) => [one.room, one.offset]));
    this.covers.set(query, covers);
    const started = this.#started.get(query);
    this.#started.delete(query);
    for (const [write, layer] of [...this.layers]) {
      const named = base.carries?.includes(write) || base.applied?.ranges.some((range) => range.from <= layer.sequence && layer.sequence <= range.to);
      const later = layer.answeredAt !== undefined && started !== undefined && started > layer.answeredAt;
      if (named || later) this.#carry(write, layer, query);
    }
    this.alsoAtInstall?.(query);
    for (const event of this.#ring) {
      const at = covers.get(event.position.room);
      if (at !== undefined && event.position.offset === at + 1) this.#give(event, [query], false);
    }
  }

  #give(event: RoomEvent, apply: QueryId[], dispatch: boolean): void {
    const { name, payload, position, write } = event;
    const own = write !== undefined && this.layers.has(write);
    this.port.event({ name, own, replayed: false, apply, dispatch, ...(position && { position }), ...(write !== undefined && { write }) }, [payload]);
    for (const query of apply) if (position) this.covers.get(query)?.set(position.room, position.offset);
    const layer = write === undefined ? undefined : this.layers.get(write);
    if (write !== undefined && layer) for (const query of apply) this.#carry(write, layer, query);
  }

  #carry(write: string, layer: LayerState, query: QueryId): void {
    if (layer.carried.has(query)) return;
    layer.carried.add(query);
    this.port.layerRetired(write, query);
    if (layer.touched.size > 0 && [...layer.touched].every((one) => layer.carried.has(one))) {
      this.layers.delete(write);
      this.port.layerRetired(write);
    }
  }
}
