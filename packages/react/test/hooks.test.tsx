// The hooks under React with StrictMode, over a client that says what the test tells it (A1, A2, A3, C8, C9, Q22).

import { StrictMode, type ReactNode } from 'react';
import { renderToString } from 'react-dom/server';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, cleanup, render, renderHook } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EventMeta, MutationDefinition, SendContext, OutboxSnapshot } from '@tidewire/client';
import { bindQueryClient, TidewireProvider, useOfflineMutation, useOfflineQueueStatus, useOutbox, useRealId, useRoom, useSocketConnection, useSocketEvent, type InlineMutation } from '../src/index.js';
import { at, like, picnic, type Activity } from './support/activities.js';
import { FakeClient } from './support/fake-client.js';

type Listen = (event: 'unhandledRejection', listener: () => void) => void;

let fake: FakeClient;
let queryClient: QueryClient;
let client: FakeClient['tidewire'];

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  fake = new FakeClient();
  client = fake.tidewire;
  queryClient = new QueryClient();
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const wrapper = ({ children }: { children: ReactNode }): ReactNode => (
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <TidewireProvider client={client} queryClient={queryClient}>
        {children}
      </TidewireProvider>
    </QueryClientProvider>
  </StrictMode>
);
const hook = <T, P>(use: (props: P) => T, initialProps?: P) =>
  renderHook(use, initialProps === undefined ? { wrapper } : { wrapper, initialProps });
const wait = (ms: number): Promise<void> => act(async () => void (await vi.advanceTimersByTimeAsync(ms)));
const meta: EventMeta = { replayed: false, own: false, args: [] };

describe('provider', () => {
  it('C9 StrictMode starts once and connects; only the last unmount stops, after a moment', async () => {
    const view = render(<i />, { wrapper });
    expect(fake.log.filter((line) => line === 'start')).toHaveLength(1);
    expect(fake.log).toContain('connect');
    view.unmount();
    await wait(99);
    expect(fake.log).not.toContain('stop');
    await wait(1);
    expect(fake.log.filter((line) => line === 'stop')).toHaveLength(1);
  });

  it('C9 a remount within the moment keeps the client running', async () => {
    const view = render(<i />, { wrapper });
    view.unmount();
    await wait(50);
    render(<i />, { wrapper });
    await wait(1000);
    expect(fake.log.filter((line) => line === 'start' || line === 'stop')).toEqual(['start']);
  });

  it('C9 a query client is bound to a client once', () => {
    expect(bindQueryClient(client, queryClient)).toBe(bindQueryClient(client, queryClient));
    render(<i />, { wrapper });
    expect(fake.engine.attached).toBe(1);
  });

  it('A5 a connect that nobody awaits never surfaces', async () => {
    const surfaced = vi.fn();
    const { process } = globalThis as unknown as { process: { on: Listen; off: Listen } };
    process.on('unhandledRejection', surfaced);
    render(<i />, { wrapper });
    await wait(10);
    process.off('unhandledRejection', surfaced);
    expect(surfaced).not.toHaveBeenCalled();
  });

  it('is inert on a server', () => {
    function Status(): ReactNode {
      const { status } = useSocketConnection();
      const { ready } = useOfflineQueueStatus();
      return `${status} ${String(ready)} ${useRoom('activities')}`;
    }
    expect(renderToString(wrapper({ children: <Status /> }))).toBe('idle false waiting');
    expect(fake.log).toEqual([]);
  });
});

describe('useRoom', () => {
  it('C7 C9 is counted over components and lingers 30 s', async () => {
    const first = hook(() => useRoom('activities'));
    const second = hook(() => useRoom('activities'));
    expect(fake.log.filter((line) => line.startsWith('join'))).toEqual(['join activities']);
    act(() => fake.rooms.get('activities')?.set({ status: 'joined', recovered: true }));
    expect([first.result.current, second.result.current]).toEqual(['joined', 'joined']);
    first.unmount();
    second.unmount();
    await wait(29_999);
    expect(fake.log).not.toContain('leave activities');
    await wait(1);
    expect(fake.log.filter((line) => line === 'leave activities')).toHaveLength(1);
  });

  it('C7 a return within 30 s neither leaves nor joins again; null wants none', async () => {
    const view = hook(({ room }: { room: string | null }) => useRoom(room), { room: 'a' as string | null });
    view.rerender({ room: null });
    expect(view.result.current).toBe('waiting');
    await wait(20_000);
    view.rerender({ room: 'a' });
    await wait(60_000);
    expect(fake.log.filter((line) => /join|leave/.test(line))).toEqual(['join a']);
  });
});

