// A store in MMKV (`react-native-mmkv` 4): synchronous, memory-mapped, one value under one name. Knows MMKV by its shape alone.
import type { StoreValue } from '@tidewire/client';
import { newShelf, storeOn, type Cells, type Shelf, type WatchedStorePort } from './cells.js';

/** The part of an `MMKV` instance that is used. */
export interface MmkvLike {
  /** Two instances of one name are one storage. */
  readonly id?: string;
  set(name: string, value: string | ArrayBuffer): void;
  getString(name: string): string | undefined;
  getBuffer(name: string): ArrayBuffer | undefined;
  contains(name: string): boolean;
  remove(name: string): boolean;
  getAllKeys(): string[];
}

/** MMKV has no types: under these names stands text, under all others bytes. */
const isText = (name: string): boolean => !name.startsWith('tw1/r/') || /^tw1\/r\/[^/]*\/q\//.test(name);
/** Before each value, so that none is empty: MMKV takes an empty one for a removal. */
const FIRST = 1;

const shelves = new WeakMap<MmkvLike, Shelf>();
const named = new Map<string, Shelf>();

/**
 * `mmkvStore(createMMKV({ id: 'tidewire' }))`. Survives the process (`process-crash`): the system writes the mapped memory to the disk when it likes, so that a
 * battery taken out may cost the last writes.
 */
export function mmkvStore(mmkv: MmkvLike): WatchedStorePort {
  const { id } = mmkv;
  const shelf = (id === undefined ? shelves.get(mmkv) : named.get(id)) ?? newShelf(cellsOf(mmkv));
  if (id === undefined) shelves.set(mmkv, shelf);
  else named.set(id, shelf);
  return storeOn(shelf, 'process-crash');
}

function cellsOf(mmkv: MmkvLike): Cells {
  return {
    names: async () => mmkv.getAllKeys(),
    read: async (names) => {
      const found = new Map<string, StoreValue>();
      for (const name of names) {
        const value = mmkv.contains(name) ? read(mmkv, name) : undefined;
        if (value !== undefined) found.set(name, value);
      }
      return found;
    },
    change: async (puts, removals) => {
      for (const [name, value] of puts) mmkv.set(name, typeof value === 'string' ? `t${value}` : framed(value));
      for (const name of removals) mmkv.remove(name);
    },
  };
}

function read(mmkv: MmkvLike, name: string): StoreValue | undefined {
  if (isText(name)) return mmkv.getString(name)?.slice(1);
  const buffer = mmkv.getBuffer(name);
  // A copy: the buffer may be the mapped memory itself.
  return buffer === undefined ? undefined : new Uint8Array(buffer).slice(1);
}

function framed(bytes: Uint8Array): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes.length + 1);
  const all = new Uint8Array(buffer);
  all[0] = FIRST;
  all.set(bytes, 1);
  return buffer;
}
