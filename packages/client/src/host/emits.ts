// Emits under way: their JSON, and the promise of an acknowledgement, which always settles (C6).
import { TidewireError } from '../errors.js';
import type { Command, CommandResult, EmitId, EmitResult } from '../generated/protocol.js';
import type { Bodies } from './bodies.js';
import { deferred, type Deferred } from './deferred.js';
import { refusalError } from './refusals.js';

interface Pending {
  readonly body: number | undefined;
  readonly answer: Deferred<unknown> | undefined;
}

type Run = (command: Command) => CommandResult | undefined;

export class Emits {
  readonly #bodies: Bodies;
  readonly #timeout: number;
  readonly #pending = new Map<EmitId, Pending>();
  #last = 0;

  constructor(bodies: Bodies, timeout: number) {
    this.#bodies = bodies;
    this.#timeout = timeout;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** False if the engine refused it. */
  plain(run: Run, name: string, args: readonly unknown[]): boolean {
    return this.#send(run, name, args, undefined)?.kind === 'Accepted';
  }

  acknowledged(run: Run, name: string, args: readonly unknown[]): Promise<unknown> {
    const answer = deferred<unknown>();
    const result = this.#send(run, name, args, answer);
    if (result === undefined) answer.reject(new TidewireError('STOPPED'));
    else if (result.kind === 'Refused') answer.reject(refusalError(result.refusal));
    return answer.promise;
  }

  /** `Emitted`. */
  ended(emit: EmitId, result: EmitResult): void {
    const pending = this.#pending.get(emit);
    this.#forget(emit);
    switch (result.kind) {
      case 'Sent':
        return pending?.answer?.resolve(undefined);
      case 'Answered':
        pending?.answer?.resolve(this.#bodies.array(result.body)[0]);
        return this.#bodies.release([result.body, ...result.attachments]);
      case 'TimedOut':
        return pending?.answer?.reject(new TidewireError('TIMEOUT'));
      case 'MaybeLost':
        return pending?.answer?.reject(new TidewireError('MAYBE_LOST'));
      case 'Unknown':
        return pending?.answer?.reject(new TidewireError('UNKNOWN_EMIT'));
      case 'Dropped':
        return pending?.answer?.reject(new TidewireError('DROPPED'));
    }
  }

  stop(): void {
    for (const [emit, pending] of [...this.#pending]) {
      this.#forget(emit);
      pending.answer?.reject(new TidewireError('STOPPED'));
    }
  }

  #send(run: Run, name: string, args: readonly unknown[], answer: Deferred<unknown> | undefined): CommandResult | undefined {
    const json = args.map((argument) => JSON.stringify(argument) ?? 'null').join(',');
    const emit = this.#next();
    const body = args.length === 0 ? undefined : this.#bodies.keep(json);
    this.#pending.set(emit, { body, answer });
    const result = run({
      kind: 'Emit',
      emit,
      namespace: undefined,
      name,
      body,
      attachments: [],
      size: json.length,
      ack: answer !== undefined,
      timeout: this.#timeout,
      class: { kind: 'Plain' },
    });
    if (result?.kind !== 'Accepted') this.#forget(emit);
    return result;
  }

  #forget(emit: EmitId): void {
    const body = this.#pending.get(emit)?.body;
    if (body !== undefined) this.#bodies.release([body]);
    this.#pending.delete(emit);
  }

  #next(): EmitId {
    do this.#last = this.#last === 0xffff_ffff ? 1 : this.#last + 1;
    while (this.#pending.has(this.#last));
    return this.#last;
  }
}
