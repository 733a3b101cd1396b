// Sends writes through the app's request port and tells the engine what came back. What an answer means is decided there.
import type { FetchId, Input, Request, WriteId } from '../generated/protocol.js';
import type { IncomingResponse, OutgoingRequest, RequestPort } from '../types.js';
import { called, isFunctionTarget, NotSent, type Exchange, type Send } from './functions.js';
import { target } from './origin.js';
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

export class Requests {
  readonly #base: string;
  readonly #port: RequestPort;
  readonly #sender: (write: WriteId) => Send | undefined;
  readonly #tokens: Tokens;
  readonly #push: (input: Input) => void;
  readonly #running = new Map<FetchId, AbortController>();

  /** `sender`: the function that sends this write, where one does. */
  constructor(base: string, port: RequestPort, sender: (write: WriteId) => Send | undefined, tokens: Tokens, push: (input: Input) => void) {
    this.#base = base;
    this.#port = port;
    this.#sender = sender;
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
    if (isFunctionTarget(path)) return called(this.#sender(write), { idempotencyKey: write, signal, attempt });
    try {
      const response = await this.#port(this.#outgoing(request, signal));
      return {
        kind: 'Responded',
        response: {
          status: response.status,
          outcome: response.headers.get('Tidewire-Outcome') ?? undefined,
          retryAfter: response.headers.get('Retry-After') ?? undefined,
          contentType: response.headers.get('Content-Type') ?? undefined,
          redirected: response.redirected ?? false,
          body: await storable(response),
          accepted: undefined,
          names: [],
        },
      };
    } catch (error) {
      if (signal.aborted) return { kind: 'RequestFailed', cause: 'Aborted' };
      return { kind: 'RequestFailed', cause: error instanceof NotSent ? 'Host' : 'Network' };
    }
  }

  #outgoing(request: Request, signal: AbortSignal): OutgoingRequest {
    const { url, own } = target(this.#base, request.path);
    const headers: Record<string, string> = {};
    if (own) for (const { name, value } of request.headers) headers[name] = value;
    const body = request.body === undefined ? {} : { body: request.body };
    if (request.body !== undefined) headers['Content-Type'] = 'application/json';
    const token = (): Promise<string | null> => (own ? this.#tokens.ask(false) : Promise.resolve(null));
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
