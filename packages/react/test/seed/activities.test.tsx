// The seed's snippets that read and write, run as they stand against the real Activities server: set-up, likes, the queue, what goes wrong.
import { StrictMode, type ComponentType, type ReactNode } from 'react';
import { QueryClientProvider, useQuery } from '@tanstack/react-query';
import { cleanup, render, screen, waitFor } from '@testing-library/react';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Activity } from './app/events.js';
import { activitiesServer, app, PATIENCE, type ActivitiesServer, type App } from './world.js';

let server: ActivitiesServer;
let [ana, ben] = ['', ''];
beforeAll(async () => {
  server = await activitiesServer();
  [ana, ben] = [await server.login('ana'), await server.login('ben')];
}, PATIENCE.timeout);
afterAll(() => server.stop());

let it_: App;
let logged: string[];
const open = async (token: string | null = ana, online = true): Promise<App> => {
  it_ = await app({ url: server.url, user: 'ana', token: () => token }, online);
  return it_;
};
beforeEach(() => {
  logged = [];
  for (const name of ['log', 'warn'] as const) vi.spyOn(console, name).mockImplementation((...words) => void logged.push(words.map(String).join(' ')));
});
afterEach(() => {
  cleanup();
  it_.prelude.socketService.client.stop();
  vi.restoreAllMocks();
});

const made = async (title: string): Promise<Activity> => (await server.call(ben, 'POST', '/api/activities', { title })) as Activity;
const seen = async (id: string): Promise<Activity> => (await server.call(ben, 'GET', `/api/activities/${id}`)) as Activity;
const until = <T,>(look: () => T | Promise<T>): Promise<T> => vi.waitFor(look, PATIENCE);
const shown = (text: string | RegExp): Promise<HTMLElement> => screen.findByText(text, undefined, PATIENCE);
const inCache = (what: ReactNode): ReactNode => (
  <StrictMode>
    <QueryClientProvider client={it_.prelude.queryClient}>{what}</QueryClientProvider>
  </StrictMode>
);

describe('the quick start', () => {
  it('A5 Y4 C9 App connects, shows what others do without polling, and disconnects when it goes', { timeout: 120_000 }, async () => {
    const { prelude, snippet } = await open();
    const { id } = await made('Picnic');
    const { App } = (await snippet<{ App: ComponentType }>(1))();
    const { unmount } = render(inCache(<App />));
    await shown('Picnic 0');
    await until(() => expect(prelude.socketService.isConnected()).toBe(true));
    await until(() => expect(prelude.socketService.client.join('activities').state.get().status).toBe('joined'));
    const reads = vi.spyOn(globalThis, 'fetch');
    await server.call(ben, 'POST', `/api/activities/${id}/like`);
    await shown('Picnic 1');
    expect(reads.mock.calls.filter(([input]) => String(input).endsWith('/api/activities'))).toEqual([]);
    unmount();
    expect(prelude.socketService.isConnected()).toBe(false);
  });

  it('Y4 the migration guide: the same query before, polling, and after, kept right by events', { timeout: 120_000 }, async () => {
    const { prelude, snippet } = await open();
    await made('Hike');
    for (const number of [22, 23]) {
      const run = await snippet<{ data: Activity[] | undefined }>(number);
      const Block = (): ReactNode => <p>{`${number}: ${run().data?.some(({ title }) => title === 'Hike') === true ? 'has it' : 'waits'}`}</p>;
      const { unmount } = render(inCache(<Block />));
      await shown(`${number}: has it`);
      unmount();
      prelude.queryClient.clear();
    }
  });
});

