// Passes over the queue that the app asked for (A4): what became of each write that waited when the pass began, and when nothing of it is
// under way any more. Counts what it is told; what is tried, and when, is decided in the engine.
import type { WriteState } from '../generated/protocol.js';
import type { ProcessResult } from '../types.js';
import { deferred, type Deferred } from './deferred.js';

type Outcome = keyof ProcessResult;

interface Pass {
  /** Writes that waited when it began, and what became of each so far. */
  readonly writes: Map<string, Outcome | undefined>;
  readonly done: Deferred<ProcessResult>;
}

export class Passes {
  #running: Pass | undefined;

  /** Joins the pass that runs, or begins one over these writes with `go`. */
  begin(waiting: Iterable<string>, go: () => void): Promise<ProcessResult> {
    if (this.#running !== undefined) return this.#running.done.promise;
    const pass: Pass = { writes: new Map([...waiting].map((id) => [id, undefined])), done: deferred() };
    this.#running = pass;
    go();
    return pass.done.promise;
  }

  /** `Write`. */
  changed(id: string, { kind }: WriteState): void {
    const outcome = OUTCOMES[kind];
    if (outcome !== undefined && this.#running?.writes.has(id)) this.#running.writes.set(id, outcome);
  }

  /** Everything was performed; `busy` while a request or a step of the store is under way. */
  settle(busy: boolean): void {
    if (!busy) this.stop();
  }

  stop(): void {
    const pass = this.#running;
    this.#running = undefined;
    if (pass === undefined) return;
    const result = { processed: 0, failed: 0, skipped: 0 };
    for (const outcome of pass.writes.values()) if (outcome !== undefined) result[outcome] += 1;
    pass.done.resolve(result);
  }
}

const OUTCOMES: { readonly [K in WriteState['kind']]?: Outcome } = {
  Acknowledged: 'processed',
  Settled: 'processed',
  Retrying: 'failed',
  Parked: 'skipped',
};
