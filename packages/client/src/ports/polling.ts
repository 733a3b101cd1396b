// Links over HTTP long-polling (Engine.IO 4, "HTTP long-polling"): one GET always waits for what the server has to say, one POST at a time
// carries what the client has. Knows payloads (packets between separators), nothing of what packets mean but the first one's.
import { fromBase64, toBase64 } from './base64.js';
import type { SocketCause, SocketEvents, SocketLink, SocketPort } from './port.js';
import { endpoint } from './socket.js';

/** Between the packets of one payload. */
const SEPARATOR = '\x1e';
/** Before base64 of a binary packet. */
const BINARY = 'b';
const OPEN = '0';
const CLOSE = '1';
/** Bytes of a POST for a server that names no limit. */
const DEFAULT_PAYLOAD = 100_000;
/** UTF-8 bytes that one UTF-16 unit may need. */
const WIDEST = 3;

export interface PollingOptions {
  /** Cookies on another origin: `include`, where sticky sessions need them. Default: `same-origin`. */
  readonly credentials?: RequestCredentials;
  /** Another `fetch` than the platform's. */
  readonly fetch?: typeof fetch;
}

export function longPolling(options: PollingOptions = {}): SocketPort {
  return {
    open(url, events) {
      const link = new PollingLink(endpoint(url, 'polling'), events, options);
      void link.run();
      return link;
    },
  };
}

/** An answer that ends the link. */
class Refused extends Error {
  readonly overloaded: boolean;
  constructor(status: number) {
    super(`The server answered ${status}`);
    this.overloaded = status === 503 || status === 429;
  }
}

class PollingLink implements SocketLink {
  readonly #events: SocketEvents;
  readonly #fetch: typeof fetch;
  readonly #credentials: RequestCredentials;
  readonly #ending = new AbortController();
  #url: string;
  #opened = false;
  #over = false;
  #most = DEFAULT_PAYLOAD;
  #waiting: string[] = [];
  #posting = false;
  /** Packets wait for a POST to come back. */
  #full = false;

  constructor(url: string, events: SocketEvents, options: PollingOptions) {
    this.#url = url;
    this.#events = events;
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.#credentials = options.credentials ?? 'same-origin';
  }

  /** Polls until the link is over. */
  async run(): Promise<void> {
    try {
      while (!this.#over) {
        const payload = await this.#exchange('GET');
        for (const packet of payload.split(SEPARATOR)) this.#take(packet);
      }
    } catch (error) {
      this.#end(causeOf(error, this.#opened));
    }
  }

  send(frame: string | Uint8Array): void {
    if (this.#over || !this.#opened) return;
    this.#waiting.push(typeof frame === 'string' ? frame : BINARY + toBase64(frame));
    if (!this.#posting) void this.#post();
    else if (!this.#full) this.#tellFull(true);
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    if (!this.#opened) return this.#ending.abort();
    // The server is told before the waiting GET is broken off, or it would take the client for lost.
    const done = (): void => this.#ending.abort();
    this.#exchange('POST', CLOSE).then(done, done);
  }

  #take(packet: string): void {
    if (this.#over) return;
    if (!this.#opened) this.#open(packet);
    if (packet.startsWith(BINARY)) {
      const bytes = fromBase64(packet.slice(BINARY.length));
      if (bytes === undefined) return this.#end('Lost');
      return this.#events.binary(bytes);
    }
    this.#events.text(packet);
    if (packet === CLOSE) this.#end('Lost');
  }

  /** The first packet names the session that all later requests belong to. */
  #open(packet: string): void {
    const { sid, maxPayload } = handshakeOf(packet);
    this.#url += `&sid=${encodeURIComponent(sid)}`;
    if (maxPayload !== undefined) this.#most = maxPayload;
    this.#opened = true;
    this.#events.opened();
  }

  async #post(): Promise<void> {
    this.#posting = true;
    try {
      while (this.#waiting.length > 0 && !this.#over) {
        await this.#exchange('POST', this.#batch());
        if (this.#full && this.#waiting.length === 0 && !this.#over) this.#tellFull(false);
      }
    } catch (error) {
      this.#end(causeOf(error, true));
    } finally {
      this.#posting = false;
    }
  }

  #tellFull(full: boolean): void {
    this.#full = full;
    this.#events.writable(!full);
  }

  /** As many packets as surely fit into one request; at least one. */
  #batch(): string {
    let count = 0;
    let size = 0;
    for (const packet of this.#waiting) {
      size += (packet.length + SEPARATOR.length) * WIDEST;
      if (count > 0 && size > this.#most) break;
      count += 1;
    }
    return this.#waiting.splice(0, count).join(SEPARATOR);
  }

  async #exchange(method: 'GET' | 'POST', body?: string): Promise<string> {
    const request: RequestInit = { method, cache: 'no-store', credentials: this.#credentials, signal: this.#ending.signal };
    // This type needs no preflight on another origin.
    const content = body === undefined ? {} : { body, headers: { 'Content-Type': 'text/plain;charset=UTF-8' } };
    const response = await this.#fetch(this.#url, { ...request, ...content });
    if (!response.ok) throw new Refused(response.status);
    return response.text();
  }

  #end(cause: SocketCause): void {
    if (this.#over) return;
    this.#over = true;
    this.#waiting = [];
    this.#ending.abort();
    this.#events.closed(cause);
  }
}

function causeOf(error: unknown, opened: boolean): SocketCause {
  if (error instanceof Refused && error.overloaded) return 'Overloaded';
  return opened ? 'Lost' : 'Unreachable';
}

/** Throws for what is no open packet: a captive portal's page, another protocol. */
function handshakeOf(packet: string): { readonly sid: string; readonly maxPayload?: number } {
  const said: unknown = packet.startsWith(OPEN) ? JSON.parse(packet.slice(OPEN.length)) : undefined;
  if (typeof said !== 'object' || said === null || !('sid' in said) || typeof said.sid !== 'string') throw new Error('No Engine.IO server answered');
  const most = 'maxPayload' in said && typeof said.maxPayload === 'number' ? { maxPayload: said.maxPayload } : {};
  return { sid: said.sid, ...most };
}
