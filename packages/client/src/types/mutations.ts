// Public types of writes as an app says them: requests, functions, definitions and what they are told.
import type { Item, QueryKey } from './shapes.js';
import type { WriteFailure } from './writes.js';

export interface WriteRequest {
  /** HTTP method. */
  method: string;
  /** Path with query, beginning with `/`, or an absolute URL. */
  path: string;
  /** Sent as JSON; absent for none. */
  body?: unknown;
}

/** What a function that sends a write is told. */
export interface SendContext {
  /** Send it as `Idempotency-Key`: the same for all attempts of one write. */
  readonly idempotencyKey: string;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
  /** From 1, in this process. */
  readonly attempt: number;
}

/** A write without a definition: it lives in the queue across restarts, but has no layer and no callbacks after one. */
export type UnnamedWrite = UnnamedOptions & (WriteRequest | UnnamedFunction);

/**
 * A write that a function sends. It is called by the tab that sends, and lives as long as the page: what it did not send by then is
 * parked as expired at its time to live. It resolves with the answer's data. A rejection with a `status` (its own, or that of its
 * `response`) is the server's answer; with a `NotSent` nothing was sent; any other one leaves the outcome unknown, so that the write
 * is tried again only if it is `idempotent`.
 */
export interface UnnamedFunction {
  mutationFn: (context: SendContext) => unknown;
}

export interface UnnamedOptions {
  /** What to show for it. */
  label?: string;
  /** What `WriteSnapshot.variables` says; the body if absent. */
  variables?: unknown;
  lane?: string;
  idempotent?: boolean;
  /** Ids of writes that must have succeeded before it leaves (Q7). */
  dependsOn?: readonly string[];
  /** A second write with this key, right behind the first in its lane, is the first (Q8). */
  dedupeKey?: string;
  /** Milliseconds until it is parked as expired. */
  ttl?: number;
  /** Answers of the server that it failed on this very write (5xx) until it is parked: 1 to 100, default 3. What fails on the way uses up none (Q11). */
  maxRetries?: number;
  /** Its layer, for this session only. */
  optimistic?: (cache: LayerWriter, context: LayerContext) => void;
  whenParked?: 'rollback' | 'keep';
}

export interface LayerContext {
  /** The signed-in user's id. */
  readonly user: string;
  /** The write's id, which is the idempotency key and the `writeId` of the events that it causes. */
  readonly writeId: string;
}

/** Records pure operations; they are folded over bases again and again, so `fn` must not read anything else. */
export interface LayerWriter {
  patch<T extends object = Item>(entity: string, id: string, fn: (item: T) => T): void;
  insert<T extends object = Item>(queryKeyPrefix: QueryKey, item: T, options?: { at?: 'start' | 'end' }): void;
  remove(entity: string, id: string): void;
}

/** Context of a definition's own callbacks, which also run for writes of an earlier session. */
export interface WriteContext<V> {
  readonly writeId: string;
  readonly variables: V;
  readonly user: string;
}

/** A named mutation: found again by its name after a restart. */
export type MutationDefinition<V> = RequestMutation<V> | FunctionMutation<V>;

export type RequestMutation<V> = MutationOptions<V> & ByRequest<V>;
export type FunctionMutation<V> = MutationOptions<V> & ByFunction<V>;

interface ByRequest<V> {
  /** The request that sends it, also at the first attempt. */
  readonly request: (variables: V) => WriteRequest;
  /** Never called beside a `request`. */
  readonly mutationFn?: (variables: V, context: SendContext) => unknown;
}

interface ByFunction<V> {
  readonly request?: undefined;
  /** Sends it: see `UnnamedFunction`. Found by name, it also sends what an earlier session left. */
  readonly mutationFn: (variables: V, context: SendContext) => unknown;
}

