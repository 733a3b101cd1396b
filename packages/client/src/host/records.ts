// The store as the engine's outputs use it: load, persist, broadcast; and the cache's bases in the same partition.
// A base that is dirty goes to disk before, or with, the removal of any record: a record may only go once the bases carry it.
import type { Input } from '../generated/protocol.js';
import { StoreFault, type ClockPort, type Store, type StoreRecord, type StoreStep } from '../ports/port.js';
import type { Durability, StoredBase, StoreWrite } from '../types.js';

/** Bases of the cache have keys below this prefix; all other records are the engine's. */
const BASES = 'q/';
/** Milliseconds for which changes of bases are gathered. */
const GATHER = 150;

export interface RecordsHost {
  push(input: Input): void;
  /** The cache's base writes that nobody has stored yet. */
  dirty(): StoreWrite[];
  /** The store was read, and nobody asked to read it again since. */
  loaded(answer: Extract<Input, { kind: 'Loaded' }>, bases: readonly StoredBase[]): void;
  /** Works off what the engine was not told yet. */
  drain(): void;
  opened(durability: Durability): void;
  /** A step of this leadership was refused: the store does not know it. */
  fenced(epoch: number | undefined): void;
  failed(what: string, error: unknown): void;
}

export class Records {
  readonly #store: Promise<Store>;
  readonly #clock: ClockPort;
  readonly #host: RecordsHost;
  /** Base writes that were taken from the cache and are not on disk. */
  readonly #held = new Map<string, StoreWrite>();
  /** The turn in which each base was last taken: a write that fails late must not bring an older one back. */
  readonly #turns = new Map<string, number>();
  #turn = 0;
  /** The last reading that was asked for. */
  #load: number | undefined;
  #stopTimer: (() => void) | undefined;
  #over = false;
  /** The store was read once, bases too. */
  #loaded = false;
  /** Steps of the engine that are being stored. */
  #storing = 0;

  constructor(store: Promise<Store>, clock: ClockPort, host: RecordsHost) {
    this.#store = store;
    this.#clock = clock;
    this.#host = host;
    store.then(
      (store) => {
        if (this.#over) return;
        host.opened(store.durability);
        // A newer build took it while nothing was written here: said at once, not at the next write (Q19).
        void store.taken?.then(() => this.#over || host.push({ kind: 'StoreNewer' }));
      },
      (error: unknown) => {
        host.failed('the store cannot be opened', error);
        if (error instanceof StoreFault && error.kind === 'Newer') host.push({ kind: 'StoreNewer' });
      },
    );
  }

  get storing(): boolean {
    return this.#storing > 0;
  }

  load(load: number): void {
    this.#load = load;
    this.#readAll().then(
      (records) => {
        if (this.#over) return;
        // A lead that came meanwhile makes the engine read again, and this reading void.
        this.#host.drain();
        if (load !== this.#load) return;
        this.#loaded = true;
        const own = records.flatMap(({ key, value }) => (!key.startsWith(BASES) && typeof value !== 'string' ? [{ key, value }] : []));
        this.#host.loaded({ kind: 'Loaded', load, records: own }, basesOf(records));
      },
      (error: unknown) => {
        this.#host.failed('the store cannot be read', error);
        this.#host.push({ kind: 'LoadFailed', load });
      },
    );
  }

  /** One record, as it is on disk now. */
  read(load: number, key: string): void {
    this.#read(key).then(
      (records) => {
        const found = records.flatMap((record) => (record.key === key && typeof record.value !== 'string' ? [{ key, value: record.value }] : []));
        this.#host.push({ kind: 'Loaded', load, records: found });
      },
      (error: unknown) => {
        this.#host.failed('the store cannot be read', error);
        this.#host.push({ kind: 'LoadFailed', load });
      },
    );
  }

  /** The stored bases alone, for a cache that comes later. */
  async bases(): Promise<readonly StoredBase[]> {
    return basesOf(await this.#read(BASES));
  }

  persist(persist: number, key: string, value: Uint8Array | undefined, fence: number | undefined): void {
    const own: StoreStep = { key, value: value ?? null };
    const written = value === undefined ? this.#withBases(own, fence) : this.#write([own], fence);
    this.#storing += 1;
    written.then(
      () => {
        this.#storing -= 1;
        this.#host.push({ kind: 'Persisted', persist });
      },
      (error: unknown) => {
        this.#storing -= 1;
        const kind = error instanceof StoreFault ? error.kind : 'Failed';
        if (kind !== 'Fenced') this.#host.failed('a record cannot be written', error);
        this.#host.push({ kind: 'PersistFailed', persist, error: kind });
        if (kind === 'Fenced') this.#host.fenced(fence);
      },
    );
  }

  /** Takes all stored bases away, and those that wait to be stored. */
  async forgetBases(): Promise<void> {
    this.#take();
    this.#held.clear();
    const bases = await this.#read(BASES);
    await this.#write(bases.map(({ key }) => ({ key, value: null })), undefined);
  }

  async lead(): Promise<number> {
    return (await this.#store).lead();
  }

  /** Bases became dirty: store them soon. */
  schedule(): void {
    if (this.#over) return;
    this.#stopTimer ??= this.#clock.after(GATHER, () => this.flush());
  }

  /** Stores the bases that are dirty, now. */
  flush(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#take();
    if (this.#held.size === 0) return;
    this.#withBases(undefined, undefined).catch((error: unknown) => this.#host.failed('the stored bases cannot be written', error));
  }

  stop(): void {
    this.flush();
    this.#over = true;
    this.#stopTimer?.();
    void this.#store.then(
      (store) => store.close(),
      () => undefined,
    );
  }

  #take(): void {
    this.#turn += 1;
    for (const write of this.#host.dirty()) {
      this.#held.set(write.key, write);
      this.#turns.set(write.key, this.#turn);
    }
  }

  /** Held bases and the step, all or none. */
  #withBases(own: StoreStep | undefined, fence: number | undefined): Promise<void> {
    this.#take();
    const bases = [...this.#held.values()].map((write) => ({ write, turn: this.#turns.get(write.key) }));
    const steps: StoreStep[] = bases.map(({ write }) => write);
    if (own !== undefined) steps.push(own);
    // They stay held until they are on disk: the removal of a record that comes meanwhile must not outlive their failure.
    return this.#write(steps, fence).then(() => {
      for (const { write, turn } of bases) if (turn === this.#turns.get(write.key)) this.#held.delete(write.key);
    });
  }

  async #write(steps: readonly StoreStep[], fence: number | undefined): Promise<void> {
    return (await this.#store).write(steps, fence);
  }

  /** With the bases at the first time. A later reading reads the writes before the client's record, which may only be newer. */
  async #readAll(): Promise<StoreRecord[]> {
    if (!this.#loaded) return this.#read('');
    const writes = await this.#read('w/');
    return [...(await this.#read('m/')), ...writes];
  }

  async #read(prefix: string): Promise<StoreRecord[]> {
    return (await this.#store).scan(prefix);
  }
}

function basesOf(records: readonly StoreRecord[]): StoredBase[] {
  return records.flatMap(({ key, value }) => (key.startsWith(BASES) && typeof value === 'string' ? [{ key, value }] : []));
}
