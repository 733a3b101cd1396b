// The seed's snippets about events, rooms and the connection, as they stand, in React Native; against the official Node server, whose side one of them is.
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { QueryClientProvider } from '@tanstack/react-query';
import { act, cleanup, render } from '@testing-library/react-native';
import { StrictMode, type ComponentType, type ReactNode } from 'react';
import type { Socket } from 'socket.io';
import { snippet } from './snippets';
import { app, nodeServer, until, type App, type NodeServer } from './world';

const runner = { require, jest };
let server: NodeServer;
let prelude: App['prelude'];
let logged: string[];
let serve: (socket: Socket) => void;
let peers: Socket[];

beforeAll(async () => {
  server = await nodeServer((socket) => {
    peers.push(socket);
    serve(socket);
  });
  ({ prelude, logged } = app({ url: server.url, user: 'ana', token: () => 'the-token', backend: 'foreign' }));
});
beforeEach(() => {
  [peers, serve] = [[], () => undefined];
  logged.length = 0;
});
afterEach(() => {
  cleanup();
  prelude.socketService.disconnect();
});
afterAll(async () => {
  prelude.socketService.client.stop();
  prelude.queryClient.clear();
  await server.stop();
});

const inCache = (what: ReactNode): React.JSX.Element => (
  <StrictMode>
    <QueryClientProvider client={prelude.queryClient}>{what}</QueryClientProvider>
  </StrictMode>
);
/** Sends to the client, and returns when it has heard it. */
async function tell(event: string, ...args: unknown[]): Promise<void> {
  let stop = (): void => undefined;
  const told = new Promise<void>((resolve) => (stop = prelude.socketService.client.listen('user:online', () => resolve())));
  server.io.emit(event, ...args);
  server.io.emit('user:online', { userId: 'ben' });
  await act(() => told);
  stop();
}

it('A5 C8 useSocketEvent hears its event, calls the handler and invalidates the named query only', async () => {
  const { ActivityDetailScreen } = snippet<{ ActivityDetailScreen: ComponentType<{ activityId: string }> }>(2, runner)();
  for (const id of ['a1', 'a2']) prelude.queryClient.setQueryData(prelude.queryKeys.activities.detail(id), { id });
  const { unmount } = render(inCache(<ActivityDetailScreen activityId="a1" />));
  await prelude.socketService.connect();
  await tell('activity:updated', { id: 'a2' });
  expect(logged).toEqual([]);
  await tell('activity:updated', { id: 'a1' });
  expect(logged).toEqual(['Activity updated in real-time!']);
  const invalid = (id: string): boolean | undefined => prelude.queryClient.getQueryState(prelude.queryKeys.activities.detail(id))?.isInvalidated;
  expect([invalid('a1'), invalid('a2')]).toEqual([true, false]);
  unmount();
  await tell('activity:updated', { id: 'a1' });
  expect(logged).toHaveLength(1);
});

it('A5 C6 on, off, emit, and emit with an acknowledgement', async () => {
  const heard: unknown[] = [];
  serve = (socket) => {
    socket.on('typing:start', (payload) => heard.push(payload));
    socket.on('message:send', (payload: { text: string }, answer: (value: unknown) => void) => answer({ got: payload.text }));
  };
  await prelude.socketService.connect();
  prelude.socketService.on('activity:updated', prelude.handler);
  expect(await snippet<Promise<unknown>>(5, runner)()).toEqual({ response: { got: 'Hello' } });
  expect(heard).toEqual([{ chatId: '123' }]);
  await tell('activity:updated', { id: 'a1' });
  expect(logged).toEqual([expect.stringContaining('Activity updated:')]);
  expect(prelude.handler).not.toHaveBeenCalled(); // the snippet took it off
});

it('A5 C7 the server decides who may join, and its answer is the result', async () => {
  const left: unknown[] = [];
  const side = snippet(15, runner);
  serve = (socket) => {
    socket.on('room:leave', (room) => left.push(room));
    prelude.setSocket(Object.assign(socket, { userId: socket.handshake.auth['token'] === 'the-token' ? 'ana' : 'nobody' }));
    side();
  };
  await prelude.socketService.connect();
  snippet(6, runner)(); // joins and leaves
  await until(() => expect(left).toEqual([{ roomId: 'activity_a1' }]));
  expect(await prelude.socketService.joinRoom('activity_a1')).toMatchObject({ success: true });
  await until(() => expect(peers[0]?.rooms.has('activity_a1')).toBe(true));
  expect(await prelude.socketService.joinRoom('secret')).toEqual({ success: false, code: 'DENIED', error: 'Unauthorized' });
  expect(peers[0]?.rooms.has('secret')).toBe(false);
});

it('C8 the hook cleans up by itself, and so does the effect that does it by hand', async () => {
  const run = snippet(13, runner);
  const Block = (): ReactNode => {
    run();
    return null;
  };
  const { unmount } = render(inCache(<Block />));
  await prelude.socketService.connect();
  await tell('activity:updated', { id: 'a1' });
  expect(prelude.handleUpdate).toHaveBeenCalledTimes(2);
  unmount();
  await tell('activity:updated', { id: 'a1' });
  expect(prelude.handleUpdate).toHaveBeenCalledTimes(2);
});

it('A5 C5 the token is sent as the server reads it', async () => {
  await snippet<Promise<unknown>>(14, runner)();
  expect(peers[0]?.handshake.auth).toMatchObject({ token: 'the-token' });
});

it('A5 debugging is switched on as the seed says where the app has made a localStorage', async () => {
  const debug = jest.spyOn(console, 'debug').mockImplementation(() => undefined);
  Object.assign(globalThis, { localStorage: prelude.localStorage });
  await prelude.socketService.connect();
  expect(debug).not.toHaveBeenCalled();
  snippet(18, runner)();
  prelude.socketService.emit('typing:start', { chatId: '123' });
  delete prelude.localStorage.debug;
  expect(debug.mock.calls).toEqual([['socket.io-client:socket emit typing:start']]);
  debug.mockRestore();
});
