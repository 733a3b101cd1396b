// The app's mutations by name, and what becomes of a submission: the request, the facts to show, the layer to fold.
import { TidewireError } from '../errors.js';
import type { Found, Input, Submission } from '../generated/protocol.js';
import type { AnyMutation, LayerContext, LayerWriter, MutationDefinition, UnnamedWrite, WriteRequest } from '../types.js';
import { namedTarget, unnamedTarget } from './functions.js';
import type { WriteFacts } from './writes.js';

export type Layer = (cache: LayerWriter, context: LayerContext) => void;

/** A submission, ready for the engine. */
export interface Prepared {
  readonly submission: Submission;
  readonly facts: WriteFacts;
  /** The layer of a write without a definition. */
  readonly layer: Layer | undefined;
}

export interface DefinitionsHost {
  /** Letters and digits that nobody else has. */
  unique(): string;
  log(note: string): void;
  /** What this build knows has changed. */
  changed(): void;
}

export class Definitions {
  readonly #byName = new Map<string, AnyMutation>();
  readonly #log: (note: string) => void;
  readonly #unique: () => string;
  readonly #changed: () => void;
  /** Layers of unnamed writes: for this session only. */
  readonly #unnamed = new Map<string, Layer>();

  constructor(definitions: readonly AnyMutation[], host: DefinitionsHost) {
    this.#unique = host.unique;
    this.#log = host.log;
    this.#changed = host.changed;
    for (const definition of definitions) this.#byName.set(definition.name, definition);
  }

  /** By name: undefined if no definition has it. */
  named(name: string, variables: unknown): Prepared | undefined {
    const definition = this.#byName.get(name);
    return definition === undefined ? undefined : this.defined(definition, variables);
  }

  defined(given: AnyMutation | MutationDefinition<unknown>, variables: unknown): Prepared {
    const definition = given as MutationDefinition<unknown>;
    // Known to this session at least; the app should list it, or its writes mean nothing after a restart.
    if (!this.#byName.has(definition.name)) this.#log(`mutation ${definition.name} is not in createTidewire's list`);
    const news = this.#byName.get(definition.name)?.version !== definition.version;
    this.#byName.set(definition.name, definition as AnyMutation);
    if (news) this.#changed();
    return this.#prepared(definition, variables);
  }

  #prepared(definition: MutationDefinition<unknown>, variables: unknown): Prepared {
    const { method, path, body } = requestOf(definition, variables);
    const { name, version, ttl, dependsOn, tempIds, cancels, verify } = definition;
    const lane = of(definition.lane, variables);
    const submission: Submission = {
      name,
      version,
      variables: json(variables) ?? 'null',
      method,
      path,
      body: json(body),
      lane,
      optimistic: definition.optimistic !== undefined,
      keepLayerWhenParked: definition.whenParked === 'keep',
      idempotent: definition.idempotent ?? harmless(method),
      verify: verify !== undefined,
      ttl,
      touched: [],
      dependsOn: [...(dependsOn?.(variables) ?? [])],
      tempIds: [...(tempIds?.(variables) ?? [])],
      dedupeKey: of(definition.dedupeKey, variables),
      coalesce: cancels !== undefined ? { kind: 'CancelPair', name: cancels } : { kind: definition.coalesce === 'replace' ? 'Replace' : 'None' },
      onConflict: definition.onConflict !== undefined,
      tries: definition.maxRetries,
    };
    return { submission, facts: withLane(factsOf(definition, variables), lane), layer: undefined };
  }

