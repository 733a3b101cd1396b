// The seed's snippets about events, rooms and the connection, run as they stand against the official Node server; one of them is the server's side.
import { StrictMode, useState, type ComponentType, type ReactNode } from 'react';
import { QueryClientProvider } from '@tanstack/react-query';
import { act, cleanup, render, screen, waitFor } from '@testing-library/react';
import type { Socket } from 'socket.io';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { app, nodeServer, PATIENCE, type App, type NodeServer } from './world.js';

let server: NodeServer;
let peers: Socket[];
let it_: App;
const logged: string[] = [];
const limit = { timeout: 120_000 };

async function open(connected: (socket: Socket) => void = () => undefined): Promise<App> {
  peers = [];
  logged.length = 0;
  vi.spyOn(console, 'log').mockImplementation((...words) => void logged.push(words.map(String).join(' ')));
  server = await nodeServer((socket) => {
    peers.push(socket);
    connected(socket);
  });
  it_ = await app({ url: server.url, user: 'ana', token: () => 'the-token', backend: 'foreign' });
  return it_;
}
afterEach(async () => {
  cleanup();
  it_.prelude.socketService.client.stop();
  await server.stop();
  vi.restoreAllMocks();
});

const until = <T,>(look: () => T | Promise<T>): Promise<T> => vi.waitFor(look, PATIENCE);
const inCache = (what: ReactNode): ReactNode => (
  <StrictMode>
    <QueryClientProvider client={it_.prelude.queryClient}>{what}</QueryClientProvider>
  </StrictMode>
);
/** Sends to the client, and returns when it has heard it. */
async function tell(event: string, ...args: unknown[]): Promise<void> {
  const told = new Promise<void>((resolve) => it_.prelude.socketService.client.listen('user:online', () => resolve()));
  server.io.emit(event, ...args);
  server.io.emit('user:online', { userId: 'ben' });
  await act(async () => told);
}

describe('events', () => {
  it('A5 C8 useSocketEvent hears its event, calls the handler and invalidates the named query only', limit, async () => {
    const { prelude, snippet } = await open();
    const { ActivityDetailScreen } = (await snippet<{ ActivityDetailScreen: ComponentType<{ activityId: string }> }>(2))();
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

  it('A5 C6 on, off, emit, and emit with an acknowledgement', limit, async () => {
    const heard: unknown[] = [];
    const { prelude, snippet } = await open((socket) => {
      socket.on('typing:start', (payload) => heard.push(payload));
      socket.on('message:send', (payload: { text: string }, answer: (value: unknown) => void) => answer({ got: payload.text }));
    });
    await prelude.socketService.connect();
    prelude.socketService.on('activity:updated', prelude.handler);
    expect(await (await snippet<Promise<unknown>>(5))()).toEqual({ response: { got: 'Hello' } });
    expect(heard).toEqual([{ chatId: '123' }]);
    await tell('activity:updated', { id: 'a1' });
    expect(logged).toEqual([expect.stringContaining('Activity updated:')]);
    expect(prelude.handler).not.toHaveBeenCalled(); // the snippet took it off
  });

  it('C8 the hook cleans up by itself, and so does the effect that does it by hand', limit, async () => {
    const { prelude, snippet } = await open();
    const run = await snippet(13);
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

  it('A5 socket debugging is switched on by localStorage.debug', limit, async () => {
    const { prelude, snippet } = await open();
    const debug = vi.spyOn(console, 'debug').mockImplementation(() => undefined);
    await prelude.socketService.connect();
    expect(debug).not.toHaveBeenCalled();
    (await snippet(18))();
    prelude.socketService.emit('typing:start', { chatId: '123' });
    localStorage.removeItem('debug');
    expect(debug.mock.calls).toEqual([['socket.io-client:socket emit typing:start']]);
  });
});

describe('rooms', () => {
  it('A5 C7 the server decides who may join, and its answer is the result', limit, async () => {
    let prelude: App['prelude'] | undefined;
    let serve: (() => unknown) | undefined;
    const made = await open((socket) => {
      prelude?.setSocket(Object.assign(socket, { userId: socket.handshake.auth.token === 'the-token' ? 'ana' : 'nobody' }));
      serve?.();
    });
    ({ prelude } = made);
    serve = await made.snippet(15);
    (await made.snippet(6))();
    await prelude.socketService.connect();
    await until(() => expect(peers[0]?.rooms.has('activity_a1')).toBe(false)); // joined and left
    expect(await prelude.socketService.joinRoom('activity_a1')).toMatchObject({ success: true });
    await until(() => expect(peers[0]?.rooms.has('activity_a1')).toBe(true));
    expect(await prelude.socketService.joinRoom('secret')).toEqual({ success: false, code: 'DENIED', error: 'Unauthorized' });
    expect(peers[0]?.rooms.has('secret')).toBe(false);
  });
});

describe('the connection', () => {
  it('A5 C5 the token is sent as the server reads it', limit, async () => {
    const { snippet } = await open();
    await (await snippet<Promise<unknown>>(14))();
    expect(peers[0]?.handshake.auth).toMatchObject({ token: 'the-token' });
  });

  it('A5 C10 the indicator shows while it connects and reconnects, and nothing while connected', limit, async () => {
    const { prelude, snippet } = await open();
    const { ConnectionIndicator } = (await snippet<{ ConnectionIndicator: ComponentType }>(12))();
    const Page = (): ReactNode => {
      const [shown] = useState(true);
      return shown ? <ConnectionIndicator /> : null;
    };
    render(inCache(<Page />));
    expect(screen.getByRole('status').textContent).toBe('Connecting...');
    await act(() => prelude.socketService.connect());
    await waitFor(() => expect(screen.queryByRole('status')).toBeNull(), PATIENCE);
    await server.stop();
    await waitFor(() => expect(screen.getByRole('status').textContent).toMatch(/^Reconnecting\.\.\. \([1-9]\)$/), PATIENCE);
  });
});
