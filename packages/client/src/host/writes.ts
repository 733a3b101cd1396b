// The writes of the queue as the app sees them: snapshots, handles whose promises never surface, definitions' callbacks.
// What happens to a write is decided in the engine; here it is only told on.
import { TidewireError } from '../errors.js';
import type { Blocked, OutboxStatus, ParkReason, WriteState } from '../generated/protocol.js';
import type { AnyMutation, Answer, BlockedReason, ConflictDecision, Durability, ErrorCode, OutboxSnapshot, WriteContext, WriteHandle, WriteSnapshot } from '../types.js';
import { Cell, type Notifier } from './cell.js';
import { deferred, type Deferred } from './deferred.js';
import type { Send } from './functions.js';
import { parsed } from './json.js';
import { Names } from './names.js';
import { storeError } from './refusals.js';

/** What is known of a write beside its state. */
export interface WriteFacts {
  readonly name: string;
  readonly label: string;
  readonly variables: unknown;
  readonly lane?: string;
  readonly definition: AnyMutation | undefined;
  /** The function that sends it, where no request does. */
  readonly send: Send | undefined;
}

/** Where it comes from: submitted here, found in the store at start, or another tab's. Decides whose callbacks run. */
export type Origin = 'here' | 'store' | 'tab';

interface Entry {
  facts: WriteFacts;
  readonly origin: Origin;
  snapshot: WriteSnapshot;
  readonly durable: Deferred<void>;
  /** Another one after it was parked and is tried again. */
  acknowledged: Deferred<Answer>;
  failed: boolean;
  readonly settled: Deferred<void>;
  readonly told: Set<'success' | 'error'>;
}

const PARKED: { readonly [K in ParkReason]: ErrorCode } = {
  Permanent: 'PERMANENT',
  Conflict: 'CONFLICT',
  OutOfTries: 'OUT_OF_TRIES',
  Expired: 'EXPIRED',
  Unknown: 'UNKNOWN',
  KeyReused: 'KEY_REUSED',
  ParentFailed: 'PARENT_FAILED',
  Unnamed: 'UNNAMED',
};

const BLOCKED: { readonly [K in Blocked]: BlockedReason } = {
  Loading: 'loading',
  Follower: 'follower',
  Stopped: 'stopped',
  Offline: 'offline',
  Unreachable: 'unreachable',
  Auth: 'auth',
  Cors: 'cors',
  Suspended: 'suspended',
  ReloadNeeded: 'reload-needed',
};

const ENDS: ReadonlySet<WriteState['kind']> = new Set(['Settled', 'Discarded', 'Refused', 'Merged', 'Cancelled']);

const NO_FACTS: WriteFacts = { name: '', label: '', variables: undefined, definition: undefined, send: undefined };
const NOTHING: OutboxSnapshot = { ready: false, pending: 0, inFlight: 0, parked: 0, quarantined: 0, bytes: 0, durability: 'memory', writes: [] };

export interface WritesHost {
  readonly user: string;
  /** This tab sends: writes of earlier sessions are its to tell. */
  leads(): boolean;
  cancel(write: string): boolean;
  /** What its definition decided about a conflict. */
  resolve(write: string, facts: WriteFacts, decision: ConflictDecision<unknown>): void;
  report(error: unknown): void;
}

export class Writes {
  readonly snapshot: Cell<OutboxSnapshot>;
  readonly #host: WritesHost;
  readonly #entries = new Map<string, Entry>();
  #status: Omit<OutboxSnapshot, 'writes' | 'durability'> = NOTHING;
  #durability: Durability = 'memory';
  #list: readonly WriteSnapshot[] = [];

  constructor(notifier: Notifier, host: WritesHost) {
    this.snapshot = new Cell(notifier, NOTHING);
    this.#host = host;
  }

