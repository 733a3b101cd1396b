// What apps do with TanStack Query around us: two components on one query, StrictMode, structural sharing and `select`, persisters, hydration from a server
// (Q16, Y5, Y6, Y7). The query client is an unmodified one.

import { StrictMode, useRef, type ReactNode } from 'react';
import { renderToString } from 'react-dom/server';
import { dehydrate, hydrate, HydrationBoundary, QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query';
import { PersistQueryClientProvider } from '@tanstack/react-query-persist-client';
import { createSyncStoragePersister } from '@tanstack/query-sync-storage-persister';
import { act, cleanup, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bindQueryClient } from '../src/cache/bind.js';
import { at, like, picnic, untyped, type Activity } from './support/activities.js';
import { MiniEngine } from './support/mini-engine.js';
import { HandTimers, turns } from './support/scene.js';

const other: Activity = { id: 'a2', title: 'Hike', likeCount: 0, liked: false };

interface Stage {
  engine: MiniEngine;
  queryClient: QueryClient;
  timers: HandTimers;
  fetches: number;
  list: () => Activity[];
  /** Lets `work` and all that it causes happen. */
  go: (work: () => void) => Promise<void>;
}

function stage(queryClient = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, gcTime: Infinity } } })): Stage {
  const engine = new MiniEngine(untyped);
  const timers = new HandTimers();
  bindQueryClient(engine.source as never, queryClient, timers.timer);
  const made: Stage = {
    engine,
    queryClient,
    timers,
    fetches: 0,
    list: () => {
      made.fetches += 1;
      return engine.body([{ ...picnic }, { ...other }], [at('activities', 7)]);
    },
    go: (work) =>
      act(async () => {
        work();
        timers.advance(16);
        await vi.advanceTimersByTimeAsync(1);
      }),
  };
  return made;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Shows one activity's count, and how often it was rendered with another value. */
function Count({ of: { list }, id, name }: { of: Stage; id: string; name: string }): ReactNode {
  const { data } = useQuery({ queryKey: ['activities'], queryFn: list, select: (all) => all.find((one) => one.id === id) });
  const seen = useRef<Activity[]>([]);
  if (data && data !== seen.current.at(-1)) seen.current.push(data);
  return <b data-testid={name}>{`${data?.likeCount ?? '-'} of ${seen.current.length}`}</b>;
}
const text = (name: string): string | null => screen.getByTestId(name).textContent;

describe('two components', () => {
  it('Q16 Y5 C9 in StrictMode share one fetch, change in the same frame, and one whose item did not change is not given another', async () => {
    const one = stage();
    render(
      <StrictMode>
        <QueryClientProvider client={one.queryClient}>
          <Count of={one} id="a1" name="first" />
          <Count of={one} id="a1" name="second" />
          <Count of={one} id="a2" name="other" />
        </QueryClientProvider>
      </StrictMode>,
    );
    await one.go(() => undefined);
    expect([text('first'), text('second'), text('other')]).toEqual(['1 of 1', '1 of 1', '0 of 1']);
    await one.go(() => one.engine.tap('w1', 1, like('a1')));
    expect([text('first'), text('second'), text('other')]).toEqual(['2 of 2', '2 of 2', '0 of 1']);
    await one.go(() => one.engine.arrives({ name: 'activity:like_added', payload: { activityId: 'a1', userId: 'ben', likeCount: 5 }, position: at('activities', 8) }));
    expect([text('first'), text('second'), text('other')]).toEqual([text('second'), text('first'), '0 of 1']);
    expect(one.fetches).toBe(1);
  });

  it('Y6 Q16 a component that leaves during its fetch cancels it, and the layer stays for the next one', async () => {
    const one = stage();
    const view = render(
      <QueryClientProvider client={one.queryClient}>
        <Count of={one} id="a1" name="count" />
      </QueryClientProvider>,
    );
    await one.go(() => undefined);
    await one.go(() => one.engine.tap('w1', 1, like('a1')));
    await one.go(() => void one.queryClient.invalidateQueries().catch(() => undefined));
    view.unmount();
    await one.go(() => void one.queryClient.cancelQueries());
    render(
      <QueryClientProvider client={one.queryClient}>
        <Count of={one} id="a1" name="count" />
      </QueryClientProvider>,
    );
    expect(text('count')).toBe('2 of 1');
  });
});

describe('persisted and hydrated', () => {
  const storage = (): Storage & { text: () => string } => {
    const values = new Map<string, string>();
    const part = { getItem: (key: string) => values.get(key) ?? null, setItem: (key: string, value: string) => void values.set(key, value), removeItem: (key: string) => void values.delete(key) };
    return { ...part, text: () => [...values.values()].join('') } as unknown as Storage & { text: () => string };
  };
  const page = (one: Stage, kept: Storage): ReactNode => (
    <PersistQueryClientProvider client={one.queryClient} persistOptions={{ persister: createSyncStoragePersister({ storage: kept, throttleTime: 0 }) }}>
      <Count of={one} id="a1" name="count" />
    </PersistQueryClientProvider>
  );

  it('Q16 PersistQueryClientProvider keeps the base; at the next start the layer stands on it once', async () => {
    const kept = storage();
    const before = stage();
    const view = render(page(before, kept));
    await before.go(() => undefined); // nothing is restored
    await before.go(() => undefined); // then it is fetched
    expect(text('count')).toBe('1 of 1');
    await before.go(() => before.engine.tap('w1', 1, like('a1')));
    expect(text('count')).toBe('2 of 2');
    await act(() => vi.advanceTimersByTimeAsync(2_000));
    expect(kept.text()).toContain('"likeCount":1');
    expect(kept.text()).not.toContain('"likeCount":2');
    view.unmount();
    const after = stage();
    after.engine.tap('w1', 1, like('a1'), true);
    render(page(after, kept));
    await after.go(() => undefined);
    expect(text('count')).toBe('2 of 1');
    expect(after.fetches).toBe(0);
  });

  it('Q16 Y7 what a server rendered is hydrated as a base: the same text, no fetch, and layers and events come on top', async () => {
    const server = new QueryClient();
    await server.prefetchQuery({ queryKey: ['activities'], queryFn: () => [picnic, other] });
    const state = JSON.parse(JSON.stringify(dehydrate(server))) as ReturnType<typeof dehydrate>;
    const one = stage();
    const tree = (
      <QueryClientProvider client={one.queryClient}>
        <HydrationBoundary state={state}>
          <Count of={one} id="a1" name="count" />
        </HydrationBoundary>
      </QueryClientProvider>
    );
    expect(renderToString(tree)).toContain('1 of 1');
    render(tree);
    await one.go(() => one.engine.tap('w1', 1, like('a1')));
    expect(text('count')).toBe('2 of 2');
    expect(one.fetches).toBe(0);
  });

  it('Y6 Q16 newer state that is hydrated over a pending layer becomes its base', async () => {
    const one = stage();
    one.queryClient.setQueryData(['activities'], [{ ...picnic }, { ...other }]);
    one.engine.tap('w1', 1, like('a1'));
    const server = new QueryClient();
    server.setQueryData(['activities'], [{ ...picnic, title: 'Feast' }, other], { updatedAt: Date.now() + 1_000 });
    hydrate(one.queryClient, JSON.parse(JSON.stringify(dehydrate(server))) as ReturnType<typeof dehydrate>);
    await turns();
    expect(one.queryClient.getQueryData<Activity[]>(['activities'])?.[0]).toEqual({ ...picnic, title: 'Feast', liked: true, likeCount: 2 });
    one.engine.refused('w1');
    expect(one.queryClient.getQueryData<Activity[]>(['activities'])?.[0]).toEqual({ ...picnic, title: 'Feast' });
  });
});

describe('structural sharing', () => {
  it('Q16 Y5 a fetch that brings the same again gives nobody a new object, with a layer standing too', async () => {
    const one = stage();
    await one.queryClient.prefetchQuery({ queryKey: ['activities'], queryFn: one.list });
    one.engine.tap('w1', 1, like('a1'));
    const before = one.queryClient.getQueryData<Activity[]>(['activities']);
    expect(before?.[0]?.likeCount).toBe(2);
    await one.queryClient.fetchQuery({ queryKey: ['activities'], queryFn: one.list, staleTime: 0 });
    expect(one.queryClient.getQueryData(['activities'])).toBe(before);
  });
});
