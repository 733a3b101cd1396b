// A store in AsyncStorage (`@react-native-async-storage/async-storage` 3, or 2, which Expo Go has): text alone, so that bytes travel as base64. Knows it by its shape alone.
import type { StoreValue } from '@tidewire/client';
import { fromBase64, toBase64 } from './base64.js';
import { newShelf, storeOn, type Cells, type Shelf, type WatchedStorePort } from './cells.js';

/** The part of an `AsyncStorage` 3 that is used. */
export interface AsyncStorage3Like {
  getMany(names: string[]): Promise<Record<string, string | null>>;
  setMany(entries: Record<string, string>): Promise<void>;
  removeMany(names: string[]): Promise<void>;
  getAllKeys(): Promise<readonly string[]>;
}

/** The part of AsyncStorage 2 that is used. */
export interface AsyncStorage2Like {
  multiGet(names: readonly string[]): Promise<readonly (readonly [string, string | null])[]>;
  multiSet(entries: [string, string][]): Promise<void>;
  multiRemove(names: readonly string[]): Promise<void>;
  getAllKeys(): Promise<readonly string[]>;
}

export type AsyncStorageLike = AsyncStorage3Like | AsyncStorage2Like;

const TEXT = 't';
const BYTES = 'b';

const shelves = new WeakMap<AsyncStorageLike, Shelf>();

/**
 * `asyncStorageStore(createAsyncStorage('tidewire'))`, or with the default export of AsyncStorage 2. Survives the process (`process-crash`): it is SQLite (on iOS,
 * version 2: files), which has handed a write to the system when its promise resolves, and does not wait for the disk.
 */
export function asyncStorageStore(storage: AsyncStorageLike): WatchedStorePort {
  const shelf = shelves.get(storage) ?? newShelf(cellsOf('multiGet' in storage ? asVersion3(storage) : storage));
  shelves.set(storage, shelf);
  return storeOn(shelf, 'process-crash');
}

function asVersion3(storage: AsyncStorage2Like): AsyncStorage3Like {
  return {
    getMany: async (names) => Object.fromEntries(await storage.multiGet(names)),
    setMany: (entries) => storage.multiSet(Object.entries(entries)),
    removeMany: (names) => storage.multiRemove(names),
    getAllKeys: () => storage.getAllKeys(),
  };
}

function cellsOf(storage: AsyncStorage3Like): Cells {
  return {
    names: () => storage.getAllKeys(),
    read: async (names) => {
      const found = new Map<string, StoreValue>();
      if (names.length === 0) return found;
      for (const [name, text] of Object.entries(await storage.getMany([...names]))) {
        const value = typeof text === 'string' ? valueOf(text) : undefined;
        if (value !== undefined) found.set(name, value);
      }
      return found;
    },
    change: async (puts, removals) => {
      if (puts.size > 0) await storage.setMany(Object.fromEntries([...puts].map(([name, value]) => [name, textOf(value)])));
      if (removals.length > 0) await storage.removeMany([...removals]);
    },
  };
}

function textOf(value: StoreValue): string {
  return typeof value === 'string' ? TEXT + value : BYTES + toBase64(value);
}

/** Undefined: not one of ours. */
function valueOf(text: string): StoreValue | undefined {
  if (text.startsWith(TEXT)) return text.slice(1);
  return text.startsWith(BYTES) ? fromBase64(text.slice(1)) : undefined;
}