export interface MutationOptions<V> {
  readonly name: string;
  readonly version: number;
  readonly optimistic?: (variables: V, cache: LayerWriter, context: LayerContext) => void;
  /** Writes of one lane leave strictly in order; default: the path. */
  readonly lane?: string | ((variables: V) => string);
  readonly idempotent?: boolean;
  readonly whenParked?: 'rollback' | 'keep';
  /** Milliseconds until it is parked as expired. */
  readonly ttl?: number;
  /** Answers of the server that it failed on this very write (5xx) until it is parked: 1 to 100, default 3. What fails on the way uses up none (Q11). */
  readonly maxRetries?: number;
  readonly label?: string | ((variables: V) => string);
  /** Ids of writes that must have succeeded before it leaves. Writes whose temporary ids it mentions are added (Q7). */
  readonly dependsOn?: (variables: V) => readonly string[];
  /** The temporary ids in its variables, made with `tw.tempId()`, that only the server can give a real name (Q7). */
  readonly tempIds?: (variables: V) => readonly string[];
  /** The real name that the answer gives to one of them. */
  readonly realId?: (answer: Answer, tempId: string) => string | undefined;
  /** A second write with this key, right behind the first in its lane, is the first (Q8). */
  readonly dedupeKey?: string | ((variables: V) => string);
  /** Takes the place of the last write of its lane, if that has the same name and was never sent (Q8). */
  readonly coalesce?: 'replace';
  /** Name of the mutation that it undoes: if that is the last of its lane and was never sent, neither is sent (Q8). */
  readonly cancels?: string;
  /**
   * The server says that somebody else changed it (409, 412). Its lane waits for the decision; left out, it is parked as `CONFLICT`. Called by the
   * tab that sends; a rejection parks it.
   */
  readonly onConflict?: (conflict: Conflict<V>) => ConflictDecision<V> | Promise<ConflictDecision<V>>;
  /** Finds out what became of it on a foreign server when its answer was lost (Q9); a rejection is `unknown`. */
  readonly verify?: (variables: V, context: WriteContext<V>) => Verdict | Promise<Verdict>;
  /** Brings variables of an earlier `version` to this one (Q21). If it throws, the write is kept for a later build. */
  readonly upcast?: (variables: unknown, version: number) => V;
  /** The server applied it. Also called for a write of an earlier session, by the tab that sends. */
  readonly onSuccess?: (answer: Answer, context: WriteContext<V>) => void;
  /** It was refused, parked or discarded; once. */
  readonly onError?: (error: WriteFailure, context: WriteContext<V>) => void;
}

/** Any definition, whatever its variables. */
export type AnyMutation = Omit<MutationOptions<never>, 'onConflict' | 'upcast'> &
  (ByRequest<never> | ByFunction<never>) & {
    readonly onConflict?: (conflict: Conflict<never>) => ConflictDecision<unknown> | Promise<ConflictDecision<unknown>>;
    readonly upcast?: (variables: unknown, version: number) => unknown;
  };

/** A server's 409 or 412 to a write. */
export interface Conflict<V> {
  readonly writeId: string;
  readonly variables: V;
  readonly status: number;
  /** Body of the answer: parsed if it is JSON. */
  readonly data: unknown;
}

/** `again`: send the same bytes once more. `{ variables }`: send this instead, as a new write in the same place. */
export type ConflictDecision<V> = 'again' | 'park' | 'discard' | { readonly variables: V };

/** What became of a write whose answer was lost. `not-applied` also promises that no earlier request will apply it any more. */
export type Verdict = { readonly applied: true; readonly data?: unknown } | 'not-applied' | 'unknown';

/** An entry of `exportWrites`. */
export type ExportedWrite = Readonly<Record<string, unknown>>;

/** A server's answer to a write. */
export interface Answer {
  readonly status: number;
  /** Its body: parsed if it is JSON, else the text; undefined if there was none. */
  readonly data: unknown;
  /** The stored answer of an earlier application. */
  readonly replayed: boolean;
}
