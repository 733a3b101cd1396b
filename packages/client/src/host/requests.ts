// Sends writes through the app's request port and tells the engine what came back. What an answer means is decided there.
import type { FetchId, Input, Request, WriteId } from '../generated/protocol.js';
import type { Answer, AnswerFacts, IncomingResponse, OutgoingRequest, RequestPort } from '../types.js';
import { called, isFunctionTarget, NotSent, type Exchange, type Send } from './functions.js';
import { parsed } from './json.js';
import { originOf, target } from './origin.js';
import type { Tokens } from './tokens.js';

/** Longest answer that the engine stores (`limits::STORED_ANSWER`). */
const LONGEST_ANSWER = 64 * 1024;

/** `fetch` with a bearer token. */
export const fetchPort = (send: typeof fetch): RequestPort => async (request) => {
  const headers: Record<string, string> = { ...request.headers };
  let token: string | null;
  try {
    token = await request.token();
  } catch {
    throw new NotSent('The token could not be had');
  }
  if (token !== null) headers['Authorization'] = `Bearer ${token}`;
  const body = request.body === undefined ? {} : { body: request.body };
  return send(request.url, { method: request.method, headers, signal: request.signal, ...body });
};

/** What the app says about its writes. */
export interface RequestsApp {
  /** The function that sends this write, where one does. */
  sender(write: WriteId): Send | undefined;
  /** The real name that the answer gives to a temporary id of this write. */
  realId(write: WriteId, answer: Answer, temp: string): string | undefined;
  /** Whether this is an answer of the app's own server; undefined: the rule for status and type says. */
  isAnswer(response: AnswerFacts): boolean | undefined;
  /** Our own server stands there. */
  isOurs(origin: string): boolean;
}

export class Requests {
  readonly #base: string;
  readonly #port: RequestPort;
  readonly #app: RequestsApp;
  readonly #tokens: Tokens;
  readonly #push: (input: Input) => void;
  readonly #running = new Map<FetchId, AbortController>();

  constructor(base: string, port: RequestPort, app: RequestsApp, tokens: Tokens, push: (input: Input) => void) {
    this.#base = base;
    this.#port = port;
    this.#app = app;
    this.#tokens = tokens;
    this.#push = push;
  }

  send(fetch: FetchId, request: Request): void {
    const ending = new AbortController();
    this.#running.set(fetch, ending);
    void this.#exchange(request, ending.signal).then((answer) => {
      this.#running.delete(fetch);
      this.#push({ ...answer, fetch });
    });
  }

  abort(fetch: FetchId): void {
    this.#running.get(fetch)?.abort();
  }

  stop(): void {
    for (const ending of this.#running.values()) ending.abort();
    this.#running.clear();
  }

  async #exchange(request: Request, signal: AbortSignal): Promise<Exchange> {
    const { write, path, attempt } = request;
    if (isFunctionTarget(path)) return this.#named(request, await called(this.#app.sender(write), { idempotencyKey: write, signal, attempt }));
    try {
      const response = await this.#port(this.#outgoing(request, signal));
      const { status, redirected = false } = response;
      const body = await storable(response);
      const accepted = this.#app.isAnswer({ status, redirected, header: (name) => response.headers.get(name), body });
      return this.#named(request, {
        kind: 'Responded',
        response: {
          status,
          outcome: response.headers.get('Tidewire-Outcome') ?? undefined,
          retryAfter: response.headers.get('Retry-After') ?? undefined,
          contentType: response.headers.get('Content-Type') ?? undefined,
          redirected,
          body,
          accepted,
          names: [],
        },
      });
    } catch (error) {
      if (signal.aborted) return { kind: 'RequestFailed', cause: 'Aborted' };
      return { kind: 'RequestFailed', cause: error instanceof NotSent ? 'Host' : 'Network' };
    }
  }

  /** With the real names that the answer gives to the temporary ids of the request (Q7). */
  #named({ write, tempIds }: Request, exchange: Exchange): Exchange {
    if (exchange.kind !== 'Responded' || tempIds.length === 0 || exchange.response.status >= 400) return exchange;
    const answer: Answer = { status: exchange.response.status, data: parsed(exchange.response.body), replayed: exchange.response.outcome === 'replayed' };
    const names = tempIds.flatMap((temp) => {
      const real = this.#app.realId(write, answer, temp);
      return real === undefined ? [] : [{ temp, real }];
    });
    return { kind: 'Responded', response: { ...exchange.response, names } };
  }

  #outgoing(request: Request, signal: AbortSignal): OutgoingRequest {
    const { url, own } = target(this.#base, request.path);
    // The engine knows which origin takes which headers, but `//host` looks like a path to it. A token is for our own servers alone.
    const headers: Record<string, string> = {};
    if (own || originOf(request.path) !== '') for (const { name, value } of request.headers) headers[name] = value;
    const body = request.body === undefined ? {} : { body: request.body };
    if (request.body !== undefined) headers['Content-Type'] = 'application/json';
    const trusted = own || this.#app.isOurs(originOf(url));
    const token = (): Promise<string | null> => (trusted ? this.#tokens.ask(false) : Promise.resolve(null));
    return { url, method: request.method, headers, ...body, signal, attempt: request.attempt, token };
  }
}

/** The body as text, if it is text and short enough to be stored. */
async function storable(response: IncomingResponse): Promise<string | undefined> {
  const type = response.headers.get('Content-Type') ?? '';
  if (/^(image|audio|video|font)\/|^application\/(octet-stream|zip|pdf)/i.test(type)) return undefined;
  const text = await response.text();
  return text.length === 0 || text.length > LONGEST_ANSWER ? undefined : text;
}
