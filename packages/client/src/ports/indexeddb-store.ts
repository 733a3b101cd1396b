// A store on IndexedDB: one object store for all partitions, keys `[partition, key]`, strict durability, a step is there when its
// transaction is complete. Where there is no IndexedDB the memory store takes its place, and says so in `durability`.
import { memoryStore } from './memory-store.js';
import { censusOf, StoreFault, type PartitionCount, type Store, type StorePort, type StoreRecord, type StoreStep, type StoreValue } from './port.js';

const RECORDS = 'records';
const VERSION = 1;
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
  const database = await connection.database();
  const keys = await new Promise<IDBValidKey[]>((resolve, reject) => {
    const request = database.transaction(RECORDS, 'readonly').objectStore(RECORDS).getAllKeys();
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(faultOf(request.error));
  });
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
    this.#database ??= this.#open().catch((error: unknown) => {
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

  #open(): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
      const request = this.#factory.open(this.#name, VERSION);
      request.onupgradeneeded = () => {
        if (!request.result.objectStoreNames.contains(RECORDS)) request.result.createObjectStore(RECORDS);
      };
      let refused = false;
      request.onblocked = () => {
        refused = true;
        reject(new Error('IndexedDB is blocked by another tab'));
      };
      request.onerror = () => {
        const newer = request.error?.name === 'VersionError';
        reject(newer ? new StoreFault('Newer', 'The store belongs to a newer build: reload the page') : (request.error ?? new Error('IndexedDB refused')));
      };
      request.onsuccess = () => {
        const database = request.result;
        if (refused) {
          database.close();
          return;
        }
        database.onversionchange = ({ newVersion }) => {
          // Null: it is deleted, and made anew at the next step.
          if (newVersion === null) return gone(), database.close();
          this.#end(new StoreFault('Newer', 'The store was left to a newer build: reload the page'));
          this.#tellTaken();
        };
        const gone = (): void => {
          this.#database = undefined;
          this.current = undefined;
        };
        database.onclose = gone;
        if (this.#over === undefined) this.current = database;
        resolve(database);
      };
    });
  }
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
    await this.#transaction('readonly', (records) => {
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
    return this.#transaction('readwrite', (records, refuse) => {
      const put = (): void => {
        for (const step of steps) this.#put(records, step, refuse);
      };
      if (fence === undefined) return put();
      const epoch = records.get(epochKey(this.#partition)) as IDBRequest<unknown>;
      epoch.onsuccess = () => {
        if (typeof epoch.result === 'number' && epoch.result > fence) refuse(new StoreFault('Fenced', 'Another tab leads'));
        else put();
      };
    });
  }

  #put(records: IDBObjectStore, { key, value, over }: StoreStep, refuse: (fault: StoreFault) => void): void {
    const at = [this.#partition, key];
    if (value === null) return void records.delete(at);
    if (over === undefined) return void records.put(value, at);
    const found = records.get(at) as IDBRequest<unknown>;
    found.onsuccess = () => {
      try {
        records.put(isStoreValue(found.result) ? over(found.result) : value, at);
      } catch (error) {
        refuse(faultOf(error));
      }
    };
  }

  async lead(): Promise<number> {
    let next = 1;
    await this.#transaction('readwrite', (records) => {
      const epoch = records.get(epochKey(this.#partition)) as IDBRequest<unknown>;
      epoch.onsuccess = () => {
        next = (typeof epoch.result === 'number' ? epoch.result : 0) + 1;
        records.put(next, epochKey(this.#partition));
      };
    });
    return next;
  }

  get taken(): Promise<void> {
    return this.#connection.taken;
  }

  close(): void {
    this.#connection.close();
  }

  /** Resolves when the transaction is complete, not when its requests are. */
  async #transaction(mode: IDBTransactionMode, work: (records: IDBObjectStore, refuse: (fault: StoreFault) => void) => void): Promise<void> {
    const database = this.#connection.current ?? (await this.#connection.database());
    await new Promise<void>((resolve, reject) => {
      let fault: StoreFault | undefined;
      let transaction: IDBTransaction;
      try {
        transaction = database.transaction(RECORDS, mode, { durability: 'strict' });
      } catch (error) {
        reject(new StoreFault('Failed', `The store is closing: ${nameOf(error)}`));
        return;
      }
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(fault ?? faultOf(transaction.error));
      const refuse = (why: StoreFault): void => {
        fault = why;
        transaction.abort();
      };
      try {
        work(transaction.objectStore(RECORDS), refuse);
      } catch (error) {
        refuse(faultOf(error));
      }
    });
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
