// Finds, changes, adds and removes entities inside the data of one query. Knows shapes only:
// an object with the id field is an entity and a leaf; arrays hold entities or pages; any other
// object is an envelope whose arrays are searched. Must not know queries, rules, rooms or React.
// Every function answers the same identity where nothing changed.

export type EntityValue = Record<string, unknown>;
export type Place = 'start' | 'end';

export function isObject(value: unknown): value is EntityValue {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // The top of its own chain: an object of another realm (a frame, Node's `fetch` under Jest) is plain too.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

export function sameId(a: unknown, b: unknown): boolean {
  return a === b || ((typeof a === 'string' || typeof a === 'number') && (typeof b === 'string' || typeof b === 'number') && String(a) === String(b));
}

/** Whether the data is a list of entities (or an envelope around one), not an entity itself. */
export function isList(data: unknown, idField: string): boolean {
  if (Array.isArray(data)) return true;
  return isObject(data) && !(idField in data) && Object.values(data).some(Array.isArray);
}

/** Changes the entity with this id wherever it stands. */
export function patchIn(data: unknown, idField: string, id: unknown, change: (entity: EntityValue) => unknown): unknown {
  if (Array.isArray(data)) return mapItems(data, (item) => patchIn(item, idField, id, change));
  if (!isObject(data)) return data;
  if (idField in data) {
    if (!sameId(data[idField], id)) return data;
    const next = change(data);
    return next === undefined || shallowEqual(data, next) ? data : next;
  }
  return mapArrays(data, (items) => patchIn(items, idField, id, change));
}

/** Takes the entity with this id out of every list. An entity that is the whole data stays. */
export function removeIn(data: unknown, idField: string, id: unknown): unknown {
  if (Array.isArray(data)) {
    const kept = data.filter((item) => !(isObject(item) && idField in item && sameId(item[idField], id)));
    const rest: unknown[] = kept.length === data.length ? data : kept;
    return mapItems(rest, (item) => (isObject(item) && idField in item ? item : removeIn(item, idField, id)));
  }
  if (!isObject(data) || idField in data) return data;
  return mapArrays(data, (items) => removeIn(items, idField, id));
}

/** Adds an item to the list, or replaces the one with the same id where it stands. */
export function insertIn(data: unknown, idField: string, item: unknown, place: Place): unknown {
  if (isObject(item) && idField in item && stands(data, idField, item[idField])) {
    return patchIn(data, idField, item[idField], () => item);
  }
  return addTo(data, idField, item, place);
}

/** Whether the entity with this id is in the data. */
export function stands(data: unknown, idField: string, id: unknown): boolean {
  if (Array.isArray(data)) return data.some((item) => stands(item, idField, id));
  if (!isObject(data)) return false;
  if (idField in data) return sameId(data[idField], id);
  return Object.values(data).some((value) => Array.isArray(value) && stands(value, idField, id));
}

/** The entity with this id, where it stands first. */
export function entityIn(data: unknown, idField: string, id: unknown): EntityValue | undefined {
  if (Array.isArray(data)) {
    for (const item of data) {
      const found = entityIn(item, idField, id);
      if (found) return found;
    }
    return undefined;
  }
  if (!isObject(data)) return undefined;
  if (idField in data) return sameId(data[idField], id) ? data : undefined;
  return entityIn(Object.values(data).filter(Array.isArray), idField, id);
}

function addTo(data: unknown, idField: string, item: unknown, place: Place): unknown {
  if (Array.isArray(data)) {
    const pages = data.length > 0 && data.every((page) => isList(page, idField));
    if (!pages) return place === 'start' ? [item, ...(data as unknown[])] : [...(data as unknown[]), item];
    const at = place === 'start' ? 0 : data.length - 1;
    return data.map((page: unknown, index) => (index === at ? addTo(page, idField, item, place) : page));
  }
  if (!isObject(data) || idField in data) return data;
  const lists = Object.entries(data).filter(([name, value]) => Array.isArray(value) && name !== 'pageParams');
  const only = lists.length === 1 ? lists[0] : undefined;
  return only ? { ...data, [only[0]]: addTo(only[1], idField, item, place) } : data;
}

function mapItems(items: readonly unknown[], map: (item: unknown) => unknown): unknown[] | readonly unknown[] {
  let changed = false;
  const next = items.map((item) => {
    const mapped = map(item);
    if (mapped !== item) changed = true;
    return mapped;
  });
  return changed ? next : items;
}

function mapArrays(data: EntityValue, map: (items: unknown[]) => unknown): EntityValue {
  let next = data;
  for (const [name, value] of Object.entries(data)) {
    if (!Array.isArray(value)) continue;
    const mapped = map(value);
    if (mapped === value) continue;
    if (next === data) next = { ...data };
    next[name] = mapped;
  }
  return next;
}

function shallowEqual(a: EntityValue, b: unknown): boolean {
  if (a === b) return true;
  if (!isObject(b)) return false;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => name in b && Object.is(a[name], b[name]));
}
