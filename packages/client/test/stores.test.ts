import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { indexedDbStore } from '../src/ports/indexeddb-store.js';
import { memoryStore } from '../src/ports/memory-store.js';
import { StoreFault } from '../src/ports/port.js';
import { describeStore } from './store-conformance.js';

beforeAll(() => {
  Object.assign(globalThis, { IDBKeyRange });
});

afterEach(() => {
  vi.useRealTimers();
});

describeStore('memory', () => memoryStore());
describeStore('IndexedDB', () => indexedDbStore({ factory: new IDBFactory() }));

/** The database as another build of the app would open it. */
function openAs(factory: IDBFactory, version: number): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open('tidewire', version);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('refused'));
  });
}

describe('IndexedDB alone', () => {
  it('asks for strict durability and says power-loss', async () => {
    const factory = new IDBFactory();
    const asked: unknown[] = [];
    const store = await indexedDbStore({ factory: withTransactions(factory, (options) => asked.push(options)) }).open('p');
    expect(store.durability).toBe('power-loss');
    await store.write([{ key: 'k', value: '1' }]);
    expect(asked).toEqual([{ durability: 'strict' }]);
  });

  it('Q4 a full device is Full, another failure is Failed, and neither leaves half a write', async () => {
    const factory = new IDBFactory();
    let failure: DOMException | undefined;
    const store = await indexedDbStore({
      factory: withPuts(factory, (key) => {
        if (failure !== undefined && key === 'bad') throw failure;
      }),
    }).open('p');
    const epoch = await store.lead();
    for (const [name, kind] of [['QuotaExceededError', 'Full'], ['UnknownError', 'Failed']] as const) {
      failure = new DOMException('no', name);
      // Also where the leadership is looked at first: what is thrown then is no mistake of the page's, and the database is not gone.
      for (const fence of [undefined, epoch]) {
        await expect(store.write([{ key: 'good', value: '1' }, { key: 'bad', value: '1' }], fence)).rejects.toMatchObject({ kind });
      }
    }
    expect(await store.scan()).toEqual([]);
  });

  it('without IndexedDB the memory store takes its place, and says so', async () => {
    const store = await indexedDbStore().open('p');
    expect(store.durability).toBe('memory');
    await store.write([{ key: 'k', value: '1' }]);
    expect(await store.scan()).toHaveLength(1);
  });

  it('the same where it cannot be opened', async () => {
    const factory = new IDBFactory();
    factory.open = () => {
      throw new DOMException('denied', 'SecurityError');
    };
    expect((await indexedDbStore({ factory }).open('p')).durability).toBe('memory');
  });

  it("Q19 leaves a newer build's store alone", async () => {
    const factory = new IDBFactory();
    (await openAs(factory, 9)).close();
    await expect(indexedDbStore({ factory }).open('p')).rejects.toBeInstanceOf(StoreFault);
  });

  it('Q19 makes way for a newer build, and then refuses clearly', async () => {
    const factory = new IDBFactory();
    const store = await indexedDbStore({ factory }).open('p');
    await store.write([{ key: 'k', value: '1' }]);
    (await openAs(factory, 9)).close(); // Would wait for ever if the store stayed open.
    await expect(store.write([{ key: 'k', value: '2' }])).rejects.toMatchObject({ kind: 'Newer', message: expect.stringContaining('reload') as unknown });
  });

  it('opens again after the browser closed it', async () => {
    const factory = new IDBFactory();
    const opened: IDBDatabase[] = [];
    const store = await indexedDbStore({ factory: watching(factory, (database) => opened.push(database)) }).open('p');
    await store.write([{ key: 'k', value: '1' }]);
    opened[0]?.close();
    opened[0]?.onclose?.(new Event('close'));
    await store.write([{ key: 'k', value: '2' }]);
    expect(await store.scan()).toEqual([{ key: 'k', value: '2' }]);
    expect(opened).toHaveLength(2);
  });

  it('Q2 Q4 what had begun when the browser took the database away is done on the next one, in order', async () => {
    const factory = new IDBFactory();
    const opened: IDBDatabase[] = [];
    const store = await indexedDbStore({ factory: watching(factory, (database) => opened.push(database)) }).open('p');
    const [database] = opened;
    // As Chromium leaves it: neither complete nor aborted, for ever.
    const mute = { objectStore: () => ({ put: () => undefined, get: () => ({}), getAll: () => ({}), getAllKeys: () => ({}) }) };
    if (database !== undefined) database.transaction = () => mute as unknown as IDBTransaction;
    const begun = [store.write([{ key: 'k', value: '1' }]), store.write([{ key: 'k', value: '2' }])] as const;
    const [lead, found] = [store.lead(), store.scan()];
    database?.onclose?.(new Event('close'));
    const behind = store.write([{ key: 'k', value: '3' }]);
    await Promise.all(begun);
    expect(await lead).toBeGreaterThan(0);
    expect(await found).toEqual([{ key: 'k', value: '2' }]);
    await behind;
    expect(await store.scan()).toEqual([{ key: 'k', value: '3' }]);
    expect(opened).toHaveLength(2);
  });

  it('Q4 the same when it tells them that it is closing', async () => {
    const factory = new IDBFactory();
    const opened: IDBDatabase[] = [];
    const store = await indexedDbStore({ factory: watching(factory, (database) => opened.push(database)) }).open('p');
    const [database] = opened;
    const aborted: { error: DOMException; onabort?: () => void; objectStore: () => unknown } = {
      error: new DOMException('Connection is closing because of: Force close delete origin', 'UnknownError'),
      objectStore: () => ({ put: () => undefined }),
    };
    if (database !== undefined) database.transaction = () => aborted as unknown as IDBTransaction;
    const written = store.write([{ key: 'k', value: '1' }]);
    aborted.onabort?.();
    await written;
    expect(await store.scan()).toEqual([{ key: 'k', value: '1' }]);
    expect(opened).toHaveLength(2);
  });

  it('Q4 Q19 nothing of a leadership reaches a database that was made anew; what needs none does, and no leadership comes twice', async () => {
    const factory = new IDBFactory();
    const opened: IDBDatabase[] = [];
    const store = await indexedDbStore({ factory: watching(factory, (database) => opened.push(database)) }).open('p');
    const lead = await store.lead();
    await store.write([{ key: 'm/client', value: '1' }], lead);
    opened[0]?.close();
    await new Promise<unknown>((resolve) => (factory.deleteDatabase('tidewire').onsuccess = resolve));
    opened[0]?.onclose?.(new Event('close'));
    await expect(store.write([{ key: 'm/client', value: '2' }], lead)).rejects.toMatchObject({ kind: 'Fenced' });
    await store.write([{ key: 'q/k', value: '3' }]);
    expect(await store.scan()).toEqual([{ key: 'q/k', value: '3' }]);
    expect(await store.lead()).toBeGreaterThan(lead);
  });

  it('Q4 a disk that fails again has failed', async () => {
    const factory = new IDBFactory();
    const opened: IDBDatabase[] = [];
    const failing = (database: IDBDatabase): void => {
      opened.push(database);
      database.transaction = () => {
        const transaction: { error: DOMException; onabort?: () => void; objectStore: () => unknown } = {
          error: new DOMException('Internal error', 'UnknownError'),
          objectStore: () => ({ put: () => queueMicrotask(() => transaction.onabort?.()) }),
        };
        return transaction as unknown as IDBTransaction;
      };
    };
    const store = await indexedDbStore({ factory: watching(factory, failing) }).open('p');
    await expect(store.write([{ key: 'k', value: '1' }])).rejects.toMatchObject({ kind: 'Failed' });
    expect(opened).toHaveLength(2);
  });

  it('Q4 what cannot be opened any more has failed', async () => {
    const factory = new IDBFactory();
    const opened: IDBDatabase[] = [];
    const store = await indexedDbStore({ factory: watching(factory, (database) => opened.push(database)) }).open('p');
    opened[0]?.onclose?.(new Event('close'));
    factory.open = () => {
      throw new DOMException('denied', 'SecurityError');
    };
    await expect(store.write([{ key: 'k', value: '1' }])).rejects.toMatchObject({ kind: 'Failed' });
  });

  it('Q4 the database is asked for again when nothing answers, and opened once', async () => {
    const factory = new IDBFactory();
    const open = factory.open.bind(factory);
    const forgotten: Partial<IDBOpenDBRequest>[] = [];
    factory.open = (name, version) => {
      if (forgotten.length > 0) return open(name, version);
      forgotten.push({});
      return forgotten[0] as IDBOpenDBRequest;
    };
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const opening = indexedDbStore({ factory }).open('p');
    vi.advanceTimersByTime(2_000);
    const store = await opening;
    expect(store.durability).toBe('power-loss');
    expect(vi.getTimerCount()).toBe(0);
    // The first request is answered after all: what it opened would keep every newer build out.
    const close = vi.fn();
    const late = Object.assign(forgotten[0] ?? {}, { result: { close } as unknown as IDBDatabase });
    late.onsuccess?.call(late as IDBOpenDBRequest, new Event('success'));
    expect(close).toHaveBeenCalledOnce();
    await store.write([{ key: 'k', value: '1' }]);
    expect(await store.scan()).toHaveLength(1);
  });
});

/** A factory whose opened databases are shown to the test first. */
function watching(factory: IDBFactory, seen: (database: IDBDatabase) => void): IDBFactory {
  const open = factory.open.bind(factory);
  factory.open = (name, version) => {
    const request = open(name, version);
    request.addEventListener('success', () => seen(request.result));
    return request;
  };
  return factory;
}

function withTransactions(factory: IDBFactory, seen: (options: unknown) => void): IDBFactory {
  return watching(factory, (database) => {
    const begin = database.transaction.bind(database);
    database.transaction = (names, mode, options) => {
      seen(options);
      return begin(names, mode, options);
    };
  });
}

function withPuts(factory: IDBFactory, before: (key: unknown) => void): IDBFactory {
  return watching(factory, (database) => {
    const begin = database.transaction.bind(database);
    database.transaction = (names, mode, options) => {
      const transaction = begin(names, mode, options);
      const store = transaction.objectStore('records');
      const put = store.put.bind(store);
      store.put = (value: unknown, key?: IDBValidKey) => {
        before(Array.isArray(key) ? key[1] : key);
        return put(value, key);
      };
      transaction.objectStore = () => store;
      return transaction;
    };
  });
}
