// Applies one event to bases: moves their positions, runs the rule, and says which queries must be fetched again.
// What a rule throws costs a refetch, never an event. Knows no query client and no engine.

import type { CacheEvent, Position } from '@tidewire/client';
import { entityIn, isList, isObject, sameId, stands } from './entities.js';
import type { Base, Entry } from './entries.js';
import { apply, matchesAny, type Operation } from './fold.js';
import type { RoomTable } from './rooms.js';
import type { Invalidation, Plan, RuleTable } from './rules.js';

export interface EventResult {
  /** Entries whose base has new data. */
  readonly changed: Entry[];
  /** Entries whose base has new data or a new position. */
  readonly moved: Entry[];
  readonly refetch: Entry[];
}

export interface EventScene {
  readonly entries: readonly Entry[];
  readonly rules: RuleTable;
  readonly rooms: RoomTable;
  readonly user: string;
}

export function applyEvent(event: CacheEvent, args: readonly unknown[], scene: EventScene): EventResult {
  const result: EventResult = { changed: [], moved: [], refetch: [] };
  const plan = makePlan(event, args, scene);
  const listed = event.position !== undefined && scene.rooms.has(event.position.room);
  const chosen = new Set(event.apply);
  for (const entry of scene.entries) {
    const { base } = entry;
    const applies = listed ? chosen.has(entry.id) : event.dispatch;
    if (base && applies) runPlan(plan, entry, base, result);
    if (base && event.position && chosen.has(entry.id)) {
      base.positions.set(event.position.room, event.position);
      result.moved.push(entry);
    }
    const told = chosen.has(entry.id) || (event.dispatch && !covered(base, event.position));
    if (told && (plan === 'failed' || plan.invalidations.some((one) => concerns(one, entry)))) result.refetch.push(entry);
    // A room without an entry in the table may change anything (Y1).
    if (event.dispatch && event.position && !listed && entry.query.isActive()) result.refetch.push(entry);
  }
  if (plan !== 'failed') for (const operation of plan.operations) result.refetch.push(...entered(operation, scene.entries, result.changed));
  return result;
}

/** Lists that a changed item begins to belong to: only the server can say where in them it stands. */
function entered(operation: Operation, entries: readonly Entry[], changed: readonly Entry[]): Entry[] {
  if (operation.kind !== 'patch' || !operation.belongs) return [];
  const { idField, id, keys, belongs } = operation;
  const item = changed.map(({ base }) => entityIn(base?.data, idField, id)).find((found) => found !== undefined);
  if (!item) return [];
  return entries.filter(
    ({ query: { queryKey }, base }) => base && matchesAny(queryKey, keys) && isList(base.data, idField) && !stands(base.data, idField, id) && belongs(item, queryKey),
  );
}

function makePlan(event: CacheEvent, args: readonly unknown[], scene: EventScene): Plan | 'failed' {
  try {
    return scene.rules.plan(event, args, scene.user);
  } catch {
    return 'failed';
  }
}

function runPlan(plan: Plan | 'failed', entry: Entry, base: Base, result: EventResult): void {
  if (plan === 'failed') return;
  const before = base.data;
  try {
    for (const operation of plan.operations) {
      base.data = apply(operation, entry.hash, entry.query.queryKey, base.data);
      if (removesWhole(operation, entry, base)) result.refetch.push(entry);
    }
  } catch {
    base.data = before;
    result.refetch.push(entry);
  }
  if (base.data !== before) {
    base.revision += 1;
    result.changed.push(entry);
    result.moved.push(entry);
  }
}

/** The removed entity is all that the query holds: only the server can say what stands there now. */
function removesWhole(operation: Operation, entry: Entry, base: Base): boolean {
  if (operation.kind !== 'remove' || !matchesAny(entry.query.queryKey, operation.keys) || !isObject(base.data)) return false;
  return operation.idField in base.data && sameId(base.data[operation.idField], operation.id);
}

function concerns(one: Invalidation, entry: Entry): boolean {
  if (!matchesAny(entry.query.queryKey, one.keys)) return false;
  return one.lists === undefined || isList(entry.base?.data, one.lists.idField);
}

/** The base was read after this event, so nothing is to be fetched for it. */
function covered(base: Base | undefined, position: Position | undefined): boolean {
  const mine = position && base?.positions.get(position.room);
  return mine !== undefined && mine.epoch === position?.epoch && mine.offset >= position.offset;
}
