import { describe, expect, it, vi } from 'vitest';
import type { ConnectionState } from '../src/generated/protocol.js';
import { FakePlatform, quiet } from './support/platform.js';
import { rig } from './support/rig.js';

const state = (state: ConnectionState) => ({ kind: 'Connection', state }) as const;
const connecting = state({ kind: 'Connecting', attempt: 1 });
const connected = state({ kind: 'Connected', sid: 's1', tidewire: true });

describe('A5 connect() reports the first attempt', () => {
  it('resolves once connected, not before', async () => {
    const { tw, engine, say } = rig();
    engine.onCommand = () => ({ outputs: [connecting] });
    let done = false;
    const first = tw.connect().then(() => (done = true));
    await quiet();
    expect(done).toBe(false);
    await say(connected);
    await first;
    expect(tw.connection.get()).toEqual({ status: 'connected', sid: 's1', tidewire: true });
  });

  it.each([
    [{ kind: 'Paused', reason: 'Offline' }, 'OFFLINE', 'No internet connection'],
    [{ kind: 'Waiting', attempt: 2, until: 5_000, reason: 'NoToken' }, 'AUTH', 'No auth token available'],
    [{ kind: 'Waiting', attempt: 2, until: 5_000, reason: 'AttemptTimeout' }, 'TIMEOUT', undefined],
    [{ kind: 'Waiting', attempt: 2, until: 5_000, reason: 'Unreachable' }, 'UNREACHABLE', undefined],
    [{ kind: 'Refused', code: 'AUTH', message: 'Token expired' }, 'AUTH', 'Token expired'],
  ] satisfies [ConnectionState, string, string | undefined][])('rejects on %j', async (next, code, message) => {
    const { tw, engine } = rig();
    engine.onCommand = () => ({ outputs: [connecting, state(next)] });
    const error: unknown = await tw.connect().catch((error: unknown) => error);
    expect(error).toMatchObject({ name: 'TidewireError', code, ...(message === undefined ? {} : { message }) });
  });

  it("C5 waits for the fresh try after a first refusal, and rejects with the server's own code and sentence", async () => {
    const { tw, engine, say } = rig();
    engine.onCommand = () => ({ outputs: [connecting] });
    const told = vi.fn();
    tw.connect().catch(told);
    await say(state({ kind: 'Waiting', attempt: 2, until: 5_000, reason: 'Refused' }));
    expect(told).not.toHaveBeenCalled();
    await say(state({ kind: 'Refused', code: 'CLOSED', message: 'Not before noon' }));
    expect(told).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'CLOSED', message: 'Not before noon' }));
  });

  it("says the seed's sentence when the app has no token, whatever the engine's sentence is", async () => {
    const { tw, engine, say } = rig({ token: () => null });
    engine.onCommand = () => ({ outputs: [connecting, { kind: 'FetchAuth', auth: 1, fresh: false }] });
    const first = tw.connect().catch((error: unknown) => error);
    await quiet();
    expect(engine.last('Auth')).toEqual({ kind: 'Auth', auth: 1, result: { kind: 'Missing' } });
    await say(state({ kind: 'Refused', code: 'AUTH', message: '' }));
    expect(await first).toMatchObject({ code: 'AUTH', message: 'No auth token available' });
  });

  it('answers at once where nothing will change: connected already, or offline already', async () => {
    const { tw, engine, say } = rig();
    engine.onCommand = () => ({ outputs: [connecting, connected] });
    await tw.connect();
    engine.onCommand = () => ({});
    await tw.connect();
    await say(state({ kind: 'Paused', reason: 'Offline' }));
    await expect(tw.connect()).rejects.toMatchObject({ code: 'OFFLINE' });
  });

  it('never surfaces a rejection that nobody awaits', async () => {
    const surfaced = vi.fn();
    process.on('unhandledRejection', surfaced);
    const { tw, engine } = rig();
    engine.onCommand = () => ({ outputs: [state({ kind: 'Paused', reason: 'Offline' })] });
    void tw.connect();
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', surfaced);
    expect(surfaced).not.toHaveBeenCalled();
  });

  it('keeps the wish over stop and start; disconnect() ends it', async () => {
    const { tw, engine } = rig();
    void tw.connect();
    tw.stop();
    engine.batches.length = 0;
    tw.start();
    expect(engine.kinds()).toContain('Connect');
    tw.disconnect();
    tw.stop();
    engine.batches.length = 0;
    tw.start();
    await quiet();
    expect(engine.kinds()).not.toContain('Connect');
  });
});