describe('useSocketEvent', () => {
  it('C8 calls the latest function without subscribing again, and nothing after unmount', () => {
    const seen: string[] = [];
    const view = hook(({ tag }: { tag: string }) => useSocketEvent({ event: 'x', onEvent: (payload) => seen.push(`${tag} ${String(payload)}`) }), { tag: 'one' });
    const listens = fake.log.filter((line) => line === 'listen x').length;
    view.rerender({ tag: 'two' });
    fake.handlers.forEach(({ handler }) => handler('p', meta));
    expect(seen).toEqual(['two p']);
    expect(fake.log.filter((line) => line === 'listen x')).toHaveLength(listens);
    view.unmount();
    expect(fake.handlers).toEqual([]);
  });

  it('C8 is off while not enabled, and invalidates the named queries only', () => {
    queryClient.setQueryData(['activities'], []);
    queryClient.setQueryData(['messages'], []);
    const view = hook(({ enabled }: { enabled: boolean }) => useSocketEvent({ event: 'x', invalidateQueries: [['activities']], enabled }), { enabled: false });
    expect(fake.handlers).toEqual([]);
    view.rerender({ enabled: true });
    fake.handlers.forEach(({ handler }) => handler('p', meta));
    expect(queryClient.getQueryState(['activities'])?.isInvalidated).toBe(true);
    expect(queryClient.getQueryState(['messages'])?.isInvalidated).toBe(false);
  });
});

describe('status', () => {
  it('C10 counts the attempts that failed', () => {
    const view = hook(() => useSocketConnection());
    act(() => fake.connection.set({ status: 'connecting', attempt: 1 }));
    expect(view.result.current).toMatchObject({ isConnected: false, reconnectAttempts: 0 });
    act(() => fake.connection.set({ status: 'waiting', attempt: 3, nextAttemptAt: 5, reason: 'Lost' }));
    expect(view.result.current).toMatchObject({ reconnectAttempts: 2, nextAttemptAt: 5 });
    act(() => fake.connection.set({ status: 'connected', sid: 's', tidewire: true }));
    expect(view.result.current).toMatchObject({ isConnected: true, reconnectAttempts: 0, nextAttemptAt: undefined });
    act(() => fake.connection.set({ status: 'refused', code: 'AUTH', message: 'no' }));
    expect(view.result.current).toMatchObject({ isConnected: false, code: 'AUTH' });
  });

  it('Q22 the queue\'s numbers and writes, with the same object while nothing changed', () => {
    const view = hook(() => ({ status: useOfflineQueueStatus(), outbox: useOutbox() }));
    const write = (id: string, state: OutboxSnapshot['writes'][number]['state']) => ({ id, name: 'like', label: '', variables: 1, state });
    act(() =>
      fake.outbox.set({ ...fake.outbox.get(), pending: 2, inFlight: 1, parked: 1, blocked: 'offline', writes: [write('a', 'sending'), write('b', 'parked'), write('c', 'acknowledged')] }),
    );
    const { status, outbox } = view.result.current;
    expect(status).toMatchObject({ count: 2, inFlight: 1, parked: 1, processing: true, ready: true, blocked: 'offline' });
    expect([outbox.pending.map(({ id }) => id), outbox.parked.map(({ id }) => id)]).toEqual([['a'], ['b']]);
    outbox.retry('b');
    outbox.discard('b');
    expect(fake.log.slice(-2)).toEqual(['retry b', 'discard b']);
    view.rerender();
    expect(view.result.current.status).toBe(status);
    expect(view.result.current.outbox).toBe(outbox);
  });

  it('Q22 every number of the queue is there', () => {
    const now: OutboxSnapshot = { ready: true, pending: 2, inFlight: 1, parked: 3, quarantined: 4, bytes: 500, oldest: 6, blocked: 'offline', nextAttempt: 7, durability: 'power-loss', writes: [] };
    const view = hook(() => useOfflineQueueStatus());
    act(() => fake.outbox.set(now));
    const { writes: _writes, ...numbers } = now;
    expect(view.result.current).toEqual({ ...numbers, count: 2, processing: true });
  });

  it('Q22 a burst renders at once and once more at the end of its frame, and all components show the same', async () => {
    const seen: string[] = [];
    function Show({ name }: { name: string }): ReactNode {
      seen.push(`${name} ${useOfflineQueueStatus().count} ${useOutbox().pending.length}`);
      return null;
    }
    const view = render(<><Show name="a" /><Show name="b" /></>, { wrapper });
    seen.length = 0;
    const burst = (from: number): void => {
      for (let pending = from; pending < from + 100; pending += 1) act(() => fake.outbox.set({ ...fake.outbox.get(), pending }));
    };
    const shown = (): string[] => [...new Set(seen.splice(0))];
    burst(1);
    view.rerender(<><Show name="a" /><Show name="b" /></>);
    expect(shown()).toEqual(['a 1 0', 'b 1 0']);
    await wait(15);
    expect(shown()).toEqual([]);
    await wait(1);
    expect(shown()).toEqual(['a 100 0', 'b 100 0']);
    burst(101); // within the frame that the last notification began
    await wait(16);
    expect(shown()).toEqual(['a 200 0', 'b 200 0']);
    await wait(1_000);
    expect(shown()).toEqual([]);
    view.unmount();
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1); // the provider's own, which lets the connection go
    expect(fake.outbox.listeners).toBe(0);
  });
});

