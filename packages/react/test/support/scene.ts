// A query client with a cache adapter over the mini engine, timers that tests turn by hand, and a log of all that an observer is told.

import { QueryClient, QueryObserver, type QueryKey } from '@tanstack/react-query';
import type { SyncRules } from '@tidewire/client';
import { CacheAdapter } from '../../src/cache/adapter.js';
import type { Timer } from '../../src/ports/timer.js';
import { untyped } from './activities.js';
import { MiniEngine } from './mini-engine.js';

export class HandTimers {
  #pending: { due: number; run: () => void }[] = [];
  #now = 0;

  readonly timer: Timer = (ms, run) => {
    const entry = { due: this.#now + ms, run };
    this.#pending.push(entry);
    return () => {
      this.#pending = this.#pending.filter((other) => other !== entry);
    };
  };

  advance(ms: number): void {
    this.#now += ms;
    for (;;) {
      const next = this.#pending.filter((one) => one.due <= this.#now).sort((a, b) => a.due - b.due)[0];
      if (!next) return;
      this.#pending = this.#pending.filter((other) => other !== next);
      next.run();
    }
  }
}

/** A request that the test answers. */
export interface Request {
  answer(data: unknown): Promise<void>;
  fail(): Promise<void>;
}

export interface Scene {
  engine: MiniEngine;
  queryClient: QueryClient;
  adapter: CacheAdapter;
  timers: HandTimers;
  /** Requests of the watched queries that are not answered yet, oldest first. */
  requests: Request[];
  /** How often each key was asked for. */
  asked: Map<string, number>;
  watch(key: QueryKey): { seen: unknown[]; observer: QueryObserver; stop: () => void };
  /** Watches the key and answers its first request. */
  load(key: QueryKey, data: unknown): Promise<{ seen: unknown[]; observer: QueryObserver; stop: () => void }>;
  /** What is visible. */
  data(key: QueryKey): unknown;
}

/** Lets promises that are ready go on. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 12; i += 1) await Promise.resolve();
}

export function makeScene(options: { rules?: SyncRules<object> | undefined; queryClient?: QueryClient } = { rules: untyped }): Scene {
  const engine = new MiniEngine(options.rules);
  const timers = new HandTimers();
  const queryClient = options.queryClient ?? new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, retry: false, gcTime: Infinity } } });
  const adapter = new CacheAdapter({ source: engine.source, queryClient, timer: timers.timer });
  const requests: Request[] = [];
  const asked = new Map<string, number>();
  const ask = (name: string): Promise<unknown> => {
    asked.set(name, (asked.get(name) ?? 0) + 1);
    return new Promise((resolve, reject) => {
      const settle = async (work: () => void): Promise<void> => {
        requests.splice(requests.indexOf(request), 1);
        work();
        await turns();
      };
      const request: Request = { answer: (data) => settle(() => resolve(data)), fail: () => settle(() => reject(new Error('no'))) };
      requests.push(request);
    });
  };
  const scene: Scene = {
    engine,
    queryClient,
    adapter,
    timers,
    requests,
    asked,
    watch: (key) => {
      const observer = new QueryObserver(queryClient, { queryKey: key, queryFn: () => ask(String(key[0])) });
      const seen: unknown[] = [];
      const stop = observer.subscribe((result) => {
        if (result.data !== undefined && result.data !== seen.at(-1)) seen.push(result.data);
      });
      const { data } = observer.getCurrentResult();
      if (seen.length === 0 && data !== undefined) seen.push(data);
      return { seen, observer, stop };
    },
    load: async (key, data) => {
      const watched = scene.watch(key);
      await turns();
      await requests.at(-1)?.answer(data);
      return watched;
    },
    data: (key) => queryClient.getQueryData(key),
  };
  return scene;
}
