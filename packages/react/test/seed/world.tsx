// What the seed's snippets run in: the real Activities server or the official Node server, the app's modules made anew, a network in the test's hand.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Server, type Socket } from 'socket.io';
import { vi } from 'vitest';
import { browser, longPolling, memoryStore, type Platform } from '@tidewire/client';
import type { Backend } from './app/backend.js';
import { here } from './blocks.js';

/** Longer than anything here takes on a slow machine. */
export const PATIENCE = { timeout: 60_000, interval: 5 };

export interface ActivitiesServer {
  readonly url: string;
  /** Signs in and gives the token. */
  login(name: string): Promise<string>;
  /** As this person, past the client under test. */
  call(token: string, method: string, path: string, body?: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

/** Built by `cargo xtask test`, or `cargo build -p activities-server`. */
export async function activitiesServer(): Promise<ActivitiesServer> {
  const binary = join(process.env.TIDEWIRE_BIN ?? here('../../../../target/debug'), 'activities-server');
  if (!existsSync(binary)) throw new Error(`${binary} is missing: cargo build -p activities-server`);
  const data = mkdtempSync(join(tmpdir(), 'tidewire-seed-'));
  const child: ChildProcess = spawn(binary, ['--port', '0', '--data', data], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.stdout === null) throw new Error('no output of the server');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const url = /listening on (http:\/\/\S+)/.exec(line)?.[1];
  if (url === undefined) throw new Error(`the server said: ${line}`);
  const call: ActivitiesServer['call'] = async (token, method, path, body) => {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    const response = await fetch(`${url}${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  return {
    url,
    login: async (name) => ((await call('', 'POST', '/api/login', { name })) as { token: string }).token,
    call,
    stop: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

export interface NodeServer {
  readonly io: Server;
  readonly url: string;
  stop(): Promise<void>;
}

export async function nodeServer(connected: (socket: Socket) => void): Promise<NodeServer> {
  const http = createServer();
  const io = new Server(http, { cors: { origin: '*' } });
  io.on('connection', connected);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    io,
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    stop: async () => {
      http.closeAllConnections();
      await io.close();
    },
  };
}

export interface App {
  readonly prelude: typeof import('./prelude.js');
  readonly network: { set(online: boolean): void };
  /** Snippet `number`, to be run. */
  snippet<T>(number: number): Promise<() => T>;
}

/** The app's modules, made anew for this backend. */
export async function app(backend: Omit<Backend, 'platform' | 'fetch'>, online = true): Promise<App> {
  vi.resetModules();
  const network = handNetwork(online);
  const { setBackend } = await import('./app/backend.js');
  const { polling: _none, ...page } = browser();
  const platform = { ...page, store: memoryStore(), network: network.port, socket: longPolling({ fetch: network.fetch }) };
  setBackend({ ...backend, platform, fetch: network.fetch });
  return {
    prelude: await import('./prelude.js'),
    network,
    snippet: async <T,>(number: number) => ((await import(`seed:${number}`)) as { default: () => T }).default,
  };
}

/** All requests go through it; offline they fail, those under way too. */
function handNetwork(online: boolean): { port: Platform['network']; fetch: typeof fetch; set(online: boolean): void } {
  let word: 'Online' | 'Offline' = online ? 'Online' : 'Offline';
  const watchers = new Set<(word: 'Online' | 'Offline') => void>();
  const cuts = new Set<() => void>();
  return {
    port: {
      current: () => word,
      watch: (callback) => {
        watchers.add(callback);
        return () => void watchers.delete(callback);
      },
    },
    fetch: (input, init) =>
      new Promise((resolve, reject) => {
        const cut = (): void => reject(new TypeError('Failed to fetch'));
        if (word === 'Offline') return cut();
        cuts.add(cut);
        void fetch(input, init)
          .then(resolve, reject)
          .finally(() => cuts.delete(cut));
      }),
    set: (next) => {
      word = next ? 'Online' : 'Offline';
      if (!next) for (const cut of cuts) cut();
      for (const watcher of watchers) watcher(word);
    },
  };
}