describe('offline-first mutations', () => {
  interface Named { LikeButton: ComponentType<{ activity: Activity; activityId: string }> }

  /** The list with a button for one activity, and every text that the button showed. */
  async function list(id: string): Promise<{ button: HTMLElement; texts: string[] }> {
    const { prelude, snippet } = it_;
    const { LikeButton } = (await snippet<Named>(3))();
    const { OfflineStatus } = (await snippet<{ OfflineStatus: ComponentType }>(9))();
    const List = (): ReactNode => {
      prelude.useActivityRealtimeSync();
      const { data } = useQuery({ queryKey: ['activities'], queryFn: prelude.fetchActivities });
      const activity = data?.find((one) => one.id === id);
      return activity ? <LikeButton activity={activity} activityId={id} /> : null;
    };
    render(inCache(<><List /><OfflineStatus /></>));
    const button = await screen.findByRole('button', undefined, PATIENCE);
    const texts = [button.textContent ?? ''];
    new MutationObserver(() => {
      const text = button.textContent ?? '';
      if (text !== texts.at(-1)) texts.push(text);
    }).observe(button, { subtree: true, childList: true, characterData: true });
    return { button, texts };
  }

  it('A1 A2 Q16 a like in a tunnel shows at once, waits visibly, and is sent by endpoint and method when the network is back', { timeout: 120_000 }, async () => {
    const { id } = await made('Walk');
    const { prelude, network } = await open();
    const { button, texts } = await list(id);
    await prelude.socketService.connect();
    network.set(false);
    button.click();
    await shown('1 actions pending sync');
    expect(texts).toEqual(['❤️ 0', '❤️ 1']);
    expect((await seen(id)).likeCount).toBe(0);
    network.set(true);
    await until(async () => expect((await seen(id)).likeCount).toBe(1));
    await waitFor(() => expect(screen.queryByText(/pending sync/)).toBeNull(), PATIENCE);
    await until(() => expect(prelude.offlineQueue.client.outbox.get().writes).toEqual([]));
    expect(texts).toEqual(['❤️ 0', '❤️ 1']);
    expect(prelude.activitiesApi.likeActivity).not.toHaveBeenCalled();
  });

  it('A2 A3 a like that the server refuses is rolled back by onError', { timeout: 120_000 }, async () => {
    const { id } = await made('Swim');
    const { network } = await open();
    const { button, texts } = await list(id);
    network.set(false);
    button.click();
    await until(() => expect(texts).toEqual(['❤️ 0', '❤️ 1']));
    await server.call(ben, 'DELETE', `/api/activities/${id}`);
    network.set(true);
    await until(() => expect(it_.prelude.offlineQueue.getQueueStatus().parked).toBe(1));
    await until(() => expect(button.textContent === '❤️ 0' || !button.isConnected).toBe(true));
  });

  it('A1 the shorter form of the best practices', { timeout: 120_000 }, async () => {
    const { id } = await made('Run');
    const { prelude, snippet } = await open();
    const run = await snippet<{ likeMutation: { mutate: (id: string) => void } }>(11);
    const Block = (): ReactNode => {
      const { likeMutation } = run();
      return <button onClick={() => likeMutation.mutate(id)}>like</button>;
    };
    render(inCache(<Block />));
    (await screen.findByRole('button')).click();
    await until(async () => expect((await seen(id)).likeCount).toBe(1));
    expect(prelude.activitiesApi.likeActivity).not.toHaveBeenCalled();
  });
});

describe('the connection', () => {
  it('A5 connects with the stored token, says so, counts attempts, disconnects', { timeout: 120_000 }, async () => {
    const { prelude, snippet } = await open();
    expect(await (await snippet<Promise<unknown>>(4))()).toEqual({ isConnected: true, attempts: 0 });
    expect(prelude.socketService.isConnected()).toBe(false);
    await (await snippet<Promise<unknown>>(14))();
    expect(prelude.socketService.isConnected()).toBe(true);
  });

  it('A5 its errors have the sentences that apps compare, and stay within the snippet', { timeout: 120_000 }, async () => {
    const { prelude, snippet } = await open(null);
    await (await snippet<Promise<unknown>>(20))();
    await expect(prelude.socketService.connect()).rejects.toThrow('No auth token available');
    prelude.socketService.client.stop();
    const { prelude: away, snippet: again } = await open(ana, false);
    await (await again<Promise<unknown>>(20))();
    await expect(away.socketService.connect()).rejects.toThrow('No internet connection');
  });
});

describe('the queue', () => {
  it('A4 what is added has an id, is counted, and is sent by a pass', { timeout: 120_000 }, async () => {
    const { prelude, network, snippet } = await open(ana, false);
    await prelude.offlineQueue.client.process();
    const { queueId } = (await snippet<{ queueId: string }>(7))();
    expect(queueId).not.toBe('');
    await prelude.offlineQueue.durable(queueId);
    (await snippet(9))();
    expect(logged).toEqual(['Queue has 1 items']);
    network.set(true);
    // The server has no activity 123: it says so, and the write is kept.
    await until(() => expect(prelude.offlineQueue.getQueueStatus()).toMatchObject({ count: 0, parked: 1 }));
    expect(prelude.offlineQueue.client.outbox.get().writes).toMatchObject([{ id: queueId, variables: { userId: 'user-123' }, error: { status: 404 } }]);
  });

  it('A4 a pass says what it did: applied, and parked', { timeout: 120_000 }, async () => {
    const { id } = await made('Sing');
    const { prelude, snippet } = await open();
    const { offlineQueue } = prelude;
    offlineQueue.stopAutoProcessing();
    const ids = [id, 'nobody'].map((one) => offlineQueue.addToQueue({ endpoint: `/api/activities/${one}/like`, method: 'POST' }));
    await Promise.all(ids.map((one) => offlineQueue.durable(one)));
    const { result } = (await (await snippet<Promise<{ result: unknown }>>(8))()) as { result: unknown };
    expect(result).toEqual({ processed: 1, failed: 0, skipped: 1 });
    expect(logged[0]).toBe('Processed: 1, Failed: 0');
  });

  it('A4 what failed is told, and the queue can be looked at and cleared', { timeout: 120_000 }, async () => {
    const { prelude, snippet } = await open();
    const { offlineQueue } = prelude;
    offlineQueue.stopAutoProcessing();
    await offlineQueue.durable(offlineQueue.addToQueue({ endpoint: '/api/activities/nobody/like', method: 'POST' }));
    await (await snippet<Promise<unknown>>(21))();
    expect(logged).toContain('1 mutations exceeded max retries');
    await (await snippet<Promise<unknown>>(19))();
    await until(() => expect(offlineQueue.getQueueStatus()).toMatchObject({ count: 0, parked: 0 }));
  });
});
