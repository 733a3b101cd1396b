// The seed's two services over the client (A4, A5).
import { describe, expect, it, vi } from 'vitest';
import { createOfflineQueue, createSocketService } from '../src/services.js';
import { quiet } from './support/platform.js';
import { rig } from './support/rig.js';

describe('socketService', () => {
  it('A5 connect tells of the first attempt, with the sentences that apps compare', async () => {
    const { tw, say } = rig();
    const socketService = createSocketService(tw);
    const first = socketService.connect();
    await say({ kind: 'Connection', state: { kind: 'Paused', reason: 'Offline' } });
    await expect(first).rejects.toThrow('No internet connection');
    expect(socketService.isConnected()).toBe(false);
    await say({ kind: 'Connection', state: { kind: 'Waiting', attempt: 4, until: 0, reason: 'Lost' } });
    expect(socketService.getReconnectAttempts()).toBe(3);
    await say({ kind: 'Connection', state: { kind: 'Connected', sid: 's', tidewire: true } });
    expect([socketService.isConnected(), socketService.getReconnectAttempts()]).toEqual([true, 0]);
  });

  it('A5 off(event) ends what was registered here, and no hook', async () => {
    const { tw, say } = rig();
    tw.start();
    const socketService = createSocketService(tw);
    const heard: string[] = [];
    tw.listen('x', () => heard.push('hook'));
    const stop = socketService.on('x', () => heard.push('first'));
    socketService.on('x', () => heard.push('second'));
    stop();
    const event = { body: 1, attachments: [], skip: 1, name: 'x', own: false, replayed: false, dispatch: true, apply: [] };
    await say({ kind: 'Event', event });
    socketService.off('x');
    await say({ kind: 'Event', event });
    expect(heard).toEqual(['hook', 'second', 'hook']);
  });

  it('A5 joinRoom wants a room once, answers each time, and asks again after a refusal', async () => {
    const { tw, engine, say } = rig();
    const socketService = createSocketService(tw);
    const asks = [socketService.joinRoom('r'), socketService.joinRoom('r')];
    expect(engine.kinds().filter((kind) => kind === 'Join')).toHaveLength(1);
    await say({ kind: 'Room', room: 'r', state: { kind: 'Denied', reason: 'Unauthorized' } });
    expect(await Promise.all(asks)).toEqual([{ success: false, code: 'DENIED', error: 'Unauthorized' }, { success: false, code: 'DENIED', error: 'Unauthorized' }]);
    const again = socketService.joinRoom('r');
    await say({ kind: 'Room', room: 'r', state: { kind: 'Joined', recovered: true } });
    expect(await again).toEqual({ success: true, recovered: true });
    socketService.leaveRoom('r');
    socketService.leaveRoom('r');
    expect(engine.kinds().filter((kind) => kind === 'Join' || kind === 'Leave')).toEqual(['Join', 'Leave', 'Join', 'Leave']);
  });
});

describe('localStorage.debug', () => {
  it('tells names and states, never payloads, and only while it is set', async () => {
    const debug = vi.spyOn(console, 'debug').mockImplementation(() => undefined);
    const lines = (): unknown[] => debug.mock.calls.splice(0).map(([line]) => line as unknown);
    let setting: string | null = null;
    vi.stubGlobal('localStorage', { getItem: () => setting });
    const { tw, say } = rig();
    const socketService = createSocketService(tw);
    socketService.emit('typing:start', { secret: 'text' });
    expect(lines()).toEqual([]);
    for (const on of ['socket.io-client:*', 'other tidewire:*', '*']) {
      setting = on;
      socketService.emit('typing:start', { secret: 'text' });
      expect(lines()).toEqual(['socket.io-client:socket emit typing:start']);
    }
    await say({ kind: 'Connection', state: { kind: 'Connected', sid: 's', tidewire: true } });
    expect(lines()).toEqual(['socket.io-client:socket connection connected']);
    for (const off of ['socket.io', 'tidewire', '* -socket.io-client:*,-tidewire:*']) {
      setting = off;
      socketService.emit('typing:start', {});
      expect(lines(), off).toEqual([]);
    }
    vi.unstubAllGlobals();
    debug.mockRestore();
  });
});

