// One app in a schema of its own, one client, and what a test needs to know of both. Needs a PostgreSQL: `cargo xtask test` starts one.
import { randomBytes } from 'node:crypto';
import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { browser, longPolling, type EventMeta, type Observable, type Tidewire } from '@tidewire/client';
import { bindQueryClient } from '@tidewire/react';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import type { Note, ServerEvents } from '../client/events.js';
import { notesClient, type Step } from '../client/notes.js';
import { startApp, type App } from '../server/app.mjs';

async function database(): Promise<string> {
  const server = process.env['TIDEWIRE_TEST_POSTGRES'];
  if (server === undefined) throw new Error('set TIDEWIRE_TEST_POSTGRES to the URL of a PostgreSQL in which this test may make schemas');
  const name = `notes_${randomBytes(6).toString('hex')}`;
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  await client.query(`CREATE SCHEMA ${name}`);
  onTestFinished(async () => {
    await client.query(`DROP SCHEMA ${name} CASCADE`);
    await client.end();
  });
  return `${server}${server.includes('?') ? '&' : '?'}options=${encodeURIComponent(`-c search_path=${name}`)}`;
}

export async function app(...steps: Step[]): Promise<App> {
  const started = await startApp({ database: await database(), steps });
  onTestFinished(() => started.stop());
  return started;
}

export interface World {
  readonly app: App;
  readonly tw: Tidewire<ServerEvents>;
  /** Every event that was heard. */
  readonly heard: { readonly note: Note; readonly meta: EventMeta }[];
  /** How many notes each list had that was on the screen, without those that say the same as the one before. */
  readonly screen: Observable<readonly number[]>;
  refetch(): Promise<unknown>;
  /** The next answer to a POST is lost on its way. */
  loseAnswer(): void;
  /** Requests of this kind that the server has had. */
  count(method: string): number;
  notes(): Promise<Note[]>;
}

export async function world(...steps: Step[]): Promise<World> {
  const running = await app(...steps);
  let losing = false;
  const lossy: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    if (!losing || init?.method !== 'POST' || !response.url.endsWith('/api/notes')) return response;
    losing = false;
    throw new TypeError('the answer was lost');
  };
  // Node 20 has no WebSocket.
  const platform = { ...browser(), socket: longPolling() };
  const tw = notesClient(running.url, 'ana', steps, { fetch: lossy, platform });
  onTestFinished(() => tw.stop());
  const heard: World['heard'] = [];
  tw.on('note:added', (note, meta) => void heard.push({ note, meta }));
  // Joined first: without `Tidewire-Base` an answer that was under way while a room was joined is fetched once more (Y2).
  await tw.connect();
  await tw.join('notes').result;
  const queryClient = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  bindQueryClient(tw, queryClient);
  const observer = new QueryObserver<Note[]>(queryClient, { queryKey: ['notes'], queryFn: async () => (await tw.fetch('/api/notes')).json() as Promise<Note[]> });
  const shown: number[] = [];
  onTestFinished(observer.subscribe(({ data }) => data && data.length !== shown.at(-1) && shown.push(data.length)));
  const screen: World['screen'] = { get: () => shown, subscribe: (callback) => observer.subscribe(callback) };
  await until(screen, ({ length }) => length > 0);
  return {
    app: running,
    tw,
    heard,
    screen,
    refetch: () => observer.refetch(),
    loseAnswer: () => void (losing = true),
    count: (method) => running.requests.filter((request) => request.method === method).length,
    notes: async () => (await running.pool.query('SELECT id::text, author, text FROM note ORDER BY id')).rows as Note[],
  };
}

/** Somebody else writes a note. */
export async function byBen({ url }: App, text: string, headers: Record<string, string> = {}): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${url}/api/notes`, {
    method: 'POST',
    headers: { authorization: 'Bearer ben', 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ text }),
  });
  return { status: response.status, body: await response.json() };
}

/** Resolves with the first value for which `wanted` holds, the present one included. */
export function until<T>(observable: Observable<T>, wanted: (value: T) => boolean): Promise<T> {
  return new Promise((resolve) => {
    let stop = (): void => undefined;
    const look = (): void => {
      const value = observable.get();
      if (!wanted(value)) return;
      stop();
      resolve(value);
    };
    stop = observable.subscribe(look);
    look();
  });
}

/** Resolves when so many events were heard. */
export function heardAll({ tw, heard }: World, count: number): Promise<unknown> {
  return until({ get: () => heard.length, subscribe: (callback) => tw.on('note:added', callback) }, (now) => now >= count);
}
