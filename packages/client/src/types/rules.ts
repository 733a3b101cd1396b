// Public types of sync rules: what events do to cached values.
import type { AnyEvents, EventName, EventPayload } from './events.js';
import type { Item, QueryKey } from './shapes.js';

export interface RuleContext {
  readonly user: string;
  readonly own: boolean;
  readonly replayed: boolean;
}

/** What one event does to the cached values (Y4). Plain data; the cache applies it. */
export type Rule<P> =
  | { readonly kind: 'patch'; readonly entity: string; readonly id: (payload: P) => string; readonly fn: (item: Item, payload: P, context: RuleContext) => Item }
  | {
      readonly kind: 'insert';
      readonly queryKey: (payload: P) => QueryKey;
      readonly item: (payload: P) => Item;
      readonly at: 'start' | 'end';
      readonly entity?: string;
    }
  | { readonly kind: 'remove'; readonly entity: string; readonly id: (payload: P) => string }
  | { readonly kind: 'invalidate'; readonly queryKeys: (payload: P) => readonly QueryKey[] };

export interface EntityRule {
  /** Field that holds an item's id. */
  readonly id: string;
  /** Prefixes of the query keys under which such items stand. */
  readonly keys: readonly QueryKey[];
  /**
   * Whether an item stands in the list under this query key, for lists that are filtered or cut into pages. An item that a rule or a layer changes leaves the
   * lists that it no longer belongs to and enters no wrong one; a list that it begins to belong to is fetched again. Pure. Left out: it belongs to all.
   */
  readonly belongs?: (item: Item, queryKey: QueryKey) => boolean;
}

export interface SyncRules<E extends object = AnyEvents> {
  readonly entities?: { readonly [entity: string]: EntityRule };
  /** Room pattern (`activity_:id`) to the prefixes of the query keys that its events change. */
  readonly rooms?: { readonly [pattern: string]: (params: { readonly [name: string]: string }) => readonly QueryKey[] };
  readonly on?: { readonly [K in EventName<E>]?: Rule<EventPayload<E[K]>> | readonly Rule<EventPayload<E[K]>>[] };
}
