// A store of the client on top of any storage that keeps values by name, one at a time: how names are made, what a value looks like, order, leaderships,
// and how an emptied storage is noticed (Q4). Knows no storage, and no record's content.
import { censusOf, StoreFault, type Durability, type Store, type StorePort, type StoreRecord, type StoreStep, type StoreValue } from '@tidewire/client';

/** What a storage must do. Each call is whole before the next one begins; puts and removals of one call may come apart at a crash, puts first. */
export interface Cells {
  names(): Promise<readonly string[]>;
  /** Values by name; a name that is not there is left out. */
  read(names: readonly string[]): Promise<ReadonlyMap<string, StoreValue>>;
  change(puts: ReadonlyMap<string, StoreValue>, removals: readonly string[]): Promise<void>;
}

/** A store that tells when it was emptied under a running app. */
export interface WatchedStorePort extends StorePort {
  /** Looks whether the storage still has what was put there; those who watch a partition that was emptied hear it. */
  look(): Promise<void>;
  watch(partition: string, emptied: () => void): () => void;
}

const ROOT = 'tw1/';
const nameOf = (kind: 'r' | 'lead' | 'mark', partition: string, key = ''): string => `${ROOT}${kind}/${encodeURIComponent(partition)}/${key}`;

/** Two ports on one storage share what must be done one after the other. */
export interface Shelf {
  readonly cells: Cells;
  /** The end of what was asked for so far. */
  last: Promise<unknown>;
  /** Partitions that were opened, and whose mark was put. */
  readonly marked: Set<string>;
  readonly watchers: Set<{ readonly partition: string; readonly emptied: () => void }>;
}

export function newShelf(cells: Cells): Shelf {
  return { cells, last: Promise.resolve(), marked: new Set(), watchers: new Set() };
}

export function storeOn(shelf: Shelf, durability: Durability): WatchedStorePort {
  return {
    async open(partition) {
      await inTurn(shelf, async () => {
        await shelf.cells.change(new Map([[nameOf('mark', partition), 'here']]), []);
        shelf.marked.add(partition);
      });
      return new CellStore(shelf, partition, durability);
    },
    census: () =>
      inTurn(shelf, async () => {
        const start = `${ROOT}r/`;
        const keys = (await shelf.cells.names()).filter((name) => name.startsWith(start)).map((name) => name.slice(start.length));
        return censusOf(keys.map((rest) => [decodeURIComponent(rest.slice(0, rest.indexOf('/'))), rest.slice(rest.indexOf('/') + 1)]));
      }),
    look: () => inTurn(shelf, () => notice(shelf)),
    watch(partition, emptied) {
      const watcher = { partition, emptied };
      shelf.watchers.add(watcher);
      return () => void shelf.watchers.delete(watcher);
    },
  };
}

/** After everything that was asked for before. What the storage throws becomes a `StoreFault`. */
function inTurn<T>(shelf: Shelf, work: () => Promise<T>): Promise<T> {
  const done = shelf.last.then(work).catch((error: unknown) => {
    throw faultOf(error);
  });
  shelf.last = done.catch(() => undefined);
  return done;
}

/** Puts a mark that is gone back, and tells those who watch. */
async function notice({ cells, marked, watchers }: Shelf): Promise<void> {
  const marks = new Map([...marked].map((partition) => [nameOf('mark', partition), partition]));
  const there = await cells.read([...marks.keys()]);
  const gone = [...marks].filter(([name]) => !there.has(name));
  if (gone.length === 0) return;
  await cells.change(new Map(gone.map(([name]) => [name, 'here'])), []);
  for (const [, partition] of gone) for (const watcher of [...watchers]) if (watcher.partition === partition) watcher.emptied();
}

class CellStore implements Store {
  readonly durability: Durability;
  readonly #shelf: Shelf;
  readonly #partition: string;
  #closed = false;

  constructor(shelf: Shelf, partition: string, durability: Durability) {
    this.#shelf = shelf;
    this.#partition = partition;
    this.durability = durability;
  }

  scan(prefix = ''): Promise<StoreRecord[]> {
    return this.#inTurn(async () => {
      const start = nameOf('r', this.#partition);
      const names = (await this.#shelf.cells.names()).filter((name) => name.startsWith(start + prefix)).sort();
      const values = await this.#shelf.cells.read(names);
      return names.flatMap((name) => {
        const value = values.get(name);
        return value === undefined ? [] : [{ key: name.slice(start.length), value }];
      });
    });
  }

  write(steps: readonly StoreStep[], fence?: number): Promise<void> {
    const taken = steps.map((step) => ({ ...step, name: nameOf('r', this.#partition, step.key), value: step.value === null ? null : copy(step.value) }));
    return this.#inTurn(async () => {
      const { cells } = this.#shelf;
      await notice(this.#shelf);
      if (fence !== undefined && (await this.#epoch()) !== fence) throw new StoreFault('Fenced', 'Another client leads, or the storage was emptied');
      const asked = taken.filter(({ value, over }) => value !== null && over !== undefined).map(({ name }) => name);
      const stored = asked.length === 0 ? new Map<string, StoreValue>() : await cells.read(asked);
      const puts = new Map<string, StoreValue>();
      const removals = new Set<string>();
      for (const { name, value, over } of taken) {
        const there = stored.get(name);
        puts.delete(name);
        removals.delete(name);
        if (value === null) removals.add(name);
        else puts.set(name, over === undefined || there === undefined ? value : copy(over(copy(there))));
      }
      await cells.change(puts, [...removals]);
    });
  }

  lead(): Promise<number> {
    return this.#inTurn(async () => {
      // The first one of a storage is the time: none of an emptied one comes again (Q4).
      const next = ((await this.#epoch()) ?? Date.now()) + 1;
      await this.#shelf.cells.change(new Map([[nameOf('lead', this.#partition), String(next)]]), []);
      return next;
    });
  }

  close(): void {
    this.#closed = true;
  }

  async #epoch(): Promise<number | undefined> {
    const name = nameOf('lead', this.#partition);
    const epoch = Number((await this.#shelf.cells.read([name])).get(name));
    return Number.isSafeInteger(epoch) ? epoch : undefined;
  }

  /** What was asked for before `close` is still done. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#closed ? Promise.reject(new StoreFault('Failed', 'The store is closed')) : inTurn(this.#shelf, work);
  }
}

function copy(value: StoreValue): StoreValue {
  return typeof value === 'string' ? value : value.slice();
}

/** Storages say it in words alone: SQLite's, the system's, and those of a browser. */
const FULL = /\b(SQLITE_FULL|disk (is )?full|ENOSPC|no space left|not enough space|quota)/i;

function faultOf(error: unknown): StoreFault {
  if (error instanceof StoreFault) return error;
  const words = error instanceof Error ? `${error.name} ${error.message}` : '';
  return FULL.test(words) ? new StoreFault('Full', 'The device has no room') : new StoreFault('Failed', `The store failed: ${error instanceof Error ? error.name : 'unknown'}`);
}
