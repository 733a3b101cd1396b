// A store on IndexedDB: one object store for all partitions, keys `[partition, key]`, strict durability, a step is there when its
// transaction is complete. Where there is no IndexedDB the memory store takes its place, and says so in `durability`.
import { memoryStore } from './memory-store.js';
import { censusOf, StoreFault, type PartitionCount, type Store, type StorePort, type StoreRecord, type StoreStep, type StoreValue } from './port.js';

const RECORDS = 'records';
const VERSION = 1;
/** Milliseconds after which the database is asked for once more: Chromium forgets a request that meets an eviction. */
const ASK_AGAIN = 2_000;
/** Leadership epochs have keys that are no arrays of two texts, so no record can take their place. */
const epochKey = (partition: string): IDBValidKey => [partition, 0, 'leader'];

export interface IndexedDbOptions {
  /** Name of the database. */
  readonly name?: string;
  /** Another factory than the page's. */
  readonly factory?: IDBFactory;
}

export function indexedDbStore(options: IndexedDbOptions = {}): StorePort {
  const fallback = memoryStore();
  const name = options.name ?? 'tidewire';
  return {
    async open(partition) {
      const factory = options.factory ?? availableFactory();
      if (factory === undefined) return fallback.open(partition);
      const connection = new Connection(factory, name);
      try {
        await connection.database();
      } catch (error) {
        // A newer build's store is not ours to go around; anything else means that there is none.
        if (error instanceof StoreFault) throw error;
        return fallback.open(partition);
      }
      return new IndexedDbPartition(connection, partition);
    },
    async census() {
      const factory = options.factory ?? availableFactory();
      return factory === undefined ? [] : censusIn(new Connection(factory, name));
    },
  };
}

function availableFactory(): IDBFactory | undefined {
  try {
    return typeof indexedDB === 'undefined' ? undefined : indexedDB;
  } catch {
    return undefined; // Sandboxed pages throw at the mere mention.
  }
}

/** Keys alone are read, never values. */
async function censusIn(connection: Connection): Promise<PartitionCount[]> {
  let found: IDBRequest<IDBValidKey[]> | undefined;
  await connection.transaction('readonly', (records) => {
    found = records.getAllKeys();
  });
  const keys = found?.result ?? [];
  connection.close();
  return censusOf(keys.flatMap((key) => (Array.isArray(key) && typeof key[0] === 'string' && typeof key[1] === 'string' ? [[key[0], key[1]] as const] : [])));
}

/** The open database: opened again after the browser closed it, never again after it was left to a newer build or closed by us. */
class Connection {
  readonly #factory: IDBFactory;
  readonly #name: string;
  #database: Promise<IDBDatabase> | undefined;
  /** The same, once it is open: work on it begins within the call, so that a `close` right after does not overtake it. */
  current: IDBDatabase | undefined;
  /** Transactions that are under way: what is told to each when its database is taken away. */
  readonly #running = new Map<() => void, IDBDatabase>();
  /** Resolves when it was left to a newer build. */
  readonly taken: Promise<void>;
  #tellTaken: () => void = () => undefined;
  #over: StoreFault | undefined;

  constructor(factory: IDBFactory, name: string) {
    this.#factory = factory;
    this.#name = name;
    this.taken = new Promise((resolve) => {
      this.#tellTaken = resolve;
    });
  }

