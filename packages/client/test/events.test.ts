import { describe, expect, it, vi } from 'vitest';
import type { EngineOutput, Event } from '../src/generated/protocol.js';
import { quiet } from './support/platform.js';
import { rig, type Rig } from './support/rig.js';

interface Events {
  hello: { text: string };
  bye: { text: string };
}

/** The frame comes in, the engine makes an event of it. */
async function arrive(rig: Rig<Events>, ...frames: { name: string; args: unknown[]; event?: Partial<Event> }[]): Promise<void> {
  const { engine, platform, say } = rig;
  if (platform.sockets.length === 0) await say({ kind: 'Open', link: 1, transport: 'WebSocket' });
  const coming = frames.map(({ event }) => event ?? {});
  engine.onInput = (input): readonly EngineOutput[] => {
    if (input.kind !== 'Received' || input.body.kind !== 'Json') return [];
    const body = input.body.body;
    const name = /"(\w+)"/.exec(input.head)?.[1] ?? '';
    const event: Event = { body, attachments: [], skip: 1, name, own: false, replayed: false, dispatch: true, apply: [], ...coming.shift() };
    return [{ kind: 'Event', event }, { kind: 'Release', bodies: [body] }];
  };
  for (const { name, args } of frames) platform.sockets[0]?.events.text(`42${JSON.stringify([name, ...args])}`);
  await quiet();
}

const hello = (text: string, event?: Partial<Event>) => ({ name: 'hello', args: [{ text }], ...(event === undefined ? {} : { event }) });
const start = (): Rig<Events> => {
  const made = rig<Events>();
  made.tw.start();
  return made;
};

