// The form of a base in the store: one text under `q/<hash>`, so that data, positions and carried writes change in one step (Y2): a line of
// JSON about the base, then its data as JSON. Reading never throws: what does not fit is no base.

import type { Position, QueryKey, StoredBase, StoreWrite } from '@tidewire/client';
import { isObject } from './entities.js';

const FORMAT = 2;

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

type Head = Omit<StoredValue, 'data'>;

/** Undefined where the data is not JSON. */
export function encode(hash: string, { data, ...head }: StoredValue): StoreWrite | undefined {
  try {
    const value = join(head, JSON.stringify(data));
    return { key: storeKey(hash), value, over: (stored) => newest(value, head, stored) };
  } catch {
    return undefined;
  }
}

export function decode(record: StoredBase): StoredValue | undefined {
  const { line, rest } = split(record.value);
  const head = headOf(line);
  try {
    return head && { ...head, data: JSON.parse(rest) as unknown };
  } catch {
    return undefined;
  }
}

/** Where another tab has stored a newer base, that stays (Q19), with the writes that ours carries: it has their events. */
function newest(value: string, mine: Head, stored: string | Uint8Array): string {
  const { line, rest } = split(typeof stored === 'string' ? stored : '');
  const theirs = headOf(line);
  if (!theirs || !isNewer(theirs.positions, mine.positions)) return value;
  return join({ ...theirs, carries: [...new Set([...theirs.carries, ...mine.carries])] }, rest);
}

/** Ahead in a history that both cover, and nowhere behind. */
function isNewer(positions: readonly Position[], than: readonly Position[]): boolean {
  const leads = than.map((old) => {
    const here = positions.find(({ room, epoch }) => room === old.room && epoch === old.epoch);
    return here === undefined ? Number.NaN : here.offset - old.offset;
  });
  return leads.every((lead) => lead >= 0) && leads.some((lead) => lead > 0);
}

function join(head: Head, data: string): string {
  return `${JSON.stringify({ format: FORMAT, ...head })}\n${data}`;
}

function split(text: string): { line: string; rest: string } {
  const end = text.indexOf('\n');
  return { line: text.slice(0, Math.max(0, end)), rest: text.slice(end + 1) };
}

function headOf(line: string): Head | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isObject(value) || value.format !== FORMAT || !Array.isArray(value.queryKey)) return undefined;
  if (!Array.isArray(value.positions) || !value.positions.every(isPosition)) return undefined;
  if (!Array.isArray(value.carries) || !value.carries.every((id): id is string => typeof id === 'string')) return undefined;
  return {
    queryKey: value.queryKey,
    positions: value.positions,
    carries: value.carries,
    updatedAt: typeof value.updatedAt === 'number' ? value.updatedAt : 0,
    invalidated: value.invalidated === true,
  };
}

function isPosition(value: unknown): value is Position {
  return isObject(value) && typeof value.room === 'string' && typeof value.epoch === 'string' && Number.isSafeInteger(value.offset);
}
