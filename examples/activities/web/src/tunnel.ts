// A tunnel to try the app in: while it is entered, the network of this tab (of this phone, in the demo) is dark. Sockets die and are
// refused, requests fail, the network signal says offline. Everything else (store, tabs, queue) is what it always is. It lasts over a
// reload, as tunnels do.
import { useSyncExternalStore } from 'react';
import { sent } from './phone/probe.ts';
import { drawer, drawerKey, place } from './session/place.ts';
import type { NetworkPort, NetworkWord, Platform, RequestPort, SocketEvents, SocketLink, SocketPort } from '@tidewire/client';

const KEY = drawerKey('tunnel');

let dark = drawer.getItem(KEY) !== null;
let way = newWay();
let lost = 0;
const listeners = new Set<() => void>();

/** Aborted while dark, and from the moment when it becomes dark. */
function newWay(): AbortController {
  const controller = new AbortController();
  if (dark) controller.abort(noNetwork());
  return controller;
}

/** What a browser's `fetch` says without a network. */
function noNetwork(): TypeError {
  return new TypeError('No network: this tab is in the tunnel, or at its end.');
}

export const tunnel = {
  isDark: (): boolean => dark,
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  /** `losing`: so many answers get lost on the way out, as happens where a tunnel ends. What they answered was done. */
  set(wanted: boolean, losing = 0): void {
    lost = losing;
    if (wanted) drawer.setItem(KEY, 'dark');
    else drawer.removeItem(KEY);
    turn(wanted);
  },
};

function turn(wanted: boolean): void {
  if (wanted === dark) return;
  dark = wanted;
  if (dark) way.abort(noNetwork());
  else way = newWay();
  for (const listener of [...listeners]) listener();
}

// A phone is in the tunnel in all its windows.
if (place.kind === 'phone') {
  window.addEventListener('storage', ({ key, newValue }) => {
    if (key === KEY) turn(newValue !== null);
  });
}

export function useTunnel(): boolean {
  return useSyncExternalStore(tunnel.subscribe, tunnel.isDark);
}

/** Ends a request at the tunnel's entrance, and lets none begin inside. */
function signalInTunnel(signal: AbortSignal | null | undefined): AbortSignal {
  return signal ? AbortSignal.any([signal, way.signal]) : way.signal;
}

/** Reads, unless the tab is in the tunnel. */
export const fetchInTunnel: typeof fetch = (input, init) => fetch(input, { ...init, signal: signalInTunnel(init?.signal) });

/** Sends the queue's writes, unless the tab is in the tunnel. */
export const requestInTunnel: RequestPort = async ({ url, method, headers, body, signal, token }) => {
  const bearer = await token();
  const answered = sent({ url, method, headers, body });
  const response = await fetch(url, {
    method,
    headers: bearer === null ? headers : { ...headers, Authorization: `Bearer ${bearer}` },
    signal: signalInTunnel(signal),
    ...(body !== undefined && { body }),
  });
  if (lost > 0 && response.headers.get('Tidewire-Outcome') === 'applied') {
    lost -= 1;
    throw noNetwork();
  }
  answered(response);
  return response;
};

/** The platform, with its network led through the tunnel. */
export function throughTunnel(platform: Platform): Platform {
  return { ...platform, socket: tunnelSocket(platform.socket), network: tunnelNetwork(platform.network) };
}

function tunnelSocket(outside: SocketPort): SocketPort {
  return {
    open(url, events) {
      return dark ? refused(events) : cutAtEntry(outside, url, events);
    },
  };
}

function refused(events: SocketEvents): SocketLink {
  let over = false;
  queueMicrotask(() => {
    if (!over) events.closed('Unreachable');
  });
  return {
    send: () => undefined,
    close: () => {
      over = true;
    },
  };
}

function cutAtEntry(outside: SocketPort, url: string, events: SocketEvents): SocketLink {
  const link = outside.open(url, {
    ...events,
    closed(cause) {
      ignoreEntry();
      events.closed(cause);
    },
  });
  const ignoreEntry = tunnel.subscribe(() => {
    ignoreEntry();
    link.close();
    events.closed('Lost');
  });
  return {
    send: (frame) => link.send(frame),
    close: () => {
      ignoreEntry();
      link.close();
    },
  };
}

function tunnelNetwork(outside: NetworkPort): NetworkPort {
  const current = (): NetworkWord => (dark ? 'Offline' : outside.current());
  return {
    current,
    watch(callback) {
      const stopOutside = outside.watch((word) => {
        if (!dark) callback(word);
      });
      const stopTunnel = tunnel.subscribe(() => callback(current()));
      return () => {
        stopOutside();
        stopTunnel();
      };
    },
  };
}