describe('C10 the connection is observable', () => {
  it('keeps the identity of a snapshot and notifies once per drain', async () => {
    const { tw, say } = rig();
    tw.start();
    const seen = vi.fn();
    tw.connection.subscribe(seen);
    await say(connecting, connected);
    expect(seen).toHaveBeenCalledTimes(1);
    expect(tw.connection.get()).toBe(tw.connection.get());
    await say();
    expect(seen).toHaveBeenCalledTimes(1);
  });

  it('says nothing where nothing changed', async () => {
    const { tw, say } = rig();
    tw.start();
    const seen = vi.fn();
    tw.connection.subscribe(seen);
    await say(state({ kind: 'Idle' }));
    expect(seen).not.toHaveBeenCalled();
  });

  it('shows the next attempt in wall time', async () => {
    const { tw, platform, say } = rig();
    tw.start();
    await say(state({ kind: 'Waiting', attempt: 3, until: platform.mono + 2_000, reason: 'Lost' }));
    expect(tw.connection.get()).toEqual({ status: 'waiting', attempt: 3, nextAttemptAt: platform.wall + 2_000, reason: 'Lost' });
  });
});

describe('links', () => {
  it('C1 opens the socket at the backend, passes frames with their head, and sends text with the body that it kept', async () => {
    const { tw, engine, platform, say } = rig();
    tw.start();
    await say({ kind: 'Open', link: 7, transport: 'WebSocket' });
    const [socket] = platform.sockets;
    expect(socket?.url).toBe('http://server/socket.io/');
    socket?.events.opened();
    socket?.events.text('42["hello",{"a":1}]');
    socket?.events.binary(new Uint8Array(12));
    await quiet();
    expect(engine.last('Opened')).toEqual({ kind: 'Opened', link: 7 });
    const received = engine.messages.filter(({ kind }) => kind === 'Received');
    expect(received).toMatchObject([
      { link: 7, head: '42["hello",{"a":1}]', length: 19, body: { kind: 'Json' } },
    ]);
    expect(engine.last('ReceivedBinary')).toMatchObject({ link: 7, length: 12 });
    await say({ kind: 'Send', link: 7, text: '40{}' }, { kind: 'Close', link: 7 });
    expect(socket?.sent).toEqual(['40{}']);
    expect(socket?.closed).toBe(true);
  });

  it('C5 a late answer to the token question is harmless after stop', async () => {
    let answer: (token: string) => void = () => undefined;
    const { tw, engine, say } = rig({ token: () => new Promise<string>((resolve) => (answer = resolve)) });
    tw.start();
    await say({ kind: 'FetchAuth', auth: 1, fresh: false });
    tw.stop();
    const before = engine.batches.length;
    answer('late');
    await quiet();
    expect(engine.batches.length).toBe(before);
  });

  it('C3 tells the engine what the platform says at start and later', async () => {
    const platform = new FakePlatform();
    platform.networkWord = 'Offline';
    const { tw, engine } = rig({}, platform);
    tw.start();
    await quiet();
    expect(engine.last('Network')).toEqual({ kind: 'Network', signal: 'Offline' });
    expect(engine.last('App')).toEqual({ kind: 'App', signal: 'Foreground' });
    platform.tellNetwork('Online');
    platform.visibilityEvents?.background();
    await quiet();
    expect(engine.last('Network')).toEqual({ kind: 'Network', signal: 'Online' });
    expect(engine.last('App')).toEqual({ kind: 'App', signal: 'Background' });
  });
});