describe('useOfflineMutation', () => {
  const definition: MutationDefinition<string> = {
    name: 'activity.like',
    version: 1,
    request: (id) => ({ method: 'POST', path: `/api/activities/${id}/like` }),
    optimistic: (id, cache) => like(id)(cache),
  };

  it('A2 is pending until durable, then queued, sending, done; callbacks once each', async () => {
    const called: string[] = [];
    const note = (name: string) => () => void called.push(name);
    const view = hook(() =>
      useOfflineMutation(definition, { onMutate: note('mutate'), onQueued: note('queued'), onSuccess: note('success'), onError: note('error'), onSettled: note('settled') }),
    );
    act(() => view.result.current.mutate('a1'));
    const [write] = fake.submitted;
    expect(write?.what).toBe(definition);
    expect(view.result.current).toMatchObject({ isPending: true, variables: 'a1' });
    await act(async () => write?.durable());
    expect(view.result.current).toMatchObject({ isPending: false, isQueued: true });
    act(() => write?.is('sending'));
    expect(view.result.current).toMatchObject({ isQueued: false, isSending: true });
    expect(called).toEqual(['mutate', 'queued']);
    await act(async () => write?.acknowledge({ likeCount: 2 }));
    expect(view.result.current).toMatchObject({ isPending: false, isSending: false, data: { likeCount: 2 }, error: null });
    expect(called).toEqual(['mutate', 'queued', 'success', 'settled']);
  });

  it('A2 a parked write calls onError once, and is parked until it is tried again', async () => {
    const onError = vi.fn();
    const view = hook(() => useOfflineMutation<string>(definition, { onError }));
    act(() => view.result.current.mutate('a1'));
    const [write] = fake.submitted;
    await act(async () => write?.durable());
    await act(async () => write?.fail('PERMANENT'));
    expect(view.result.current).toMatchObject({ isParked: true, error: { code: 'PERMANENT' } });
    await act(async () => write?.again());
    expect(view.result.current).toMatchObject({ isParked: false, error: null });
    expect(onError).toHaveBeenCalledTimes(1);
  });

  it('A2 a parked write that is tried again succeeds after all: onSuccess, and nothing twice', async () => {
    const called: string[] = [];
    const note = (name: string) => () => void called.push(name);
    const view = hook(() => useOfflineMutation<string>(definition, { onError: note('error'), onSuccess: note('success'), onSettled: note('settled') }));
    act(() => view.result.current.mutate('a1'));
    const [write] = fake.submitted;
    await act(async () => write?.durable());
    for (const round of ['first', 'second']) {
      await act(async () => write?.fail('PERMANENT'));
      expect(view.result.current.error, round).toMatchObject({ code: 'PERMANENT' });
      await act(async () => write?.again());
    }
    await act(async () => write?.acknowledge('yes'));
    expect(view.result.current).toMatchObject({ data: 'yes', error: null });
    expect(called).toEqual(['error', 'settled', 'success']);
    act(() => write?.is(undefined));
    view.unmount();
    expect(fake.outbox.listeners).toBe(0);
  });

  it('A2 mutateAsync resolves at the answer, submit tells at once', async () => {
    const view = hook(() => useOfflineMutation(definition));
    let answered: unknown;
    act(() => void view.result.current.mutateAsync('a1').then((data) => (answered = data)));
    await act(async () => fake.submitted[0]?.durable());
    expect(answered).toBeUndefined();
    await act(async () => fake.submitted[0]?.acknowledge('yes'));
    expect(answered).toBe('yes');
    act(() => expect(view.result.current.submit('a2').id).toBe('w2'));
  });

  it('A2 the state is the latest write\'s, and an earlier one\'s answer does not end it', async () => {
    const view = hook(() => useOfflineMutation(definition));
    act(() => view.result.current.mutate('a1'));
    act(() => view.result.current.mutate('a2'));
    await act(async () => {
      fake.submitted[0]?.durable();
      fake.submitted[0]?.acknowledge('one');
    });
    expect(view.result.current).toMatchObject({ isPending: true, variables: 'a2', data: undefined });
  });

  it('A2 the callbacks are the latest ones, also after the component is gone; the actions keep their identity', async () => {
    const seen: string[] = [];
    const view = hook(({ tag }: { tag: string }) => useOfflineMutation<string>(definition, { onSuccess: () => void seen.push(tag) }), { tag: 'one' });
    const { mutate } = view.result.current;
    act(() => mutate('a1'));
    view.rerender({ tag: 'two' });
    expect(view.result.current.mutate).toBe(mutate);
    view.unmount();
    await act(async () => {
      fake.submitted[0]?.durable();
      fake.submitted[0]?.acknowledge(1);
    });
    expect(seen).toEqual(['two']);
    expect(fake.outbox.listeners).toBe(0);
  });

  describe('the seed\'s form', () => {
    const mutationFn = vi.fn();
    const form: InlineMutation<string, { previous: Activity[] | undefined }> = {
      mutationFn,
      endpoint: (id) => `/api/activities/${id}/like`,
      method: 'POST',
      onMutate: async (id) => {
        const previous = queryClient.getQueryData<Activity[]>(['activities']);
        queryClient.setQueryData<Activity[]>(['activities'], (old) => old?.map((a) => (a.id === id ? { ...a, likeCount: a.likeCount + 1 } : a)));
        return { previous };
      },
      onError: (_error, _id, context) => void queryClient.setQueryData(['activities'], context?.previous),
    };
    const shown = (): number | undefined => queryClient.getQueryData<Activity[]>(['activities'])?.[0]?.likeCount;
    const installed = (): void => void queryClient.setQueryData<Activity[]>(['activities'], [{ ...picnic }]);

    it('A1 sends by endpoint and method, never by mutationFn; a primitive has no body, an object is one', () => {
      const view = hook(() => useOfflineMutation(form));
      act(() => view.result.current.mutate('a1'));
      expect(fake.submitted[0]?.what).toMatchObject({ method: 'POST', path: '/api/activities/a1/like', variables: 'a1' });
      expect(fake.submitted[0]?.what).not.toHaveProperty('body');
      const object = hook(() => useOfflineMutation<{ text: string }>({ endpoint: '/m', method: 'POST' }));
      act(() => object.result.current.mutate({ text: 'hi' }));
      expect(fake.submitted[1]?.what).toMatchObject({ path: '/m', body: { text: 'hi' } });
      const remove = hook(() => useOfflineMutation<{ id: string }>({ endpoint: ({ id }) => `/m/${id}`, method: 'DELETE' }));
      act(() => remove.result.current.mutate({ id: 'm1' }));
      expect(fake.submitted[2]?.what).not.toHaveProperty('body');
      expect(mutationFn).not.toHaveBeenCalled();
    });

    it('A1 without an endpoint mutationFn sends, with what the sender tells it', async () => {
      const view = hook(() => useOfflineMutation<string>({ mutationFn }));
      act(() => view.result.current.mutate('a1'));
      const what = fake.submitted[0]?.what as { mutationFn: (context: SendContext) => unknown };
      expect(what).toMatchObject({ variables: 'a1' });
      expect(mutationFn).not.toHaveBeenCalled();
      const context = { idempotencyKey: 'w1', signal: new AbortController().signal, attempt: 1 };
      what.mutationFn(context);
      expect(mutationFn).toHaveBeenCalledExactlyOnceWith('a1', context);
    });

    it('A3 Q4 what onMutate writes shows in the tick of the tap and stands over a stale base', () => {
      const view = hook(() => useOfflineMutation(form));
      installed();
      act(() => view.result.current.mutate('a1'));
      expect(shown()).toBe(2);
      fake.engine.arrives({ name: 'activity:updated', payload: { id: 'a1', title: 'Feast' }, position: at('elsewhere', 1) });
      expect(shown()).toBe(2);
    });

    it('A3 Q4 a refusal by the store takes the picture out and calls onError once', async () => {
      const onError = vi.fn(form.onError);
      const view = hook(() => useOfflineMutation({ ...form, onError }));
      installed();
      act(() => view.result.current.mutate('a1'));
      await act(async () => fake.submitted[0]?.refuse('STORE_FULL'));
      expect(shown()).toBe(1);
      expect(onError).toHaveBeenCalledTimes(1);
      expect(onError.mock.calls[0]?.[2]).toEqual({ previous: [picnic] });
      expect(view.result.current).toMatchObject({ isPending: false, error: { code: 'STORE_FULL' } });
    });

    it('A3 the rollback of a parked write does not overwrite what came since', async () => {
      const view = hook(() => useOfflineMutation(form));
      installed();
      act(() => view.result.current.mutate('a1'));
      await act(async () => fake.submitted[0]?.durable());
      fake.engine.arrives({ name: 'activity:updated', payload: { id: 'a1', likeCount: 7 } });
      await act(async () => {
        fake.engine.refused('w1');
        fake.submitted[0]?.fail('PERMANENT');
      });
      expect(shown()).toBe(7);
    });
  });
});

