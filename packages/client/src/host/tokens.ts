// The app's token: asked for at each attempt, one question at a time. Never kept, never logged.
import type { AuthResult } from '../generated/protocol.js';

/** Null: nobody is signed in, so there is no connection; undefined: this time it goes without a token. */
export type TokenSource = (ask: { readonly fresh: boolean }) => Promise<string | null | undefined> | string | null | undefined;

export class Tokens {
  readonly #source: TokenSource | undefined;
  #asking: { readonly fresh: boolean; readonly answer: Promise<string | null | undefined> } | undefined;

  constructor(source: TokenSource | undefined) {
    this.#source = source;
  }

  /** Null: the user is not signed in, or needs no token. `fresh`: the last one was refused. */
  async ask(fresh: boolean): Promise<string | null> {
    return (await this.#answer(fresh)) ?? null;
  }

  #answer(fresh: boolean): Promise<string | null | undefined> {
    // Who only wants a token may share the answer to somebody who wants a fresh one, not the other way round.
    if (this.#asking !== undefined && (this.#asking.fresh || !fresh)) return this.#asking.answer;
    const source = this.#source;
    if (source === undefined) return Promise.resolve(null);
    const answer = Promise.resolve().then(() => source({ fresh }));
    const asking = { fresh, answer };
    const done = (): void => {
      if (this.#asking === asking) this.#asking = undefined;
    };
    answer.then(done, done);
    this.#asking = asking;
    return answer;
  }

  /** The same as a fact for the engine. */
  async result(fresh: boolean): Promise<AuthResult> {
    if (this.#source === undefined) return { kind: 'Anonymous' };
    try {
      const token = await this.#answer(fresh);
      if (token === undefined) return { kind: 'Anonymous' };
      return token === null || token === '' ? { kind: 'Missing' } : { kind: 'Token', token };
    } catch {
      return { kind: 'Failed' };
    }
  }
}
