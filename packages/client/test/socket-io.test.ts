// The facade and the official client, side by side against the official server: what holds for both stands here once. The cases follow the official client's own suite, in our words.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Socket as Peer } from 'socket.io';
import { io as official } from 'socket.io-client';
import { io as facade, type ManagerOptions } from '../src/socket-io.js';
import { nodeServer, type NodeServer } from './support/node-server.js';

/** What the cases use of either. */
interface Client {
  id?: string | undefined;
  connected: boolean;
  disconnected: boolean;
  active: boolean;
  volatile: Client;
  auth: unknown;
  io: { on(event: string, listener: (...args: never[]) => unknown): unknown; engine: { close(): void; transport: { name: string } } | undefined; reconnection(on?: boolean): unknown };
  connect(): unknown;
  disconnect(): unknown;
  timeout(milliseconds: number): Client;
  emit(event: string, ...args: unknown[]): unknown;
  emitWithAck(event: string, ...args: unknown[]): Promise<unknown>;
  on(event: string, listener: (...args: never[]) => unknown): unknown;
  once(event: string, listener: (...args: never[]) => unknown): unknown;
  off(event?: string, listener?: (...args: never[]) => unknown): unknown;
  listeners(event: string): unknown[];
  hasListeners(event: string): boolean;
  onAny(listener: (...args: never[]) => unknown): unknown;
  prependAny(listener: (...args: never[]) => unknown): unknown;
  offAny(listener?: (...args: never[]) => unknown): unknown;
  onAnyOutgoing(listener: (...args: never[]) => unknown): unknown;
  offAnyOutgoing(listener?: (...args: never[]) => unknown): unknown;
}