describe('useOutbox and real names', () => {
  it('Q13 retryAll tries all that were parked for one reason; Q21 what no build of now can send stands apart', () => {
    const view = hook(() => useOutbox());
    const write = (id: string, state: OutboxSnapshot['writes'][number]['state'], code = '') => ({ id, name: 'like', label: '', variables: 1, state, ...(code && { error: { code } }) });
    act(() =>
      fake.outbox.set({ ...fake.outbox.get(), writes: [write('a', 'parked', 'EXPIRED'), write('b', 'parked', 'PERMANENT'), write('c', 'parked', 'EXPIRED'), write('d', 'quarantined')] }),
    );
    expect(view.result.current.quarantined.map(({ id }) => id)).toEqual(['d']);
    expect(view.result.current.pending).toEqual([]);
    expect(view.result.current.retryAll('EXPIRED')).toBe(2);
    expect(fake.log.slice(-2)).toEqual(['retry a', 'retry c']);
    expect(view.result.current.retryAll()).toBe(3);
  });

  it('Q7 useRealId gives the id until the server has named it', () => {
    const view = hook(() => useRealId('tmp_1'));
    expect(view.result.current).toBe('tmp_1');
    act(() => fake.realIds.set(new Map([['tmp_1', 'real']])));
    expect(view.result.current).toBe('real');
  });

  it('Q8 a write that another one took back before it was sent is no failure', async () => {
    const called: string[] = [];
    const note = (name: string) => () => void called.push(name);
    const form: InlineMutation<string, unknown> = { endpoint: '/x', method: 'POST', onError: note('error'), onSuccess: note('success'), onSettled: note('settled') };
    const view = hook(() => useOfflineMutation(form));
    act(() => view.result.current.mutate('a1'));
    await act(async () => fake.submitted[0]?.durable());
    await act(async () => {
      fake.submitted[0]?.fail('CANCELLED');
      fake.submitted[0]?.is(undefined);
    });
    expect(view.result.current).toMatchObject({ isPending: false, error: null });
    expect(called).toEqual(['settled']);
  });
});