  database(): Promise<IDBDatabase> {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    this.#database ??= this.#open()
      .catch((error: unknown) => {
        if (isTaking(error) && this.#over === undefined) return this.#open();
        throw error;
      })
      .catch((error: unknown) => {
        this.#database = undefined;
        throw error;
      });
    return this.#database;
  }

  close(): void {
    this.#end(new StoreFault('Failed', 'The store is closed'));
  }

  #end(why: StoreFault): void {
    this.#over ??= why;
    this.current = undefined;
    void this.#database?.then(
      (database) => database.close(),
      () => undefined,
    );
  }

  /**
   * Runs `work` in a transaction; resolves when that is complete, not when its requests are. If the browser takes the database away meanwhile, `work` runs once more on a new one:
   * what had begun took no effect, or is done again with the same result.
   */
  transaction(mode: IDBTransactionMode, work: Work): Promise<void> {
    return new Promise((resolve, reject) => {
      const attempt = (taken: () => void): void => {
        const begin = (database: IDBDatabase): void => {
          let over = false;
          const end = (then: () => void): void => {
            if (over) return;
            over = true;
            this.#running.delete(lost);
            then();
          };
          const lost = (): void => end(taken);
          this.#running.set(lost, database);
          run(database, mode, work, () => end(resolve), (fault) => end(() => reject(fault)), () => this.#takenAway(database));
        };
        if (this.current === undefined) this.database().then(begin, (error: unknown) => reject(faultOf(error)));
        else begin(this.current);
      };
      attempt(() => attempt(() => reject(new StoreFault('Failed', 'The store was taken away by the browser'))));
    });
  }

  /** All that had begun on this database begins again, before anything that comes later (Q2). */
  #takenAway(database: IDBDatabase): void {
    this.#forget(database);
    for (const [lost, on] of [...this.#running]) if (on === database) lost();
  }

  #forget(database: IDBDatabase): void {
    database.close();
    if (this.current !== database) return;
    this.#database = undefined;
    this.current = undefined;
  }

  #open(): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
      let over = false;
      let timer: ReturnType<typeof setTimeout> | undefined;
      /** The first answer to any of the requests counts. */
      const first = (): boolean => {
        if (over) return false;
        over = true;
        clearTimeout(timer);
        return true;
      };
      const ask = (): void => {
        timer = setTimeout(ask, ASK_AGAIN);
        const request = this.#factory.open(this.#name, VERSION);
        request.onupgradeneeded = () => {
          if (!request.result.objectStoreNames.contains(RECORDS)) request.result.createObjectStore(RECORDS);
        };
        request.onblocked = () => {
          if (first()) reject(new Error('IndexedDB is blocked by another tab'));
        };
        request.onerror = () => {
          const newer = request.error?.name === 'VersionError';
          if (first()) reject(newer ? new StoreFault('Newer', 'The store belongs to a newer build: reload the page') : (request.error ?? new Error('IndexedDB refused')));
        };
        request.onsuccess = () => {
          if (!first()) return request.result.close();
          this.#opened(request.result);
          resolve(request.result);
        };
      };
      try {
        ask();
      } catch (error) {
        if (first()) reject(error);
      }
    });
  }

  #opened(database: IDBDatabase): void {
    database.onversionchange = ({ newVersion }) => {
      // Null: it is deleted, and made anew at the next step.
      if (newVersion === null) return this.#forget(database);
      this.#end(new StoreFault('Newer', 'The store was left to a newer build: reload the page'));
      this.#tellTaken();
    };
    // Chromium tells transactions that had just begun nothing, ever (seen in version 156).
    database.onclose = () => this.#takenAway(database);
    if (this.#over === undefined) this.current = database;
  }
}

type Work = (records: IDBObjectStore, refuse: (fault: StoreFault) => void) => void;

/** How it is named when the browser closes the database, as it does when it needs room or the person clears the site's data (Q4). A disk that fails has the same name, and fails again. */
function isTaking(error: unknown): boolean {
  return nameOf(error) === 'UnknownError' || nameOf(error) === 'AbortError';
}

/** One transaction of this database; `taken` instead of an end, perhaps more than once: the browser closes the database. */
function run(database: IDBDatabase, mode: IDBTransactionMode, work: Work, resolve: () => void, reject: (fault: StoreFault) => void, taken: () => void): void {
  let fault: StoreFault | undefined;
  let transaction: IDBTransaction;
  try {
    transaction = database.transaction(RECORDS, mode, { durability: 'strict' });
  } catch {
    return taken(); // It is closing.
  }
  transaction.oncomplete = () => resolve();
  transaction.onabort = () => (fault === undefined && isTaking(transaction.error) ? taken() : reject(fault ?? faultOf(transaction.error)));
  const refuse = (why: StoreFault): void => {
    fault = why;
    transaction.abort();
  };
  try {
    work(transaction.objectStore(RECORDS), refuse);
  } catch (error) {
    refuse(faultOf(error));
  }
}

