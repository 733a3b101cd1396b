// A store in AsyncStorage (`@react-native-async-storage/async-storage` 3, which Expo Go has): text alone, so that bytes travel as base64. Knows it by its shape alone.
import type { StoreValue } from '@tidewire/client';
import { fromBase64, toBase64 } from './base64.js';
import { newShelf, storeOn, type Cells, type Shelf, type WatchedStorePort } from './cells.js';

/** The part of an `AsyncStorage` that is used. */
export interface AsyncStorageLike {
  getMany(names: string[]): Promise<Record<string, string | null>>;
  setMany(entries: Record<string, string>): Promise<void>;
  removeMany(names: string[]): Promise<void>;
  getAllKeys(): Promise<string[]>;
}

const TEXT = 't';
const BYTES = 'b';

const shelves = new WeakMap<AsyncStorageLike, Shelf>();

/**
 * `asyncStorageStore(createAsyncStorage('tidewire'))`. Survives the process (`process-crash`): it is SQLite, which has handed a write to the system when its promise
 * resolves, and does not wait for the disk.
 */
export function asyncStorageStore(storage: AsyncStorageLike): WatchedStorePort {
  const shelf = shelves.get(storage) ?? newShelf(cellsOf(storage));
  shelves.set(storage, shelf);
  return storeOn(shelf, 'process-crash');
}

function cellsOf(storage: AsyncStorageLike): Cells {
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
