// Passes over the queue that the app asked for (A4). What is tried, counted, and when a pass is over, is decided in the engine.
import type { CommandResult, PassId } from '../generated/protocol.js';
import type { ProcessResult } from '../types.js';
import { deferred, type Deferred } from './deferred.js';

const NOTHING: ProcessResult = { processed: 0, failed: 0, skipped: 0 };

export class Passes {
  readonly #asked = new Map<PassId, Deferred<ProcessResult>>();
  #last = 0;

  /** `go` asks the engine for the pass; one that runs already answers it too. */
  begin(go: (pass: PassId) => CommandResult | undefined): Promise<ProcessResult> {
    this.#last = this.#last === 0xffff_ffff ? 1 : this.#last + 1;
    const pass = this.#last;
    const done = deferred<ProcessResult>();
    this.#asked.set(pass, done);
    if (go(pass)?.kind !== 'Accepted') this.done(pass, NOTHING);
    return done.promise;
  }

  /** `PassDone`. */
  done(pass: PassId, result: ProcessResult): void {
    this.#asked.get(pass)?.resolve(result);
    this.#asked.delete(pass);
  }

  stop(): void {
    for (const pass of [...this.#asked.keys()]) this.done(pass, NOTHING);
  }
}
