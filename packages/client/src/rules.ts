// Constructors of sync rules and mutations: they only give the compiler something to check. Plain data comes out; no state.
import type { AnyEvents, FunctionMutation, Item, MutationDefinition, QueryKey, RequestMutation, Rule, RuleContext, SyncRules } from './types.js';

/** Checks rules against an app's events: `defineRules<Events>({...})`. */
export function defineRules<E extends object = AnyEvents>(rules: SyncRules<E>): SyncRules<E> {
  return rules;
}

/** A durable write with a name, so that it means the same after a restart. */
export function defineMutation<V>(definition: RequestMutation<V>): RequestMutation<V>;
export function defineMutation<V>(definition: FunctionMutation<V>): FunctionMutation<V>;
export function defineMutation<V>(definition: MutationDefinition<V>): MutationDefinition<V>;
export function defineMutation<V>(definition: MutationDefinition<V>): MutationDefinition<V> {
  return definition;
}

/** The entity with this id changes wherever it stands. */
export function patch<P, T extends object = Item>(
  entity: string,
  id: (payload: P) => string,
  fn: (item: T, payload: P, context: RuleContext) => T,
): Rule<P> {
  return { kind: 'patch', entity, id, fn: (item, payload, context) => fn(item as T, payload, context) as Item };
}

/** The payload (or what `item` makes of it) enters the lists under `queryKey`; an item with the same id is replaced. */
export function insert<P, T extends object = Item>(
  queryKey: (payload: P) => QueryKey,
  item: (payload: P) => T,
  options: { at?: 'start' | 'end'; entity?: string } = {},
): Rule<P> {
  const entity = options.entity === undefined ? {} : { entity: options.entity };
  return { kind: 'insert', queryKey, item: (payload) => item(payload) as Item, at: options.at ?? 'start', ...entity };
}

/** The entity with this id leaves every list, and its own query is gone. */
export function remove<P>(entity: string, id: (payload: P) => string): Rule<P> {
  return { kind: 'remove', entity, id };
}

/** The queries under these prefixes are fetched again. */
export function invalidate<P>(queryKeys: (payload: P) => readonly QueryKey[]): Rule<P> {
  return { kind: 'invalidate', queryKeys };
}