describe('offlineQueue', () => {
  function setUp() {
    const made = rig();
    let count = 0;
    made.engine.onCommand = (command) => (command.kind === 'Submit' ? { result: { kind: 'Accepted', write: `w${(count += 1)}` } } : {});
    return { ...made, offlineQueue: createOfflineQueue(made.tw) };
  }

  it('A4 addToQueue answers at once with an id; what became of it arrives on durable', async () => {
    const { offlineQueue, engine, say } = setUp();
    const id = offlineQueue.addToQueue({ endpoint: '/api/activities/123/like', method: 'POST', data: { userId: 'u' } }, { label: 'Like', maxRetries: 5 });
    expect(id).toBe('w1');
    expect(engine.last('Submit')?.write).toMatchObject({ method: 'POST', path: '/api/activities/123/like', body: '{"userId":"u"}', tries: 5 });
    await say({ kind: 'Write', write: 'w1', state: { kind: 'Durable' } });
    await offlineQueue.durable(id);
    engine.onCommand = () => ({ result: { kind: 'Refused', refusal: 'QueueFull' } });
    const [one, two] = [1, 2].map(() => offlineQueue.addToQueue({ endpoint: '/x', method: 'DELETE' }));
    expect(one).not.toBe(two);
    await expect(offlineQueue.durable(one ?? '')).rejects.toMatchObject({ code: 'QUEUE_FULL' });
  });

  it('A4 counts pending and in flight, parked apart, and says when the store has not been read', async () => {
    const { offlineQueue, say, tw } = setUp();
    tw.start();
    expect(offlineQueue.getQueueStatus()).toMatchObject({ count: 0, processing: false, ready: false });
    await say({ kind: 'Outbox', status: { ready: true, pending: 3, inFlight: 1, parked: 2, quarantined: 4, bytes: 9, oldest: 8 } });
    expect(offlineQueue.getQueueStatus()).toEqual({
      count: 3, pending: 3, inFlight: 1, parked: 2, quarantined: 4, processing: true, ready: true, blocked: undefined, nextAttempt: undefined,
      oldest: 8, bytes: 9, durability: 'memory',
    });
  });

  it('A4 clearQueue discards, and the handles settle', async () => {
    const { offlineQueue, engine, say, tw } = setUp();
    const id = offlineQueue.addToQueue({ endpoint: '/x', method: 'POST' });
    const settled = tw.write(id)?.settled;
    offlineQueue.clearQueue();
    expect(engine.kinds()).toContain('Clear');
    await say({ kind: 'Write', write: id, state: { kind: 'Discarded' } });
    await expect(settled).rejects.toMatchObject({ code: 'DISCARDED' });
  });

  it('A4 the pass of the engine is told as it is, also when it is refused', async () => {
    const { offlineQueue, engine, say } = setUp();
    const pass = offlineQueue.processQueue();
    await say({ kind: 'PassDone', pass: engine.last('Process')?.pass ?? 0, processed: 1, failed: 2, skipped: 3 });
    expect(await pass).toEqual({ processed: 1, failed: 2, skipped: 3 });
    engine.onCommand = () => ({ result: { kind: 'Refused', refusal: 'Suspended' } });
    expect(await offlineQueue.processQueue()).toEqual({ processed: 0, failed: 0, skipped: 0 });
  });

  it('A4 a pass by hand sends also while automatic processing is stopped, which it stays', async () => {
    const { offlineQueue, engine, say } = setUp();
    offlineQueue.stopAutoProcessing();
    const passes = [offlineQueue.processQueue(), offlineQueue.processQueue()];
    for (const { pass } of engine.messages.filter((message) => message.kind === 'Process')) await say({ kind: 'PassDone', pass, processed: 1, failed: 0, skipped: 0 });
    await Promise.all(passes);
    const allowed = engine.messages.flatMap((message) => (message.kind === 'SetProcessing' ? [message.on] : []));
    expect([allowed[0], allowed.at(-1)]).toEqual([true, false]);
    expect(allowed.filter((on, index) => on !== allowed[index - 1])).toEqual([true, false]);
  });

  it('A4 stop stops sending, not queueing; start goes on', async () => {
    const { offlineQueue, engine } = setUp();
    offlineQueue.stopAutoProcessing();
    expect(offlineQueue.addToQueue({ endpoint: '/x', method: 'POST' })).toBe('w1');
    offlineQueue.startAutoProcessing();
    await quiet();
    expect(engine.messages.filter(({ kind }) => kind === 'SetProcessing')).toEqual([
      { kind: 'SetProcessing', on: false },
      { kind: 'SetProcessing', on: true },
    ]);
    expect(engine.kinds()).toContain('Submit');
  });
});
