// The owner of the cache: performs what the engine decided (`CachePort`), tells it what happened to the queries
// (`CacheLink`) and keeps the query client showing bases with their layers. Decides nothing itself; knows no React.

import { notifyManager, type Query, type QueryClient } from '@tanstack/react-query';
import type { CacheEvent, CacheLink, CachePort, LayerRecord, QueryId, RefetchReason, StoredBase, StoreWrite, Tidewire } from '@tidewire/client';
import type { Timer } from '../ports/timer.js';
import { fetchedValue } from './fetched.js';
import { Bindings } from './bindings.js';
import { Captures, type Capture } from './capture.js';
import { Entries, newBase, type Base, type Entry } from './entries.js';
import { applyEvent } from './events.js';
import { matchesAny, type Layer } from './fold.js';
import { LayerStack, newLayer, recorder } from './layers.js';
import { rebase } from './rebase.js';
import { Refetcher } from './refetch.js';
import { RoomTable } from './rooms.js';
import { RuleTable } from './rules.js';
import { Screen, share } from './screen.js';
import { openSeam, type StatePart } from './seam.js';
import { Shelf } from './shelf.js';
import { Snapshots } from './snapshots.js';

export interface AdapterOptions {
  readonly source: Pick<Tidewire<object>, 'attachCache' | 'baseInfo' | 'rules' | 'user'>;
  readonly queryClient: QueryClient;
  readonly timer: Timer;
}

export class CacheAdapter implements CachePort {
  readonly #client: QueryClient;
  readonly #source: AdapterOptions['source'];
  readonly #rules: RuleTable;
  readonly #rooms: RoomTable;
  readonly #entries = new Entries();
  readonly #layers = new LayerStack();
  readonly #snapshots = new Snapshots();
  readonly #shelf = new Shelf();
  readonly #screen: Screen;
  readonly #bindings: Bindings;
  readonly #captures: Captures;
  readonly #refetcher: Refetcher;
  readonly #link: CacheLink;
  readonly #unsubscribe: () => void;
  #unannounced: Entry[] = [];
  /** Writes whose record is gone while their layer stands. */
  readonly #ended = new Set<string>();
  /** A value is on its way into a query: commits wait until it is there, so that they cannot show it half done. */
  #passing = 0;
  #lastRead = 0;

