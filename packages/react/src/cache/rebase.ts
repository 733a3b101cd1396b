// Carries a change that the app made to a visible value over to the base below it, so that what layers
// added to the picture does not become part of the base. Pure; knows neither queries nor layers.

import { isObject, sameId } from './entities.js';

/**
 * `visible` was folded over `base`; the app turned it into `next`. The answer is the base with the same change.
 * What the app left alone keeps its identity in `next` and is taken from the base; what it changed is taken from `next`.
 */
export function rebase(base: unknown, visible: unknown, next: unknown, idField: string): unknown {
  if (next === visible) return base;
  if (base === visible) return next;
  if (Array.isArray(base) && Array.isArray(visible) && Array.isArray(next)) return rebaseItems(base, visible, next, idField);
  if (!isObject(base) || !isObject(visible) || !isObject(next)) return next;
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(next)) {
    if (!(name in visible)) result[name] = value;
    else if (name in base) result[name] = rebase(base[name], visible[name], value, idField);
    else if (value !== visible[name]) result[name] = value;
  }
  return result;
}

function rebaseItems(base: unknown[], visible: unknown[], next: unknown[], idField: string): unknown[] {
  const result: unknown[] = [];
  for (const item of next) {
    const id = idOf(item, idField);
    const seen = visible.find((candidate) => candidate === item || (id !== undefined && sameId(idOf(candidate, idField), id)));
    const below = base.find((candidate) => candidate === item || (id !== undefined && sameId(idOf(candidate, idField), id)));
    if (seen === undefined) result.push(item);
    else if (below !== undefined) result.push(rebase(below, seen, item, idField));
    else if (seen !== item) result.push(item);
  }
  base.forEach((item, index) => {
    const id = idOf(item, idField);
    const shown = visible.some((candidate) => candidate === item || (id !== undefined && sameId(idOf(candidate, idField), id)));
    if (!shown) result.splice(Math.min(index, result.length), 0, item); // a layer hides it; the app did not remove it
  });
  return result;
}

function idOf(item: unknown, idField: string): unknown {
  return isObject(item) ? item[idField] : undefined;
}