describe.each([
  ['official', official as unknown as (uri: string, options?: ManagerOptions) => Client],
  ['facade', facade as unknown as (uri: string, options?: ManagerOptions) => Client],
])('C1 P3 %s', { timeout: 60_000 }, (_name, io) => {
  let server: NodeServer;
  let peer: Peer | undefined;
  const open: Client[] = [];

  beforeEach(async () => {
    const serve = (socket: Peer): void => {
      peer = socket;
      socket.on('echo', (value: unknown, answer: (value: unknown) => void) => answer(value));
      socket.on('back', (...args: unknown[]) => socket.emit('back', ...args));
      socket.on('handshake', (answer: (value: unknown) => void) => answer({ query: socket.handshake.query, auth: socket.handshake.auth as unknown }));
      socket.on('leave', () => socket.disconnect());
      socket.on('break', () => socket.conn.close());
    };
    server = await nodeServer({ transports: ['polling'] }, serve);
    server.io.of('/custom').on('connection', serve);
    server.io.of('/closed').use((_socket, next) => next(new Error('Auth failed')));
  });
  afterEach(async () => {
    for (const socket of open.splice(0)) socket.disconnect();
    await server.stop();
  });

  const make = (path = '/', options: ManagerOptions = {}): Client => {
    const socket = io(`${server.url}${path}`, { transports: ['polling'], ...options, ...({ forceNew: true } as object) });
    open.push(socket);
    return socket;
  };
  const heard = <T>(socket: Client, event: string): Promise<T> => new Promise((resolve) => socket.once(event, (value: T) => resolve(value)));
  const connected = async (path?: string, options?: ManagerOptions): Promise<Client> => {
    const socket = make(path, options);
    await heard(socket, 'connect');
    return socket;
  };

  it.each(['/', '/custom'])('has the id that the server knows (%s), none after a disconnect, another after the next connect', async (path) => {
    const socket = await connected(path);
    const before = socket.id;
    expect(before).toBe(peer?.id);
    socket.disconnect();
    expect([socket.id, socket.connected, socket.disconnected, socket.active]).toEqual([undefined, false, true, false]);
    socket.connect();
    await heard(socket, 'connect');
    expect(socket.id).toBe(peer?.id);
    expect(socket.id).not.toBe(before);
  });

  it('does not connect by itself with autoConnect: false', async () => {
    const socket = make('/', { autoConnect: false });
    expect([socket.active, socket.connected]).toEqual([false, false]);
    socket.connect();
    await heard(socket, 'connect');
    expect(socket.active).toBe(true);
  });

  it('says connect_error where nobody listens, and goes on trying', async () => {
    const socket = io('http://127.0.0.1:9', { transports: ['polling'] });
    open.push(socket);
    expect(await heard(socket, 'connect_error')).toBeInstanceOf(Error);
    expect(socket.active).toBe(true);
  });

  it('without reconnection tries once', async () => {
    const socket = io('http://127.0.0.1:9', { transports: ['polling'], reconnection: false });
    open.push(socket);
    await heard(socket, 'connect_error');
    await vi.waitFor(() => expect(socket.connected).toBe(false));
  });

  it('socket.io tells of its tries: the end of a session, each new try, the session after it', async () => {
    const socket = await connected();
    const told: unknown[] = [];
    for (const event of ['close', 'reconnect_attempt', 'reconnect', 'reconnect_failed']) socket.io.on(event, (...args: unknown[]) => told.push(event, ...(event === 'close' ? [] : args)));
    socket.on('disconnect', () => told.push('disconnect'));
    socket.on('connect', () => told.push('connect'));
    expect(socket.io.engine?.transport.name).toBe('polling');
    const again = heard(socket, 'connect');
    socket.io.engine?.close();
    await again;
    expect(told).toEqual(['disconnect', 'close', 'reconnect_attempt', 1, 'reconnect', 1, 'connect']);
  });

  it('reconnectionAttempts: so many more tries, then reconnect_failed and nothing more, until it is connected by hand', async () => {
    const socket = io('http://127.0.0.1:9', { transports: ['polling'], reconnectionAttempts: 1 });
    open.push(socket);
    const told: string[] = [];
    for (const event of ['error', 'reconnect_attempt', 'reconnect_error']) socket.io.on(event, () => told.push(event));
    const over = (): Promise<unknown> => new Promise((resolve) => socket.io.on('reconnect_failed', () => resolve(undefined)));
    await over();
    expect(told).toEqual(['error', 'reconnect_attempt', 'error', 'reconnect_error']);
    expect(socket.connected).toBe(false);
    const again = over();
    socket.connect();
    await again;
    expect(told.filter((event) => event === 'reconnect_attempt')).toHaveLength(2);
  });

  it('timeout: a try that takes longer is a connect_error', async () => {
    const socket = make('/', { timeout: 0 });
    expect(await heard<Error>(socket, 'connect_error')).toMatchObject({ message: 'timeout' });
  });

  it('socket.io.reconnection(false): the next loss is the last one', async () => {
    const socket = await connected();
    socket.io.reconnection(false);
    const attempt = vi.fn();
    socket.io.on('reconnect_attempt', attempt);
    const lost = heard(socket, 'disconnect');
    socket.io.engine?.close();
    await lost;
    // Only by hand does it come back, which is no new try.
    const again = heard(socket, 'connect');
    socket.connect();
    await again;
    expect(attempt).not.toHaveBeenCalled();
  });

  it('connects without a token where auth has none, and asks the auth that is set by the next try', async () => {
    const socket = await connected('/', { auth: {} });
    expect(await socket.emitWithAck('handshake')).toMatchObject({ auth: {} });
    socket.auth = { token: 'later' };
    socket.disconnect();
    socket.connect();
    await heard(socket, 'connect');
    expect(await socket.emitWithAck('handshake')).toMatchObject({ auth: { token: 'later' } });
  });

  it('a middleware that says no: connect_error with its message, and no more attempts', async () => {
    const socket = make('/closed');
    expect(await heard<Error>(socket, 'connect_error')).toMatchObject({ message: 'Auth failed' });
    expect(socket.active).toBe(false);
  });

  it('sends its query, encoded, also one in the address', async () => {
    const one = await connected('/', { query: { a: 'b', '&a': '&=?a' } });
    expect(await one.emitWithAck('handshake')).toMatchObject({ query: { a: 'b', '&a': '&=?a' } });
    const two = await connected('/custom?b=c&d=e');
    expect(await two.emitWithAck('handshake')).toMatchObject({ query: { b: 'c', d: 'e' } });
  });

  it.each([['object', { token: 'abcd' }], ['function', (give: (auth: { token: string }) => void) => give({ token: 'abcd' })]] as const)('sends the token of an auth %s', async (_form, auth) => {
    const socket = await connected('/', { auth });
    expect(await socket.emitWithAck('handshake')).toMatchObject({ auth: { token: 'abcd' } });
  });

  it('emits in order, those from before the connection too', async () => {
    const socket = make();
    const order: unknown[] = [];
    socket.on('back', (value: unknown) => order.push(value));
    for (const value of [1, 2, 3]) socket.emit('back', value);
    await heard(socket, 'connect');
    socket.emit('back', 4);
    await socket.emitWithAck('echo', 'end');
    expect(order).toEqual([1, 2, 3, 4]);
  });

  it('carries any JSON and bytes, in events and acknowledgements', async () => {
    const socket = await connected();
    for (const value of [false, null, 0, 'てすと Ää 🌊', { deep: [1, { x: null }] }]) expect(await socket.emitWithAck('echo', value)).toEqual(value);
    const bytes = Uint8Array.from([1, 2, 255]);
    const back = new Promise<unknown[]>((resolve) => socket.once('back', (...args: unknown[]) => resolve(args)));
    socket.emit('back', { bytes }, bytes, 'text');
    const [first, second, third] = (await back) as [{ bytes: Uint8Array }, Uint8Array, string];
    expect([[...first.bytes], [...second], third]).toEqual([[1, 2, 255], [1, 2, 255], 'text']);
  });

  it('calls an acknowledgement back, and answers the server\'s', async () => {
    const socket = await connected();
    expect(await new Promise((resolve) => socket.emit('echo', 7, resolve))).toBe(7);
    socket.on('question', (what: string, answer: (...args: unknown[]) => void) => answer(`${what}!`, 2));
    expect(await new Promise((resolve) => peer?.emit('question', 'so', (...args: unknown[]) => resolve(args)))).toEqual(['so!', 2]);
  });

  it('drops a volatile event while it is not connected', async () => {
    const socket = make('/', { autoConnect: false });
    const got: unknown[] = [];
    socket.on('back', (value: unknown) => got.push(value));
    socket.volatile.emit('back', 'lost');
    socket.emit('back', 'kept');
    socket.connect();
    await heard(socket, 'connect');
    await socket.emitWithAck('echo', 1);
    expect(got).toEqual(['kept']);
  });

  it('tells those who hear everything, in their order, in both directions', async () => {
    const socket = await connected();
    const log: string[] = [];
    const second = (event: string, value: unknown): unknown => log.push(`second ${event} ${String(value)}`);
    socket.onAny(second);
    socket.prependAny((event: string) => log.push(`first ${event}`));
    const out = (event: string, value: unknown): unknown => log.push(`out ${event} ${String(value)}`);
    socket.onAnyOutgoing(out);
    socket.on('back', () => log.push('own'));
    socket.emit('back', 'x');
    await heard(socket, 'back');
    socket.offAny(second);
    socket.offAnyOutgoing(out);
    socket.emit('back', 'y');
    await heard(socket, 'back');
    expect(log).toEqual(['out back x', 'first back', 'second back x', 'own', 'first back', 'own']);
  });

  it('a timeout ends an acknowledgement with an error, whether connected or not', async () => {
    const away = make('/', { autoConnect: false });
    expect(await new Promise((resolve) => away.timeout(50).emit('event', resolve))).toMatchObject({ message: 'operation has timed out' });
    const socket = await connected();
    expect(await new Promise((resolve) => socket.timeout(50).emit('unknown', resolve))).toMatchObject({ message: 'operation has timed out' });
    await expect(socket.timeout(50).emitWithAck('unknown')).rejects.toMatchObject({ message: 'operation has timed out' });
    expect(await new Promise((resolve) => socket.timeout(50_000).emit('echo', 42, (...args: unknown[]) => resolve(args)))).toEqual([null, 42]);
    expect(await socket.timeout(50_000).emitWithAck('echo', 42)).toBe(42);
  });

  it('an acknowledgement that a disconnect cuts off: an error with a timeout or a promise, nothing for a bare callback', async () => {
    const socket = await connected();
    const bare = vi.fn();
    socket.emit('unknown', bare);
    const timed = new Promise((resolve) => socket.timeout(50_000).emit('unknown', resolve));
    const promised = socket.emitWithAck('unknown').catch((error: unknown) => error);
    socket.emit('break');
    expect(await Promise.all([timed, promised])).toEqual([expect.objectContaining({ message: 'socket has been disconnected' }), expect.objectContaining({ message: 'socket has been disconnected' })]);
    expect(bare).not.toHaveBeenCalled();
  });

  it('refuses the names of its own events', () => {
    const socket = make('/', { autoConnect: false });
    expect(() => socket.emit('disconnecting', 'x')).toThrow('"disconnecting" is a reserved event name');
  });

  it('registers, counts and forgets listeners', async () => {
    const socket = await connected();
    const got: string[] = [];
    const twice = (): unknown => got.push('twice');
    socket.on('back', twice);
    socket.on('back', twice);
    socket.once('back', () => got.push('once'));
    expect([socket.listeners('back').length, socket.hasListeners('back'), socket.hasListeners('other')]).toEqual([3, true, false]);
    socket.off('back', twice);
    socket.emit('back');
    await socket.emitWithAck('echo', 1);
    socket.emit('back');
    await socket.emitWithAck('echo', 1);
    expect(got).toEqual(['twice', 'once', 'twice']);
    socket.off('back');
    expect(socket.hasListeners('back')).toBe(false);
  });

  it('tells why it is disconnected: its own wish, or the server\'s', async () => {
    const socket = await connected();
    const own = heard(socket, 'disconnect');
    socket.disconnect();
    expect(await own).toBe('io client disconnect');
    socket.connect();
    await heard(socket, 'connect');
    const theirs = heard(socket, 'disconnect');
    socket.emit('leave');
    expect(await theirs).toBe('io server disconnect');
  });

  it('comes back by itself after a lost link', async () => {
    const socket = await connected();
    const lost = heard(socket, 'disconnect');
    const again = heard(socket, 'connect');
    socket.emit('break');
    expect(['transport close', 'io server disconnect']).toContain(await lost); // ours cannot tell a closed engine from a kicked socket
    await again;
    expect(await socket.emitWithAck('echo', 'here')).toBe('here');
  });
});