describe('listeners', () => {
  it('C8 hear events in the order of arrival, with what is known of them', async () => {
    const made = start();
    const heard: unknown[] = [];
    made.tw.on('hello', ({ text }, meta) => heard.push([text, meta.replayed, meta.own, meta.room]));
    const position = { room: 'r', epoch: 'e', offset: 1 };
    await arrive(made, hello('one'), hello('two', { position, replayed: true, own: true, write: 'w' }), hello('three'));
    expect(heard).toEqual([
      ['one', false, false, undefined],
      ['two', true, true, 'r'],
      ['three', false, false, undefined],
    ]);
  });

  it('Y1 do not hear what only a base needs', async () => {
    const made = start();
    const heard = vi.fn();
    made.tw.on('hello', heard);
    await arrive(made, hello('again', { dispatch: false }));
    expect(heard).not.toHaveBeenCalled();
  });

  it('A5 are counted per handler, and off(event) leaves hooks alone', async () => {
    const made = start();
    const [handler, hook] = [vi.fn(), vi.fn()];
    made.tw.on('hello', handler);
    made.tw.on('hello', handler);
    made.tw.listen('hello', hook);
    await arrive(made, hello('x'));
    expect(handler).toHaveBeenCalledTimes(2);
    made.tw.off('hello', handler);
    await arrive(made, hello('x'));
    expect(handler).toHaveBeenCalledTimes(3);
    made.tw.off('hello');
    await arrive(made, hello('x'));
    expect(handler).toHaveBeenCalledTimes(3);
    expect(hook).toHaveBeenCalledTimes(3);
  });

  it('A5 an unsubscribe ends its own registration only, once', async () => {
    const made = start();
    const handler = vi.fn();
    const first = made.tw.on('hello', handler);
    made.tw.on('hello', handler);
    first();
    first();
    await arrive(made, hello('x'));
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it('C8 may remove and add others in the middle of a dispatch', async () => {
    const made = start();
    const log: string[] = [];
    const offSecond: { now?: () => void } = {};
    made.tw.on('hello', () => {
      log.push('first');
      offSecond.now?.();
      made.tw.on('hello', () => log.push('late'));
    });
    offSecond.now = made.tw.on('hello', () => log.push('second'));
    made.tw.on('hello', () => log.push('third'));
    await arrive(made, hello('x'));
    expect(log).toEqual(['first', 'third']);
  });

  it('a handler that throws is reported and stops neither the others nor the next event', async () => {
    const made = start();
    const heard = vi.fn();
    made.tw.on('hello', () => {
      throw new Error('app bug');
    });
    made.tw.on('hello', heard);
    await arrive(made, hello('x'), hello('y'));
    expect(heard).toHaveBeenCalledTimes(2);
    expect(made.notes.filter(({ level }) => level === 'error')).toHaveLength(2);
  });

  it('C8 100,000 subscriptions and ends leave nothing behind', async () => {
    const { Listeners } = await import('../src/host/listeners.js');
    const listeners = new Listeners(() => undefined);
    for (let cycle = 0; cycle < 100_000; cycle += 1) listeners.add(`event${cycle % 7}`, () => undefined, cycle % 2 === 0)();
    expect(listeners.size).toBe(0);
  });

  it('survive stop and start', async () => {
    const made = start();
    const heard = vi.fn();
    made.tw.on('hello', heard);
    made.tw.stop();
    made.tw.start();
    made.platform.sockets.length = 0;
    await arrive(made, hello('x'));
    expect(heard).toHaveBeenCalledTimes(1);
  });
});

describe('C6 emits', () => {
  it('keep the arguments here and send them behind the head of the frame', async () => {
    const made = rig();
    const { tw, engine, platform } = made;
    engine.onCommand = (command) =>
      command.kind === 'Emit'
        ? { outputs: [{ kind: 'Open', link: 1, transport: 'WebSocket' }, { kind: 'Send', link: 1, text: '42["typing",', body: command.body }, { kind: 'Emitted', emit: command.emit, result: { kind: 'Sent' } }] }
        : {};
    expect(tw.emit('typing', { chat: 'é', n: 1 }, 2)).toBe(true);
    expect(engine.last('Emit')).toMatchObject({ name: 'typing', ack: false, size: '{"chat":"é","n":1},2'.length });
    expect(platform.sockets[0]?.sent).toEqual(['42["typing",{"chat":"é","n":1},2]']);
  });

  it('without arguments have no body', () => {
    const { tw, engine } = rig();
    tw.emit('ping');
    expect(engine.last('Emit')).toMatchObject({ body: undefined, size: 0 });
  });

  it('resolve with the first argument of the answer', async () => {
    const made = rig();
    await made.say();
    const answer = made.tw.emitWithAck('ask', 1);
    const emit = made.engine.last('Emit')?.emit ?? 0;
    await made.say({ kind: 'Open', link: 1, transport: 'WebSocket' });
    made.engine.onInput = (input) =>
      input.kind === 'Received' && input.body.kind === 'Json' ? [{ kind: 'Emitted', emit, result: { kind: 'Answered', body: input.body.body, attachments: [] } }] : [];
    made.platform.sockets[0]?.events.text('430[{"ok":true},2]');
    expect(await answer).toEqual({ ok: true });
  });

  it.each([
    ['TimedOut', 'TIMEOUT'],
    ['MaybeLost', 'MAYBE_LOST'],
    ['Unknown', 'UNKNOWN_EMIT'],
    ['Dropped', 'DROPPED'],
  ] as const)('settle also when %s', async (kind, code) => {
    const made = rig();
    const answer = made.tw.emitWithAck('ask').catch((error: unknown) => error);
    await made.say({ kind: 'Emitted', emit: made.engine.last('Emit')?.emit ?? 0, result: { kind } });
    expect(await answer).toMatchObject({ code });
  });

  it('settle at a refusal and at stop', async () => {
    const { tw, engine } = rig();
    engine.onCommand = () => ({ result: { kind: 'Refused', refusal: 'BufferFull' } });
    expect(tw.emit('x')).toBe(false);
    await expect(tw.emitWithAck('x')).rejects.toMatchObject({ code: 'BUFFER_FULL' });
    engine.onCommand = () => ({});
    const open = tw.emitWithAck('x');
    tw.stop();
    await expect(open).rejects.toMatchObject({ code: 'STOPPED' });
  });

  it('leave nothing behind, however they end', async () => {
    const { Bodies } = await import('../src/host/bodies.js');
    const { Emits } = await import('../src/host/emits.js');
    const bodies = new Bodies();
    const emits = new Emits(bodies, { timeout: 1_000, classOf: () => undefined, lost: () => undefined });
    const ids: number[] = [];
    for (let turn = 0; turn < 1_000; turn += 1) {
      void emits.acknowledged(
        (command) => {
          if (command.kind === 'Emit') ids.push(command.emit);
          return turn % 3 === 0 ? { kind: 'Refused', refusal: 'BufferFull' } : { kind: 'Accepted' };
        },
        undefined,
        'x',
        [turn, new Uint8Array(3)],
      );
    }
    for (const id of ids) emits.ended(id, { kind: 'TimedOut' });
    expect(emits.size).toBe(0);
    expect(bodies.size).toBe(0);
  });
});

describe('C7 rooms', () => {
  it('resolve at the first definite answer, and show their state', async () => {
    const made = rig();
    const handle = made.tw.join('r');
    expect(handle.state.get()).toEqual({ status: 'waiting' });
    await made.say({ kind: 'Room', room: 'r', state: { kind: 'Joining' } });
    expect(handle.state.get()).toEqual({ status: 'joining' });
    await made.say({ kind: 'Room', room: 'r', state: { kind: 'Joined', recovered: true, head: undefined } });
    expect(await handle.result).toEqual({ success: true, recovered: true });
    await made.say({ kind: 'Room', room: 'r', state: { kind: 'Denied', reason: 'Unauthorized' } });
    expect(handle.state.get()).toEqual({ status: 'denied', reason: 'Unauthorized' });
    expect(await made.tw.join('r').state.get()).toEqual({ status: 'denied', reason: 'Unauthorized' });
  });

  it('a refusal resolves, with the reason; offline waits; leaving resolves', async () => {
    const made = rig();
    const denied = made.tw.join('secret');
    await made.say({ kind: 'Room', room: 'secret', state: { kind: 'Denied', reason: 'Unauthorized' } });
    expect(await denied.result).toEqual({ success: false, code: 'DENIED', error: 'Unauthorized' });
    const waiting = made.tw.join('r');
    const answered = vi.fn();
    void waiting.result.then(answered);
    await made.say({ kind: 'Room', room: 'r', state: { kind: 'Waiting' } });
    expect(answered).not.toHaveBeenCalled();
    waiting.leave();
    expect(await waiting.result).toMatchObject({ success: false, code: 'LEFT' });
  });

  it('tell the engine each join and each leave, once', () => {
    const { tw, engine } = rig();
    const [one, two] = [tw.join('r'), tw.join('r')];
    one.leave();
    one.leave();
    two.leave();
    expect(engine.kinds().filter((kind) => kind === 'Join' || kind === 'Leave')).toEqual(['Join', 'Join', 'Leave', 'Leave']);
  });

  it('are wanted again by a new engine, as often as before', () => {
    const { tw, engine } = rig();
    tw.join('r');
    tw.join('r');
    tw.join('gone').leave();
    tw.stop();
    engine.batches.length = 0;
    tw.start();
    expect(engine.messages.flatMap((message) => (message.kind === 'Join' ? [message.room] : []))).toEqual(['r', 'r']);
  });

  it('resolve when the engine refuses the name', async () => {
    const { tw, engine } = rig();
    engine.onCommand = () => ({ result: { kind: 'Refused', refusal: 'Malformed' } });
    const handle = tw.join('');
    expect(await handle.result).toMatchObject({ success: false, code: 'MALFORMED' });
    engine.batches.length = 0;
    handle.leave();
    expect(engine.kinds()).not.toContain('Leave');
  });
});
