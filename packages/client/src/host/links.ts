// Opens, feeds and closes the transport links that the engine asks for. Knows frames as text only.
import type { Input, LinkId } from '../generated/protocol.js';
import type { SocketLink, SocketPort } from '../ports/port.js';
import type { Bodies } from './bodies.js';

export class Links {
  readonly #port: SocketPort;
  readonly #url: string;
  readonly #bodies: Bodies;
  readonly #push: (input: Input) => void;
  readonly #open = new Map<LinkId, SocketLink>();

  constructor(port: SocketPort, url: string, bodies: Bodies, push: (input: Input) => void) {
    this.#port = port;
    this.#url = url;
    this.#bodies = bodies;
    this.#push = push;
  }

  open(link: LinkId): void {
    const socket = this.#port.open(this.#url, {
      opened: () => this.#push({ kind: 'Opened', link }),
      text: (frame) => this.#push({ kind: 'Received', link, ...this.#bodies.read(frame) }),
      binary: (bytes) => this.#push({ kind: 'ReceivedBinary', link, body: this.#bodies.keep(bytes), length: bytes.length }),
      closed: (cause) => {
        this.#open.delete(link);
        this.#push({ kind: 'Closed', link, cause });
      },
    });
    this.#open.set(link, socket);
  }

  send(link: LinkId, text: string, body: number | undefined): void {
    this.#open.get(link)?.send(body === undefined ? text : `${text}${this.#bodies.text(body)}]`);
  }

  close(link: LinkId): void {
    this.#open.get(link)?.close();
    this.#open.delete(link);
  }

  stop(): void {
    for (const link of [...this.#open.keys()]) this.close(link);
  }
}
