// Taking the payloads out of what is recorded, so that the engine decides the same without them. What it reads stays.
import type { Message, Output, Submission } from '../generated/protocol.js';
import { blankRecord } from './stored.js';
import { blankFrame, fillerFor, utf8, type Filler } from './texts.js';

export class Blanker {
  /** The engine finds these in texts (Q7). */
  readonly #temps = new Set<string>();
  /** Requests whose answers the engine reads. */
  readonly #questions = new Set<number>();
  readonly #filler: Filler = fillerFor(this.#temps);

  /** What went out: which answers will be read. */
  saw(output: Output): void {
    if (output.kind === 'Fetch' && output.request.kind === 'Outcome') this.#questions.add(output.fetch);
  }

  message(message: Message): Message {
    const filler = this.#filler;
    switch (message.kind) {
      case 'Submit':
        return { ...message, write: this.#submission(message.write) };
      case 'Edit':
        return { ...message, submission: this.#submission(message.submission) };
      case 'Resolve':
        if (message.resolution.kind !== 'Replace') return message;
        return { ...message, resolution: { ...message.resolution, submission: this.#submission(message.resolution.submission) } };
      case 'Upcasted':
        return message.result === undefined ? message : { ...message, result: this.#submission(message.result) };
      case 'Loaded':
        return { ...message, records: message.records.map(({ key, value }) => ({ key, value: blankRecord(key, value, filler) })) };
      case 'StoreChanged':
        return message.value === undefined ? message : { ...message, value: blankRecord(message.key, message.value, filler) };
      case 'Received': {
        const { body } = message;
        const last = body.kind === 'Json' && body.last !== undefined ? { ...body, last: 'x'.repeat(body.last.length) } : body;
        return { ...message, head: blankFrame(message.head), body: last };
      }
      case 'Auth':
        if (message.result.kind !== 'Token') return message;
        return { ...message, result: { kind: 'Token', token: 'x'.repeat(utf8(message.result.token).length) } };
      case 'Responded': {
        const question = this.#questions.delete(message.fetch);
        const { body } = message.response;
        if (body === undefined) return message;
        return { ...message, response: { ...message.response, body: question ? outcome(body) : filler(body) } };
      }
      case 'Verified':
        if (message.found.kind !== 'Applied' || message.found.body === undefined) return message;
        return { ...message, found: { kind: 'Applied', body: filler(message.found.body) } };
      default:
        // The others carry no payload: what an event says stays with the host.
        return message;
    }
  }

  #submission(submission: Submission): Submission {
    for (const temp of submission.tempIds) this.#temps.add(temp);
    const { variables, body } = submission;
    return { ...submission, variables: this.#filler(variables), body: body === undefined ? undefined : this.#filler(body) };
  }
}

/** The answer to the question what became of a write. */
function outcome(body: string): string {
  try {
    const said = JSON.parse(body) as { readonly outcome?: unknown } | null;
    return JSON.stringify({ outcome: said?.outcome });
  } catch {
    return '{}';
  }
}
