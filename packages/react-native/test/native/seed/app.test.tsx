// The seed's snippets that read and write, as they stand, in React Native: App.tsx first, then likes, the queue, what goes wrong. Against the real Activities server.
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { QueryClientProvider, useQuery } from '@tanstack/react-query';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react-native';
import { StrictMode, type ComponentType, type ReactNode } from 'react';
import { Text } from 'react-native';
import type { Activity } from '../../../../react/test/seed/app/events';
import { server, type Server } from './server';
import { snippet } from './snippets';
import { app, PATIENCE, until, type App } from './world';

const runner = { require, jest };
let backend: Server;
let [ana, ben] = ['', ''];
let signedOut = false;
let prelude: App['prelude'];
let tunnel: App['tunnel'];
let logged: string[];

beforeAll(async () => {
  backend = await server();
  [ana, ben] = [await backend.login('ana'), await backend.login('ben')];
  ({ prelude, tunnel, logged } = app({ url: backend.url, user: 'ana', token: () => (signedOut ? null : ana) }));
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

it('Y4 the migration guide: the same query before, polling, and after, kept right by events', async () => {
  await made('Hike');
  for (const number of [22, 23]) {
    prelude.queryClient.clear();
    const run = snippet<{ data: Activity[] | undefined }>(number, runner);
    const Block = (): ReactNode => <Text>{`${number}: ${run().data?.some(({ title }) => title === 'Hike') === true ? 'has it' : 'waits'}`}</Text>;
    const { unmount } = render(inCache(<Block />) as React.JSX.Element);
    await shown(`${number}: has it`);
    unmount();
  }
});

it('A5 Y4 the one line of the best practices keeps a list right', async () => {
  const { id } = await made('Row');
  prelude.queryClient.clear();
  const sync = snippet(10, runner);
  const List = (): ReactNode => {
    sync();
    return <prelude.RootNavigator />;
  };
  render(inCache(<List />) as React.JSX.Element);
  await shown('Row 0');
  await act(() => prelude.socketService.connect());
  // The hook alone holds the room when this handle is given up.
  const room = prelude.socketService.client.join('activities');
  await room.result;
  room.leave();
  await backend.call(ben, 'POST', `/api/activities/${id}/like`);
  await shown('Row 1');
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

it('A2 A3 a like that the server refuses is rolled back by onError', async () => {
  const { id } = await made('Swim');
  const { LikeButton } = snippet<{ LikeButton: ComponentType<{ activity: Activity; activityId: string }> }>(3, runner)();
  prelude.queryClient.setQueryData(['activities'], [await seen(id)]);
  const Row = (): ReactNode => {
    const { data } = useQuery({ queryKey: ['activities'], queryFn: prelude.fetchActivities, enabled: false });
    return data?.[0] ? <LikeButton activity={data[0]} activityId={id} /> : null;
  };
  render(inCache(<Row />) as React.JSX.Element);
  await tunnel(true);
  fireEvent.press(await screen.findByText('❤️ 0'));
  await shown('❤️ 1');
  await backend.call(ben, 'DELETE', `/api/activities/${id}`);
  await tunnel(false);
  await shown('❤️ 0');
  expect(prelude.offlineQueue.getQueueStatus().parked).toBe(1);
});

it('A1 the shorter form of the best practices', async () => {
  const { id } = await made('Run');
  const run = snippet<{ likeMutation: { mutate: (id: string) => void } }>(11, runner);
  const Block = (): ReactNode => {
    const { likeMutation } = run();
    return <Text onPress={() => likeMutation.mutate(id)}>like</Text>;
  };
  render(inCache(<Block />) as React.JSX.Element);
  fireEvent.press(screen.getByText('like'));
  await until(async () => expect((await seen(id)).likeCount).toBe(1));
  expect(prelude.activitiesApi.likeActivity).not.toHaveBeenCalled();
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

it('A4 what failed is told, and the queue can be looked at and cleared', async () => {
  const { offlineQueue } = prelude;
  const parked = offlineQueue.getQueueStatus().parked;
  await offlineQueue.durable(offlineQueue.addToQueue({ endpoint: '/api/activities/nobody/like', method: 'POST' }));
  await snippet<Promise<unknown>>(21, runner)();
  expect(logged).toContain('1 mutations exceeded max retries');
  expect(offlineQueue.getQueueStatus().parked).toBe(parked + 1);
  await snippet<Promise<unknown>>(19, runner)();
  await until(() => expect(offlineQueue.getQueueStatus()).toMatchObject({ count: 0, parked: 0 }));
});

it('A5 the connection: asked for, counted, ended', async () => {
  expect(await snippet<Promise<unknown>>(4, runner)()).toEqual({ isConnected: true, attempts: 0 });
  expect(prelude.socketService.isConnected()).toBe(false);
});

it('A5 its errors have the sentences that apps compare, and stay within the snippet', async () => {
  const run = snippet<Promise<unknown>>(20, runner);
  signedOut = true;
  await run();
  await expect(prelude.socketService.connect()).rejects.toThrow('No auth token available');
  signedOut = false;
  await tunnel(true);
  await run();
  await expect(prelude.socketService.connect()).rejects.toThrow('No internet connection');
  await tunnel(false);
});
