// The seed's snippets as they stand, in React Native: App.tsx first, then likes in a tunnel, the queue, the connection. Against the real Activities server.
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { QueryClientProvider, useQuery } from '@tanstack/react-query';
import { longPolling } from '@tidewire/client';
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react-native';
import { StrictMode, type ComponentType, type ReactNode } from 'react';
import type { Activity } from '../../../../react/test/seed/app/events';
import { phone } from '../world';
import { server, type Server } from './server';
import { snippet } from './snippets';

type Prelude = typeof import('./prelude');

const PATIENCE = { timeout: 60_000, interval: 5 };
const runner = { require, jest };
let backend: Server;
let [ana, ben] = ['', ''];
let prelude: Prelude;
let tunnel: (dark: boolean) => Promise<void>;
const logged: string[] = [];

beforeAll(async () => {
  backend = await server();
  [ana, ben] = [await backend.login('ana'), await backend.login('ben')];
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
  tunnel = async (wanted) => {
    dark = wanted;
    if (dark) for (const cut of [...cuts]) cut();
    await network(!dark);
  };
  const { polling: _none, ...rest } = platform;
  const { setBackend } = require('../../../../react/test/seed/app/backend') as typeof import('../../../../react/test/seed/app/backend');
  setBackend({ url: backend.url, user: 'ana', token: () => ana, platform: { ...rest, socket: longPolling({ fetch: led }) }, fetch: led });
  prelude = require('./prelude') as Prelude;
  for (const name of ['log', 'warn'] as const) jest.spyOn(console, name).mockImplementation((...words: unknown[]) => void logged.push(words.map(String).join(' ')));
});
afterEach(() => {
  cleanup();
  logged.length = 0;
});
afterAll(async () => {
  prelude.socketService.client.stop();
  prelude.queryClient.clear();
  await backend.stop();
});

const made = async (title: string): Promise<Activity> => (await backend.call(ben, 'POST', '/api/activities', { title })) as Activity;
const seen = async (id: string): Promise<Activity> => (await backend.call(ben, 'GET', `/api/activities/${id}`)) as Activity;
const until = <T,>(look: () => T | Promise<T>): Promise<T> => waitFor(look as () => T, PATIENCE);
const shown = (text: string | RegExp): Promise<unknown> => screen.findByText(text, undefined, PATIENCE);
const inCache = (what: ReactNode): ReactNode => (
  <StrictMode>
    <QueryClientProvider client={prelude.queryClient}>{what}</QueryClientProvider>
  </StrictMode>
);

it('A5 Y4 C9 App.tsx connects, shows what others do without polling, and disconnects when it goes', async () => {
  const { id } = await made('Picnic');
  const { App } = snippet<{ App: ComponentType }>(1, runner)();
  render(inCache(<App />) as React.JSX.Element);
  await shown('Picnic 0');
  await until(() => expect(prelude.socketService.isConnected()).toBe(true));
  await until(() => expect(prelude.socketService.client.join('activities').state.get().status).toBe('joined'));
  await backend.call(ben, 'POST', `/api/activities/${id}/like`);
  await shown('Picnic 1');
  screen.unmount();
  expect(prelude.socketService.isConnected()).toBe(false);
});

it('A1 A2 Q16 a like in a tunnel shows at once, waits visibly, and is sent once the tunnel ends', async () => {
  const { id } = await made('Walk');
  prelude.queryClient.clear();
  const { LikeButton } = snippet<{ LikeButton: ComponentType<{ activity: Activity; activityId: string }> }>(3, runner)();
  const { OfflineStatus } = snippet<{ OfflineStatus: ComponentType }>(9, runner)();
  const List = (): ReactNode => {
    prelude.useActivityRealtimeSync();
    const { data } = useQuery({ queryKey: ['activities'], queryFn: prelude.fetchActivities });
    const activity = data?.find((one) => one.id === id);
    return activity ? <LikeButton activity={activity} activityId={id} /> : null;
  };
  render(inCache(<><List /><OfflineStatus /></>) as React.JSX.Element);
  await shown('❤️ 0');
  await act(() => prelude.socketService.connect());
  // App.tsx has stopped it when it went.
  prelude.offlineQueue.startAutoProcessing();
  await tunnel(true);
  fireEvent.press(screen.getByText('❤️ 0'));
  await shown('❤️ 1');
  await shown('1 actions pending sync');
  expect((await seen(id)).likeCount).toBe(0);
  await tunnel(false);
  await until(async () => expect((await seen(id)).likeCount).toBe(1));
  await until(() => expect(screen.queryByText(/pending sync/)).toBeNull());
  expect(screen.getByText('❤️ 1')).toBeTruthy();
});

it('C10 the indicator shows that it reconnects, and nothing while connected', async () => {
  const { ConnectionIndicator } = snippet<{ ConnectionIndicator: ComponentType }>(12, runner)();
  render(inCache(<ConnectionIndicator />) as React.JSX.Element);
  await act(() => prelude.socketService.connect());
  await until(() => expect(screen.queryByRole('alert')).toBeNull());
  await tunnel(true);
  await until(() => expect(screen.getByRole('alert')).toBeTruthy());
  await tunnel(false);
  await until(() => expect(screen.queryByRole('alert')).toBeNull());
});

it('A4 the queue: added, counted, and sent by a pass that says what it did', async () => {
  const { id } = await made('Sing');
  const { offlineQueue } = prelude;
  offlineQueue.stopAutoProcessing();
  const { queueId } = snippet<{ queueId: string }>(7, runner)();
  await offlineQueue.durable(queueId);
  await offlineQueue.durable(offlineQueue.addToQueue({ endpoint: `/api/activities/${id}/like`, method: 'POST' }));
  const { result } = await snippet<Promise<{ result: unknown }>>(8, runner)();
  // The server has no activity 123: it says so, and the write is kept.
  expect(result).toEqual({ processed: 1, failed: 0, skipped: 1 });
  expect(logged[0]).toBe('Processed: 1, Failed: 0');
  expect((await seen(id)).likeCount).toBe(1);
});

it('A5 the connection: asked for, counted, ended', async () => {
  expect(await snippet<Promise<unknown>>(4, runner)()).toEqual({ isConnected: true, attempts: 0 });
  expect(prelude.socketService.isConnected()).toBe(false);
});