/** What stands at `key`, for more work in the same transaction. The browser would take what that throws for the page's mistake, and for its own word that the database goes. */
function read(records: IDBObjectStore, key: IDBValidKey, refuse: (fault: StoreFault) => void, then: (value: unknown) => void): void {
  const request = records.get(key) as IDBRequest<unknown>;
  request.onsuccess = () => {
    try {
      then(request.result);
    } catch (error) {
      refuse(faultOf(error));
    }
  };
}

class IndexedDbPartition implements Store {
  readonly durability = 'power-loss';
  readonly #connection: Connection;
  readonly #partition: string;

  constructor(connection: Connection, partition: string) {
    this.#connection = connection;
    this.#partition = partition;
  }

  async scan(prefix = ''): Promise<StoreRecord[]> {
    // `[p, []]` is above every `[p, text]`: in IndexedDB's order arrays come after texts, and numbers before.
    const range = IDBKeyRange.bound([this.#partition, prefix], [this.#partition, prefix === '' ? [] : after(prefix)], false, true);
    let keys: IDBRequest<IDBValidKey[]> | undefined;
    let values: IDBRequest<unknown[]> | undefined;
    await this.#connection.transaction('readonly', (records) => {
      keys = records.getAllKeys(range);
      values = records.getAll(range) as IDBRequest<unknown[]>;
    });
    const found: StoreRecord[] = [];
    keys?.result.forEach((key, at) => {
      const value = values?.result[at];
      const name = Array.isArray(key) ? key[1] : undefined;
      if (typeof name === 'string' && isStoreValue(value)) found.push({ key: name, value });
    });
    return found;
  }

  write(steps: Parameters<Store['write']>[0], fence?: number): Promise<void> {
    return this.#connection.transaction('readwrite', (records, refuse) => {
      const put = (): void => {
        for (const step of steps) this.#put(records, step, refuse);
      };
      if (fence === undefined) return put();
      read(records, epochKey(this.#partition), refuse, (epoch) => {
        // One that is not there any more went with a database that was taken away: what this leadership knew of it is not true of the new one (Q4).
        if (epoch !== fence) refuse(new StoreFault('Fenced', 'Another tab leads, or the store was emptied'));
        else put();
      });
    });
  }

  #put(records: IDBObjectStore, { key, value, over }: StoreStep, refuse: (fault: StoreFault) => void): void {
    const at = [this.#partition, key];
    if (value === null) return void records.delete(at);
    if (over === undefined) return void records.put(value, at);
    read(records, at, refuse, (found) => records.put(isStoreValue(found) ? over(found) : value, at));
  }

  /** The first one of a database is the time: none of an emptied one comes again. */
  async lead(): Promise<number> {
    let next = 1;
    await this.#connection.transaction('readwrite', (records, refuse) => {
      read(records, epochKey(this.#partition), refuse, (epoch) => {
        next = (typeof epoch === 'number' ? epoch : Date.now()) + 1;
        records.put(next, epochKey(this.#partition));
      });
    });
    return next;
  }

  get taken(): Promise<void> {
    return this.#connection.taken;
  }

  close(): void {
    this.#connection.close();
  }
}

/** The first text that is above all that begin with `prefix`. Its last character is none of the highest. */
function after(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

function faultOf(error: unknown): StoreFault {
  if (error instanceof StoreFault) return error;
  const name = nameOf(error);
  return name === 'QuotaExceededError' ? new StoreFault('Full', 'The device has no room') : new StoreFault('Failed', `The store failed: ${name}`);
}

function nameOf(error: unknown): string {
  return error instanceof Error || (typeof DOMException !== 'undefined' && error instanceof DOMException) ? error.name : 'unknown';
}

function isStoreValue(value: unknown): value is StoreValue {
  return typeof value === 'string' || value instanceof Uint8Array;
}
