// Emits under way: their JSON and bytes, and the promise of an acknowledgement, which always settles (C6). And answers to events of the
// peer that asked for one.
import { EmitClass, plain } from '../emit-class.js';
import { TidewireError } from '../errors.js';
import type { AckToken, BodyId, Command, CommandResult, EmitId, EmitResult } from '../generated/protocol.js';
import { withBytes, withoutBytes } from './attachments.js';
import type { Bodies } from './bodies.js';
import { deferred, type Deferred } from './deferred.js';
import { refusalError } from './refusals.js';

interface Kept {
  readonly body: BodyId | undefined;
  readonly attachments: BodyId[];
  /** UTF-16 units of the JSON and bytes of the attachments. */
  readonly size: number;
}

interface Pending extends Kept {
  readonly name: string;
  readonly kind: EmitClass['kind'];
  readonly answer: Deferred<unknown> | undefined;
}

export type Run = (command: Command) => CommandResult | undefined;

export interface EmitSettings {
  /** Milliseconds, for classes that name none. */
  readonly timeout: number;
  /** The class of this event's definition. */
  classOf(name: string): EmitClass<never> | undefined;
  /** One that nobody waits for did not arrive, or nobody knows. */
  lost(name: string, code: string): void;
}

const PLAIN = plain();

export class Emits {
  readonly #bodies: Bodies;
  readonly #settings: EmitSettings;
  readonly #pending = new Map<EmitId, Pending>();
  #replied: BodyId[] = [];
  #last = 0;

  constructor(bodies: Bodies, settings: EmitSettings) {
    this.#bodies = bodies;
    this.#settings = settings;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** False if the engine refused it. */
  plain(run: Run, namespace: string | undefined, name: string, args: readonly unknown[]): boolean {
    return this.#send(run, namespace, name, args, undefined)?.kind === 'Accepted';
  }

  acknowledged(run: Run, namespace: string | undefined, name: string, args: readonly unknown[]): Promise<unknown> {
    const answer = deferred<unknown>();
    const result = this.#send(run, namespace, name, args, answer);
    if (result === undefined) answer.reject(new TidewireError('STOPPED'));
    else if (result.kind === 'Refused') answer.reject(refusalError(result.refusal));
    return answer.promise;
  }

  /** The way to answer an event, once. It says whether the engine took the answer: the peer may be gone. */
  replying(run: Run, ack: AckToken): (...answer: unknown[]) => boolean {
    let done = false;
    return (...answer) => {
      if (done) return false;
      done = true;
      const { body, attachments, size } = this.#keep(answer);
      const result = run({ kind: 'Reply', ack, body, attachments, size });
      // Sent by the end of the drain, which may be under way.
      this.#replied.push(...attachments, ...(body === undefined ? [] : [body]));
      return result?.kind === 'Accepted';
    };
  }

  /** All outputs were performed. */
  settle(): void {
    if (this.#replied.length === 0) return;
    this.#bodies.release(this.#replied);
    this.#replied = [];
  }

  /** `Emitted`. */
  ended(emit: EmitId, result: EmitResult): void {
    const pending = this.#pending.get(emit);
    this.#forget(emit);
    switch (result.kind) {
      case 'Sent':
        return pending?.answer?.resolve(undefined);
      case 'Answered': {
        const parts = result.attachments.map((part) => this.#bodies.value(part));
        pending?.answer?.resolve(withBytes(this.#bodies.array(result.body)[0], parts));
        return this.#bodies.release([result.body, ...result.attachments]);
      }
      case 'TimedOut':
        return this.#fail(pending, 'TIMEOUT');
      case 'MaybeLost':
        return this.#fail(pending, 'MAYBE_LOST');
      case 'Unknown':
        return this.#fail(pending, 'UNKNOWN_EMIT');
      case 'Dropped':
        return this.#fail(pending, 'DROPPED');
    }
  }

  stop(): void {
    for (const [emit, pending] of [...this.#pending]) {
      this.#forget(emit);
      pending.answer?.reject(new TidewireError('STOPPED'));
    }
  }

  #fail(pending: Pending | undefined, code: string): void {
    if (pending === undefined) return;
    if (pending.answer !== undefined) pending.answer.reject(new TidewireError(code));
    else if (pending.kind !== 'volatile') this.#settings.lost(pending.name, code);
  }

  #send(run: Run, namespace: string | undefined, name: string, given: readonly unknown[], answer: Deferred<unknown> | undefined): CommandResult | undefined {
    const own = given.at(-1);
    const args = own instanceof EmitClass ? given.slice(0, -1) : given;
    const promise: EmitClass<never> = own instanceof EmitClass ? own : (this.#settings.classOf(name) ?? PLAIN);
    const kept = this.#keep(args);
    const emit = this.#next();
    this.#pending.set(emit, { ...kept, name, kind: promise.kind, answer });
    const result = run({
      kind: 'Emit',
      emit,
      namespace,
      name,
      ...kept,
      ack: answer !== undefined,
      timeout: promise.timeout ?? this.#settings.timeout,
      class: promise.of(args[0] as never),
    });
    if (result?.kind !== 'Accepted') this.#forget(emit);
    return result;
  }

  #keep(args: readonly unknown[]): Kept {
    const parts: Uint8Array[] = [];
    const json = args.map((argument) => withoutBytes(argument, parts) ?? 'null').join(',');
    const body = args.length === 0 ? undefined : this.#bodies.keep(json);
    const size = parts.reduce((sum, { length }) => sum + length, json.length);
    return { body, attachments: parts.map((part) => this.#bodies.keep(part)), size };
  }

  #forget(emit: EmitId): void {
    const { body, attachments = [] } = this.#pending.get(emit) ?? {};
    this.#bodies.release(body === undefined ? attachments : [body, ...attachments]);
    this.#pending.delete(emit);
  }

  #next(): EmitId {
    do this.#last = this.#last === 0xffff_ffff ? 1 : this.#last + 1;
    while (this.#pending.has(this.#last));
    return this.#last;
  }
}
