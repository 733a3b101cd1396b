// Opens, feeds and closes the transport links that the engine asks for. Knows frames as text and bytes only.
import type { BodyId, Input, LinkId, Transport } from '../generated/protocol.js';
import type { SocketLink, SocketPort } from '../ports/port.js';
import type { Bodies } from './bodies.js';

export interface LinkSettings {
  readonly socket: SocketPort;
  /** For where WebSocket fails; undefined: there are no such links. */
  readonly polling: SocketPort | undefined;
  /** Origin of the backend; '' is the page's. */
  readonly origin: string;
  readonly path: string;
}

export class Links {
  readonly #settings: LinkSettings;
  readonly #bodies: Bodies;
  readonly #push: (input: Input) => void;
  readonly #open = new Map<LinkId, SocketLink>();

  constructor(settings: LinkSettings, bodies: Bodies, push: (input: Input) => void) {
    this.#settings = settings;
    this.#bodies = bodies;
    this.#push = push;
  }

  open(link: LinkId, transport: Transport, elsewhere: string | undefined): void {
    const { socket, polling, path } = this.#settings;
    const port = transport === 'Polling' ? polling : socket;
    if (port === undefined) return this.#push({ kind: 'Closed', link, cause: 'Unreachable' });
    const opened = port.open(`${this.#origin(elsewhere)}${path}`, {
      opened: () => this.#push({ kind: 'Opened', link }),
      text: (frame) => this.#push({ kind: 'Received', link, ...this.#bodies.read(frame) }),
      binary: (bytes) => this.#push({ kind: 'ReceivedBinary', link, body: this.#bodies.keep(bytes), length: bytes.length }),
      writable: (on) => this.#push({ kind: 'Writable', link, on }),
      closed: (cause) => {
        this.#open.delete(link);
        this.#push({ kind: 'Closed', link, cause });
      },
    });
    this.#open.set(link, opened);
  }

  send(link: LinkId, text: string, body: BodyId | undefined): void {
    this.#open.get(link)?.send(body === undefined ? text : `${text}${this.#bodies.text(body)}]`);
  }

  sendBinary(link: LinkId, body: BodyId): void {
    const bytes = this.#bodies.value(body);
    if (bytes instanceof Uint8Array) this.#open.get(link)?.send(bytes);
  }

  close(link: LinkId): void {
    this.#open.get(link)?.close();
    this.#open.delete(link);
  }

  stop(): void {
    for (const link of [...this.#open.keys()]) this.close(link);
  }

  /** A server may send its clients elsewhere, but never from a secure origin to an insecure one. */
  #origin(elsewhere: string | undefined): string {
    const origin = this.#settings.origin.replace(/\/+$/, '');
    const secure = (url: string): boolean => url.startsWith('https://');
    return elsewhere === undefined || (secure(origin) && !secure(elsewhere)) ? origin : elsewhere;
  }
}
