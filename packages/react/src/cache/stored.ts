// The form of a base in the store: one JSON text under `q/<hash>`, so that data, positions and carried writes
// change in one step (Y2). Reading never throws: what does not fit is no base.

import type { Position, QueryKey, StoredBase, StoreWrite } from '@tidewire/client';
import { isObject } from './entities.js';

const FORMAT = 1;

export interface StoredValue {
  readonly queryKey: QueryKey;
  readonly data: unknown;
  readonly positions: readonly Position[];
  readonly carries: readonly string[];
  /** When it was fetched, as TanStack Query tells it. */
  readonly updatedAt: number;
  /** It was marked to be fetched again and has not been. */
  readonly invalidated: boolean;
}

export function storeKey(hash: string): string {
  return `q/${hash}`;
}

/** Undefined where the data is not JSON. */
export function encode(hash: string, value: StoredValue): StoreWrite | undefined {
  try {
    return { key: storeKey(hash), value: JSON.stringify({ format: FORMAT, ...value }) };
  } catch {
    return undefined;
  }
}

export function decode(record: StoredBase): StoredValue | undefined {
  let value: unknown;
  try {
    value = JSON.parse(record.value);
  } catch {
    return undefined;
  }
  if (!isObject(value) || value.format !== FORMAT || !Array.isArray(value.queryKey) || !('data' in value)) return undefined;
  if (!Array.isArray(value.positions) || !value.positions.every(isPosition)) return undefined;
  if (!Array.isArray(value.carries) || !value.carries.every((id): id is string => typeof id === 'string')) return undefined;
  return {
    queryKey: value.queryKey,
    data: value.data,
    positions: value.positions,
    carries: value.carries,
    updatedAt: typeof value.updatedAt === 'number' ? value.updatedAt : 0,
    invalidated: value.invalidated === true,
  };
}

function isPosition(value: unknown): value is Position {
  return isObject(value) && typeof value.room === 'string' && typeof value.epoch === 'string' && Number.isSafeInteger(value.offset);
}
