// Turns one event into operations and invalidations by the app's table, or by the defaults where it has no
// rule (Y4). Pure; knows no query client and no engine. What a rule throws is the caller's to catch.

import type { CacheEvent, EntityRule, Item, QueryKey, Rule, RuleContext, SyncRules } from '@tidewire/client';
import { isObject } from './entities.js';
import { matchesAny, type Operation } from './fold.js';

/** Queries to fetch again; only those that hold lists, where `lists` is set. */
export interface Invalidation {
  readonly keys: readonly QueryKey[];
  readonly lists?: { readonly idField: string };
}

export interface Plan {
  readonly operations: Operation[];
  readonly invalidations: Invalidation[];
}

type AnyRule = Rule<never>;

export class RuleTable {
  readonly #entities: { readonly [entity: string]: EntityRule };
  readonly #on: { readonly [event: string]: AnyRule | readonly AnyRule[] | undefined };

  constructor(rules: SyncRules<object> | undefined) {
    this.#entities = rules?.entities ?? {};
    this.#on = (rules?.on ?? {}) as { readonly [event: string]: AnyRule | readonly AnyRule[] | undefined };
  }

  /** The entry of this entity; without one `id` under `['x']` and `['xs']`. */
  entity(name: string): EntityRule {
    return own(this.#entities, name) ?? { id: 'id', keys: [[name], [plural(name)]] };
  }

  /** The entry of what stands under this query key. */
  under(key: QueryKey): EntityRule | undefined {
    return Object.values(this.#entities).find((entity) => matchesAny(key, entity.keys));
  }

  /** The id field of what stands under this query key. */
  idField(key: QueryKey): string {
    return this.under(key)?.id ?? 'id';
  }

  plan(event: CacheEvent, args: readonly unknown[], user: string): Plan {
    const plan: Plan = { operations: [], invalidations: [] };
    const declared = own(this.#on, event.name);
    if (declared === undefined) {
      this.#byName(event.name, args[0], plan);
      return plan;
    }
    const context: RuleContext = { user, own: event.own, replayed: event.replayed };
    const list: readonly AnyRule[] = Array.isArray(declared) ? declared : [declared as AnyRule];
    for (const rule of list) this.#add(rule, args[0] as never, context, plan);
    return plan;
  }

  #add(rule: AnyRule, payload: never, context: RuleContext, plan: Plan): void {
    switch (rule.kind) {
      case 'patch': {
        const { id: idField, keys, belongs } = this.entity(rule.entity);
        plan.operations.push({ kind: 'patch', keys, idField, id: rule.id(payload), change: (item) => rule.fn(item, payload, context), belongs });
        return;
      }
      case 'insert': {
        const key = rule.queryKey(payload);
        const { id: idField, belongs } = (rule.entity === undefined ? this.under(key) : this.entity(rule.entity)) ?? { id: 'id' };
        plan.operations.push({ kind: 'insert', keys: [key], idField, item: rule.item(payload), at: rule.at, belongs });
        return;
      }
      case 'remove': {
        const { id: idField, keys } = this.entity(rule.entity);
        plan.operations.push({ kind: 'remove', keys, idField, id: rule.id(payload) });
        return;
      }
      case 'invalidate':
        plan.invalidations.push({ keys: rule.queryKeys(payload) });
        return;
    }
  }

  /** `x:updated` patches, `x:created` fetches lists again, `x:deleted` removes; any other name does nothing. */
  #byName(name: string, payload: unknown, plan: Plan): void {
    const [, entity, verb] = /^(.+):(updated|created|deleted)$/.exec(name) ?? [];
    if (entity === undefined) return;
    const { id: idField, keys, belongs } = this.entity(entity);
    const item: Item = isObject(payload) ? payload : {};
    const id = item[idField] ?? (verb === 'deleted' ? item[`${entity}Id`] : undefined);
    if (verb === 'created') plan.invalidations.push({ keys, lists: { idField } });
    else if (id === undefined) plan.invalidations.push({ keys });
    else if (verb === 'updated') plan.operations.push({ kind: 'patch', keys, idField, id, change: (old) => ({ ...old, ...item }), belongs });
    else plan.operations.push({ kind: 'remove', keys, idField, id });
  }
}

function plural(name: string): string {
  return /[^aeiou]y$/.test(name) ? `${name.slice(0, -1)}ies` : `${name}s`;
}

function own<T>(table: { readonly [name: string]: T }, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
