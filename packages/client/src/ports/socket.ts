// Links over the platform's WebSocket. Knows no protocol but the close codes.
import type { SocketEvents, SocketLink, SocketPort } from './port.js';

const SERVICE_RESTART = 1012;
const TRY_AGAIN_LATER = 1013;
/** Bytes that wait in the socket before it counts as full. */
const FULL = 64 * 1024;
/** Milliseconds after which a full one is looked at again: nothing tells when it drains. */
const LOOK_AGAIN = 50;

/** The WebSocket URL for an http(s) URL, or for a path on the page's origin. */
export function webSocketUrl(url: string, page: string | undefined): string {
  // Where it is absolute no `URL` is asked: React Native's has no way to change a protocol.
  const absolute = /^(https?|wss?):\/\//i.test(url) ? url : new URL(url, page).href;
  return absolute.replace(/^http/i, 'ws');
}

/** The Engine.IO endpoint `url` for one transport. */
export function endpoint(url: string, transport: 'websocket' | 'polling'): string {
  return `${url}${url.includes('?') ? '&' : '?'}EIO=4&transport=${transport}`;
}

export function webSockets(): SocketPort {
  return {
    open(url, events) {
      const page = typeof location === 'undefined' ? undefined : location.href;
      try {
        return watched(new WebSocket(webSocketUrl(endpoint(url, 'websocket'), page)), events);
      } catch {
        // No WebSocket here, a bad URL, or mixed content: the same as a peer that cannot be reached.
        return neverOpened(events);
      }
    },
  };
}

function watched(socket: WebSocket, events: SocketEvents): SocketLink {
  let opened = false;
  let over = false;
  let full = false;
  const look = (): void => {
    if (over) return;
    const now = socket.bufferedAmount > FULL;
    if (now !== full) events.writable(!now);
    full = now;
    if (full) setTimeout(look, LOOK_AGAIN);
  };
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => {
    opened = true;
    if (!over) events.opened();
  };
  socket.onmessage = (event: MessageEvent<unknown>) => {
    if (over) return;
    if (typeof event.data === 'string') events.text(event.data);
    else if (event.data instanceof ArrayBuffer) events.binary(new Uint8Array(event.data));
  };
  socket.onclose = (event) => {
    if (over) return;
    over = true;
    const overloaded = event.code === SERVICE_RESTART || event.code === TRY_AGAIN_LATER;
    events.closed(overloaded ? 'Overloaded' : opened ? 'Lost' : 'Unreachable');
  };
  return {
    send(frame) {
      if (over || socket.readyState !== WebSocket.OPEN) return;
      // A view on a buffer of ours, never on a shared one.
      socket.send(frame as string | Uint8Array<ArrayBuffer>);
      if (!full) look();
    },
    close() {
      over = true;
      socket.close();
    },
  };
}

function neverOpened(events: SocketEvents): SocketLink {
  let over = false;
  void Promise.resolve().then(() => {
    if (!over) events.closed('Unreachable');
  });
  return {
    send: () => undefined,
    close() {
      over = true;
    },
  };
}
