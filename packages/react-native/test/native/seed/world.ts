// What the seed's snippets run in: the app's modules over this package's platform, its requests through a tunnel in the test's hand; the official Node server.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jest } from '@jest/globals';
import { longPolling } from '@tidewire/client';
import { waitFor } from '@testing-library/react-native';
import { Server, type Socket } from 'socket.io';
import { setBackend, type Backend } from '../../../../react/test/seed/app/backend';
import { phone } from '../world';

/** Longer than anything here takes on a slow machine. */
export const PATIENCE = { timeout: 60_000, interval: 5 };

export const until = <T>(look: () => T | Promise<T>): Promise<T> => waitFor(look as () => T, PATIENCE);

export interface App {
  readonly prelude: typeof import('./prelude');
  tunnel(dark: boolean): Promise<void>;
  /** What the console was told since the last `forget`. */
  readonly logged: string[];
}

/** The app's modules for this backend. Once in a test file: they are the file's own. */
export function app(backend: Omit<Backend, 'platform' | 'fetch'>): App {
  const { platform, network } = phone();
  let dark = false;
  const cuts = new Set<() => void>();
  // Node has no WebSocket here, so that the link is a polling one; in a tunnel requests fail, those under way too.
  const led: typeof fetch = (input, init) =>
    new Promise((resolve, reject) => {
      const cut = (): void => reject(new TypeError('Network request failed'));
      if (dark) return cut();
      cuts.add(cut);
      void fetch(input, init).then(resolve, reject).finally(() => cuts.delete(cut));
    });
  const { polling: _none, ...rest } = platform;
  setBackend({ ...backend, platform: { ...rest, socket: longPolling({ fetch: led }) }, fetch: led });
  const logged: string[] = [];
  for (const name of ['log', 'warn'] as const) jest.spyOn(console, name).mockImplementation((...words: unknown[]) => void logged.push(words.map(String).join(' ')));
  return {
    prelude: require('./prelude') as App['prelude'],
    tunnel: async (wanted) => {
      dark = wanted;
      if (dark) for (const cut of [...cuts]) cut();
      await network(!dark);
    },
    logged,
  };
}

export interface NodeServer {
  readonly io: Server;
  readonly url: string;
  stop(): Promise<void>;
}

export async function nodeServer(connected: (socket: Socket) => void): Promise<NodeServer> {
  const http = createServer();
  const io = new Server(http);
  io.on('connection', connected);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    io,
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    stop: async () => {
      http.closeAllConnections();
      await io.close();
    },
  };
}
