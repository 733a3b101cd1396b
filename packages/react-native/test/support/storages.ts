// Storages in memory with the shape and the manners of MMKV 4 and AsyncStorage 3.
import type { AsyncStorage2Like, AsyncStorage3Like } from '../../src/ports/async-storage-store.js';
import type { MmkvLike } from '../../src/ports/mmkv-store.js';

export interface FakeMmkv extends MmkvLike {
  /** What is in it, by name. */
  readonly values: Map<string, string | ArrayBuffer>;
  clearAll(): void;
  /** Thrown by the next `set`. */
  failure: Error | undefined;
}

/** An empty value is a removal, as in MMKV's log; a buffer that was given belongs to it, and what it gives is its own memory. */
export function fakeMmkv(values = new Map<string, string | ArrayBuffer>()): FakeMmkv {
  return {
    values,
    failure: undefined,
    set(name, value) {
      if (this.failure !== undefined) throw this.failure;
      if (name === '') throw new Error('Cannot set a value for an empty key!');
      if ((typeof value === 'string' ? value.length : value.byteLength) === 0) values.delete(name);
      else values.set(name, value);
    },
    getString(name) {
      const value = values.get(name);
      return typeof value === 'string' ? value : undefined;
    },
    getBuffer(name) {
      const value = values.get(name);
      return typeof value === 'string' ? undefined : value;
    },
    contains: (name) => values.has(name),
    remove: (name) => values.delete(name),
    // In no order.
    getAllKeys: () => [...values.keys()].reverse(),
    clearAll: () => values.clear(),
  };
}

export interface FakeAsyncStorage extends AsyncStorage3Like {
  readonly values: Map<string, string>;
  clear(): Promise<void>;
  failure: Error | undefined;
  /** Calls that have begun and not ended. */
  readonly under: Set<string>;
}

/** Takes a turn for every call; two calls at once are noticed by `under`. */
export function fakeAsyncStorage(values = new Map<string, string>()): FakeAsyncStorage {
  const under = new Set<string>();
  const turn = async <T>(name: string, work: () => T): Promise<T> => {
    under.add(name);
    await Promise.resolve();
    under.delete(name);
    return work();
  };
  return {
    values,
    under,
    failure: undefined,
    getMany: (names) => turn('getMany', () => Object.fromEntries(names.map((name) => [name, values.get(name) ?? null]))),
    setMany(entries) {
      return turn('setMany', () => {
        if (this.failure !== undefined) throw this.failure;
        for (const [name, value] of Object.entries(entries)) {
          // The bridge carries text, and nothing else.
          if (typeof value !== 'string') throw new TypeError(`${name} is no text`);
          values.set(name, value);
        }
      });
    },
    removeMany: (names) => turn('removeMany', () => names.forEach((name) => values.delete(name))),
    getAllKeys: () => turn('getAllKeys', () => [...values.keys()].reverse()),
    clear: () => turn('clear', () => values.clear()),
  };
}

/** The same with the names of AsyncStorage 2. */
export function fakeAsyncStorage2(inner = fakeAsyncStorage()): AsyncStorage2Like {
  return {
    multiGet: async (names) => Object.entries(await inner.getMany([...names])),
    multiSet: (entries) => inner.setMany(Object.fromEntries(entries)),
    multiRemove: (names) => inner.removeMany([...names]),
    getAllKeys: () => inner.getAllKeys(),
  };
}
