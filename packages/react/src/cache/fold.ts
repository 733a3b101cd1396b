// Folds layers over a base: visible = fold(base, layers in order that stand on it). Pure: operations are
// recorded once as data and functions and run again over every new base. Knows no query client and no engine.

import { partialMatchKey, type QueryKey } from '@tanstack/react-query';
import { entityIn, insertIn, isList, isObject, patchIn, removeIn, type EntityValue, type Place } from './entities.js';

/** One recorded change. `keys` are prefixes of the query keys that it concerns. */
export type Operation =
  | { kind: 'patch'; keys: readonly QueryKey[]; idField: string; id: unknown; change: (entity: EntityValue) => unknown; belongs: Belongs }
  | { kind: 'insert'; keys: readonly QueryKey[]; idField: string; item: unknown; at: Place; belongs: Belongs }
  | { kind: 'remove'; keys: readonly QueryKey[]; idField: string; id: unknown }
  | { kind: 'hold'; hash: string; data: unknown };

/** Whether an item stands in the list under this key; undefined: in all. */
export type Belongs = ((item: EntityValue, key: QueryKey) => boolean) | undefined;

/** The changes of one write. Order in the list of layers is the order of folding. */
export interface Layer {
  /** The write's id; absent while an unnamed write is still being queued. */
  write: string | undefined;
  readonly operations: Operation[];
  /** Hashes of the queries that were reported as touched by it. */
  readonly touched: Set<string>;
  /** It was taken out for good: what `onMutate` still writes for it counts no more. */
  gone: boolean;
}

/** What a fold reads. */
export interface Foldable {
  readonly hash: string;
  readonly key: QueryKey;
  readonly data: unknown;
  /** Writes that the data already has: their layers do not stand on it. */
  readonly carries: ReadonlySet<string>;
}

export interface Folded {
  data: unknown;
  /** The layers that changed something. */
  changedBy: Layer[];
}

export function matchesAny(key: QueryKey, prefixes: readonly QueryKey[]): boolean {
  return prefixes.some((prefix) => partialMatchKey(key, prefix));
}

export function apply(operation: Operation, hash: string, key: QueryKey, data: unknown): unknown {
  if (operation.kind === 'hold') return operation.hash === hash ? operation.data : data;
  if (!matchesAny(key, operation.keys)) return data;
  switch (operation.kind) {
    case 'patch':
      return patched(operation, key, data);
    case 'insert':
      return inserted(operation, key, data);
    case 'remove':
      return removeIn(data, operation.idField, operation.id);
  }
}

function patched({ idField, id, change, belongs }: Extract<Operation, { kind: 'patch' }>, key: QueryKey, data: unknown): unknown {
  const next = patchIn(data, idField, id, change);
  if (!belongs || next === data || !isList(next, idField)) return next;
  const item = entityIn(next, idField, id);
  return item && !belongs(item, key) ? removeIn(next, idField, id) : next;
}

function inserted({ idField, item, at, belongs }: Extract<Operation, { kind: 'insert' }>, key: QueryKey, data: unknown): unknown {
  if (!belongs || !isObject(item) || belongs(item, key)) return insertIn(data, idField, item, at);
  return removeIn(data, idField, item[idField]);
}

/** A layer whose function throws over this base leaves it as it was. */
export function fold(base: Foldable, layers: readonly Layer[]): Folded {
  let data = base.data;
  const changedBy: Layer[] = [];
  for (const layer of layers) {
    if (layer.write !== undefined && base.carries.has(layer.write)) continue;
    const before = data;
    try {
      for (const operation of layer.operations) data = apply(operation, base.hash, base.key, data);
    } catch {
      data = before;
    }
    if (data !== before) changedBy.push(layer);
  }
  return { data, changedBy };
}
