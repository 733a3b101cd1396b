// `client.fetch`: the app's reads, with the token and the client id, remembering what each parsed body covers (Y2).
import type { BaseInfo } from '../types.js';
import { parseBase } from './base-header.js';
import { originOf, target } from './origin.js';
import type { Tokens } from './tokens.js';

export class Reads {
  readonly #base: string;
  readonly #tokens: Tokens;
  readonly #client: () => string | undefined;
  readonly #send: typeof fetch;
  readonly #reached: (origin: string) => void;
  readonly #known = new WeakMap<object, BaseInfo>();

  constructor(base: string, tokens: Tokens, client: () => string | undefined, send: typeof fetch, reached: (origin: string) => void) {
    this.#base = base;
    this.#tokens = tokens;
    this.#client = client;
    this.#send = send;
    this.#reached = reached;
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const { url, own } = target(this.#base, path);
    const headers = new Headers(init.headers);
    const client = own ? this.#client() : undefined;
    if (client !== undefined) headers.set('Tidewire-Client', client);
    const token = own && !headers.has('Authorization') ? await this.#tokens.ask(false) : null;
    if (token !== null) headers.set('Authorization', `Bearer ${token}`);
    const response = await this.#send(url, { ...init, headers });
    this.#reached(own ? '' : originOf(url));
    const header = own ? response.headers.get('Tidewire-Base') : null;
    const info = header === null ? undefined : parseBase(header, client);
    return info === undefined ? response : this.#remembering(response, info);
  }

  info(data: unknown): BaseInfo | undefined {
    return typeof data === 'object' && data !== null ? this.#known.get(data) : undefined;
  }

  /** The same response, whose `json()` (and that of its clones) leaves the info at what it returns. */
  #remembering(response: Response, info: BaseInfo): Response {
    const parse = response.json.bind(response);
    const copy = response.clone.bind(response);
    return Object.defineProperties(response, {
      json: {
        value: async (): Promise<unknown> => {
          const data: unknown = await parse();
          this.#remember(data, info);
          return data;
        },
      },
      clone: { value: (): Response => this.#remembering(copy(), info) },
    });
  }

  #remember(data: unknown, info: BaseInfo): void {
    if (typeof data !== 'object' || data === null) return;
    this.#known.set(data, info);
    for (const child of Object.values(data)) if (typeof child === 'object' && child !== null) this.#known.set(child, info);
  }
}
