// The stores of React Native: the client's own conformance suite, and what is theirs alone.
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { beforeAll, describe, expect, it } from 'vitest';
import type { StorePort } from '@tidewire/client';
import { describeStore } from '../../client/test/store-conformance.js';
import { asyncStorageStore } from '../src/ports/async-storage-store.js';
import { fromBase64, toBase64 } from '../src/ports/base64.js';
import type { WatchedStorePort } from '../src/ports/cells.js';
import { mmkvStore } from '../src/ports/mmkv-store.js';
import { fakeAsyncStorage, fakeAsyncStorage2, fakeMmkv } from './support/storages.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describeStore('MMKV', () => mmkvStore(fakeMmkv()));
describeStore('AsyncStorage 3', () => asyncStorageStore(fakeAsyncStorage()));
describeStore('AsyncStorage 2', () => asyncStorageStore(fakeAsyncStorage2()));

// The package's own implementation for the web: its code, on IndexedDB.
let made = 0;
let createAsyncStorage: (name: string) => Parameters<typeof asyncStorageStore>[0];
beforeAll(async () => {
  Object.assign(globalThis, { indexedDB: new IDBFactory(), IDBKeyRange, ...(await idbGlobals()) });
  ({ createAsyncStorage } = await import('@react-native-async-storage/async-storage'));
});
async function idbGlobals(): Promise<Record<string, unknown>> {
  const { IDBCursor, IDBDatabase, IDBIndex, IDBObjectStore, IDBRequest, IDBTransaction } = await import('fake-indexeddb');
  return { IDBCursor, IDBDatabase, IDBIndex, IDBObjectStore, IDBRequest, IDBTransaction };
}
describeStore("AsyncStorage's own code, for the web", () => asyncStorageStore(createAsyncStorage(`storage-${(made += 1)}`)));

interface Kind {
  readonly name: string;
  /** Two ports on one storage, as an app and its background task make them; and ways to harm it. */
  make(): { one: WatchedStorePort; two: WatchedStorePort; empty(): void; fail(error: Error | undefined): void; names(): string[] };
}
const KINDS: readonly Kind[] = [
  {
    name: 'MMKV',
    make() {
      const storage = fakeMmkv();
      return { one: mmkvStore(storage), two: mmkvStore(storage), empty: () => storage.clearAll(), fail: (error) => (storage.failure = error), names: () => [...storage.values.keys()] };
    },
  },
  {
    name: 'AsyncStorage',
    make() {
      const storage = fakeAsyncStorage();
      return { one: asyncStorageStore(storage), two: asyncStorageStore(storage), empty: () => storage.values.clear(), fail: (error) => (storage.failure = error), names: () => [...storage.values.keys()] };
    },
  },
];

for (const { name, make } of KINDS) {
  describe(`${name} alone`, () => {
    it('Q1 says that it survives the process, not a dead battery', async () => {
      expect((await make().one.open('p')).durability).toBe('process-crash');
    });

    it('Q4 a full device is Full, another failure is Failed, and the next write goes through', async () => {
      const { one, fail } = make();
      const store = await one.open('p');
      fail(new Error('SqliteStorageError: database or disk is full (code 13 SQLITE_FULL)'));
      await expect(store.write([{ key: 'w/a', value: bytes(1) }])).rejects.toMatchObject({ name: 'StoreFault', kind: 'Full' });
      fail(new Error('broken'));
      await expect(store.write([{ key: 'w/a', value: bytes(1) }])).rejects.toMatchObject({ name: 'StoreFault', kind: 'Failed' });
      fail(undefined);
      await store.write([{ key: 'w/b', value: bytes(1) }]);
      expect((await store.scan()).map(({ key }) => key)).toEqual(['w/b']);
    });

    it('Q4 an emptied storage is noticed at the next write, told to those who watch that partition, once', async () => {
      const { one, empty } = make();
      const store = await one.open('ana');
      await one.open('ben');
      const told: string[] = [];
      one.watch('ana', () => told.push('ana'));
      const stop = one.watch('ben', () => told.push('ben'));
      await store.write([{ key: 'w/a', value: bytes(1) }]);
      expect(told).toEqual([]);
      stop();
      empty();
      await store.write([{ key: 'w/b', value: bytes(2) }]);
      await store.write([{ key: 'w/c', value: bytes(3) }]);
      expect(told).toEqual(['ana']);
      expect((await store.scan()).map(({ key }) => key)).toEqual(['w/b', 'w/c']);
    });

    it('Q4 or as soon as somebody looks', async () => {
      const { one, two, empty } = make();
      await one.open('ana');
      let told = 0;
      two.watch('ana', () => (told += 1));
      await one.look();
      expect(told).toBe(0);
      empty();
      await one.look();
      expect(told).toBe(1);
    });

    it('Q19 two clients of one process count their leaderships together, and fence each other', async () => {
      const { one, two } = make();
      const [app, task] = [await one.open('p'), await two.open('p')];
      const epochs = await Promise.all([app.lead(), task.lead(), app.lead()]);
      const [first] = epochs;
      expect(epochs).toEqual([first, first + 1, first + 2]);
      await expect(task.write([{ key: 'w/a', value: bytes(1) }], first + 1)).rejects.toMatchObject({ kind: 'Fenced' });
    });

    it('leaves the names of the app alone, and its own can be told from them', async () => {
      const { one, names } = make();
      const store = await one.open('app|env|ana/ben');
      await store.write([{ key: 'w/a', value: bytes(1) }]);
      await store.lead();
      expect(names().every((it) => it.startsWith('tw1/'))).toBe(true);
    });
  });
}

describe('MMKV alone', () => {
  it('two instances of one id are one storage: their steps wait for each other', async () => {
    const values = new Map<string, string | ArrayBuffer>();
    const port = (): StorePort => mmkvStore({ ...fakeMmkv(values), id: 'of-this-test' });
    const [one, two] = [await port().open('p'), await port().open('p')];
    const epochs = await Promise.all([one.lead(), two.lead(), one.lead(), two.lead()]);
    expect(epochs.map((epoch) => epoch - epochs[0])).toEqual([0, 1, 2, 3]);
  });
});

describe('base64 by hand', () => {
  it('is that of the platform, for every length and byte', () => {
    for (let length = 0; length < 70; length += 1) {
      const value = Uint8Array.from({ length }, (_, at) => (at * 89 + length * 7) & 255);
      const text = Buffer.from(value).toString('base64');
      expect(toBase64(value)).toBe(text);
      expect(fromBase64(text)).toEqual(value);
    }
    const long = Uint8Array.from({ length: 100_001 }, (_, at) => at & 255);
    expect(toBase64(long)).toBe(Buffer.from(long).toString('base64'));
    expect(fromBase64(toBase64(long))).toEqual(long);
  });

  it('what is no base64 is none', () => {
    for (const text of ['a', 'abc', 'ab!=', '====', 'ab=c', '\u{1f30a}']) expect(fromBase64(text)).toBeUndefined();
  });
});
