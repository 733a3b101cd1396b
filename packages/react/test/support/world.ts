// The real client and engine (wasm) over a small server in memory: one room with history, exactly-once by sequence,
// GETs that name what they cover. The test decides when each answer and each event arrives. Virtual time.

import { QueryClient, QueryObserver, type QueryKey } from '@tanstack/react-query';
import { vi } from 'vitest';
import type { Tidewire } from '@tidewire/client';
import { createTidewire, memoryStore, type OutgoingRequest, type Platform, type StorePort } from '../../../client/src/index.js';
import { bindQueryClient } from '../../src/cache/bind.js';
import { like, picnic, rules, type Activity, type Events } from './activities.js';
import { HandTimers, turns } from './scene.js';

interface Waiting {
  request: OutgoingRequest;
  answer: () => void;
  lose: () => void;
}

export class Server {
  activity: Activity = { ...picnic };
  offset = 7;
  readonly history: { offset: number; write: string; payload: unknown }[] = [];
  readonly applied: { client: string; sequence: number }[] = [];
  readonly joins: unknown[] = [];
  readonly writes: Waiting[] = [];
  readonly reads: { path: string; client: string; respond: (response: Response) => void }[] = [];
  #push: ((frame: string) => void) | undefined;
  #sent = 7;

  readonly socket: Platform['socket'] = {
    open: (_url, events) => {
      const push = (frame: string): void => queueMicrotask(() => events.text(frame));
      this.#push = push;
      queueMicrotask(() => events.opened());
      push('0{"sid":"e","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}');
      return { send: (frame) => this.#hear(String(frame), push), close: () => (this.#push = undefined) };
    },
  };

  readonly request = (request: OutgoingRequest): Promise<{ status: number; headers: Headers; text: () => Promise<string> }> =>
    new Promise((resolve, reject) => {
      const headers = new Headers({ 'Tidewire-Outcome': 'applied', 'Content-Type': 'application/json' });
      const answer = (): void => resolve({ status: 200, headers, text: () => Promise.resolve(JSON.stringify(this.activity)) });
      this.writes.push({ request, answer, lose: () => reject(new Error('lost')) });
    });

  readonly fetch = (url: string, init: RequestInit): Promise<Response> =>
    new Promise((respond) => this.reads.push({ path: url, client: new Headers(init.headers).get('Tidewire-Client') ?? '', respond }));

  /** What a GET would answer now. */
  snapshot(path: string, client: string): Response {
    const body = path.endsWith('/activities') ? [this.activity] : this.activity;
    const mine = this.applied.filter((one) => one.client === client).map((one) => one.sequence);
    const base = `activities=e1:${this.offset}${client ? `; applied=${mine.join(' ')}` : ''}`;
    return new Response(JSON.stringify(body), { headers: { 'Content-Type': 'application/json', 'Tidewire-Base': base } });
  }

  /** Applies the first waiting write. Its event stays here until `deliver`. */
  commit(): void {
    const headers = new Headers(this.writes[0]?.request.headers);
    const write = (headers.get('Idempotency-Key') ?? '').replace(/"/g, '');
    this.applied.push({ client: headers.get('Tidewire-Client') ?? '', sequence: Number(headers.get('Tidewire-Sequence')) });
    this.activity = { ...this.activity, liked: true, likeCount: this.activity.likeCount + 1 };
    this.offset += 1;
    this.history.push({ offset: this.offset, write, payload: { activityId: 'a1', userId: 'ana', likeCount: this.activity.likeCount } });
  }

  /** Sends the events that were not sent yet. */
  deliver(from = this.#sent): void {
    for (const event of this.history.filter(({ offset }) => offset > from)) {
      this.#push?.(`42["tw",["activities","e1",${event.offset},"ev${event.offset}","${event.write}"],"activity:like_added",${JSON.stringify(event.payload)}]`);
      this.#sent = event.offset;
    }
  }

  #hear(frame: string, push: (frame: string) => void): void {
    if (frame.startsWith('40')) push('40{"sid":"s","tidewire":1}');
    const [, ack, json] = /^42(\d+)(\["room:join".*)$/.exec(frame) ?? [];
    if (json === undefined) return;
    const [, ask] = JSON.parse(json) as [string, { since?: { offset: number } }];
    this.joins.push(ask);
    push(`43${ack}[{"success":true,"epoch":"e1","offset":${this.offset},"recovered":${String(ask.since !== undefined)}}]`);
    if (ask.since) this.deliver(ask.since.offset);
  }
}

export interface World {
  server: Server;
  tidewire: Tidewire<Events>;
  queryClient: QueryClient;
  timers: HandTimers;
  watch(key: QueryKey, path: string): { seen: unknown[] };
  /** Lets everything happen that needs no time. */
  settle(): Promise<void>;
  tap(): ReturnType<Tidewire['submit']>;
  end(): void;
}

export const likeActivity = {
  name: 'activity.like',
  version: 1,
  request: (id: string) => ({ method: 'POST', path: `/api/activities/${id}/like` }),
  optimistic: (id: string, cache: Parameters<ReturnType<typeof like>>[0]) => like(id)(cache),
};

export function makeWorld(server: Server, store: StorePort = memoryStore()): World {
  const timers = new HandTimers();
  let mono = 1000;
  const clock: Platform['clock'] = {
    now: () => ({ mono, wall: 1_700_000_000_000 + mono }),
    after: (delay, callback) => timers.timer(delay, () => {
      mono += delay;
      callback();
    }),
  };
  const platform: Platform = {
    store,
    socket: server.socket,
    clock,
    network: { current: () => 'Online', watch: () => () => undefined },
    visibility: { current: () => 'Foreground', watch: () => () => undefined },
    tabs: { join: (_partition, events) => ({ post: () => undefined, release: () => undefined, steal: () => undefined, contend: () => queueMicrotask(() => events.granted()), leave: () => undefined }) },
    random: { seed: () => crypto.getRandomValues(new Uint8Array(32)) },
  };
  vi.stubGlobal('fetch', server.fetch);
  const tidewire = createTidewire<Events>({ url: 'http://server', user: 'ana', token: () => 't', request: server.request, platform, mutations: [likeActivity], rules });
  const queryClient = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, retry: false, gcTime: Infinity } } });
  bindQueryClient(tidewire, queryClient, timers.timer);
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 8; i += 1) await turns();
  };
  return {
    server,
    tidewire,
    queryClient,
    timers,
    watch: (key, path) => {
      const observer = new QueryObserver(queryClient, { queryKey: key, queryFn: async () => (await tidewire.fetch(path)).json() as Promise<unknown> });
      const seen: unknown[] = [];
      observer.subscribe(({ data }) => {
        if (data !== undefined && data !== seen.at(-1)) seen.push(data);
      });
      return { seen };
    },
    settle,
    tap: () => tidewire.submit(likeActivity, 'a1'),
    end: () => tidewire.stop(),
  };
}