  /** A write exists. What is known already stays. */
  add(id: string, facts: WriteFacts, origin: Origin): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      this.#enter(id, facts, origin);
    } else if (entry.facts === NO_FACTS) {
      entry.facts = facts;
      this.#show(id, entry, entry.snapshot.state, entry.snapshot.error);
    }
  }

  handle(id: string): WriteHandle | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    const { durable, settled } = entry;
    return {
      id,
      durable: durable.promise,
      get acknowledged() {
        return entry.acknowledged.promise;
      },
      settled: settled.promise,
      cancel: () => this.#host.cancel(id),
    };
  }

  /** `Write`. A write nobody announced has an origin and nothing else. */
  changed(id: string, state: WriteState, origin: Origin): void {
    const ends = ENDS.has(state.kind);
    if (ends && !this.#entries.has(id)) return;
    const entry = this.#entries.get(id) ?? this.#enter(id, NO_FACTS, origin);
    if (state.kind !== 'Parked') this.renew(id);
    switch (state.kind) {
      case 'Durable':
        entry.durable.resolve();
        return this.#show(id, entry, 'durable', undefined, state.behind);
      case 'Sending':
        entry.durable.resolve();
        return this.#show(id, entry, 'sending');
      case 'Retrying':
        return this.#show(id, entry, 'retrying', state.status === 0 ? undefined : { code: 'RETRYING', status: state.status });
      case 'Acknowledged': {
        const answer: Answer = { status: state.status, data: parsed(state.body), replayed: state.replayed };
        entry.durable.resolve();
        entry.acknowledged.resolve(answer);
        this.#show(id, entry, 'acknowledged');
        return this.#tell(id, entry, 'success', (definition, context) => definition.onSuccess?.(answer, context));
      }
      case 'Parked': {
        const status = state.status === 0 ? {} : { status: state.status };
        const error = { code: PARKED[state.reason], ...status, data: parsed(state.body) };
        entry.durable.resolve();
        this.#show(id, entry, 'parked', error);
        return this.#fail(id, entry, new TidewireError(error.code, undefined, error), false);
      }
      case 'Quarantined':
        entry.durable.resolve();
        return this.#show(id, entry, 'quarantined', { code: state.reason === 'UnknownName' ? 'UNKNOWN_MUTATION' : 'NOT_UPCAST' });
      case 'Refused':
        return this.#fail(id, entry, storeError(state.error), true);
      case 'Conflict': {
        const conflict = { writeId: id, status: state.status, data: parsed(state.body) };
        this.#show(id, entry, 'conflict', { code: 'CONFLICT', status: conflict.status, data: conflict.data });
        return this.#decide(id, entry, conflict);
      }
      case 'Merged':
        return this.#follow(id, entry, state.into);
      case 'Cancelled':
        // Nobody failed: what the two would have done together is done.
        entry.durable.resolve();
        entry.acknowledged.reject(new TidewireError('CANCELLED'));
        entry.settled.resolve();
        return this.#leave(id);
      case 'Discarded':
        return this.#fail(id, entry, new TidewireError('DISCARDED'), true);
      case 'Settled':
        entry.durable.resolve();
        entry.settled.resolve();
        return this.#leave(id);
    }
  }

  /** A parked write is tried again: its answer is still to come. */
  renew(id: string): void {
    const entry = this.#entries.get(id);
    if (entry?.failed !== true) return;
    entry.failed = false;
    entry.acknowledged = deferred();
  }

  /** The function that sends this write, where one does. */
  sender(id: string): Send | undefined {
    return this.#entries.get(id)?.facts.send;
  }

  /** `Outbox`. */
  counted(status: OutboxStatus, wallOf: (mono: number) => number): void {
    const blocked = status.blocked === undefined ? {} : { blocked: BLOCKED[status.blocked] };
    const next = status.nextAttempt === undefined ? {} : { nextAttempt: wallOf(status.nextAttempt) };
    const oldest = status.oldest === undefined ? {} : { oldest: status.oldest };
    const { ready, pending, inFlight, parked, quarantined, bytes } = status;
    this.#status = { ready, pending, inFlight, parked, quarantined, bytes, ...oldest, ...blocked, ...next };
    this.#publish();
  }

  durability(durability: Durability): void {
    if (durability === this.#durability) return;
    this.#durability = durability;
    this.#publish();
  }

  /**
   * The engine is gone, and nothing is known until the store is read again. Handles of stored writes wait for that. Whether the others
   * were stored nobody can say any more: if they were, they are found again as writes of an earlier session.
   */
  stop(): void {
    this.#abandon(({ snapshot }) => snapshot.state === 'queued');
    this.#status = NOTHING;
    this.#publish();
  }

  /** No engine will run again: nobody waits any more. */
  over(): void {
    this.#abandon(() => true);
  }

  #abandon(which: (entry: Entry) => boolean): void {
    for (const [id, entry] of [...this.#entries]) {
      if (!which(entry)) continue;
      const stopped = new TidewireError('STOPPED');
      for (const promise of [entry.durable, entry.acknowledged, entry.settled]) promise.reject(stopped);
      this.#leave(id);
    }
  }

  #enter(id: string, facts: WriteFacts, origin: Origin): Entry {
    const entry: Entry = {
      facts,
      origin,
      snapshot: { id, name: '', label: '', variables: undefined, state: 'queued' },
      durable: deferred(),
      acknowledged: deferred(),
      failed: false,
      settled: deferred(),
      told: new Set(),
    };
    this.#entries.set(id, entry);
    this.#show(id, entry, 'queued');
    return entry;
  }

  #show(id: string, entry: Entry, state: WriteSnapshot['state'], error?: WriteSnapshot['error'], behind?: string): void {
    const { name, label, variables, lane } = entry.facts;
    const more = { ...(lane === undefined ? {} : { lane }), ...(behind === undefined ? {} : { behind }), ...(error === undefined ? {} : { error }) };
    entry.snapshot = { id, name, label, variables, state, ...more };
    this.#publishList();
  }

  /** Another write stands for it: its promises end as that one's do. */
  #follow(id: string, entry: Entry, into: string): void {
    const other = this.#entries.get(into);
    if (other === undefined) return this.#fail(id, entry, new TidewireError('DISCARDED'), true);
    for (const what of ['durable', 'settled'] as const) other[what].promise.then(() => entry[what].resolve(), (error: Error) => entry[what].reject(error));
    other.acknowledged.promise.then((answer) => entry.acknowledged.resolve(answer), (error: Error) => entry.acknowledged.reject(error));
    this.#leave(id);
  }

  /** Asks its definition, in the tab that sends (Q10). */
  #decide(id: string, entry: Entry, conflict: { readonly writeId: string; readonly status: number; readonly data: unknown }): void {
    if (!this.#host.leads()) return;
    const onConflict = entry.facts.definition?.onConflict;
    const decision = onConflict === undefined ? Promise.resolve('park' as const) : Promise.resolve().then(() => onConflict({ ...conflict, variables: entry.facts.variables as never }));
    decision.then(
      (decided) => this.#host.resolve(id, entry.facts, decided),
      (error: unknown) => {
        this.#host.report(error);
        this.#host.resolve(id, entry.facts, 'park');
      },
    );
  }

  /** `Renamed`: what is shown of writes that mention the temporary id. */
  renamed(temp: string, real: string): void {
    for (const [id, entry] of this.#entries) {
      const variables = Names.renamed(entry.facts.variables, temp, real);
      if (variables === entry.facts.variables) continue;
      entry.facts = { ...entry.facts, variables };
      this.#show(id, entry, entry.snapshot.state, entry.snapshot.error, entry.snapshot.behind);
    }
  }

  facts(id: string): WriteFacts | undefined {
    return this.#entries.get(id)?.facts;
  }

  #fail(id: string, entry: Entry, error: TidewireError, gone: boolean): void {
    if (gone) {
      entry.durable.reject(error);
      entry.settled.reject(error);
    }
    entry.failed = true;
    entry.acknowledged.reject(error);
    this.#tell(id, entry, 'error', (definition, context) => definition.onError?.(error, context));
    if (gone) this.#leave(id);
  }

  /** Runs a definition's callback: each once, in the tab that the write belongs to. */
  #tell(id: string, entry: Entry, what: 'success' | 'error', call: (definition: AnyMutation, context: WriteContext<never>) => void): void {
    const { definition } = entry.facts;
    const ours = entry.origin === 'here' || (entry.origin === 'store' && this.#host.leads());
    if (definition === undefined || entry.told.has(what) || !ours) return;
    entry.told.add(what);
    this.#call(id, entry.facts, (context) => call(definition, context));
  }

  /** A submission was refused to the caller's face: no write ever had this id. */
  refused(id: string, facts: WriteFacts, error: TidewireError): void {
    this.#call(id, facts, (context) => facts.definition?.onError?.(error, context));
  }

  #call(writeId: string, { variables }: WriteFacts, call: (context: WriteContext<never>) => void): void {
    try {
      call({ writeId, variables: variables as never, user: this.#host.user });
    } catch (error) {
      this.#host.report(error);
    }
  }

  #leave(id: string): void {
    this.#entries.delete(id);
    this.#publishList();
  }

  #publishList(): void {
    this.#list = NOTHING.writes;
    this.snapshot.stale(() => this.#build(true));
  }

  #publish(): void {
    this.snapshot.stale(() => this.#build(false));
  }

  #build(relist: boolean): OutboxSnapshot {
    if (relist || this.#list.length !== this.#entries.size) this.#list = [...this.#entries.values()].map(({ snapshot }) => snapshot);
    return { ...this.#status, durability: this.#durability, writes: this.#list };
  }
}