  constructor({ source, queryClient, timer }: AdapterOptions) {
    this.#client = queryClient;
    this.#source = source;
    this.#rules = new RuleTable(source.rules);
    this.#rooms = new RoomTable(source.rules);
    this.#screen = new Screen(this.#layers, this.#snapshots, timer);
    this.#bindings = new Bindings(this.#rooms);
    this.#captures = new Captures({ adopted: (layer) => this.#stand(layer), dropped: (layer) => this.#drop(layer, true) }, timer);
    this.#refetcher = new Refetcher(queryClient, timer);
    this.#link = source.attachCache(this); // layers that stand already come during this call
    const cache = queryClient.getQueryCache();
    for (const query of cache.getAll()) this.#register(query);
    this.#unsubscribe = cache.subscribe((change) => {
      if (change.type === 'added') this.#register(change.query);
      else if (change.type === 'removed') this.#forget(change.query);
      else if (change.type === 'updated') this.#observe(change.query, change.action.type);
    });
  }

  detach(): void {
    this.#unsubscribe();
    for (const entry of this.#entries.all()) entry.seam.restore();
    this.#screen.stop();
    this.#refetcher.stop();
    this.#link.detach();
  }

  /** Writes that the app makes to the cache inside the capture stand as one layer (A3). */
  capture(): Capture {
    return this.#captures.open();
  }

  /** Runs code of the app that is no part of any `onMutate`, also while one waits for something. */
  apart<T>(work: () => T): T {
    return this.#captures.apart(work);
  }

  /** The base below a value that was shown: what is dehydrated (Q16). */
  baseBelow(visible: unknown): unknown {
    // A listener of the query cache may ask while the value is on its way in.
    const known = this.#snapshots.of(visible) ?? this.#entries.all().find(({ query }) => query.state.data === visible)?.base;
    return known ? ('base' in known ? known.base : known.data) : visible;
  }

  // ---- CachePort: what the engine decided

  event(event: CacheEvent, args: readonly unknown[]): void {
    this.#announce();
    const scene = { entries: this.#entries.all(), rules: this.#rules, rooms: this.#rooms, user: this.#source.user };
    const { changed, moved, refetch } = applyEvent(event, args, scene);
    for (const entry of changed) this.#screen.mark(entry, false);
    for (const entry of moved) this.#shelf.stale(entry, this.#link);
    for (const entry of refetch) this.#refetcher.want(entry.query);
  }

  layerAdded(record: LayerRecord): void {
    const known = this.#layers.of(record.write);
    if (known) this.#drop(known, false);
    const layer = newLayer(record.write);
    this.#record(layer, record);
    if (this.#layers.of(record.write)) return; // a capture has taken this write as its own
    this.#stand(layer);
  }

  layerChanged(record: LayerRecord): void {
    const layer = this.#layers.of(record.write);
    // What the app wrote itself (A3) says nothing of variables.
    if (!layer || !record.optimistic || layer.operations.some(({ kind }) => kind === 'hold')) return;
    this.#markConcerned(layer);
    layer.operations.length = 0;
    this.#record(layer, record);
    this.#markConcerned(layer);
  }

  layerRetired(write: string, query?: QueryId): void {
    const layer = this.#layers.of(write);
    if (query === undefined) {
      if (layer) this.#drop(layer, false);
      if (this.#ended.delete(write)) this.#forgetCarried(write);
      return;
    }
    const entry = this.#entries.byId(query);
    if (!entry?.base) return;
    entry.base.carries.add(write);
    if (layer) this.#layers.handPictureDown(layer, entry.hash);
    this.#screen.mark(entry, true);
    this.#shelf.stale(entry, this.#link);
  }

  settled(write: string): void {
    // Where another tab sent it, its record may go before a base of this tab carries it: the layer stands until then (Q17).
    if (this.#layers.of(write)) this.#ended.add(write);
    else this.#forgetCarried(write);
  }

  notApplied(write: string): void {
    for (const entry of this.#entries.all()) {
      if (!entry.base?.carries.delete(write)) continue;
      this.#screen.mark(entry, true);
      this.#shelf.stale(entry, this.#link);
    }
  }

  #forgetCarried(write: string): void {
    for (const entry of this.#entries.all()) entry.base?.carries.delete(write);
  }

  refetch(queries: readonly QueryId[], _reason: RefetchReason): void {
    for (const id of queries) {
      const entry = this.#entries.byId(id);
      if (entry) this.#refetcher.now(entry.query);
    }
  }

  baseRefused(query: QueryId): void {
    const entry = this.#entries.byId(query);
    if (entry?.before) entry.base = entry.before;
  }

  commit(): void {
    if (this.#passing > 0) return;
    const shows = this.#screen.waiting;
    notifyManager.batch(() => {
      if (this.#screen.commit() && shows) this.#screen.beginFrame(() => this.commit());
      this.#refetcher.run();
    });
    for (const [write, entries] of this.#screen.takeTouched()) this.#link.touched(write, [...entries].map((entry) => entry.id));
  }

  restore(records: readonly StoredBase[]): void {
    this.#announce();
    const known = new Set(this.#entries.all().filter((entry) => entry.base?.trusted));
    for (const value of this.#shelf.open(records, this.#link)) {
      const query = this.#client.getQueryCache().build(this.#client, this.#client.defaultQueryOptions({ queryKey: value.queryKey }));
      const entry = this.#entries.of(query);
      if (!entry || known.has(entry)) continue;
      this.#announce();
      entry.base = newBase(value.data, { ...value, revision: (entry.base?.revision ?? 0) + 1, trusted: true });
      this.#install(entry, entry.base);
      this.#screen.mark(entry, true); // shown at the commit, when its layers are known too
    }
    // A client that was stopped and started begins with an engine that knows nothing of these.
    for (const entry of known) if (entry.base) this.#install(entry, entry.base);
  }

  dirty(): StoreWrite[] {
    return this.#shelf.take();
  }

  // ---- the query client: what happened

  #register(query: Query): void {
    const seam = openSeam(query, {
      fetched: (raw, pass) => this.#fetched(query, raw, pass),
      written: (data, pass) => this.#written(query, data, pass),
      restored: (state, pass) => this.#restored(query, state, pass),
    });
    const { data, dataUpdatedAt } = query.state;
    const base = data === undefined ? undefined : newBase(data, { updatedAt: dataUpdatedAt });
    const entry = this.#entries.add({ hash: query.queryHash, query, seam, announced: false, read: undefined, before: undefined, base });
    if (base) this.#screen.show(entry); // hydrated or initial data: nobody watches it yet
    // A query may be built while React renders; the engine hears of it after that, or before anything else of it.
    if (this.#unannounced.push(entry) === 1) queueMicrotask(() => this.#tellAll());
  }

  #tellAll(): void {
    this.#announce();
    this.commit();
  }

  /** Tells the engine of the queries that it does not know yet. */
  #announce(): void {
    for (const entry of this.#unannounced.splice(0)) {
      if (this.#entries.of(entry.query) !== entry || entry.announced) continue;
      entry.announced = true;
      this.#bindings.enter(entry, this.#link);
      if (entry.base) this.#install(entry, entry.base);
      if (entry.query.state.fetchStatus === 'fetching') this.#begin(entry);
    }
  }

  #forget(query: Query): void {
    const entry = this.#entries.of(query);
    if (!entry) return;
    entry.seam.restore();
    this.#entries.remove(entry);
    this.#screen.forget(entry);
    this.#refetcher.forget(query);
    this.#leave(entry);
  }

  #leave(entry: Entry): void {
    if (!entry.announced) return;
    entry.announced = false;
    this.#bindings.leave(entry, this.#link);
    this.#link.queryGone(entry.id);
  }

  #observe(query: Query, action: string): void {
    const entry = this.#entries.of(query);
    if (!entry) return;
    const { fetchStatus } = query.state;
    if ((action === 'fetch' || action === 'continue') && fetchStatus === 'fetching') {
      const known = entry.announced;
      this.#announce(); // a new one's fetch is told with it
      if (known) this.#begin(entry);
    } else if (action === 'invalidate') this.#shelf.stale(entry, this.#link);
    if (fetchStatus !== 'idle') return;
    this.#end(entry);
    if (this.#passing === 0) this.#refetcher.ended(query); // else the commit after it does
  }

  /** Tells of a base that no fetch brought. */
  #install(entry: Entry, base: Base): void {
    this.#link.baseInstalled(entry.id, { positions: [...base.positions.values()], carries: [...base.carries], restored: true });
  }

  #begin(entry: Entry): void {
    this.#end(entry); // a fetch that another one takes the place of never answers
    this.#lastRead += 1;
    entry.read = this.#lastRead;
    this.#link.fetchStarted(entry.id, entry.read);
  }

  /** The fetch that is under way, if one is, brings nothing. */
  #end(entry: Entry): void {
    if (entry.read !== undefined) this.#link.fetchFailed(entry.id, entry.read);
    entry.read = undefined;
  }

  /** A fetch brought data: one step from the answer to base, events, layers and screen (Q16, Q17, Y2). */
  #fetched(query: Query, raw: unknown, pass: (data: unknown) => unknown): unknown {
    const entry = this.#entries.of(query);
    if (!entry || raw === undefined) return pass(raw);
    return this.#step(entry, () => {
      this.#link.upToDate();
      const { base: old, read } = entry;
      const { data, info } = fetchedValue(raw, entry, this.#snapshots, (part) => this.#source.baseInfo(part));
      const positions = info?.positions ?? [];
      const revision = (old?.revision ?? 0) + 1;
      entry.base = newBase(share(query, data, old?.data), { positions, carries: old?.carries ?? [], revision, trusted: true });
      entry.read = undefined;
      entry.before = old;
      this.#link.baseInstalled(entry.id, { positions, ...(read !== undefined && { read }), ...(info?.applied && { applied: info.applied }), restored: false });
      entry.before = undefined;
      return pass(this.#screen.visible(entry));
    });
  }

  /** The app wrote a value: a picture of its own write (A3), a snapshot that it puts back, or a new base. */
  #written(query: Query, data: unknown, pass: (data: unknown) => unknown): unknown {
    const entry = this.#entries.of(query);
    if (!entry) return pass(data);
    return this.#step(entry, () => {
      const layer = this.#captures.active();
      if (layer?.gone && entry.base) return pass(this.#screen.visible(entry));
      if (layer && entry.base) {
        const earlier = layer.operations.findIndex((one) => one.kind === 'hold' && one.hash === entry.hash);
        layer.operations.splice(earlier < 0 ? layer.operations.length : earlier, 1, { kind: 'hold', hash: entry.hash, data });
        this.#layers.push(layer);
      } else if (entry.base) entry.base.data = this.#edited(entry, entry.base, data);
      else {
        entry.base = newBase(data, {});
        this.#install(entry, entry.base);
      }
      return pass(this.#screen.visible(entry));
    });
  }

  /** The base after the app's own change of what was visible; positions stay. */
  #edited(entry: Entry, base: Base, data: unknown): unknown {
    const { query } = entry;
    const snapshot = this.#snapshots.of(data);
    if (!snapshot || snapshot.hash !== entry.hash || data === query.state.data) {
      base.edits += 1;
      return rebase(base.data, query.state.data, data, this.#rules.idField(query.queryKey));
    }
    // A snapshot of the screen is put back: the app's own changes since are undone, never newer data.
    if (snapshot.revision === base.revision) {
      base.edits = snapshot.edits;
      return snapshot.base;
    }
    if (base.edits > 0) this.#refetcher.want(query); // the change and newer events are one by now: ask the server
    return base.data;
  }

  /** Somebody restores a state: a cancelled fetch puts its start state back (Y6), hydration, devtools, a reset. */
  #restored(query: Query, state: StatePart, pass: (state: StatePart) => void): void {
    const entry = this.#entries.of(query);
    if (!entry || !('data' in state)) return pass(state);
    if (state === query.resetState) return this.#reset(entry, state, pass);
    const ours = this.#snapshots.of(state.data)?.hash === entry.hash || state.data === undefined || (entry.read !== undefined && state.fetchStatus === 'idle');
    this.#step(entry, () => {
      if (!entry.base && state.data !== undefined) {
        entry.base = newBase(state.data, { updatedAt: state.dataUpdatedAt ?? 0 });
        this.#install(entry, entry.base);
      } else if (entry.base && !ours) {
        entry.base.data = state.data;
        entry.base.revision += 1;
      }
      if (!entry.base) return pass(state);
      const now = query.state;
      pass({
        ...state,
        data: share(query, this.#screen.visible(entry)),
        status: 'success',
        dataUpdatedAt: Math.max(state.dataUpdatedAt ?? 0, now.dataUpdatedAt),
        isInvalidated: ours ? now.isInvalidated : (state.isInvalidated ?? now.isInvalidated),
      });
    });
  }

  #reset(entry: Entry, state: StatePart, pass: (state: StatePart) => void): void {
    this.#leave(entry);
    this.#screen.forget(entry);
    this.#entries.renew(entry);
    entry.read = undefined;
    entry.base = state.data === undefined ? undefined : newBase(state.data, { updatedAt: state.dataUpdatedAt ?? 0 });
    this.#unannounced.push(entry);
    this.#announce();
    pass(state);
  }

  /** Runs a change of one entry to its end, with everything that the engine answers, before anybody is told. */
  #step<T>(entry: Entry, work: () => T): T {
    return notifyManager.batch(() => {
      this.#passing += 1;
      try {
        this.#announce();
        return work();
      } finally {
        this.#passing -= 1;
        if (entry.base) entry.base.updatedAt = entry.query.state.dataUpdatedAt;
        this.#screen.remember(entry);
        this.#shelf.stale(entry, this.#link);
        this.commit();
      }
    });
  }

  // ---- layers

  #record(layer: Layer, { optimistic, write }: LayerRecord): void {
    try {
      optimistic?.(recorder(layer.operations, this.#rules), { user: this.#source.user, writeId: write });
    } catch {
      layer.operations.length = 0; // the write goes on without a layer
    }
  }

  #stand(layer: Layer): void {
    this.#layers.push(layer);
    this.#markConcerned(layer);
  }

  /** Takes a layer out of everything; shown `now` where no drain of the client will commit it. */
  #drop(layer: Layer, now: boolean): void {
    layer.gone = true;
    this.#layers.remove(layer);
    this.#markConcerned(layer);
    if (now) this.commit();
  }

  /** Every query that the layer may change is folded again. */
  #markConcerned(layer: Layer): void {
    for (const entry of this.#entries.all()) {
      const concerned = layer.operations.some((one) => (one.kind === 'hold' ? one.hash === entry.hash : matchesAny(entry.query.queryKey, one.keys)));
      if (concerned) this.#screen.mark(entry, true);
    }
  }
}