  unnamed(write: UnnamedWrite): Prepared {
    const { method, path, body } = 'path' in write ? write : { method: 'POST', path: unnamedTarget(this.#unique()), body: undefined };
    const variables = write.variables === undefined ? body : write.variables;
    const submission: Submission = {
      name: '',
      version: 0,
      variables: json(variables) ?? 'null',
      method,
      path,
      body: json(body),
      lane: write.lane,
      optimistic: write.optimistic !== undefined,
      keepLayerWhenParked: write.whenParked === 'keep',
      idempotent: write.idempotent ?? harmless(method),
      verify: false,
      ttl: write.ttl,
      touched: [],
      dependsOn: [...(write.dependsOn ?? [])],
      tempIds: [],
      dedupeKey: write.dedupeKey,
      coalesce: { kind: 'None' },
      onConflict: false,
      tries: write.maxRetries,
    };
    const label = write.label ?? ('path' in write ? `${method} ${path}` : '');
    const facts: WriteFacts = { name: '', label, variables, definition: undefined, send: 'path' in write ? undefined : write.mutationFn };
    return { submission, facts: withLane(facts, write.lane), layer: write.optimistic };
  }

  /** What this build knows, for the engine. */
  known(): Input {
    return { kind: 'Definitions', known: [...this.#byName.values()].map(({ name, version }) => ({ name, version })) };
  }

  /** The write as this build would submit it; undefined if its definition cannot say (Q21). */
  upcast(name: string, version: number, variables: unknown): Submission | undefined {
    const definition = this.#byName.get(name) as MutationDefinition<unknown> | undefined;
    if (definition?.upcast === undefined) return undefined;
    try {
      return this.#prepared(definition, definition.upcast(variables, version)).submission;
    } catch {
      return undefined;
    }
  }

  /** What became of a write whose answer was lost, as far as its definition can find out (Q9). */
  async verified(write: string, name: string, version: number, variables: unknown, user: string): Promise<Found> {
    const verify = this.#usable(name, version)?.verify;
    const verdict = verify === undefined ? 'unknown' : await Promise.resolve().then(() => verify(variables, { writeId: write, variables, user })).catch(() => 'unknown' as const);
    if (verdict === 'unknown') return { kind: 'Unknown' };
    return verdict === 'not-applied' ? { kind: 'NotApplied' } : { kind: 'Applied', body: json(verdict.data) };
  }

  /** Keeps the layer of an unnamed write until `forget`. */
  keep(write: string, layer: Layer): void {
    this.#unnamed.set(write, layer);
  }

  forget(write: string): void {
    this.#unnamed.delete(write);
  }

  /** What to show of a write that the store or another tab brought. */
  facts(name: string, version: number, variables: unknown): WriteFacts {
    const definition = this.#usable(name, version);
    if (definition === undefined) return { name, label: name, variables, definition, send: undefined };
    return withLane(factsOf(definition, variables), of(definition.lane, variables));
  }

  layer(write: string, name: string, version: number, variables: unknown): Layer | undefined {
    const unnamed = this.#unnamed.get(write);
    if (unnamed !== undefined) return unnamed;
    const definition = this.#usable(name, version);
    const optimistic = definition?.optimistic;
    return optimistic === undefined ? undefined : (cache, context) => optimistic(variables, cache, context);
  }

  /** A definition of another version does not know what these variables mean. */
  #usable(name: string, version: number): MutationDefinition<unknown> | undefined {
    const definition = this.#byName.get(name) as MutationDefinition<unknown> | undefined;
    return definition?.version === version ? definition : undefined;
  }
}

export function unknownMutation(name: string): TidewireError {
  return new TidewireError('UNKNOWN_MUTATION', `No mutation "${name}" was given to createTidewire`);
}

function factsOf(definition: MutationDefinition<unknown>, variables: unknown): WriteFacts {
  const label = typeof definition.label === 'function' ? definition.label(variables) : (definition.label ?? definition.name);
  const { mutationFn } = definition;
  const send: WriteFacts['send'] = mutationFn === undefined ? undefined : (context) => mutationFn(variables, context);
  return { name: definition.name, label, variables, definition: definition as AnyMutation, send };
}

/** A function's write has a place in the queue, but no request. */
function requestOf(definition: MutationDefinition<unknown>, variables: unknown): WriteRequest {
  return definition.request !== undefined ? definition.request(variables) : { method: 'POST', path: namedTarget(definition.name) };
}

function of<V>(given: string | ((variables: V) => string) | undefined, variables: V): string | undefined {
  return typeof given === 'function' ? given(variables) : given;
}

function withLane(facts: WriteFacts, lane: string | undefined): WriteFacts {
  return lane === undefined ? facts : { ...facts, lane };
}

/** By HTTP's own definition, sending it twice does what sending it once does. */
function harmless(method: string): boolean {
  return /^(PUT|DELETE)$/i.test(method);
}

function json(value: unknown): string | undefined {
  return JSON.stringify(value) as string | undefined;
}
