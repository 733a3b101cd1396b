// The links below one socket, as apps know them under `socket.io.engine`: which transport it is, and a way to cut it. Also ends a link that takes longer than the app's `timeout`
// to become a session. Knows no Socket.IO.
import type { SocketPort } from '../ports/port.js';

/** The link that is open, or being opened. */
export interface Engine {
  readonly transport: { readonly name: 'websocket' | 'polling' };
  /** Cuts the link, as a lost network would: the client comes back by itself. */
  close(): void;
}

export class Links {
  readonly #timeout: number | undefined;
  #current: Engine | undefined;
  #stopTimer: () => void = () => undefined;
  /** The last link was cut because it took too long. */
  timedOut = false;

  constructor(timeout: number | undefined) {
    this.#timeout = timeout;
  }

  get current(): Engine | undefined {
    return this.#current;
  }

  /** There is a session: it took no longer than it may. */
  connected(): void {
    this.#stopTimer();
  }

  /** The port, with its links under watch. */
  around(port: SocketPort, name: Engine['transport']['name']): SocketPort {
    return {
      open: (url, events) => {
        let over = false;
        const gone = (): void => {
          over = true;
          if (this.#current !== engine) return;
          this.#current = undefined;
          this.#stopTimer();
        };
        const link = port.open(url, {
          ...events,
          closed: (cause) => {
            gone();
            events.closed(cause);
          },
        });
        const close = (): void => {
          gone();
          link.close();
        };
        const cut = (): void => {
          if (over) return;
          close();
          events.closed('Lost');
        };
        const engine: Engine = { transport: { name }, close: cut };
        this.#stopTimer();
        this.#current = engine;
        this.timedOut = false;
        if (this.#timeout !== undefined) {
          const timer = setTimeout(() => {
            if (over) return;
            cut();
            this.timedOut = true;
          }, this.#timeout);
          this.#stopTimer = () => clearTimeout(timer);
        }
        return { send: (frame) => link.send(frame), close };
      },
    };
  }
}
